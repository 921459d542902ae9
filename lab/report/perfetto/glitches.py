"""Glitches on the timeline: when each was, and the cycle or the block that is blamed for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.measure.blame import SENTENCES, Cause, blame_cycles
from lab.measure.trace import Records
from lab.report.perfetto.events import Event, Kind, Track, as_ns
from lab.results import Glitch

OF_THE_READER = frozenset(
    cause.id
    for cause in (
        Cause.READER_LATE,
        Cause.RING_OVERRUN,
        Cause.DRIVER_RESTART,
        Cause.READER_WAKE,
        Cause.READER_STOPPED,
        Cause.RECORDING_FULL,
        Cause.TRANSPORT_STALL,
    )
)
"""Causes that show where a block arrives. All others show in a cycle."""

_SENTENCES = {cause.id: sentence for cause, sentence in SENTENCES.items()}
_STREAM_GROWS = {"lost": 1, "duplicate": -1, "inserted": -1}
"""What a glitch does to the distance between played and recorded frames."""


@dataclass(frozen=True)
class Placed:
    """A glitch and its place.

    Attributes
    ----------
    glitch
        What was wrong.
    at_ns
        When.
    record
        Index of the cycle that is blamed; -1: none.
    arrival
        Index of the block whose arrival is blamed; -1: none.
    """

    glitch: Glitch
    at_ns: int
    record: int = -1
    arrival: int = -1


def damaged_cycles(records: Records) -> list[Placed]:
    """The cycles that did damage, as glitches: for a trace that nobody has judged.

    Parameters
    ----------
    records
        Shape (n,), of one device, oldest first.

    Returns
    -------
    list of Placed
    """
    cause = blame_cycles(records)
    scheduled = as_ns(records["scheduled_ns"])
    placed = []
    for at in np.flatnonzero(cause).tolist():
        frames = int(records["skipped_cycles"][at]) * int(records["frames"][at])
        glitch = Glitch(
            kind="late-cycle",
            position_frame=-1,
            frames=frames,
            cause=Cause(int(cause[at])).id,
            at_ns=int(scheduled[at]),
        )
        placed.append(Placed(glitch, int(scheduled[at]), record=at))
    return placed


def place_glitches(
    glitches: Sequence[Glitch], records: Records, arrivals: NDArray[Any], *, first_frame: int = 0
) -> list[Placed]:
    """Find when glitches were, and what to point at.

    Parameters
    ----------
    glitches
        Of one run: those of the stream in the order of the recording.
    records
        Shape (n,), of the device, oldest first.
    arrivals
        Shape (m,), dtype `lab.transport.recording.ARRIVAL`; m may be 0.
    first_frame
        Frames that were played before the first record.

    Returns
    -------
    list of Placed
        In the order given. A glitch with neither a time nor a place is put at the beginning, and
        points at nothing.
    """
    finder = _Finder(records, arrivals, first_frame)
    placed = []
    shift = 0
    for glitch in glitches:
        placed.append(finder.place(glitch, shift))
        if glitch.at_ns < 0:
            shift += _STREAM_GROWS.get(glitch.kind, 0) * glitch.frames
    return placed


class _Finder:
    def __init__(self, records: Records, arrivals: NDArray[Any], first_frame: int) -> None:
        self._scheduled = as_ns(records["scheduled_ns"])
        self._woke = as_ns(records["woke_ns"])
        self._end_frame = first_frame + np.cumsum(records["frames"].astype(np.int64))
        self._first_frame = first_frame
        self._number = records["cycle"].astype(np.int64)
        self._by_number = np.argsort(self._number, kind="stable")
        self._arrived = as_ns(arrivals["arrival_ns"])
        self._host = arrivals["host_ns"]
        self._recorded = as_ns(arrivals["recorded_frame"])

    def place(self, glitch: Glitch, shift: int) -> Placed:
        block = self._block_of(glitch)
        record = self._record_of(glitch, block, glitch.position_frame + shift)
        at_ns = glitch.at_ns
        if at_ns < 0 and block >= 0:
            at_ns = int(self._arrived[block])
        if at_ns < 0 and record >= 0:
            at_ns = int(self._woke[record])
        if at_ns < 0:
            at_ns = int(self._scheduled[0]) if len(self._scheduled) else 0
        if glitch.cause in OF_THE_READER:
            return Placed(glitch, at_ns, arrival=block)
        if glitch.cause == Cause.NONE.id:
            return Placed(glitch, at_ns)
        return Placed(glitch, at_ns, record=record)

    def _block_of(self, glitch: Glitch) -> int:
        """The block that it showed in: the next one to arrive, or the one at its place."""
        if len(self._arrived) == 0 or glitch.kind == "late-cycle":
            return -1
        if glitch.at_ns >= 0:
            block = int(np.searchsorted(self._arrived, glitch.at_ns, side="right"))
            return block if block < len(self._arrived) else -1
        if glitch.position_frame < 0:
            return -1
        return int(np.searchsorted(self._recorded, glitch.position_frame, side="right")) - 1

    def _record_of(self, glitch: Glitch, block: int, stream_frame: int) -> int:
        guess = self._guess(glitch, block, stream_frame)
        if glitch.cycle < 0:
            return guess
        # Numbers begin again after a resync: the one that is nearest counts.
        low = int(np.searchsorted(self._number, glitch.cycle, "left", sorter=self._by_number))
        high = int(np.searchsorted(self._number, glitch.cycle, "right", sorter=self._by_number))
        if low == high:
            return guess
        same = self._by_number[low:high]
        return int(same[np.argmin(np.abs(same - max(guess, 0)))])

    def _guess(self, glitch: Glitch, block: int, stream_frame: int) -> int:
        if len(self._scheduled) == 0:
            return -1
        if block >= 0 and self._host[block] >= 0:
            return int(np.searchsorted(self._woke, self._host[block], side="right")) - 1
        if glitch.at_ns >= 0:
            return int(np.searchsorted(self._scheduled, glitch.at_ns, side="right")) - 1
        if glitch.position_frame < 0 or stream_frame < self._first_frame:
            return -1
        at = int(np.searchsorted(self._end_frame, stream_frame, side="right"))
        return min(at, len(self._end_frame) - 1)


def glitch_track(
    placed: Sequence[Placed], *, sample_rate: float = 0.0, first_flow: int = 1
) -> Track:
    """One instant per glitch.

    Parameters
    ----------
    placed
        In any order. An arrow's number is the index in here plus `first_flow`.
    sample_rate
        Hz; 0: not known, and sizes are told in frames only.
    first_flow
        Another one for each device: arrows of one number are one arrow.

    Returns
    -------
    Track
    """
    return Track(
        name="glitches",
        events=_instants(placed, sample_rate, first_flow),
        description="What was wrong with the stream. An arrow leads to the cycle or the block "
        "that is blamed.",
    )


def flows_of(
    placed: Sequence[Placed], *, first_flow: int = 1
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Which arrows lead where.

    Parameters
    ----------
    placed, first_flow
        As for `glitch_track`.

    Returns
    -------
    cycles, blocks : dict of int to list of int
        Index of a record, and of an arrival, to the numbers of its arrows.
    """
    cycles: dict[int, list[int]] = {}
    blocks: dict[int, list[int]] = {}
    for number, one in enumerate(placed, start=first_flow):
        if one.record >= 0:
            cycles.setdefault(one.record, []).append(number)
        if one.arrival >= 0:
            blocks.setdefault(one.arrival, []).append(number)
    return cycles, blocks


def _instants(placed: Sequence[Placed], sample_rate: float, first_flow: int) -> Iterator[Event]:
    times = as_ns(np.array([one.at_ns for one in placed], dtype=np.int64))
    for index in np.argsort(times, kind="stable").tolist():
        one = placed[index]
        glitch = one.glitch
        told: list[tuple[str, int | str]] = [("kind", glitch.kind)]
        if glitch.frames:
            told.append(("frames", glitch.frames))
            if sample_rate > 0:
                told.append(("size_us", round(glitch.frames / sample_rate * 1e6)))
        if glitch.position_frame >= 0:
            told.append(("at_frame", glitch.position_frame))
        told.append(("cause", glitch.cause))
        if why := _SENTENCES.get(glitch.cause):
            told.append(("why", why))
        if glitch.clip:
            told.append(("clip", glitch.clip))
        pointed = one.record >= 0 or one.arrival >= 0
        flows = (first_flow + index,) if pointed else ()
        name = f"{glitch.kind}: {glitch.cause}"
        yield Event(int(times[index]), Kind.INSTANT, name, tuple(told), flows)
