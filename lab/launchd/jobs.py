"""The rules by which jobs are started, kept alive, throttled and ended.

No process, no clock, no file here: whoever uses `JobTable` tells it what happened and when, and
carries out the actions that it answers. The same calls give the same answers, so that it is tested
in virtual time.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from enum import StrEnum

from lab.launchd.spec import CRASH_SIGNALS, JobSpec

JobKey = tuple[str, str]
"""Domain and label."""


class State(StrEnum):
    """What a job does."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start this job's program now; answer with `JobTable.spawned` or `spawn_failed`."""

    key: JobKey


@dataclass(frozen=True, slots=True)
class Signal:
    """Send `number` to the process `pid` of this job."""

    key: JobKey
    pid: int
    number: int


Action = Spawn | Signal


@dataclass(slots=True)
class Job:
    """A loaded job.

    Parameters
    ----------
    spec
        Its description.
    state
        What it does.
    pid
        Of its process; 0 without one.
    wanted
        It is to be started as soon as its throttle lets it.
    last_start
        When it was started last; None if never.
    unthrottled
        The next start need not wait: a kickstart.
    kill_at
        When SIGKILL follows SIGTERM; None when nobody ends it.
    leaving
        It is forgotten when its process has ended.
    runs
        How often it was started.
    last_status
        Wait status of the last process; None before.
    queue_filled
        Whether one of its queue directories holds anything.
    respawn_lost
        How many of the next ends are not followed by a start, whatever KeepAlive says.
    """

    spec: JobSpec
    state: State = State.WAITING
    pid: int = 0
    wanted: bool = False
    last_start: float | None = None
    unthrottled: bool = False
    kill_at: float | None = None
    leaving: bool = False
    runs: int = 0
    last_status: int | None = None
    queue_filled: bool = False
    respawn_lost: int = 0


class UnknownJobError(Exception):
    """There is no job of that name in that domain."""


class JobExistsError(Exception):
    """There is one already."""


class NotRunningError(Exception):
    """The job has no process."""


