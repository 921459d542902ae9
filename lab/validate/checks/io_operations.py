"""Operations of a cycle: which a driver offers, and that it does those and no others."""

from __future__ import annotations

from collections.abc import Iterator

from lab.host import probe_calls as calls
from lab.host.probe_models import OperationResult
from lab.validate.check import Check, Need
from lab.validate.raw.device import RawStream, playing_devices
from lab.validate.raw.io import (
    CLIENT,
    READ,
    WRITE,
    RawIO,
    is_offered,
    offered,
)
from lab.validate.subject import Subject

WILL_DO = "AudioServerPlugIn.h: WillDoIOOperation"
OPERATIONS = "AudioServerPlugIn.h: kAudioServerPlugInIOOperationReadInput, ...WriteMix"
FRAMES = 512
NO_OPERATION = "zzzz"
"""Of no header."""
_NO_STREAMS = (4_000_000_000, 0)
"""IDs that no object has."""


class _Offers(Check):
    """Devices with a client whose IO has not been started: then a host asks what they do."""

    family = "io"
    need = Need.REQUIRED
    source = WILL_DO

    def run(self, subject: Subject) -> None:
        """Each device."""
        driver = subject.instance()
        found = self.some(playing_devices(driver), "device with a stream")
        complaints: list[str] = []
        for device in found:
            io = RawIO(device)
            io.add()
            complaints += self.complaints(io)
        self.expect_all(complaints)

    def complaints(self, io: RawIO) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


class OffersWhatItNeeds(_Offers):
    """A device with an input does ReadInput, one with an output WriteMix or MixOutput."""

    id = "io-offers-what-it-needs"
    strictness = 1
    source = OPERATIONS

    def complaints(self, io: RawIO) -> Iterator[str]:
        """Ask."""
        if io.device.inputs and not io.does(READ):
            yield f"{io.device}: it has an input stream, and WillDoIOOperation denies ReadInput"
        if io.device.outputs and not io.does(WRITE) and not io.does("mixo"):
            yield (
                f"{io.device}: it has an output stream, and WillDoIOOperation denies WriteMix and "
                "MixOutput"
            )


class InPlace(_Offers):
    """ReadInput, MixOutput and WriteMix are done in place: they know one buffer only."""

    id = "io-in-place"
    strictness = 2
    source = OPERATIONS

    def complaints(self, io: RawIO) -> Iterator[str]:
        """Ask."""
        for operation in (READ, "mixo", WRITE):
            answer = io.offer(operation)
            if is_offered(answer) and not answer.in_place:
                yield (
                    f"{io.device}: WillDoIOOperation says that '{operation}' is not done in place; "
                    "there is no second buffer"
                )


class NoOtherOperations(_Offers):
    """WillDoIOOperation says no to an operation that does not exist."""

    id = "io-unknown-operation"
    strictness = 7
    need = Need.RECOMMENDED

    def complaints(self, io: RawIO) -> Iterator[str]:
        """Ask for one of no header."""
        if is_offered(io.offer(NO_OPERATION)):
            yield (
                f"{io.device}: WillDoIOOperation says yes to '{NO_OPERATION}', which no header "
                "has; a later macOS may ask for more than this one"
            )


class _Done(Check):
    """Devices whose IO runs."""

    family = "io"

    def run(self, subject: Subject) -> None:
        """Each device."""
        driver = subject.instance()
        found = self.some(playing_devices(driver), "device with a stream")
        complaints: list[str] = []
        for device in found:
            io = RawIO(device)
            io.start()
            complaints += self.complaints(io)
            io.stop()
        self.expect_all(complaints)

    def complaints(self, io: RawIO) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


