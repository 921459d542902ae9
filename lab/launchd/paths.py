"""QueueDirectories and WatchPaths, looked at ten times a second."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.launchd.jobs import Action, JobKey, JobTable

INTERVAL_S = 0.1
"""Between two looks; the real one is told by the kernel."""


@dataclass(slots=True)
class Watcher:
    """Remembers what it saw, and tells the jobs of what has changed.

    Parameters
    ----------
    table
        The jobs.
    place
        Where a path of the machine is for this process.
    """

    table: JobTable
    place: Callable[[str], str]
    _filled: dict[JobKey, bool] = field(default_factory=dict)
    _seen: dict[tuple[JobKey, str], object] = field(default_factory=dict)

    @property
    def needed(self) -> bool:
        """Whether any job waits for files."""
        return any(
            job.spec.queue_directories or job.spec.watch_paths for job in self.table.jobs.values()
        )

    def look(self, now: float) -> list[Action]:
        """Look at all paths once."""
        actions: list[Action] = []
        for key, job in list(self.table.jobs.items()):
            queues = job.spec.queue_directories
            if queues:
                filled = any(_holds_anything(self.place(path)) for path in queues)
                if self._filled.get(key) != filled:
                    self._filled[key] = filled
                    actions += self.table.queue_changed(key, filled=filled, now=now)
            for path in job.spec.watch_paths:
                state = _state_of(self.place(path))
                before = self._seen.get((key, path), state)
                self._seen[key, path] = state
                if before != state:
                    actions += self.table.path_changed(key, now)
        return actions


def _holds_anything(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _state_of(path: str) -> object:
    try:
        status = os.stat(path)  # noqa: PTH116  (the path may be anything)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
