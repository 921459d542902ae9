"""What tests of sweeps share."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.sweep.grid import Grid, make_grid
from lab.sweep.perform import Done
from lab.sweep.pool import Pool
from lab.sweep.run import Swept
from lab.sweep.task import Frame, Task


def grid_of(*over: str, seeds: int = 1, first_seed: int = 0, late_wake_ups: int = 10) -> Grid:
    frame = Frame(late_wake_ups=late_wake_ups)
    return make_grid(over, frame=frame, seeds=seeds, first_seed=first_seed)


def task_of(*over: str, seed: int = 0, late_wake_ups: int = 10) -> Task:
    (task,) = grid_of(*over, first_seed=seed, late_wake_ups=late_wake_ups).tasks()
    return task


@dataclass
class Seen:
    """Keeps what it is told."""

    begun_with: list[tuple[int, int]] = field(default_factory=list)
    looks: int = 0

    def begun(self, total: int, there: int) -> None:
        self.begun_with.append((total, there))

    def went_on(self, swept: Swept, waiting_for: str) -> None:
        assert swept.made <= swept.total
        assert not waiting_for
        self.looks += 1


def take_all(pool: Pool, count: int, *, within_s: float = 60.0) -> list[Done]:
    found: list[Done] = []
    until = time.monotonic() + within_s
    while len(found) < count:
        assert time.monotonic() < until, f"{len(found)} of {count} have come back"
        found += pool.take(0.2)
    return found


def submit_all(pool: Pool, tasks: Iterable[Task]) -> list[str]:
    names = []
    for task in tasks:
        pool.submit(task)
        names.append(task.id)
    return names
