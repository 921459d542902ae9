"""Devices and streams of a driver as raw calls find them, with no host between.

Which devices there are depends on who asks; each of three functions says for whom it is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

from lab.host.probe import Instance
from lab.host.probe_models import CallResult
from lab.validate.check import Unmet
from lab.validate.raw.answers import (
    PLUG_IN,
    ROOM,
    code,
    needed,
    number,
    ranges,
    real,
    rows_in,
    text,
    value,
    words,
)
from lab.validate.raw.tree import Tree

UNTOUCHED = 0xA5
"""What a buffer is filled with when it is to be seen what was written."""
FORMAT = "=d8I"
"""AudioStreamBasicDescription."""
RANGED_FORMAT = f"{FORMAT}2d"
"""AudioStreamRangedDescription."""
_USUAL_RATE = 48_000.0
_MOST_RATE = 1e9
_USUAL_PERIOD = 16_384
_IS_FLOAT, _IS_BIG_ENDIAN, _IS_NOT_INTERLEAVED = 1, 2, 32
_MOST_FRAME_BYTES = 1 << 16
"""Of more than that nobody has cycles."""


@dataclass(frozen=True)
class RawStream:
    """A stream, in the format in which its device has it.

    Attributes
    ----------
    object_id, is_input, channels, frame_bytes
        What it is.
    is_float
        Whether its samples are interleaved Float32, native endian.
    latency_frames
        Its own, beside that of the device.
    """

    object_id: int
    is_input: bool
    channels: int
    frame_bytes: int
    is_float: bool
    latency_frames: int

    def room(self, frames: int) -> bytes:
        """A buffer of so many frames that nobody has written to."""
        return bytes([UNTOUCHED]) * (frames * self.frame_bytes)


@dataclass(frozen=True)
class RawDevice:
    """A device of a driver that a probe has made.

    What it says is asked for when it is first looked at, and kept: no check makes calls that it has
    no use for. As text it is ``device 2``, for which none is needed.

    Attributes
    ----------
    driver
        Whose.
    object_id
        Its number.
    """

    driver: Instance
    object_id: int

    def __str__(self) -> str:
        return f"device {self.object_id}"

    # ---- what it says, once ------------------------------------------------------------------

    @cached_property
    def name(self) -> str:
        """As it says, for evidence; its number when it has none."""
        return text(self.driver, self.object_id, "lnam") or str(self)

    @cached_property
    def rate(self) -> float:
        """Hz; 48 kHz when it tells none that there can be."""
        told = real(self.driver, self.object_id, "nsrt", room=8)
        return told if told is not None and 1 <= told <= _MOST_RATE else _USUAL_RATE

    @cached_property
    def period_frames(self) -> int:
        """Frames between zero timestamps."""
        return number(self.driver, self.object_id, "ring", room=ROOM) or _USUAL_PERIOD

    @cached_property
    def safety(self) -> tuple[int, int]:
        """Frames: of its input, of its output."""
        return self._by_direction("saft")

    @cached_property
    def latency(self) -> tuple[int, int]:
        """Frames: of its input, of its output."""
        return self._by_direction("ltnc")

    @cached_property
    def streams(self) -> tuple[RawStream, ...]:
        """Those that say their format, inputs first."""
        found = (
            _stream(self.driver, object_id, is_input)
            for scope, is_input in (("inpt", True), ("outp", False))
            for object_id in words(self.driver, self.object_id, "stm#", scope, room=ROOM)
        )
        return tuple(stream for stream in found if stream is not None)

    @property
    def inputs(self) -> tuple[RawStream, ...]:
        """Streams to read from."""
        return tuple(stream for stream in self.streams if stream.is_input)

    @property
    def outputs(self) -> tuple[RawStream, ...]:
        """Streams to write to."""
        return tuple(stream for stream in self.streams if not stream.is_input)

    # ---- what it says now --------------------------------------------------------------------

    def stream_ids(self) -> tuple[int, ...]:
        """Numbers of its streams, in both directions.

        Raises
        ------
        Unmet
            When it does not give them.
        """
        return needed(self.driver, self.object_id, "stm#")

    def runs(self) -> bool:
        """Whether it says that its IO runs (kAudioDevicePropertyDeviceIsRunning).

        Raises
        ------
        Unmet
            When it does not say.
        """
        answer = self.driver.get(self.object_id, "goin", 4)
        if not answer.ok or answer.data is None or len(answer.data) != 4:
            raise Unmet(
                f"{self.name}: asked for kAudioDevicePropertyDeviceIsRunning, it answered "
                f"{answer.status_text} and {answer.size} bytes; 4 should have come"
            )
        return any(answer.data)

    # ---- what is done with it ----------------------------------------------------------------

    def call(self, function: str, client: int) -> CallResult:
        """AddDeviceClient, RemoveDeviceClient, StartIO or StopIO, by name."""
        functions = {
            "AddDeviceClient": self.driver.add_client,
            "RemoveDeviceClient": self.driver.remove_client,
            "StartIO": self.driver.start_io,
            "StopIO": self.driver.stop_io,
        }
        return functions[function](self.object_id, client)

    def open_up(self) -> None:
        """Set volumes to 0 dB, or to their most, and end mute, as far as the driver lets us."""
        for control in words(self.driver, self.object_id, "ownd", room=ROOM):
            kind = code(self.driver, control, "clas", room=ROOM)
            if kind == "mute":
                self.driver.set(control, "bcvl", struct.pack("=I", 0))
            elif kind in {"vlme", "levl"}:
                limits = ranges(self.driver, control, "lcdr", room=16)
                has_unity = any(low <= 0 <= high for low, high in limits)
                if not (has_unity and self.driver.set(control, "lcdv", struct.pack("=f", 0)).ok):
                    self.driver.set(control, "lcsv", struct.pack("=f", 1))

    def _by_direction(self, selector: str) -> tuple[int, int]:
        into, out = (
            number(self.driver, self.object_id, selector, scope, room=ROOM) or 0
            for scope in ("inpt", "outp")
        )
        return into, out


def _stream(driver: Instance, object_id: int, is_input: bool) -> RawStream | None:
    """None when it does not say its format: another check's business."""
    for selector in ("pft ", "sfmt"):
        told = value(driver, object_id, selector, room=struct.calcsize(FORMAT))
        for _, _, flags, _, _, frame_bytes, channels, bits, _ in rows_in(told, FORMAT):
            if frame_bytes > _MOST_FRAME_BYTES:
                continue
            kind = flags & (_IS_FLOAT | _IS_BIG_ENDIAN | _IS_NOT_INTERLEAVED)
            is_float = kind == _IS_FLOAT and bits == 32 and frame_bytes == 4 * channels
            latency = number(driver, object_id, "ltnc", room=ROOM) or 0
            return RawStream(object_id, is_input, channels, frame_bytes, is_float, latency)
    return None


