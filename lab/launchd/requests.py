"""What launchctl's verbs do to the jobs: decisions only, no socket and no process.

A request is a dictionary with ``verb``; an answer is given at once, or when something has come
true (`Later`): ``bootout`` and ``kickstart -k`` return when the old process has gone.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.launchd import policy
from lab.launchd.jobs import (
    Action,
    Job,
    JobExistsError,
    JobKey,
    JobTable,
    NotRunningError,
    UnknownJobError,
)
from lab.launchd.policy import Policy, Refusal
from lab.launchd.spec import JobSpec, SpecError, read_spec

Answer = dict[str, Any]
PATIENCE_S = 40.0
"""How long an answer that waits for a process may wait: longer than ExitTimeOut's default."""


def answer_of(refusal: Refusal | None = None, out: str = "") -> Answer:
    """What launchctl prints and exits with."""
    if refusal is None:
        return {"code": 0, "out": out, "error": ""}
    return {"code": refusal.code, "out": out, "error": refusal.text}


@dataclass(slots=True)
class Reply:
    """What a request comes to.

    Parameters
    ----------
    actions
        To be carried out first.
    answer
        To be sent when `ready` says so.
    ready
        None when it is at once.
    deadline
        When it is sent all the same; seconds of launchd's clock.
    """

    actions: list[Action] = field(default_factory=list)
    answer: Answer = field(default_factory=answer_of)
    ready: Callable[[], bool] | None = None
    deadline: float = 0.0


@dataclass(slots=True)
class Desk:
    """Takes requests.

    Parameters
    ----------
    table
        The jobs.
    policy
        What the version of macOS refuses.
    place
        Where a path of the machine is for this process.
    check_owner
        Whether property lists of the system domain have to belong to root.
    """

    table: JobTable
    policy: Policy
    place: Callable[[str], str]
    check_owner: bool = True

    def take(self, request: dict[str, Any], uid: int, now: float) -> Reply:
        """Carry out a request.

        Parameters
        ----------
        request
            As it came; whatever is wrong with it is answered.
        uid
            Who asks.
        now
            Seconds of launchd's clock.
        """
        verb = request.get("verb")
        taken = {
            "bootstrap": self._bootstrap,
            "bootout": self._bootout,
            "kickstart": self._kickstart,
            "kill": self._kill,
            "print": self._print,
            "list": self._list,
            "lose-respawn": self._lose_respawn,
        }
        found = policy.split_target(str(request.get("target", "")))
        if not isinstance(verb, str) or verb not in taken:
            return Reply(answer=answer_of(Refusal(f'Unrecognized subcommand: "{verb}"', 64)))
        if found is None:
            return Reply(answer=answer_of(Refusal("Unrecognized target specifier.", 64)))
        if verb not in {"print", "list"} and policy.refuses_caller(found[0], uid):
            return Reply(answer=answer_of(policy.not_permitted(verb, found[1])))
        try:
            return taken[verb](found, request, now)
        except UnknownJobError:
            return Reply(answer=answer_of(policy.no_such_service(*found)))

    def load_file(self, domain: str, path: str, now: float) -> list[Action]:
        """Take in the property list at a path of the machine.

        Raises
        ------
        SpecError, JobExistsError
        """
        owned = self.check_owner and domain == "system"
        spec = read_spec(Path(self.place(path)), check_owner=owned)
        if not fits_session(spec, domain):
            raise SpecError("Service cannot load in requested session", where=path)
        return self.table.load(domain, spec, now)

    # ---- verbs -------------------------------------------------------------------------------

    def _bootstrap(self, target: JobKey, request: dict[str, Any], now: float) -> Reply:
        path = str(request.get("path", ""))
        if target[1] or not path:
            return Reply(
                answer=answer_of(Refusal("Usage: launchctl bootstrap <domain> <path>", 64))
            )
        try:
            return Reply(self.load_file(target[0], path, now))
        except JobExistsError:
            refusal = policy.bootstrap_failed(policy.EXISTS, "File exists")
        except SpecError as error:
            code, why = policy.IO_ERROR, "Input/output error"
            if "ownership" in error.what:
                code, why = policy.BAD_OWNER, error.what
            elif "session" in error.what:
                code, why = policy.WRONG_SESSION, error.what
            # The real one keeps the reason to itself; a test wants to know.
            refusal = policy.bootstrap_failed(code, f"{why}\n({error})")
        return Reply(answer=answer_of(refusal))

    def _bootout(self, target: JobKey, request: dict[str, Any], now: float) -> Reply:
        del request
        try:
            actions = self.table.unload(target, now)
        except UnknownJobError:
            text = f"Boot-out failed: {policy.NO_SUCH_PROCESS}: No such process"
            return Reply(answer=answer_of(Refusal(text, policy.NO_SUCH_PROCESS)))
        return Reply(
            actions, ready=lambda: target not in self.table.jobs, deadline=now + PATIENCE_S
        )

    def _kickstart(self, target: JobKey, request: dict[str, Any], now: float) -> Reply:
        kill = bool(request.get("kill"))
        job = self.table.get(target)
        refused = self.policy.refuses_kickstart(*target, kill=kill)
        if refused is not None:
            return Reply(answer=answer_of(refused))
        before = job.pid
        actions = self.table.kickstart(target, now, kill=kill)
        if not kill or not before:
            return Reply(actions)
        return Reply(actions, ready=lambda: job.pid not in {0, before}, deadline=now + PATIENCE_S)

    def _kill(self, target: JobKey, request: dict[str, Any], now: float) -> Reply:
        del now
        number = signal_number(str(request.get("signal", "")))
        if number is None:
            return Reply(answer=answer_of(Refusal("Unknown signal.", 64)))
        try:
            return Reply(self.table.signal(target, number))
        except NotRunningError:
            text = f'Could not kill service "{target[1]}": 3: No such process'
            return Reply(answer=answer_of(Refusal(text, policy.NO_SUCH_PROCESS)))

    def _print(self, target: JobKey, request: dict[str, Any], now: float) -> Reply:
        del request, now
        domain, label = target
        if label:
            return Reply(answer=answer_of(out=describe(target, self.table.get(target))))
        rows = [
            f"\t\t{job.pid:>8} {_status_text(job):>6} \t{key[1]}"
            for key, job in sorted(self.table.jobs.items())
            if key[0] == domain
        ]
        body = "\n".join([f"{domain} = {{", "\tservices = {", *rows, "\t}", "}"])
        return Reply(answer=answer_of(out=body))

    def _list(self, target: JobKey, request: dict[str, Any], now: float) -> Reply:
        del request, now
        jobs = {
            key[1]: {"pid": job.pid, "state": str(job.state), "runs": job.runs}
            for key, job in self.table.jobs.items()
            if key[0] == target[0]
        }
        return Reply(answer={**answer_of(), "jobs": jobs})

    def _lose_respawn(self, target: JobKey, request: dict[str, Any], now: float) -> Reply:
        """No verb of launchctl: a test makes launchd forget to start a job again."""
        del now
        self.table.get(target).respawn_lost = int(request.get("count", 1))
        return Reply()


