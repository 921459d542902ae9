"""One check, in a process of its own that is a copy of this one.

Nothing has to be imported there again: that a check has its own process costs a few milliseconds.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from lab.errors import LabError
from lab.host.errors import DriverCrashed, DriverHung, HostError, HostGone
from lab.profiles import Profile
from lab.validate.check import Check, Need, Skip, Unmet
from lab.validate.outcome import Ending, Outcome, Status
from lab.validate.subject import Subject

_DRIVERS_FAULT = {"bundle", "load", "factory", "driver", "contract", "timeout"}
"""Statuses of a `HostError` that are not the lab's."""
_LAST_CALLS = 20
_ALONE_S = 30


@dataclass(frozen=True)
class Order:
    """What every check of a validation gets.

    Attributes
    ----------
    bundle, profile, seed, environment
        As for `Subject`.
    """

    bundle: Path
    profile: Profile
    seed: int = 0
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Started:
    """A process that carries out a check.

    Attributes
    ----------
    pid
        It leads a session and a group of its own.
    pipe
        To be read: lines of JSON, ``{"host": pid}`` for each host, at last the `Outcome`.
    """

    pid: int
    pipe: int


def start(check: type[Check], order: Order, limit_s: float) -> Started:
    """Begin a check in a new process. By a process with one thread only.

    Parameters
    ----------
    check, order
        What, and on what.
    limit_s
        After which somebody ends it. When that somebody has gone, it ends by itself, a while later.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _be_worker(check, order, theirs, limit_s)
    os.close(theirs)
    return Started(pid, ours)


def _be_worker(check: type[Check], order: Order, pipe: int, limit_s: float) -> NoReturn:
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        signal.alarm(math.ceil(limit_s) + _ALONE_S)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        outcome = carry_out(check, order, started=lambda host: _tell(pipe, {"host": host}))
        _tell(pipe, outcome.model_dump(mode="json"))
        code = 0
    except BaseException:  # noqa: BLE001  (this process ends here, whatever it is)
        traceback.print_exc()
    finally:
        os._exit(code)


def _tell(pipe: int, value: object) -> None:
    data = json.dumps(value).encode() + b"\n"
    while data:
        data = data[os.write(pipe, data) :]


def carry_out(
    check: type[Check], order: Order, *, started: Callable[[int], None] = lambda _: None
) -> Outcome:
    """Run a check here and now.

    Parameters
    ----------
    check
        The check.
    order
        On what.
    started
        Told the process of each host.

    Returns
    -------
    Outcome
        Whatever happens: what the check cannot say is an outcome, too.
    """
    made = check()
    began = time.monotonic()
    status = Status.SUCCESS
    evidence: tuple[str, ...] = ()
    ending: Ending | None = None
    try:
        with Subject(
            order.bundle,
            order.profile,
            seed=order.seed,
            environment=order.environment,
            started=started,
        ) as subject:
            made.run(subject)
    except Unmet as unmet:
        status = Status.FAILED if check.need is Need.REQUIRED else Status.WARNING
        evidence = (str(unmet),)
    except Skip as reason:
        status, evidence = Status.SKIPPED, (str(reason),)
    except DriverCrashed as crash:
        status, evidence = Status.CRASHED, (str(crash),)
        ending = _ending(crash, crash.signal, crash.entry_point, crash.backtrace)
    except DriverHung as hang:
        status, evidence = Status.TIMEOUT, (str(hang),)
        ending = _ending(hang, "", hang.entry_point, hang.backtrace)
    except HostError as error:
        at_fault = error.status in _DRIVERS_FAULT
        status = Status.FAILED if at_fault else Status.ERROR
        evidence = (str(error),)
    except LabError as error:
        status, evidence = Status.ERROR, (str(error),)
    except Exception as error:  # noqa: BLE001  (what is wrong with a check is told as its outcome)
        lines = traceback.format_exception(error)
        status = Status.ERROR
        evidence = (f"a bug of hal-lab: {type(error).__name__}: {error}", *lines[-3:])
    if made.warnings:
        evidence = (*evidence, *made.warnings)
        if status is Status.SUCCESS:
            status = Status.WARNING
    return Outcome(
        check=check.id,
        status=status,
        evidence=evidence,
        notes=tuple(made.notes),
        seconds=time.monotonic() - began,
        ending=ending,
    )


def _ending(gone: HostGone, name: str, entry_point: str, backtrace: list[str]) -> Ending:
    calls = [str(line) for line in gone.report.get("last_calls") or []]
    return Ending(
        signal=name,
        entry_point=entry_point,
        backtrace=tuple(backtrace),
        last_calls=tuple(calls[-_LAST_CALLS:]),
    )