class DoesWhatItOffers(_Done):
    """Every operation that WillDoIOOperation has said yes to is done without an error."""

    id = "io-does-what-it-offers"
    strictness = 2
    need = Need.REQUIRED
    source = f"{WILL_DO}, DoIOOperation"

    def complaints(self, io: RawIO) -> Iterator[str]:
        """Ten cycles of all of them."""
        for _ in range(10):
            for operation, stream in offered(io):
                silent = bytes(FRAMES * stream.frame_bytes)
                second = None if io.does_in_place(operation) else silent
                result = io.do(operation, stream, FRAMES, main=silent, secondary=second)
                if not result.ok:
                    yield (
                        f"{io.device}: WillDoIOOperation says yes to '{operation}', and "
                        f"DoIOOperation of {FRAMES} frames of stream {stream.object_id} answered "
                        f"{result.status_text}"
                    )
                    return
            io.step(FRAMES)


class RefusesOtherStreams(_Done):
    """DoIOOperation refuses a stream that does not exist."""

    id = "io-unknown-stream"
    strictness = 7
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: DoIOOperation; kAudioHardwareBadStreamError"

    def complaints(self, io: RawIO) -> Iterator[str]:
        """Two IDs that no object has, and the device's own."""
        for operation, stream in _first(io):
            for number in (*_NO_STREAMS, io.device.object_id):
                result = io.driver.do_operation(
                    io.device.object_id,
                    number,
                    CLIENT,
                    operation,
                    FRAMES,
                    cycle=io.cycle(FRAMES),
                    main=bytes(FRAMES * stream.frame_bytes),
                )
                if result.ok:
                    yield (
                        f"{io.device}: DoIOOperation '{operation}' of stream {number}, which is no "
                        "stream, answered 0; an error should have come"
                    )


def _first(io: RawIO) -> list[tuple[str, RawStream]]:
    """ReadInput and WriteMix with their first streams, as far as there are such."""
    found = []
    for operation, streams in ((READ, io.device.inputs), (WRITE, io.device.outputs)):
        if streams and io.does(operation):
            found.append((operation, streams[0]))
    return found


class NoFrames(_Done):
    """An operation of no frames is done, or refused, and no crash."""

    id = "io-zero-frames"
    strictness = 8
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: DoIOOperation, inIOBufferFrameSize: any number that fits"

    def complaints(self, io: RawIO) -> Iterator[str]:
        """Between two cycles that have some, which have to be done."""
        for operation, stream in _first(io):
            for frames in (FRAMES, 0, FRAMES):
                result = io.do(operation, stream, frames, main=bytes(frames * stream.frame_bytes))
                if frames and not result.ok:
                    yield (
                        f"{io.device}: DoIOOperation '{operation}' of {frames} frames answered "
                        f"{result.status_text}"
                    )
            io.step(FRAMES)


class NoBuffer(_Done):
    """An operation without a buffer, or without the times of its cycle, is no crash."""

    id = "io-null-buffer"
    strictness = 9
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: DoIOOperation; coreaudiod lives with the drivers that crash"

    def complaints(self, io: RawIO) -> Iterator[str]:
        """NULL for the one, and for the other."""
        for operation, stream in _first(io):
            io.do(operation, stream, FRAMES, main=None)
            call = calls.do_operation(
                io.device.object_id,
                stream.object_id,
                CLIENT,
                operation,
                FRAMES,
                None,
                main=bytes(FRAMES * stream.frame_bytes),
            )
            io.driver.call(call, OperationResult)
        yield from ()


class AfterTheEnd(_Done):
    """A cycle that is late, and comes after the last StopIO, is no crash."""

    id = "io-after-stop"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: StopIO comes on another thread than the cycles"

    def complaints(self, io: RawIO) -> Iterator[str]:
        """Stop, one more cycle, and start again."""
        for operation, stream in _first(io):
            io.do(operation, stream, FRAMES, main=bytes(FRAMES * stream.frame_bytes))
        io.stop()
        for operation, stream in _first(io):
            io.do(operation, stream, FRAMES, main=bytes(FRAMES * stream.frame_bytes))
        io.start()
        yield from ()