@dataclass(slots=True)
class JobTable:
    """All jobs of all domains.

    Parameters
    ----------
    jobs
        By domain and label.
    """

    jobs: dict[JobKey, Job] = field(default_factory=dict)
    _shutting_down: bool = False

    # ---- what somebody asks for --------------------------------------------------------------

    def load(self, domain: str, spec: JobSpec, now: float) -> list[Action]:
        """Take a job in.

        Parameters
        ----------
        domain
            ``system``, ``gui/501``, ``loginwindow``.
        spec
            The job.
        now
            Seconds of a clock that never goes back, as everywhere in this class.

        Raises
        ------
        JobExistsError
        """
        key = (domain, spec.label)
        if key in self.jobs:
            raise JobExistsError(spec.label)
        self.jobs[key] = Job(spec, wanted=spec.run_at_load)
        return self.tick(now)

    def unload(self, key: JobKey, now: float) -> list[Action]:
        """End a job and forget it when it has ended.

        Raises
        ------
        UnknownJobError
        """
        job = self.get(key)
        job.leaving, job.wanted = True, False
        if not job.pid:
            del self.jobs[key]
            return []
        return self._end(key, job, now)

    def kickstart(self, key: JobKey, now: float, *, kill: bool) -> list[Action]:
        """Start a job now, whatever its throttle; with `kill` end its process first.

        Raises
        ------
        UnknownJobError
        """
        job = self.get(key)
        if job.pid and not kill:
            return []
        job.wanted = job.unthrottled = True
        ended = self._end(key, job, now) if job.pid and job.state is not State.ENDING else []
        return ended + self.tick(now)

    def signal(self, key: JobKey, number: int) -> list[Action]:
        """Send a signal to a job's process.

        Raises
        ------
        UnknownJobError, NotRunningError
        """
        job = self.get(key)
        if not job.pid:
            raise NotRunningError(key[1])
        return [Signal(key, job.pid, number)]

    def shut_down(self, now: float) -> list[Action]:
        """End all jobs and start none any more; `idle` says when that is done."""
        self._shutting_down = True
        actions: list[Action] = []
        for key, job in self.jobs.items():
            job.wanted = False
            if job.pid and job.state is not State.ENDING:
                actions += self._end(key, job, now)
        return actions

    # ---- what happens ------------------------------------------------------------------------

    def spawned(self, key: JobKey, pid: int, now: float) -> None:
        """A `Spawn` has been carried out."""
        job = self.jobs[key]
        job.pid, job.state, job.last_start = pid, State.RUNNING, now
        job.runs += 1

    def spawn_failed(self, key: JobKey, now: float) -> None:
        """A `Spawn` could not be carried out: it counts as a run that has ended at once."""
        job = self.jobs[key]
        job.state, job.last_start = State.WAITING, now
        job.runs += 1
        job.last_status = 127 << 8
        job.wanted = self._is_kept(job, job.last_status)

    def ended(self, pid: int, status: int, now: float) -> list[Action]:
        """A process has ended; of no job when launchd has merely inherited it.

        Parameters
        ----------
        pid
            Of the process.
        status
            As waitpid(2) has it.
        now
            The time.
        """
        key = next((key for key, job in self.jobs.items() if job.pid == pid), None)
        if key is None:
            return []
        job = self.jobs[key]
        job.pid, job.state, job.kill_at, job.last_status = 0, State.WAITING, None, status
        if job.leaving:
            del self.jobs[key]
            return []
        if job.respawn_lost and not job.unthrottled:
            job.respawn_lost -= 1
        else:
            job.wanted = job.wanted or self._is_kept(job, status)
        return self.tick(now)

    def queue_changed(self, key: JobKey, *, filled: bool, now: float) -> list[Action]:
        """Its queue directories: whether one of them holds anything."""
        job = self.jobs.get(key)
        if job is None or job.leaving:
            return []
        job.queue_filled = filled
        if not job.pid:
            # What is emptied before the throttle is over is not started for nothing.
            job.wanted = filled or (job.wanted and job.spec.keep_alive.always)
        return self.tick(now)

    def path_changed(self, key: JobKey, now: float) -> list[Action]:
        """One of its watched paths has changed."""
        job = self.jobs.get(key)
        if job is None or job.leaving:
            return []
        job.wanted = True
        return self.tick(now)

    def tick(self, now: float) -> list[Action]:
        """Whatever is due at `now`."""
        actions: list[Action] = []
        for key, job in self.jobs.items():
            if job.kill_at is not None and job.pid and now >= job.kill_at:
                job.kill_at = None
                actions.append(Signal(key, job.pid, signal.SIGKILL))
            if job.wanted and job.state is State.WAITING and now >= _may_start_at(job):
                job.wanted = job.unthrottled = False
                # Until `spawned` says so it is not to be started a second time.
                job.state = State.RUNNING
                actions.append(Spawn(key))
        return actions

    # ---- what can be asked -------------------------------------------------------------------

    def get(self, key: JobKey) -> Job:
        """A job.

        Raises
        ------
        UnknownJobError
        """
        try:
            return self.jobs[key]
        except KeyError:
            raise UnknownJobError(key[1]) from None

    def next_due(self) -> float | None:
        """When `tick` has something to do next; None when nothing is planned."""
        times = [job.kill_at for job in self.jobs.values() if job.kill_at is not None]
        times += [
            _may_start_at(job)
            for job in self.jobs.values()
            if job.wanted and job.state is State.WAITING
        ]
        return min(times, default=None)

    @property
    def idle(self) -> bool:
        """Whether no job has a process."""
        return not any(job.pid for job in self.jobs.values())

    # ---- rules -------------------------------------------------------------------------------

    def _is_kept(self, job: Job, status: int) -> bool:
        """Whether a job is started again after it has ended so."""
        if self._shutting_down:
            return False
        alive = job.spec.keep_alive
        number = status & 0x7F
        crashed = number in CRASH_SIGNALS
        return (
            alive.always
            or job.queue_filled
            or (alive.successful_exit is not None and alive.successful_exit == (status == 0))
            or (alive.crashed is not None and alive.crashed == crashed)
        )

    def _end(self, key: JobKey, job: Job, now: float) -> list[Action]:
        job.state = State.ENDING
        job.kill_at = now + job.spec.exit_timeout_s
        return [Signal(key, job.pid, signal.SIGTERM)]


def _may_start_at(job: Job) -> float:
    if job.last_start is None or job.unthrottled:
        return 0.0
    return job.last_start + job.spec.throttle_s
