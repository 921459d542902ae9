"""Opus by the system's libopus: encode, decode, conceal what was lost.

Through cffi in ABI mode, which needs no compiler. Measured per 20 ms packet, stereo, one after the
other on one machine: decoding by cffi or ctypes takes 37 us (median), by PyAV 46 us with libopus in
it; PyAV has no call for concealment, and returns nothing for an empty packet instead of an error.

One encoder or decoder belongs to one thread at a time. The calls release the interpreter's lock.
"""

from __future__ import annotations

import ctypes.util
import sys
from functools import cache
from typing import Any

import cffi
import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError, MissingError

SAMPLE_RATE = 48_000
CHANNELS = 2
FRAMES = 960
"""Of one packet: 20 ms."""
BITRATE = 128_000
MAX_PACKET_BYTES = 1500
MAX_FRAMES = 5760
"""The most that one Opus packet can hold: 120 ms."""
CONCEALABLE_STEP = 120
"""Concealment is made in multiples of 2.5 ms."""

_NAMES = {
    "linux": ("libopus.so.0",),
    "darwin": (
        "libopus.0.dylib",
        "/opt/homebrew/lib/libopus.0.dylib",
        "/usr/local/lib/libopus.0.dylib",
        "/opt/local/lib/libopus.0.dylib",
    ),
}
_DECLARATIONS = """
typedef struct OpusEncoder OpusEncoder;
typedef struct OpusDecoder OpusDecoder;
const char *opus_get_version_string(void);
const char *opus_strerror(int error);
OpusEncoder *opus_encoder_create(int32_t rate, int channels, int application, int *error);
void opus_encoder_destroy(OpusEncoder *encoder);
int opus_encoder_ctl(OpusEncoder *encoder, int request, ...);
int32_t opus_encode(OpusEncoder *encoder, const int16_t *pcm, int frames,
                    unsigned char *data, int32_t room);
int32_t opus_encode_float(OpusEncoder *encoder, const float *pcm, int frames,
                          unsigned char *data, int32_t room);
OpusDecoder *opus_decoder_create(int32_t rate, int channels, int *error);
void opus_decoder_destroy(OpusDecoder *decoder);
int opus_decoder_ctl(OpusDecoder *decoder, int request, ...);
int opus_decode_float(OpusDecoder *decoder, const unsigned char *data, int32_t length,
                      float *pcm, int frames, int fec);
int opus_packet_get_nb_samples(const unsigned char *packet, int32_t length, int32_t rate);
"""
_APPLICATION_AUDIO = 2049
_SET_BITRATE = 4002
_GET_LOOKAHEAD = 4027
_RESET_STATE = 4028


class OpusError(LabError):
    """Bytes that are no Opus packet, or a setting that libopus refuses."""


@cache
def _opus() -> tuple[Any, Any]:
    ffi: Any = cffi.FFI()
    ffi.cdef(_DECLARATIONS)
    found = ctypes.util.find_library("opus")
    for name in (*_NAMES.get(sys.platform, ()), *([found] if found else ())):
        try:
            return ffi, ffi.dlopen(name)
        except OSError:
            continue
    raise MissingError(
        "libopus is not installed",
        do="apt-get install libopus0 (Debian, Ubuntu) or brew install opus",
    )


def libopus_version() -> str:
    """What the library calls itself.

    Raises
    ------
    MissingError
        When there is none.
    """
    ffi, lib = _opus()
    return bytes(ffi.string(lib.opus_get_version_string())).decode()


def _said(code: int, what: str) -> OpusError:
    ffi, lib = _opus()
    return OpusError(f"{what} ({bytes(ffi.string(lib.opus_strerror(code))).decode()})")


def packet_frames(packet: bytes) -> int:
    """How many frames a packet holds, by its header alone.

    Parameters
    ----------
    packet
        An Opus packet.

    Returns
    -------
    int
        At 48 kHz; 120 to 5760.

    Raises
    ------
    OpusError
        When it is none.
    """
    _, lib = _opus()
    if not packet:
        raise OpusError("an empty Opus packet")
    frames = int(lib.opus_packet_get_nb_samples(packet, len(packet), SAMPLE_RATE))
    if frames < 0:
        raise _said(frames, f"{len(packet)} bytes that are no Opus packet")
    return frames


