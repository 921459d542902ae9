"""The ring between output and input of a device that loops: what is read at which sample time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lab.signals import counter
from lab.validate.check import Check, Need
from lab.validate.raw.io import CLIENT, READ
from lab.validate.raw.loop import LARGEST_CYCLE, Loop, largest_cycle, loops_of
from lab.validate.subject import Subject

STALE = "github.com/kyleneideck/BackgroundMusic/issues/217, github.com/q-p/SoundPusher/issues/1"
FRAMES = 512
LARGE = 4096
SEVERAL_RINGS = 140_000
"""Frames: twice as many as usual rings have."""
_SIZES = (512, 16, 63, 1000, 127, 480, 511, 2047, 17, 4096, 4097, 5461, 512, 8192, 333)
_OTHER_CLIENT = 2


class _Rings(Check):
    """Devices whose output comes back at their input, by raw calls."""

    family = "io"
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: DoIOOperation; AudioServerPlugInIOCycleInfo (sample times)"
    lead_frames = FRAMES

    def run(self, subject: Subject) -> None:
        """Each of them."""
        driver = subject.instance()
        complaints: list[str] = []
        heard = False
        for loop in loops_of(driver, self.lead_frames):
            heard = True
            complaints += self.complaints(loop)
        if not heard:
            self.skip("the driver has no device that loops its output back to its input")
        self.expect_all(complaints)

    def complaints(self, loop: Loop) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


def settle(loop: Loop, frames: int = FRAMES) -> None:
    """Let what was played before go by."""
    for _ in range(4 + (4 * loop.io.lead_frames + loop.latency_frames) // frames):
        loop.turn(frames)


def numbers(heard: NDArray[np.float32]) -> NDArray[np.int64]:
    """Frame numbers of self-numbering PCM, shape (frames,); -1 where a frame has none."""
    number, channel = counter.decode(heard)
    own = (channel == np.arange(heard.shape[1])).all(axis=1)
    return np.where(own & (number == number[:, :1]).all(axis=1), number[:, 0], -1)


class AnySizeLoops(_Rings):
    """What is played comes back whole whatever the size of a cycle, and when that changes."""

    id = "io-loopback-any-size"
    strictness = 4
    lead_frames = LARGEST_CYCLE

    def complaints(self, loop: Loop) -> Iterator[str]:
        """Self-numbering PCM; sizes for which a ring of one period has room."""
        largest = largest_cycle(loop.io.device)
        sizes = [size for size in _SIZES if size <= largest]
        settle(loop, largest)
        space = counter.number_space(loop.input.channels)
        last: int | None = None
        for frames in sizes * 3:
            found = numbers(loop.turn(frames))
            due = np.arange(frames) + (found[0] if last is None else last + 1)
            wrong = np.flatnonzero(found != due % space)
            if wrong.size or found[0] < 0:
                first = int(wrong[0]) if wrong.size else 0
                should = f"number {due[first]}" if due[first] >= 0 else "one"
                yield (
                    f"{loop.io.device}: cycles of {', '.join(map(str, sizes))} frames in turn; in "
                    f"one of {frames}, frame {first} should be {should} of those that were played "
                    f"and is {_named(found[first])}"
                )
                return
            last = int(found[-1])


def _named(number: int) -> str:
    return f"number {number}" if number >= 0 else "none of them"


class ReaderAhead(_Rings):
    """Who reads on when nobody writes any more gets silence, and not what was played before."""

    id = "io-reader-ahead"
    strictness = 5
    source = STALE
    lead_frames = LARGE

    def complaints(self, loop: Loop) -> Iterator[str]:
        """Play more than a ring has; then only read, as long again."""
        frames = min(LARGE, loop.io.lead_frames)
        turns = SEVERAL_RINGS // frames
        under_way = 8 + loop.latency_frames // frames
        for _ in range(turns):
            loop.turn(frames)
        for turn in range(under_way + turns):
            heard = loop.turn(frames, None)
            count = int(np.count_nonzero(heard))
            if turn > under_way and count:
                after = (turn * frames) / loop.io.device.rate
                yield (
                    f"{loop.io.device}: {after:.2f} s after the last WriteMix, ReadInput gave "
                    f"{count} samples that are not silent; at these sample times nothing was "
                    "written"
                )
                return


class NothingFromBefore(_Rings):
    """After IO has stopped and begun anew, the input has nothing of what was played before."""

    id = "io-nothing-from-before"
    strictness = 5
    source = STALE
    need = Need.RECOMMENDED
    lead_frames = LARGE

    def complaints(self, loop: Loop) -> Iterator[str]:
        """Play, stop, start, and read without playing."""
        frames = min(LARGE, loop.io.lead_frames)
        for _ in range(SEVERAL_RINGS // frames):
            loop.turn(frames)
        loop.io.stop()
        loop.io.start()
        for turn in range(SEVERAL_RINGS // frames):
            count = int(np.count_nonzero(loop.turn(frames, None)))
            if count:
                yield (
                    f"{loop.io.device}: IO was stopped and started again, and cycle {turn + 1} of "
                    f"the new run read {count} samples that are not silent; nothing was played in "
                    "it"
                )
                return


class TwoReaders(_Rings):
    """Two clients that read the same frames of an input get the same samples."""

    id = "io-two-readers"
    strictness = 3
    source = "AudioServerPlugIn.h: ReadInput is done for each client; the ring is the device's"

    def complaints(self, loop: Loop) -> Iterator[str]:
        """One after the other, in each cycle."""
        loop.io.start(_OTHER_CLIENT)
        if not loop.io.does(READ, _OTHER_CLIENT):
            loop.io.stop(_OTHER_CLIENT)
            return  # it does not read: it cannot get something else
        settle(loop)
        for _ in range(16):
            _, mine = loop.io.read(loop.input, FRAMES)
            _, theirs = loop.io.read(loop.input, FRAMES, _OTHER_CLIENT)
            loop.io.write(loop.output, FRAMES)
            loop.io.step(FRAMES)
            differ = int(np.count_nonzero((mine != theirs).any(axis=1)))
            if differ:
                yield (
                    f"{loop.io.device}: clients {CLIENT} and {_OTHER_CLIENT} read the same "
                    f"{FRAMES} frames one after the other, and {differ} of them are not the same"
                )
                break
        loop.io.stop(_OTHER_CLIENT)


class TellsItsLatency(_Rings):
    """Sound comes back as late as the latencies of the device and its streams say."""

    id = "io-loopback-latency"
    strictness = 7
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioDevicePropertyLatency, kAudioStreamPropertyLatency"

    def complaints(self, loop: Loop) -> Iterator[str]:
        """Self-numbering PCM: a number is the sample time for which it was written."""
        settle(loop)
        told = loop.latency_frames
        space = counter.number_space(loop.input.channels)
        for _ in range(16):
            at = loop.io.input_time
            found = numbers(loop.turn(FRAMES))
            there = np.flatnonzero(found >= 0)
            if not there.size:
                continue
            late = int((at + there[0] - found[there[0]] + space // 2) % space - space // 2)
            if late != told:
                yield (
                    f"{loop.io.device}: what was written for sample time "
                    f"{int(at + there[0] - late)} is read at {int(at + there[0])}, {late} frames "
                    f"later; the latencies of the device and its streams are {told}"
                )
                return


class SoundAfterNan(_Rings):
    """After samples that are NaN or infinite have gone by, sound comes back as it is played."""

    id = "io-sound-after-nan"
    strictness = 5
    need = Need.RECOMMENDED
    source = "IEEE 754: who adds to a NaN keeps it; applications do play them"

    def complaints(self, loop: Loop) -> Iterator[str]:
        """Of each kind a few cycles."""
        for filling in ("nan", "inf", "loud", "subnormal"):
            for _ in range(4):
                loop.turn(FRAMES, filling)
        for _ in range(_SETTLED + loop.latency_frames // FRAMES):
            loop.turn(FRAMES)
        heard = loop.turn(FRAMES)
        strange = int(np.count_nonzero(~np.isfinite(heard)))
        wrong = int(np.count_nonzero(numbers(heard) < 0))
        if strange or wrong:
            yield (
                f"{loop.io.device}: {_SETTLED} cycles of {FRAMES} frames after NaN, infinities, "
                f"1e30 and subnormals were played, of {len(heard)} frames {wrong} are not what is "
                f"played now ({strange} samples are NaN or infinite)"
            )


_SETTLED = 64
"""Cycles: more than half a second."""
