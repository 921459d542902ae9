"""One run of a sweep, in whichever process it is made."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from lab.errors import LabError, MissingError, UsageError
from lab.faults.outcome import Outcome
from lab.faults.run import run_schedule
from lab.host.locate import find_driver
from lab.measure.blame import Cause
from lab.results import (
    DriverIdentity,
    Glitch,
    Measurement,
    Result,
    Verdict,
    bundle_sha256,
)
from lab.sweep.late import events_of, setup_of
from lab.sweep.task import SCENARIO, Task


@dataclass(frozen=True)
class Done:
    """What came of a task.

    Attributes
    ----------
    id
        Of the task.
    result
        JSON of the result, as `lab.results.read_result` reads it; empty when there is none.
    error
        Why not.
    fatal
        No other run would do better: something is missing, or makes no sense.
    """

    id: str
    result: str = ""
    error: str = ""
    fatal: bool = False


def perform(task: Task) -> Done:
    """Make a run; whatever goes wrong is told, and never raised: not every error can be sent.

    Parameters
    ----------
    task
        Which.

    Returns
    -------
    Done
    """
    try:
        return Done(task.id, result=make_run(task).model_dump_json())
    except (MissingError, UsageError) as error:
        return Done(task.id, error=_from_here(error), fatal=True)
    except Exception as error:  # noqa: BLE001  (a run that cannot be made must not end a worker)
        text = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
        return Done(task.id, error=text)


def make_run(task: Task, *, stop: Callable[[], bool] = lambda: False) -> Result:
    """Make a run.

    Parameters
    ----------
    task
        Which.
    stop
        As for `lab.faults.run.run_schedule`.

    Returns
    -------
    Result
        Its verdict is on the driver: frames that a late reader misses are no fault of it. They are
        `Result.glitches`: one for each late wake-up that lost frames.

    Raises
    ------
    LabError
        When it could not begin.
    """
    began = time.monotonic()
    driver = identity(task.frame.driver)
    outcome = run_schedule(setup_of(task), events_of(task), stop=stop)
    lost = [(cycle, damage.lost) for cycle, damage in outcome.damaged if damage.lost]
    verdict, reason = Verdict.PASS, ""
    if outcome.failure is not None:
        verdict, reason = Verdict.FAIL, f"{outcome.failure.kind}: {outcome.failure.sentence}"
    elif outcome.interrupted:
        verdict, reason = Verdict.SKIPPED, "stopped before the end"
    return Result(
        scenario=SCENARIO,
        parameters=task.parameters(),
        driver=driver,
        seed=task.seed,
        command=task.command(),
        duration_s=time.monotonic() - began,
        audio_s=outcome.simulated_s,
        measurements=_measurements(outcome),
        glitches=[
            Glitch(
                kind="lost",
                position_frame=-1,
                frames=frames,
                cause=Cause.READER_LATE.id,
                cycle=cycle,
            )
            for cycle, frames in lost
        ],
        glitch_count=len(lost),
        verdict=verdict,
        reason=reason,
    )


@cache
def identity(driver: str) -> DriverIdentity:
    """Of a driver, on the machine that asks.

    Raises
    ------
    MissingError, UsageError
        When it is not here.
    """
    bundle = find_driver(driver)
    return DriverIdentity(path=str(bundle), sha256=bundle_sha256(bundle))


def fingerprint_here(driver: str) -> tuple[str, str]:
    """SHA-256 of a driver on this machine, and why there is none."""
    try:
        return identity(driver).sha256, ""
    except LabError as error:
        return "", _from_here(error)


def _measurements(outcome: Outcome) -> list[Measurement]:
    losses = [damage.lost for _, damage in outcome.damaged]
    left_out = sum(damage.skipped_cycles for _, damage in outcome.damaged)
    return [
        Measurement(name="frames-lost", value=sum(losses), unit="frames"),
        Measurement(name="longest-loss", value=max(losses, default=0), unit="frames"),
        Measurement(name="frames-verified", value=outcome.frames_verified, unit="frames"),
        Measurement(name="cycles-left-out", value=left_out),
        Measurement(
            name="late-wake-ups", value=outcome.injected.total() - outcome.injected["drift"]
        ),
    ]


def _from_here(error: LabError) -> str:
    return f"{error} (on {socket.gethostname()})"
