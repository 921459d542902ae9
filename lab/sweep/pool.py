"""What has tasks made: processes of this machine, or a cluster."""

from __future__ import annotations

from abc import abstractmethod

from lab.closing import Closing
from lab.sweep.perform import Done
from lab.sweep.task import Task

DEATHS_MAX = 3
"""A task whose worker has died so often is not given to another one."""


class Pool(Closing):
    """Takes tasks, gives back what came of them, in any order; each comes back exactly once."""

    @property
    @abstractmethod
    def capacity(self) -> int:
        """How many tasks it takes before some have come back."""

    @abstractmethod
    def submit(self, task: Task) -> None:
        """One more task."""

    @abstractmethod
    def take(self, timeout_s: float) -> list[Done]:
        """What has come back; waits for the first at most so long.

        Raises
        ------
        LabError
            When nothing will come back any more.
        """

    @abstractmethod
    def fingerprint(self, driver: str) -> str:
        """SHA-256 of the driver where the runs are made.

        Raises
        ------
        LabError
            When it is not there.
        """

    def waiting_for(self) -> str:
        """Why nothing comes, if something is wrong that may pass; else empty."""
        return ""
