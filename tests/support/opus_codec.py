"""Opus by ctypes, for the calibration of detectors only: encode, lose packets, decode.

It exists because the calibration is older than the transport's own codec; whatever has this shape
can take its place.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
CHANNELS = 2
FRAME = 960
_APPLICATION_AUDIO = 2049
_SET_BITRATE = 4002
_MOST_BYTES = 1_500


class OpusError(Exception):
    """The library refused something."""


@cache
def library() -> ctypes.CDLL | None:
    """libopus, or None where there is none."""
    name = ctypes.util.find_library("opus")
    if name is None:
        return None
    opus = ctypes.CDLL(name)
    opus.opus_encoder_create.restype = ctypes.c_void_p
    opus.opus_decoder_create.restype = ctypes.c_void_p
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    opus.opus_encode_float.argtypes = [pointer, pointer, integer, pointer, ctypes.c_int32]
    opus.opus_decode_float.argtypes = [pointer, pointer, ctypes.c_int32, pointer, integer, integer]
    opus.opus_encoder_destroy.argtypes = [pointer]
    opus.opus_decoder_destroy.argtypes = [pointer]
    return opus


def version() -> str:
    """What the library calls itself.

    Raises
    ------
    OpusError
        When there is none.
    """
    opus = library()
    if opus is None:
        raise OpusError("there is no libopus")
    opus.opus_get_version_string.restype = ctypes.c_char_p
    said: bytes = opus.opus_get_version_string()
    return said.decode()


def code(
    pcm: NDArray[np.float32], bitrate: int, lost: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Send PCM through Opus, 48 kHz stereo in packets of 20 ms.

    Parameters
    ----------
    pcm
        Shape (frames, 2); what does not fill a packet at the end is left out.
    bitrate
        Bits per second.
    lost
        Shape (packets,): packets that the decoder does not get and conceals.

    Returns
    -------
    ndarray of float32, shape (packets * 960, 2)
        Later than the input by the look-ahead, 312 frames.

    Raises
    ------
    OpusError
        When the library is missing or refuses.
    """
    opus = library()
    if opus is None:
        raise OpusError("there is no libopus")
    error = ctypes.c_int()
    encoder = opus.opus_encoder_create(
        SAMPLE_RATE, CHANNELS, _APPLICATION_AUDIO, ctypes.byref(error)
    )
    decoder = opus.opus_decoder_create(SAMPLE_RATE, CHANNELS, ctypes.byref(error))
    if not encoder or not decoder:
        raise OpusError(f"no encoder or no decoder: {error.value}")
    try:
        control = opus.opus_encoder_ctl
        control(ctypes.c_void_p(encoder), _SET_BITRATE, ctypes.c_int32(bitrate))
        return _loop(opus, encoder, decoder, np.ascontiguousarray(pcm, dtype=np.float32), lost)
    finally:
        opus.opus_encoder_destroy(encoder)
        opus.opus_decoder_destroy(decoder)


def _loop(
    opus: ctypes.CDLL,
    encoder: int,
    decoder: int,
    pcm: NDArray[np.float32],
    lost: NDArray[np.bool_] | None,
) -> NDArray[np.float32]:
    packets = len(pcm) // FRAME
    out = np.empty((packets * FRAME, CHANNELS), dtype=np.float32)
    packet = ctypes.create_string_buffer(_MOST_BYTES)
    source, target, step = pcm.ctypes.data, out.ctypes.data, FRAME * CHANNELS * 4
    for number in range(packets):
        at = number * step
        size = opus.opus_encode_float(encoder, source + at, FRAME, packet, _MOST_BYTES)
        if size < 0:
            raise OpusError(f"encoding packet {number}: {size}")
        gone = lost is not None and bool(lost[number])
        arrived, arrived_bytes = (None, 0) if gone else (packet, size)
        got = opus.opus_decode_float(decoder, arrived, arrived_bytes, target + at, FRAME, 0)
        if got != FRAME:
            raise OpusError(f"decoding packet {number}: {got}")
    return out
