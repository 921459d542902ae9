"""What drivers do with the buffers that they are handed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lab.host.probe_calls import Samples
from lab.host.probe_models import Block, OperationResult
from lab.validate.check import Check, Need
from lab.validate.raw.device import UNTOUCHED, RawStream, playing_devices
from lab.validate.raw.io import READ, WRITE, RawIO
from lab.validate.subject import Subject

HOSTS_SIZES = (512, 16, 63, 64, 511, 4096, 8191, 8192, 480)
"""Frames of a cycle that applications can ask for, in an order in which none is like the last."""
ANY_SIZES = (1, 2, 3, 5, 7, 8, 13, 15, 17, 33, 127, 129, 1000, 4095, 4097, 6001, 8191, 1, 8192, 1)
DO = "AudioServerPlugIn.h: DoIOOperation, inIOBufferFrameSize and ioMainBuffer"


class _Buffers(Check):
    """ReadInput and WriteMix in cycles of several sizes; the bytes around a buffer are watched."""

    family = "io"
    need = Need.REQUIRED
    source = DO
    sizes: tuple[int, ...] = HOSTS_SIZES

    def run(self, subject: Subject) -> None:
        """Each device that does such, each size."""
        driver = subject.instance()
        complaints: list[str] = []
        looked = False
        for device in playing_devices(driver):
            io = RawIO(device, max(self.sizes))
            io.start()
            wanted = list(self.wanted(io))
            looked = looked or bool(wanted)
            for frames in self.sizes if wanted else ():
                for operation, stream in wanted:
                    result = self.done(io, operation, stream, frames)
                    where = f"{device}: '{operation}' of {frames} frames"
                    complaints += (f"{where} {line}" for line in self.judge(result, stream))
                io.step(frames)
            io.stop()
        if not looked:
            self.skip(f"the driver has no device with {self.what()}")
        self.expect_all(complaints)

    def wanted(self, io: RawIO) -> Iterator[tuple[str, RawStream]]:
        """Which operations, of which streams."""
        for operation, streams in ((READ, io.device.inputs), (WRITE, io.device.outputs)):
            if io.does(operation):
                yield from ((operation, stream) for stream in streams)

    def what(self) -> str:
        """What that needs, in words."""
        return "a stream"

    @staticmethod
    def done(io: RawIO, operation: str, stream: RawStream, frames: int) -> OperationResult:
        """What came of one."""
        main = stream.room(frames) if operation == READ else bytes(frames * stream.frame_bytes)
        return io.do(operation, stream, frames, main=main, give_data=operation == READ)

    def judge(self, result: OperationResult, stream: RawStream) -> Iterator[str]:
        """What is wrong with it."""
        raise NotImplementedError


def beyond(block: Block | None) -> Iterator[str]:
    """What was written that is no part of a buffer."""
    if block is not None and not block.guard_intact:
        where = [
            f"{count} bytes {side} the buffer"
            for count, side in ((block.wrote_before, "before"), (block.wrote_beyond, "after"))
            if count
        ]
        yield f"wrote {' and '.join(where) or 'outside the buffer'}; the memory is another's"


def unfilled(result: OperationResult, stream: RawStream) -> Iterator[str]:
    """What of an input buffer is as it was."""
    data = result.main.data if result.main is not None else None
    if not result.ok or not data:
        return
    frames = np.frombuffer(data, dtype=np.uint8).reshape(-1, stream.frame_bytes)
    left = np.flatnonzero((frames == UNTOUCHED).all(axis=1))
    if left.size:
        yield (
            f"left {left.size} of {len(frames)} frames as they were, the first is {left[0]}; "
            "where there is no sound there must be silence"
        )


class StaysInside(_Buffers):
    """ReadInput and WriteMix write nothing before the buffer and nothing after it."""

    id = "io-stays-in-the-buffer"
    strictness = 1

    def judge(self, result: OperationResult, stream: RawStream) -> Iterator[str]:
        """The bytes around it."""
        del stream
        yield from beyond(result.main)


class _Inputs(_Buffers):
    def wanted(self, io: RawIO) -> Iterator[tuple[str, RawStream]]:
        """Those that are read from."""
        yield from (one for one in super().wanted(io) if one[0] == READ)

    def what(self) -> str:
        """In words."""
        return "an input"


class Fills(_Inputs):
    """ReadInput fills the whole buffer, with silence where there is no sound."""

    id = "io-fills-the-buffer"
    strictness = 2

    def judge(self, result: OperationResult, stream: RawStream) -> Iterator[str]:
        """Whether each frame has been written."""
        yield from unfilled(result, stream)


class LeavesTheMix(_Buffers):
    """WriteMix takes the mix and leaves the host's buffer as it was."""

    id = "io-leaves-the-mix"
    strictness = 5
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: kAudioServerPlugInIOOperationWriteMix moves it to the device"

    def wanted(self, io: RawIO) -> Iterator[tuple[str, RawStream]]:
        """Those that are written to."""
        yield from (one for one in super().wanted(io) if one[0] == WRITE)

    def what(self) -> str:
        """In words."""
        return "an output"

    @staticmethod
    def done(io: RawIO, operation: str, stream: RawStream, frames: int) -> OperationResult:
        """Something that is not silent."""
        main: Samples = "sine"
        if not stream.is_float:
            main = (bytes(range(256)) * (frames * stream.frame_bytes // 256 + 1))[
                : frames * stream.frame_bytes
            ]
        return io.do(operation, stream, frames, main=main)

    def judge(self, result: OperationResult, stream: RawStream) -> Iterator[str]:
        """Whether it is another one."""
        del stream
        if result.main is not None and result.main.changed:
            yield "changed the mix, which is the host's: who else takes it gets something else"


class AnySize(_Buffers):
    """Cycles may have any number of frames from 1 to 8192, another one each time."""

    id = "io-any-size"
    strictness = 6
    need = Need.RECOMMENDED
    sizes = ANY_SIZES

    def judge(self, result: OperationResult, stream: RawStream) -> Iterator[str]:
        """Done, within bounds, and all of it."""
        if not result.ok:
            yield f"answered {result.status_text}"
        yield from beyond(result.main)
        if stream.is_input:
            yield from unfilled(result, stream)
