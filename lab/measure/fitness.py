"""Is this machine fit to judge anything in real time right now?

A short probe sleeps to absolute times and looks how late it wakes, how long it stood in the
run queue, and how much time the hypervisor took. The outcome goes into every result: a verdict
on wall-clock figures from an unfit machine is worth nothing. Virtual time needs no probe.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.measure.latency import summarise_ns

WAKE_P99_LIMIT_US = 1_000.0
STEAL_LIMIT_PERCENT = 2.0
RUN_DELAY_LIMIT_PERCENT = 10.0
STALL_LIMIT_US = 10_000.0
"""One wake-up that late is an IO period gone, however good the others were."""


@dataclass(frozen=True)
class Fitness:
    """What the probe saw.

    Attributes
    ----------
    probes
        Wake-ups measured.
    wake_p50_us, wake_p99_us
        Wake-up error, microseconds.
    steal_percent
        Processor time that the hypervisor gave to others, of all processors, at least: see
        `steal_share`.
    run_delay_percent
        Time that the probe was ready but not running, of the probe's length; -1 when not known.
    realtime_priority
        Whether SCHED_FIFO is permitted.
    processors
        How many this process may use.
    wake_max_us
        The worst of them, microseconds.
    """

    probes: int
    wake_p50_us: float
    wake_p99_us: float
    steal_percent: float
    run_delay_percent: float
    realtime_priority: bool
    processors: int
    wake_max_us: float = 0.0

    @property
    def reasons(self) -> list[str]:
        """Why the machine is not fit; empty when it is."""
        found = []
        if self.wake_p99_us > WAKE_P99_LIMIT_US:
            found.append(
                f"wakes {self.wake_p99_us:.0f} us late (p99), limit {WAKE_P99_LIMIT_US:.0f} us"
            )
        if self.wake_max_us > STALL_LIMIT_US:
            found.append(
                f"stood still for {self.wake_max_us / 1e3:.0f} ms, "
                f"limit {STALL_LIMIT_US / 1e3:.0f} ms"
            )
        if self.steal_percent > STEAL_LIMIT_PERCENT:
            found.append(
                f"the hypervisor takes {self.steal_percent:.1f} % of the processors, "
                f"limit {STEAL_LIMIT_PERCENT:.0f} %"
            )
        if self.run_delay_percent > RUN_DELAY_LIMIT_PERCENT:
            found.append(
                f"waits {self.run_delay_percent:.1f} % of the time for a processor, "
                f"limit {RUN_DELAY_LIMIT_PERCENT:.0f} %"
            )
        return found

    @property
    def is_fit(self) -> bool:
        """True when wall-clock figures of this machine can be judged."""
        return not self.reasons


class Probe:
    """A measurement that goes on for as long as it is asked to.

    Parameters
    ----------
    interval_us
        Between two wake-ups.
    """

    def __init__(self, interval_us: int) -> None:
        self._interval_ns = interval_us * 1_000
        self._errors: list[int] = []
        self._steal, self._delay_ns = _steal_ticks(), _run_delay_ns()
        self._begin_ns = self._due_ns = time.monotonic_ns()

    def wake_once(self) -> None:
        """Sleep to the next time, and look how late it is."""
        self._due_ns += self._interval_ns
        time.sleep(max(0.0, (self._due_ns - time.monotonic_ns()) / 1e9))
        error = time.monotonic_ns() - self._due_ns
        self._errors.append(error)
        # What was missed meanwhile was one stall, not many.
        self._due_ns += error // self._interval_ns * self._interval_ns

    def fitness(self) -> Fitness:
        """What was seen so far; after one wake-up at least."""
        elapsed_ns = time.monotonic_ns() - self._begin_ns
        delay_ns = _run_delay_ns()
        summary = summarise_ns(np.array(self._errors, dtype=np.int64))
        return Fitness(
            probes=len(self._errors),
            wake_p50_us=summary.p50_us,
            wake_p99_us=summary.p99_us,
            steal_percent=steal_share(self._steal, _steal_ticks()),
            run_delay_percent=(
                100.0 * (delay_ns - self._delay_ns) / elapsed_ns if delay_ns >= 0 else -1.0
            ),
            realtime_priority=may_use_fifo(),
            processors=_processors(),
            wake_max_us=max(self._errors) / 1e3,
        )


def probe_fitness(*, probes: int = 100, interval_us: int = 2_000) -> Fitness:
    """Measure this machine for ``probes * interval_us``.

    What happens later it cannot know: `lab.measure.fitness_watch` looks all the time.

    Parameters
    ----------
    probes
        Wake-ups; at least 1.
    interval_us
        Between them.

    Returns
    -------
    Fitness
    """
    probe = Probe(interval_us)
    for _ in range(probes):
        probe.wake_once()
    return probe.fitness()


def parse_steal(stat: str) -> tuple[int, int]:
    """Steal and total time from the first line of ``/proc/stat``.

    Parameters
    ----------
    stat
        Contents of the file.

    Returns
    -------
    tuple of int
        Ticks stolen, ticks in all (guest time is in user time already); (0, 0) when the line is
        not there.
    """
    for line in stat.splitlines():
        field = line.split()
        if field and field[0] == "cpu":
            ticks = [int(value) for value in field[1:9]]
            return (ticks[7] if len(ticks) > 7 else 0), sum(ticks)
    return 0, 0


def steal_share(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Share of the processors that was stolen between two looks.

    Parameters
    ----------
    before, after
        As from `parse_steal`.

    Returns
    -------
    float
        Per cent, at least: one stolen tick is taken off, as all but its last nanosecond may have
        been stolen before. In a window of 100 ms on two processors a single tick is 5 %.
    """
    stolen = max(after[0] - before[0] - 1, 0)
    return 100.0 * stolen / max(after[1] - before[1], 1)


def parse_run_delay(schedstat: str) -> int:
    """Time spent ready but not running, from ``/proc/self/schedstat``.

    Parameters
    ----------
    schedstat
        Contents of the file: time running, time waiting (both ns), time slices.

    Returns
    -------
    int
        Nanoseconds, -1 when it is not there.
    """
    field = schedstat.split()
    return int(field[1]) if len(field) >= 2 else -1


def may_use_fifo() -> bool:
    """Whether this process may run threads under SCHED_FIFO; changes nothing.

    Returns
    -------
    bool
    """
    if not hasattr(os, "sched_setscheduler"):
        return True  # macOS: the time-constraint policy is open to everybody
    before = os.sched_getscheduler(0)
    param = os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        return False
    os.sched_setscheduler(0, before, param)
    return True


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def _steal_ticks() -> tuple[int, int]:
    return parse_steal(_read("/proc/stat"))


def _run_delay_ns() -> int:
    return parse_run_delay(_read("/proc/thread-self/schedstat"))