# ---- which there are ---------------------------------------------------------------------------


def devices_of(driver: Instance) -> list[RawDevice]:
    """All objects of the class of devices, wherever they are listed, with streams or without.

    For checks of settings, threads and robustness: what a driver has is to be used, and to be there
    afterwards, whether or not it has clients and IO.

    Raises
    ------
    Unmet
        When the driver has too many objects.
    """
    return [
        RawDevice(driver, node.object_id) for node in Tree(driver).nodes if node.class_id == "adev"
    ]


def listed_devices(driver: Instance) -> tuple[RawDevice, ...]:
    """Devices that the plug-in lists, with a stream of whatever format: those that have clients.

    For checks of clients, which can say nothing of a driver that does not tell its devices, and
    must not pass it.

    Raises
    ------
    Unmet
        When it gives no list.
    """
    listed = [RawDevice(driver, one) for one in needed(driver, PLUG_IN, "dev#")]
    return tuple(device for device in listed if device.stream_ids())


def playing_devices(driver: Instance) -> list[RawDevice]:
    """Devices that the plug-in lists, with a stream of a format that is told: IO can be done.

    For checks of IO and time, which are skipped without: that a list or a format is refused is for
    checks of objects to say.
    """
    listed = [RawDevice(driver, one) for one in words(driver, PLUG_IN, "dev#", room=ROOM)]
    return [device for device in listed if device.streams]