def fits_session(spec: JobSpec, domain: str) -> bool:
    """Whether LimitLoadToSessionType lets a job into a domain."""
    return not spec.session_types or policy.session_of(domain) in spec.session_types


def signal_number(text: str) -> int | None:
    """The number of ``SIGTERM``, ``TERM`` or ``15``; None when there is no such signal."""
    if text.isdecimal():
        return int(text) if 0 < int(text) < signal.NSIG else None
    name = text if text.startswith("SIG") else f"SIG{text}"
    found = signal.Signals.__members__.get(name)
    return None if found is None else int(found)


def _status_text(job: Job) -> str:
    return "-" if job.last_status is None else str(job.last_status)


def describe(target: JobKey, job: Job) -> str:
    """What ``launchctl print`` says of a job: the lines that scripts look for."""
    state = "running" if job.pid else "not running"
    lines = [
        f"{target[0]}/{target[1]} = {{",
        f"\tactive count = {1 if job.pid else 0}",
        f"\tpath = {job.spec.path or '(none)'}",
        f"\tstate = {state}",
        f"\tprogram = {job.spec.arguments[0]}",
        f"\tminimum runtime = {round(job.spec.throttle_s)}",
        f"\truns = {job.runs}",
    ]
    if job.pid:
        lines.append(f"\tpid = {job.pid}")
    if job.last_status is None:
        lines.append("\tlast exit code = (never exited)")
    elif job.last_status & 0x7F:
        lines.append(f"\tlast terminating signal = {signal.strsignal(job.last_status & 0x7F)}")
    else:
        lines.append(f"\tlast exit code = {job.last_status >> 8}")
    return "\n".join([*lines, "}"])
