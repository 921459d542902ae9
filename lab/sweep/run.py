"""A sweep: give out what is missing, take what comes, keep it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lab.errors import LabError
from lab.results import Result, Verdict, read_result
from lab.sweep.grid import Grid, Point
from lab.sweep.keep import Keeper
from lab.sweep.perform import Done
from lab.sweep.pool import Pool
from lab.sweep.task import Task

_WAIT_S = 0.2
_TOLD_MAX = 20


class Watcher(Protocol):
    """Is told how a sweep goes on."""

    def begun(self, total: int, there: int) -> None:
        """So many runs are asked for, and so many of them are there already."""

    def went_on(self, swept: Swept, waiting_for: str) -> None:
        """About five times a second."""


@dataclass
class Cell:
    """Runs of a point.

    Attributes
    ----------
    runs
        How many are known.
    glitched
        So many of them had a glitch.
    """

    runs: int = 0
    glitched: int = 0


@dataclass
class Swept:
    """What has come of a sweep so far.

    Attributes
    ----------
    total
        Runs that are asked for.
    there
        So many were in the history already.
    made
        So many have been made now.
    glitched
        So many of those had a glitch.
    cells
        By point.
    failed
        Results in which the driver did what it must not, at most some of them; and how many.
    errors
        Why runs could not be made: reasons, and how often.
    stopped
        Before all were made.
    audio_s, real_s
        Virtual time of what was made now, and real time.
    last
        The result that came last.
    """

    total: int = 0
    there: int = 0
    made: int = 0
    glitched: int = 0
    cells: dict[Point, Cell] = field(default_factory=dict)
    failed: list[Result] = field(default_factory=list)
    failed_count: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    stopped: bool = False
    audio_s: float = 0.0
    real_s: float = 0.0
    last: Result | None = None

    @property
    def not_made(self) -> int:
        """Runs that could not be made."""
        return sum(self.errors.values())

    def count(self, task: Task, glitches: int) -> None:
        """One more run of a point is known."""
        cell = self.cells.setdefault(task.point, Cell())
        cell.runs += 1
        cell.glitched += glitches > 0


def sweep(
    grid: Grid,
    pool: Pool,
    keeper: Keeper,
    *,
    again: bool = False,
    stop: Callable[[], bool],
    watcher: Watcher,
) -> Swept:
    """Make the runs of a grid that are not in the history yet.

    Parameters
    ----------
    grid
        What is asked for.
    pool
        Makes runs.
    keeper
        Of the history; what has come is written when this ends, however it does.
    again
        Make all of them.
    stop
        True: what is under way is finished, the rest left.
    watcher
        Is told.

    Returns
    -------
    Swept

    Raises
    ------
    LabError
        When nothing more can come of it, or nothing can be kept; what had come is kept.
    """
    began = time.monotonic()
    known = {} if again else keeper.there_already(pool.fingerprint(grid.frame.driver))
    swept = Swept(total=len(grid.points()) * grid.seeds)
    missing = _missing(grid, known, swept)
    watcher.begun(swept.total, swept.there)
    under_way: dict[str, Task] = {}
    left = iter(missing)
    try:
        while True:
            while len(under_way) < pool.capacity and not stop():
                task = next(left, None)
                if task is None:
                    break
                under_way[task.id] = task
                pool.submit(task)
            if not under_way:
                break
            for done in pool.take(_WAIT_S):
                _count(swept, under_way.pop(done.id), done, keeper)
            keeper.keep([])
            swept.real_s = time.monotonic() - began
            watcher.went_on(swept, pool.waiting_for())
            if stop() and pool.waiting_for():
                break  # nobody is there to finish what is under way
    finally:
        keeper.flush()
    swept.stopped = swept.there + swept.made + swept.not_made < swept.total
    swept.real_s = time.monotonic() - began
    return swept


def _missing(grid: Grid, known: Mapping[str, int], swept: Swept) -> list[Task]:
    """Tasks that are not there; those that are, are counted."""
    missing = []
    for task in grid.tasks():
        if task.id in known:
            swept.there += 1
            swept.count(task, known[task.id])
        else:
            missing.append(task)
    return missing


def _count(swept: Swept, task: Task, done: Done, keeper: Keeper) -> None:
    if done.fatal:
        raise LabError(done.error)
    if not done.result:
        swept.errors[done.error] = swept.errors.get(done.error, 0) + 1
        return
    result = read_result(done.result)
    swept.made += 1
    swept.last = result
    swept.glitched += result.glitch_count > 0
    swept.audio_s += result.audio_s
    swept.count(task, result.glitch_count)
    if result.verdict is Verdict.FAIL:
        swept.failed_count += 1
        if len(swept.failed) < _TOLD_MAX:
            swept.failed.append(result)
    keeper.keep([result])
