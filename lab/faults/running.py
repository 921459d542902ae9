"""A schedule on any rig: from event to event, and what ends it early."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from lab.errors import LabError, MissingError, UsageError
from lab.faults.damage import Failure
from lab.faults.events import At, Event
from lab.faults.lives import Lives, Stopped
from lab.faults.outcome import Outcome, RunHash
from lab.faults.schedule import Setup
from lab.host.errors import (
    DriverCrashed,
    DriverHung,
    HostCrashed,
    HostError,
    HostGone,
    HostTimeout,
)

LIFE_HEAP_BYTES = 128 * 1024
"""What the heap of a daemon may grow by over its whole life, besides the buffers of its cycles."""

RigT = TypeVar("RigT", bound=Lives[Any])


class Running(ABC, Generic[RigT]):
    """One run: what it is made of, and what has come of it so far.

    Parameters
    ----------
    setup, events
        On what, and what is to happen, in the order in which it comes.

    Attributes
    ----------
    outcome
        As far as it is known.
    hash
        Of everything that was observed.
    last_cycle
        Cycle of the run that was looked at last.
    """

    def __init__(self, setup: Setup, events: Sequence[Event]) -> None:
        self.setup = setup
        self.events = list(events)
        self.outcome = Outcome()
        self.hash = RunHash()
        self.last_cycle = 0
        self._near: list[tuple[int, Event]] = []
        """Events whose settling time is not over, and their cycles."""

    # ---- what each kind of run does in its own way -------------------------------------------

    @abstractmethod
    def _begin(self, rig: RigT) -> None:
        """Before the first event."""

    @abstractmethod
    def _quiet_to(self, rig: RigT, at: At, end: int) -> None:
        """Run up to a moment, and judge: no fault is near."""

    @abstractmethod
    def _episode(self, rig: RigT, waiting: list[Event], end: int) -> None:
        """Take events that follow each other closely, let them settle, and judge."""

    @abstractmethod
    def reached(self) -> Counter[str]:
        """The rare states that the run was in, and how often; when it is over."""

    @abstractmethod
    def _end(self, rig: RigT) -> None:
        """After the last cycle."""

    def _last_figures(self, rig: RigT) -> None:
        """Of a daemon that is there still; `LabError` when it is not."""

    # ---- what follows from that --------------------------------------------------------------

    def causes(self) -> str:
        """What is near, in words."""
        return " and ".join(self._words())

    def _words(self) -> list[str]:
        return [f"{event.name} at cycle {cycle}" for cycle, event in self._near]

    def _where(self) -> str:
        return f"around {self.causes()}" if self._near else "with no fault near"

    def _fail(self, failure: Failure | None) -> None:
        """Only the first one counts."""
        self.outcome.failure = self.outcome.failure or failure

    def all(self, rig: RigT) -> None:
        """From the first cycle to the last, or to the first failure."""
        end = self.setup.cycles
        self._begin(rig)
        waiting = list(self.events)
        while waiting and self.outcome.failure is None and rig.cycle < end:
            self._quiet_to(rig, waiting[0].at, end)
            if self.outcome.failure is None:
                self._episode(rig, waiting, end)
        if self.outcome.failure is None and rig.cycle < end:
            self._quiet_to(rig, At(cycle=end), end)
        if self.outcome.failure is None:
            self._end(rig)

    def leave(self, rig: RigT) -> None:
        """Take the last figures; a daemon that is gone has none."""
        outcome = self.outcome
        try:
            outcome.cycles = rig.cycle
            outcome.simulated_s = rig.elapsed_ns / 1e9
            outcome.memory_end = rig.memory()
            self._last_figures(rig)
            rig.end_life()
            io = rig.host.io_stats(rig.device.device)
            self.hash.add([io.cycles, io.frames, io.skipped_cycles, io.late_wakes])
        except LabError:
            outcome.cycles = max(outcome.cycles, self.last_cycle)
        self.hash.add(rig.fingerprints)
        outcome.lives = rig.lives
        outcome.calls = rig.calls


def carry_out(running: Running[RigT], rig_of_run: Callable[[], RigT]) -> Outcome:
    """Run all of a schedule.

    Parameters
    ----------
    running
        The run.
    rig_of_run
        Makes its rig.

    Returns
    -------
    Outcome
        With the first failure, at which the run has ended.

    Raises
    ------
    UsageError, MissingError
        When it could not begin.
    """
    outcome = running.outcome
    began = time.monotonic()
    try:
        with rig_of_run() as rig:
            try:
                running.all(rig)
            except Stopped:
                outcome.interrupted = True
            except HostGone as gone:
                outcome.failure = failure_of_ending(gone, running.last_cycle, running.causes())
                outcome.host_report = gone.report
            except LabError as error:
                outcome.failure = failure_of_error(error, running.last_cycle, running.causes())
            running.leave(rig)
    except (UsageError, MissingError):
        raise
    except HostGone as gone:
        # A driver that does not even come up.
        outcome.failure = failure_of_ending(gone, running.last_cycle, running.causes())
    outcome.real_s = time.monotonic() - began
    running.hash.add(outcome.failure.kind if outcome.failure else "passed")
    outcome.hash = running.hash.digest()
    outcome.journal = running.hash.lines
    outcome.marks = running.reached()
    return outcome


def heap_failure(grown: int, room: int, cycle: int) -> Failure | None:
    """Of a heap that has grown by more bytes than there is room for; None of another."""
    if grown <= room:
        return None
    return Failure(
        "memory-grows",
        f"the heap has grown by {grown // 1024} KiB up to cycle {cycle}; at most "
        f"{room // 1024} KiB may",
        cycle,
    )


def failure_of_ending(gone: HostGone, cycle: int, causes: str) -> Failure:
    """What a run says of its daemon's end; no path, which is another on another machine."""
    kind, text = "host-gone", str(gone)
    if isinstance(gone, DriverCrashed):
        kind = f"driver-crashed-in-{gone.entry_point}"
        text = f"the driver crashed with {gone.signal} in {gone.entry_point}"
    elif isinstance(gone, DriverHung):
        kind = f"driver-hung-in-{gone.entry_point}"
        text = f"the driver hung in {gone.entry_point}"
    elif isinstance(gone, HostCrashed):
        kind = "host-crashed"
    where = f" around {causes}" if causes else ""
    return Failure(kind, f"{text}{where} (cycle {cycle})", cycle)


def failure_of_error(error: LabError, cycle: int, causes: str) -> Failure:
    """What a run says of an error that ended it."""
    where = f" around {causes}" if causes else ""
    if isinstance(error, HostError):
        said = f"the host refused to go on{where}: {error.message} (cycle {cycle})"
        return Failure(f"host-{error.status}", said, cycle)
    if isinstance(error, HostTimeout):
        return Failure("host-timeout", f"the host did not answer{where} (cycle {cycle})", cycle)
    return Failure("reader-failed", f"{error.what}{where} (cycle {cycle})", cycle)
