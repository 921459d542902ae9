"""Processes and time that are not there: what `JobTable` decides is carried out in a table."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

from lab.launchd.jobs import Action, JobKey, JobTable, Signal, Spawn
from lab.launchd.spec import JobSpec

DOMAIN = "system"


@dataclass
class World:
    """Virtual time, and a process table.

    Parameters
    ----------
    deaf
        Labels whose processes do not hear SIGTERM.
    """

    deaf: set[str] = field(default_factory=set)
    now: float = 1000.0
    table: JobTable = field(default_factory=JobTable)
    living: dict[int, JobKey] = field(default_factory=dict)
    history: list[tuple[float, str, str]] = field(default_factory=list)
    next_pid: int = 100

    def key(self, label: str = "job") -> JobKey:
        return (DOMAIN, label)

    def load(self, **fields: object) -> None:
        label = str(fields.pop("label", "job"))
        spec = JobSpec(label, ("/bin/job",), **fields)  # type: ignore[arg-type]
        self.do(self.table.load(DOMAIN, spec, self.now))

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            label = action.key[1]
            match action:
                case Spawn(key):
                    assert key not in self.living.values(), "a job has one process at a time"
                    self.next_pid += 1
                    self.living[self.next_pid] = key
                    self.history.append((self.now, "start", label))
                    self.table.spawned(key, self.next_pid, self.now)
                case Signal(_, pid, number):
                    self.history.append((self.now, signal.Signals(number).name, label))
                    if number == signal.SIGKILL or label not in self.deaf:
                        self.end(label, number)
                    assert pid

    def end(self, label: str = "job", status: int = 0) -> None:
        """The job's process ends with a wait status."""
        pid = self.table.get(self.key(label)).pid
        del self.living[pid]
        self.do(self.table.ended(pid, status, self.now))

    def pass_time(self, seconds: float) -> None:
        """Let time pass; whatever is due happens at its time."""
        end = self.now + seconds
        while (due := self.table.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.do(self.table.tick(self.now))
        self.now = end

    def starts(self, label: str = "job") -> list[float]:
        """When it was started, from the beginning of the world."""
        return [at - 1000.0 for at, what, who in self.history if (what, who) == ("start", label)]
