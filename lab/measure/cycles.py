"""What the IO cycles of a trace amount to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.measure.latency import LatencySummary, summarise_ns
from lab.measure.trace import CycleFlag, Records, driver_ns


@dataclass(frozen=True)
class CycleSummary:
    """Counts and times over a set of cycles.

    Attributes
    ----------
    cycles
        Records looked at.
    frames
        Sum of their frames.
    late_wakes, over_budget, overloads, driver_errors, timestamp_jumps, seed_changes, resyncs
        Cycles with that flag; a timestamp that went back counts as a jump, one that a clock model
        moved does not.
    clock_steps
        Cycles in which a clock model of the lab moved the timestamp by more than half a cycle.
    skipped_cycles
        Cycles that never ran.
    wake_error
        Delay from when a cycle should have begun to when its thread ran.
    driver
        Time inside the driver per cycle.
    host
        The host's own time per cycle.
    """

    cycles: int
    frames: int
    late_wakes: int
    over_budget: int
    overloads: int
    driver_errors: int
    timestamp_jumps: int
    seed_changes: int
    resyncs: int
    skipped_cycles: int
    clock_steps: int
    wake_error: LatencySummary
    driver: LatencySummary
    host: LatencySummary


def wake_error_ns(records: Records) -> NDArray[np.int64]:
    """Delay of each wake-up.

    Parameters
    ----------
    records
        Shape (n,), dtype `lab.measure.trace.RECORD`.

    Returns
    -------
    ndarray of int64, shape (n,)
        Nanoseconds; negative when the thread ran early.
    """
    late = records["woke_ns"].astype(np.int64) - records["scheduled_ns"].astype(np.int64)
    return np.asarray(late, dtype=np.int64)


def has_flag(records: Records, flag: CycleFlag) -> NDArray[np.bool_]:
    """Which records carry any bit of `flag`.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    return np.asarray((records["flags"] & np.uint32(flag)) != 0, dtype=np.bool_)


def summarise_cycles(records: Records) -> CycleSummary:
    """Summarise a set of cycles.

    Parameters
    ----------
    records
        Shape (n,), dtype `lab.measure.trace.RECORD`, usually of one device.

    Returns
    -------
    CycleSummary
    """
    jumps = has_flag(records, CycleFlag.TIMESTAMP_JUMP | CycleFlag.TIMESTAMP_BACK)
    by_model = has_flag(records, CycleFlag.CLOCK_STEP)

    def count(flag: CycleFlag) -> int:
        return int(np.count_nonzero(has_flag(records, flag)))

    return CycleSummary(
        cycles=len(records),
        frames=int(records["frames"].astype(np.int64).sum()),
        late_wakes=count(CycleFlag.LATE_WAKE),
        over_budget=count(CycleFlag.OVER_BUDGET),
        overloads=count(CycleFlag.OVERLOAD),
        driver_errors=count(CycleFlag.DRIVER_ERROR),
        timestamp_jumps=int(np.count_nonzero(jumps & ~by_model)),
        seed_changes=count(CycleFlag.SEED_CHANGE),
        resyncs=count(CycleFlag.RESYNC),
        skipped_cycles=int(records["skipped_cycles"].astype(np.int64).sum()),
        clock_steps=int(np.count_nonzero(by_model)),
        wake_error=summarise_ns(wake_error_ns(records)),
        driver=summarise_ns(driver_ns(records)),
        host=summarise_ns(records["host_ns"].astype(np.int64)),
    )
