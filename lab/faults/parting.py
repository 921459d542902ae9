"""Where two runs of one schedule part: which event of which cycle, and what was not the same.

A run keeps the checkpoints of its fingerprint, for each life of its daemon. They narrow the place
down to a few cycles; then the schedule is run again with a log of these cycles.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.faults.events import Event
from lab.faults.lives import EventWindow, Life
from lab.faults.outcome import Outcome
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup
from lab.replay.compare import Window, first_difference, narrow
from lab.replay.events import read_events

TRIES = 4
"""Pairs of runs that are logged: of those that differ by chance, each pair parts elsewhere."""


@dataclass(frozen=True)
class Parting:
    """Where two runs part, by their checkpoints.

    Attributes
    ----------
    life
        Of the daemon, from 0.
    before_cycles
        Of the run, that earlier lives had.
    window
        Cycles of this life.
    """

    life: int
    before_cycles: int
    window: Window

    def words(self) -> str:
        """``"between cycle 128 and cycle 256"``, of the run."""
        first = self.before_cycles + self.window.first_cycle
        if self.window.last_cycle is None:
            return f"behind cycle {first}"
        return f"between cycle {first} and cycle {self.before_cycles + self.window.last_cycle}"


@dataclass(frozen=True)
class Named:
    """The first event that differs between two runs.

    Attributes
    ----------
    cycle
        Of the run, over all lives.
    sentence
        Where, which event, and what was not the same.
    """

    cycle: int
    sentence: str


def part(a: Sequence[Life], b: Sequence[Life]) -> Parting | None:
    """Find the life, and the cycles in it, in which two runs part.

    Parameters
    ----------
    a, b
        Lives that have ended, in order.

    Returns
    -------
    Parting or None
        None when all lives that both have are the same.
    """
    for number, (one, other) in enumerate(zip(a, b, strict=False)):
        if one.hash != other.hash:
            points = [life.checkpoints for life in (one, other)]
            window = narrow(*points) or Window(points[0][-1][0] if points[0] else 0, None)
            return Parting(number, one.before_cycles, window)
    return None


def name_parting(
    setup: Setup,
    events: Sequence[Event],
    first: Outcome,
    second: Outcome,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Named | str:
    """Run a schedule again, as often as it takes to name the first event that is not the same.

    Parameters
    ----------
    setup, events
        The schedule.
    first, second
        Of two runs of it that were not the same.
    stop
        As for `run_schedule`.

    Returns
    -------
    Named or str
        Between which checkpoints they part, where no event could be named; empty when their
        fingerprints do not differ.
    """
    parting = part(first.lives, second.lives)
    if parting is None:
        return ""
    words = parting.words()
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory(prefix="hal-lab-") as folder:
            logs = [Path(folder) / f"{run}.events" for run in "ab"]
            runs = []
            for log in logs:
                window = EventWindow(log, parting.life, parting.window, samples=True)
                try:
                    runs.append(run_schedule(setup, events, stop=stop, log=window))
                except LabError:  # no room for a log, say: what was found so far is not lost
                    return words
                if runs[-1].interrupted:
                    return words
            found = part(runs[0].lives, runs[1].lives)
            if found is None:
                continue
            if found.life == parting.life:
                with suppress(LabError):  # full, or without the file of a host that was not there
                    named = _named(found, *logs)
                    if named is not None and _is_within(found.window, parting.window):
                        return named
            parting = found
    return words


def _is_within(inner: Window, outer: Window) -> bool:
    """Whether what came before the logged cycles was the same."""
    return inner.first_cycle >= outer.first_cycle


def _named(parting: Parting, log_a: Path, log_b: Path) -> Named | None:
    difference = first_difference(read_events(log_a), read_events(log_b))
    if difference is None:
        return None
    cycle = parting.before_cycles + difference.cycle
    of = f" (life {parting.life + 1} of the daemon)" if parting.life else ""
    return Named(cycle, f"in cycle {cycle}{of}: {difference.what}")
