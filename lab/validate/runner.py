"""Checks run beside each other, each watched, whatever becomes of it."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import ValidationError

from lab.validate.check import Check
from lab.validate.checks.bundle_loads import Loads
from lab.validate.outcome import Outcome, Status
from lab.validate.worker import Order, Started, start

_LOOK_S = 0.25
"""How often it is looked whether a check has had its time."""
_PIPE_BYTES = 65_536


@dataclass
class _Running:
    check: type[Check]
    process: Started
    deadline: float
    began: float
    data: bytearray = field(default_factory=bytearray)
    hosts: list[int] = field(default_factory=list)
    """A descriptor for each host's process where the system has such, so that no other process is
    ever taken for it."""


NOT_LOADED = "the driver does not load (bundle-loads)"


def run_ladder(
    checks: Sequence[type[Check]],
    order: Order,
    *,
    jobs: int = 1,
    patience: float = 1.0,
    done: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Run checks; when the driver does not load, only those that look at why.

    Parameters and result are those of `run_checks`. One of the checks is `Loads`, and comes first.
    """
    [first] = run_checks([Loads], order, patience=patience, done=done)
    others = [check for check in checks if check is not Loads]
    if not first.status.is_drivers_fault:
        return [first, *run_checks(others, order, jobs=jobs, patience=patience, done=done)]
    why = [check for check in others if check.family == "bundle"]
    outcomes = [first, *run_checks(why, order, jobs=jobs, patience=patience, done=done)]
    for check in others:
        if check.family != "bundle":
            outcomes.append(Outcome(check=check.id, status=Status.SKIPPED, evidence=(NOT_LOADED,)))
            done(outcomes[-1])
    return outcomes


def run_checks(
    checks: Sequence[type[Check]],
    order: Order,
    *,
    jobs: int = 1,
    patience: float = 1.0,
    done: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Run checks, each in a process of its own.

    Parameters
    ----------
    checks
        Which.
    order
        On what.
    jobs
        So many at the same time. More than one only with a driver whose instances in different
        processes do not disturb each other.
    patience
        Their limits of time are taken times this.
    done
        Told each outcome as soon as it is there.

    Returns
    -------
    list of Outcome
        In the order of `checks`. Nothing that they started is left, also when this is interrupted.
    """
    waiting, running = deque(checks), list[_Running]()
    outcomes: dict[str, Outcome] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(_begin(waiting.popleft(), order, patience))
            for one in _ready(running):
                outcome = _look(one, patience)
                if outcome is not None:
                    running.remove(one)
                    outcomes[outcome.check] = outcome
                    done(outcome)
    finally:
        for one in running:
            _end(one)
    return [outcomes[check.id] for check in checks]


def _begin(check: type[Check], order: Order, patience: float) -> _Running:
    now, limit_s = time.monotonic(), check.limit_s * patience
    return _Running(check, start(check, order, limit_s), now + limit_s, now)


def _ready(running: list[_Running]) -> list[_Running]:
    """Those that have said something, or have had their time."""
    pipes = [one.process.pipe for one in running]
    heard = set(select.select(pipes, [], [], _LOOK_S)[0])
    now = time.monotonic()
    return [one for one in running if one.process.pipe in heard or now >= one.deadline]


def _look(one: _Running, patience: float) -> Outcome | None:
    if select.select([one.process.pipe], [], [], 0)[0]:
        piece = os.read(one.process.pipe, _PIPE_BYTES)
        if piece:
            return _take(one, piece)
        status = _end(one)
        how = f"signal {-status}" if status < 0 else f"code {status}"
        return _without_a_word(one, Status.ERROR, f"the process of the check ended with {how}")
    limit_s = one.check.limit_s * patience
    _end(one)
    return _without_a_word(one, Status.TIMEOUT, f"the check did not end within {limit_s:g} s")


def _take(one: _Running, piece: bytes) -> Outcome | None:
    """Lines of what was said; the outcome when it is among them."""
    one.data += piece
    while (end := one.data.find(b"\n")) >= 0:
        line, one.data = bytes(one.data[:end]), one.data[end + 1 :]
        said = json.loads(line)
        if "host" in said:
            _note_host(one, int(said["host"]))
            continue
        _end(one)
        try:
            return Outcome.model_validate(said)
        except ValidationError as error:
            return _without_a_word(one, Status.ERROR, f"a bug of hal-lab: {error}")
    return None


def _note_host(one: _Running, pid: int) -> None:
    if hasattr(os, "pidfd_open"):
        with suppress(ProcessLookupError):
            one.hosts.append(os.pidfd_open(pid))


def _without_a_word(one: _Running, status: Status, evidence: str) -> Outcome:
    seconds = time.monotonic() - one.began
    return Outcome(check=one.check.id, status=status, evidence=(evidence,), seconds=seconds)


def _end(one: _Running) -> int:
    """End a check and all that it has started.

    Returns
    -------
    int
        Exit code of its process, negative for a signal.
    """
    with suppress(ProcessLookupError):
        os.killpg(one.process.pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(one.process.pid, 0)[1])
    for descriptor in one.hosts:
        # The guard of a host: the process that the driver lives in ends with it.
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.close(descriptor)
    one.hosts.clear()
    os.close(one.process.pipe)
    return status
