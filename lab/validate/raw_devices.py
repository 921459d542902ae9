"""Devices and streams of a driver as raw calls find them, with no host between."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lab.host.probe import Instance
from lab.host.probe_calls import Address

PLUG_IN_OBJECT = 1
UNTOUCHED = 0xA5
"""What a buffer is filled with when it is to be seen what was written."""
_ROOM = 4096
_FORMAT = struct.Struct("<d8I")
_IS_FLOAT, _IS_BIG_ENDIAN, _IS_NOT_INTERLEAVED = 1, 2, 32


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
    """A device, as the driver says it.

    Attributes
    ----------
    object_id, rate, period_frames
        What it is: Hz, frames between zero timestamps.
    streams
        All of them, inputs first.
    safety, latency
        Frames: of its input, of its output.
    """

    object_id: int
    rate: float
    period_frames: int
    streams: tuple[RawStream, ...]
    safety: tuple[int, int]
    latency: tuple[int, int]

    def __str__(self) -> str:
        return f"device {self.object_id}"

    @property
    def inputs(self) -> tuple[RawStream, ...]:
        """Streams to read from."""
        return tuple(stream for stream in self.streams if stream.is_input)

    @property
    def outputs(self) -> tuple[RawStream, ...]:
        """Streams to write to."""
        return tuple(stream for stream in self.streams if not stream.is_input)


def words(driver: Instance, object_: int, selector: str, scope: str = "glob") -> tuple[int, ...]:
    """A property that is one UInt32 or a list of them; empty when it cannot be had."""
    answer = driver.get(object_, Address(selector, scope), _ROOM)
    data = (answer.data or b"") if answer.ok else b""
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def devices_of(driver: Instance) -> list[RawDevice]:
    """The devices of a driver that have streams."""
    found = [_device(driver, number) for number in words(driver, PLUG_IN_OBJECT, "dev#")]
    return [device for device in found if device.streams]


def _device(driver: Instance, number: int) -> RawDevice:
    streams = [
        stream
        for scope, is_input in (("inpt", True), ("outp", False))
        for object_ in words(driver, number, "stm#", scope)
        if (stream := _stream(driver, object_, is_input)) is not None
    ]
    rate = driver.get(number, "nsrt", 8)
    return RawDevice(
        number,
        _number(rate.data) if rate.ok else 48_000.0,
        _word(driver, number, "ring") or 16_384,
        tuple(streams),
        (_word(driver, number, "saft", "inpt"), _word(driver, number, "saft", "outp")),
        (_word(driver, number, "ltnc", "inpt"), _word(driver, number, "ltnc", "outp")),
    )


def _number(data: bytes | None) -> float:
    return float(struct.unpack("<d", data)[0]) if data is not None and len(data) == 8 else 48_000.0


def _word(driver: Instance, object_: int, selector: str, scope: str = "glob") -> int:
    return next(iter(words(driver, object_, selector, scope)), 0)


def _stream(driver: Instance, object_: int, is_input: bool) -> RawStream | None:
    """None when it does not say its format: another check's business."""
    for selector in ("pft ", "sfmt"):
        answer = driver.get(object_, selector, _FORMAT.size)
        if answer.ok and len(answer.data or b"") == _FORMAT.size:
            _, _, flags, _, _, frame_bytes, channels, bits, _ = _FORMAT.unpack(answer.data or b"")
            kind = flags & (_IS_FLOAT | _IS_BIG_ENDIAN | _IS_NOT_INTERLEAVED)
            is_float = kind == _IS_FLOAT and bits == 32 and frame_bytes == 4 * channels
            latency = _word(driver, object_, "ltnc")
            return RawStream(object_, is_input, channels, frame_bytes, is_float, latency)
    return None


def open_up(driver: Instance, device: RawDevice) -> None:
    """Set volumes to 0 dB, or to their most, and end mute, as far as the driver lets us."""
    for control in words(driver, device.object_id, "ownd"):
        kind = _word(driver, control, "clas").to_bytes(4, "big").decode("ascii", "replace")
        if kind == "mute":
            driver.set(control, "bcvl", struct.pack("<I", 0))
        elif kind in {"vlme", "levl"}:
            limits = driver.get(control, "lcdr", 16)
            low, high = struct.unpack("<2d", limits.data or b"\0" * 16) if limits.ok else (1, 1)
            unity = low <= 0 <= high and driver.set(control, "lcdv", struct.pack("<f", 0)).ok
            if not unity:
                driver.set(control, "lcsv", struct.pack("<f", 1))
