"""Whose fault a late cycle or a missing frame was: one cause each, from one table.

`RULES` is the one place where causes are decided. Rules are tried in order; the first that holds
gives the cause. Six ideas are in the order:

- An error code and a zero timestamp that jumps are the driver's own, however late the machine was.
- Lateness is the machine's where the machine alone suffices: a thread that ran too late cannot end
  in time, whatever the driver did afterwards; and time in which it stood waiting for a processor
  is not the driver's, although it is measured in the driver's call.
- The driver is blamed on the host's evidence, never because nobody else was found: a cycle that no
  rule explains is ``unknown``. A frame that is missing although the cycles around it were in time
  and without an error is evidence: the host had handed it over.
- What the lab did on purpose is the lab's: a step of its own clock model has a flag of its own,
  which the host sets when the driver's own time line went on as it should.
- A frame that was overwritten in the ring was delivered by the driver. It is the reader's, if
  the reader stayed away for longer than the ring holds; else the ring was too short for it.
- A transport is blamed on the far end's record: it knows when frames were handed to the transport
  and since when a reader waited for them. Where they would have been in time without what they lay
  on the way, the transport alone suffices, and nobody else is asked; else the greatest delay
  decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.measure.cycles import has_flag
from lab.measure.trace import CycleFlag, Records, driver_ns
from lab.transport.recording import ARRIVAL_NEW_GENERATION


class Cause(IntEnum):
    """Why something was late or missing; 0 is "nothing was"."""

    NONE = 0
    MACHINE = 1
    DRIVER_ERROR = 2
    DRIVER_OVER_BUDGET = 3
    TIMESTAMP_JUMP = 4
    HOST_LOCK = 5
    READER_LATE = 6
    RING_OVERRUN = 7
    DRIVER_RESTART = 8
    READER_WAKE = 9
    UNKNOWN = 10
    READER_STOPPED = 11
    RECORDING_FULL = 12
    DRIVER_LOGIC = 13
    TRANSPORT_STALL = 14
    CLOCK_MODEL = 15

    @property
    def id(self) -> str:
        """Stable kebab-case name for reports."""
        return self.name.lower().replace("_", "-")


SENTENCES: dict[Cause, str] = {
    Cause.NONE: "nothing was late or missing",
    Cause.MACHINE: "the machine ran the IO thread late",
    Cause.DRIVER_ERROR: "the driver answered an IO call with an error",
    Cause.DRIVER_OVER_BUDGET: "the driver took longer than its share of the cycle",
    Cause.TIMESTAMP_JUMP: "the driver's zero timestamp jumped without a new seed",
    Cause.HOST_LOCK: "the simulator's own control lock held the cycle up",
    Cause.READER_LATE: "the reader stayed away for longer than the ring holds",
    Cause.RING_OVERRUN: "the ring was overwritten although the reader came in time",
    Cause.DRIVER_RESTART: "the driver began a new generation",
    Cause.READER_WAKE: "the machine ran the reader late",
    Cause.UNKNOWN: "no record explains it",
    Cause.READER_STOPPED: "the reader stopped before the end, and said why",
    Cause.RECORDING_FULL: "the recording had no room left",
    Cause.TRANSPORT_STALL: "what the driver delivered was held up on the way",
    Cause.CLOCK_MODEL: "the lab's own clock model stepped",
    Cause.DRIVER_LOGIC: "every cycle around it was in time and without an error",
}

NOT_THE_DRIVER = frozenset(
    {
        Cause.NONE,
        Cause.MACHINE,
        Cause.HOST_LOCK,
        Cause.READER_LATE,
        Cause.READER_WAKE,
        Cause.TRANSPORT_STALL,
        Cause.CLOCK_MODEL,
    }
)
"""Causes that say nothing against the driver."""

_Rule = tuple[Cause, Callable[[Records], NDArray[np.bool_]]]

RULES: tuple[_Rule, ...] = (
    (Cause.DRIVER_ERROR, lambda r: has_flag(r, CycleFlag.DRIVER_ERROR)),
    # The flag is there only when the driver's own timestamps give no reason for the jump.
    (Cause.CLOCK_MODEL, lambda r: has_flag(r, CycleFlag.CLOCK_STEP)),
    (
        Cause.TIMESTAMP_JUMP,
        lambda r: has_flag(r, CycleFlag.TIMESTAMP_JUMP | CycleFlag.TIMESTAMP_BACK),
    ),
    (Cause.HOST_LOCK, lambda r: has_flag(r, CycleFlag.LOCK_WAIT)),
    (Cause.MACHINE, lambda r: has_flag(r, CycleFlag.LATE_WAKE)),
    # Over its budget only because the thread was taken off the processor inside the call.
    (
        Cause.MACHINE,
        lambda r: has_flag(r, CycleFlag.OVER_BUDGET) & (2 * waited_ns(r) > driver_ns(r)),
    ),
    (Cause.DRIVER_OVER_BUDGET, lambda r: has_flag(r, CycleFlag.OVER_BUDGET)),
    # Cycles were skipped or ended late, the thread woke in time and the driver kept within its
    # budget: the thread was taken off the processor in between.
    (Cause.MACHINE, lambda r: waited_ns(r) > 1_000_000),
    (Cause.UNKNOWN, lambda r: np.ones(len(r), dtype=bool)),
)


_OF_THE_HOST = (Cause.MACHINE, Cause.HOST_LOCK)


def is_late(records: Records) -> NDArray[np.bool_]:
    """Which cycles did damage: ended after their deadline, were skipped, or failed.

    Parameters
    ----------
    records
        Shape (n,), dtype `lab.measure.trace.RECORD`.

    Returns
    -------
    ndarray of bool, shape (n,)
        A wake-up that was late and yet in time for the deadline is not damage.
    """
    flags = CycleFlag.OVERLOAD | CycleFlag.RESYNC | CycleFlag.DRIVER_ERROR
    jumps = CycleFlag.TIMESTAMP_JUMP | CycleFlag.TIMESTAMP_BACK
    return has_flag(records, flags | jumps) | (records["skipped_cycles"] > 0)


def waited_ns(records: Records) -> NDArray[np.int64]:
    """For how long the thread stood ready without a processor, from before a cycle to behind it.

    Parameters
    ----------
    records
        Shape (n,), of one device, oldest first, none left out.

    Returns
    -------
    ndarray of int64, shape (n,)
        Nanoseconds. The host reads the counter when a cycle begins, so what was added within one
        is in the record of the next; the greater of the two counts.
    """
    before = records["run_delay_ns"].astype(np.int64)
    within = np.append(before[1:], 0)[: len(before)]
    return np.asarray(np.maximum(before, within), dtype=np.int64)


def blame_cycles(records: Records) -> NDArray[np.uint8]:
    """One cause per cycle.

    Parameters
    ----------
    records
        Shape (n,), dtype `lab.measure.trace.RECORD`, of one device, oldest first.

    Returns
    -------
    ndarray of uint8, shape (n,)
        `Cause` values; NONE for a cycle that did no damage.
    """
    cause = np.zeros(len(records), dtype=np.uint8)
    open_ = is_late(records)
    for rule_cause, holds in RULES:
        hit = open_ & holds(records)
        cause[hit] = rule_cause
        open_ &= ~hit
    # A thread that was still in the cycle before could not wake in time: one cause, not two.
    woke_late = np.isin(cause, _OF_THE_HOST) & has_flag(records, CycleFlag.LATE_WAKE)
    busy = records["done_ns"][:-1] > records["scheduled_ns"][1:]
    for at in (np.flatnonzero(woke_late[1:] & busy) + 1).tolist():
        cause[at] = cause[at - 1] or cause[at]
    return cause


def count_causes(cause: NDArray[np.uint8]) -> dict[Cause, int]:
    """How often each cause occurs, NONE left out, in the order of `Cause`.

    Parameters
    ----------
    cause
        `Cause` values, any shape.

    Returns
    -------
    dict
    """
    counts = np.bincount(cause.ravel(), minlength=len(Cause))
    return {c: int(counts[c]) for c in Cause if c is not Cause.NONE and counts[c]}


@dataclass(frozen=True)
class Loss:
    """Frames that a reader missed.

    Attributes
    ----------
    first_frame
        Frame number at which they begin.
    frames
        How many.
    away_ns
        For how long the reader had not looked.
    new_generation
        Whether a new generation lies in between.
    """

    first_frame: int
    frames: int
    away_ns: int
    new_generation: bool = False

    @classmethod
    def of(cls, row: Any) -> Loss:
        """What a row of arrivals says, dtype `lab.transport.recording.ARRIVAL`."""
        return cls(
            first_frame=int(row["first_frame"]) - int(row["lost"]),
            frames=int(row["lost"]),
            away_ns=int(row["away_ns"]),
            new_generation=bool(row["flags"] & ARRIVAL_NEW_GENERATION),
        )


def blame_loss(loss: Loss, *, ring_frames: int, sample_rate: float) -> Cause:
    """The cause of a loss that the ring's own numbers show.

    Parameters
    ----------
    loss
        What the reader saw.
    ring_frames
        Frames that the ring holds.
    sample_rate
        Hz.

    Returns
    -------
    Cause
    """
    if loss.new_generation:
        return Cause.DRIVER_RESTART
    ring_ns = ring_frames / sample_rate * 1e9
    return Cause.READER_LATE if loss.away_ns > ring_ns else Cause.RING_OVERRUN


def blame_gap(position_frame: int, records: Records, *, first_frame: int = 0) -> Cause:
    """The cause of a gap in what the driver delivered, from the cycles around it.

    Parameters
    ----------
    position_frame
        Frame of the delivered stream at which the gap lies.
    records
        Shape (n,), of one device, oldest first.
    first_frame
        Frame of the stream that the first record delivered: above 0 when older ones are gone.

    Returns
    -------
    Cause
        That of the cycle that delivered the frame, else of its neighbours. DRIVER_LOGIC when they
        were in time and without an error: the driver had the frame and all the time for it.
        UNKNOWN when the cycle's record is gone.
    """
    if len(records) == 0 or position_frame < first_frame:
        return Cause.UNKNOWN
    end = first_frame + np.cumsum(records["frames"].astype(np.int64))
    at = min(int(np.searchsorted(end, position_frame, side="right")), len(records) - 1)
    # One record more: a cycle's waiting is in the next one's.
    cause = blame_cycles(records[max(0, at - 1) : at + 3])[: at + 2 - max(0, at - 1)]
    own = cause[1 if at > 0 else 0]
    if own:
        return Cause(int(own))
    found = cause[cause != 0]
    if found.size:
        return Cause(int(found[0]))
    return Cause.DRIVER_LOGIC if position_frame < int(end[-1]) else Cause.UNKNOWN


def blame_underrun(
    at_ns: int,
    arrivals: NDArray[Any],
    records: Records,
    *,
    ring_frames: int,
    sample_rate: float,
) -> Cause:
    """The cause of an underrun of a player behind the reader.

    Parameters
    ----------
    at_ns
        When frames were due that were not there, CLOCK_MONOTONIC.
    arrivals
        Dtype `lab.transport.recording.ARRIVAL`, ascending.
    records
        Shape (n,), of the device, in real time, oldest first.
    ring_frames, sample_rate
        As for `blame_loss`.

    Returns
    -------
    Cause
        Of the next block to arrive. Were frames lost before it (`blame_loss`)? Would it have been
        there in time, had it not lain on the way (TRANSPORT_STALL)? Else: did its cycle do damage,
        was its cycle late, did it lie on the way, or did its reader wake late? The greatest delay
        decides. UNKNOWN without host times.
    """
    next_ = int(np.searchsorted(arrivals["arrival_ns"], at_ns, side="right"))
    if next_ >= len(arrivals) or len(records) == 0:
        return Cause.UNKNOWN
    row = arrivals[next_]
    if row["lost"]:
        return blame_loss(Loss.of(row), ring_frames=ring_frames, sample_rate=sample_rate)
    held_ns = int(row["held_ns"])
    if held_ns > 0 and int(row["arrival_ns"]) - held_ns <= at_ns:
        return Cause.TRANSPORT_STALL
    if row["host_ns"] < 0:
        return Cause.UNKNOWN
    at = int(np.searchsorted(records["woke_ns"].astype(np.int64), row["host_ns"], side="right")) - 1
    record = records[max(at, 0) : max(at, 0) + 2]
    cause = Cause(int(blame_cycles(record)[0]))
    if cause is not Cause.NONE:
        return cause
    cycle_late_ns = int(record["woke_ns"][0]) - int(record["scheduled_ns"][0])
    reader_late_ns = int(row["arrival_ns"]) - int(row["host_ns"]) - held_ns
    if held_ns > max(cycle_late_ns, reader_late_ns):
        return Cause.TRANSPORT_STALL
    return Cause.MACHINE if cycle_late_ns > reader_late_ns else Cause.READER_WAKE