class Encoder:
    """Makes packets of 20 ms from frames of 48 kHz stereo.

    Parameters
    ----------
    bitrate
        Bits per second; the rate varies about it.

    Attributes
    ----------
    lookahead_frames
        By so many frames the decoded audio lags behind: 312 with libopus 1.3.

    Raises
    ------
    OpusError
        When libopus refuses the bit rate.
    MissingError
        When there is no libopus.
    """

    def __init__(self, *, bitrate: int = BITRATE) -> None:
        self._ffi, self._lib = _opus()
        error = self._ffi.new("int *")
        made = self._lib.opus_encoder_create(SAMPLE_RATE, CHANNELS, _APPLICATION_AUDIO, error)
        if error[0] != 0:
            raise _said(error[0], "no Opus encoder")
        self._state = self._ffi.gc(made, self._lib.opus_encoder_destroy)
        code = self._lib.opus_encoder_ctl(
            self._state, _SET_BITRATE, self._ffi.cast("int32_t", bitrate)
        )
        if code != 0:
            raise _said(code, f"a bit rate of {bitrate}")
        answer = self._ffi.new("int32_t *")
        self._lib.opus_encoder_ctl(self._state, _GET_LOOKAHEAD, answer)
        self.lookahead_frames = int(answer[0])
        self._room = self._ffi.new("unsigned char[]", MAX_PACKET_BYTES)

    def encode(self, pcm: NDArray[np.float32] | NDArray[np.int16]) -> bytes:
        """One packet.

        Parameters
        ----------
        pcm
            Shape (960, 2), Float32 with full scale 1.0, or Int16.

        Returns
        -------
        bytes
            1 to 1500.

        Raises
        ------
        ValueError
            When the shape or type is another.
        OpusError
            When libopus fails.
        """
        if pcm.shape != (FRAMES, CHANNELS) or pcm.dtype not in (np.float32, np.int16):
            raise ValueError(
                f"a packet is made of ({FRAMES}, {CHANNELS}) float32 or int16, "
                f"not {pcm.shape} {pcm.dtype}"
            )
        whole = np.ascontiguousarray(pcm)
        if whole.dtype == np.int16:
            call, samples = self._lib.opus_encode, self._ffi.from_buffer("int16_t[]", whole)
        else:
            call, samples = self._lib.opus_encode_float, self._ffi.from_buffer("float[]", whole)
        length = call(self._state, samples, FRAMES, self._room, MAX_PACKET_BYTES)
        if length < 0:
            raise _said(length, "cannot encode")
        return bytes(self._ffi.buffer(self._room, length))

    def reset(self) -> None:
        """Forget what came before, as at the beginning of a connection."""
        self._lib.opus_encoder_ctl(self._state, _RESET_STATE)


class Decoder:
    """Makes frames of 48 kHz stereo from packets.

    Bytes of any kind may be given. Opus has no checksum: most garbage has a header that makes
    sense and decodes into noise; only what contradicts itself is an error.

    Raises
    ------
    MissingError
        When there is no libopus.
    """

    def __init__(self) -> None:
        self._ffi, self._lib = _opus()
        error = self._ffi.new("int *")
        made = self._lib.opus_decoder_create(SAMPLE_RATE, CHANNELS, error)
        if error[0] != 0:
            raise _said(error[0], "no Opus decoder")
        self._state = self._ffi.gc(made, self._lib.opus_decoder_destroy)
        self._room = self._ffi.new("float[]", MAX_FRAMES * CHANNELS)
        whole = np.frombuffer(self._ffi.buffer(self._room), dtype=np.float32)
        self._frames: NDArray[np.float32] = whole.reshape(MAX_FRAMES, CHANNELS)

    def decode(self, packet: bytes) -> NDArray[np.float32]:
        """The audio of a packet.

        Parameters
        ----------
        packet
            Any bytes.

        Returns
        -------
        ndarray of float32, shape (frames, 2)
            A copy. May exceed 1.0.

        Raises
        ------
        OpusError
            When it is no Opus packet. The decoder goes on as if nothing had been given.
        """
        if not packet:
            # libopus takes this for a loss, and conceals.
            raise OpusError("an empty Opus packet")
        return self._run(packet, len(packet), MAX_FRAMES)

    def conceal(self, frames: int = FRAMES) -> NDArray[np.float32]:
        """What may have been in a packet that was lost: a fading continuation.

        Parameters
        ----------
        frames
            A multiple of 120, at most 5760.

        Returns
        -------
        ndarray of float32, shape (frames, 2)

        Raises
        ------
        ValueError
            When `frames` is no such number.
        """
        if not 0 < frames <= MAX_FRAMES or frames % CONCEALABLE_STEP:
            raise ValueError(f"{frames} frames cannot be concealed")
        return self._run(self._ffi.NULL, 0, frames)

    def reset(self) -> None:
        """Forget what came before."""
        self._lib.opus_decoder_ctl(self._state, _RESET_STATE)

    def _run(self, data: Any, length: int, frames: int) -> NDArray[np.float32]:
        made = self._lib.opus_decode_float(self._state, data, length, self._room, frames, 0)
        if made < 0:
            raise _said(made, f"{length} bytes that are no Opus packet")
        audio: NDArray[np.float32] = self._frames[:made].copy()
        return audio


def code(
    pcm: NDArray[np.float32], bitrate: int = BITRATE, lost: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Send audio through the codec, as a transport that loses packets would.

    Parameters
    ----------
    pcm
        Shape (frames, 2), 48 kHz; what does not fill a packet at the end is left out.
    bitrate
        Bits per second.
    lost
        Shape (packets,): packets that do not arrive, and are concealed. None for none.

    Returns
    -------
    ndarray of float32, shape (packets * 960, 2)
        Later than `pcm` by the encoder's look-ahead, 312 frames: those come first.

    Raises
    ------
    ValueError
        When `lost` has another length.
    OpusError
        When libopus refuses the bit rate.
    MissingError
        When there is no libopus.
    """
    packets = len(pcm) // FRAMES
    if lost is not None and len(lost) != packets:
        raise ValueError(f"{packets} packets, and {len(lost)} words on whether they are lost")
    encoder, decoder = Encoder(bitrate=bitrate), Decoder()
    out = np.empty((packets * FRAMES, CHANNELS), dtype=np.float32)
    for number in range(packets):
        place = slice(number * FRAMES, (number + 1) * FRAMES)
        packet = encoder.encode(pcm[place].astype(np.float32, copy=False))
        gone = lost is not None and bool(lost[number])
        out[place] = decoder.conceal() if gone else decoder.decode(packet)
    return out
