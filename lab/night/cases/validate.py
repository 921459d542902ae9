"""`hal-lab validate` for a night: the whole ladder as one result."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lab.errors import LabError
from lab.host.locate import find_driver
from lab.night.cases.base import Case, Place, Subject
from lab.night.cases.program import run_program
from lab.results import Measurement, Result, Verdict
from lab.validate.jsonl import read_lines
from lab.validate.outcome import Outcome, Status

LIMIT_S = 1_800.0
_TOLD = 3
"""Checks in the reason; the rest is counted."""


@dataclass(frozen=True)
class ValidateCase(Case):
    """The ladder of checks. Attributes as in `lab.night.matrix.Validate`."""

    subject: Subject
    profile: str
    strictness: int = 5

    @property
    def title(self) -> str:
        """Driver, macOS, how strict."""
        return f"{self.subject.name}: validate, {self.profile}, strictness {self.strictness}"

    @property
    def expected_s(self) -> float:
        """Measured on two processors."""
        return 8.0 if self.strictness <= 5 else 20.0

    def perform(self, place: Place) -> list[Result]:
        """Validate it."""
        return [perform_validate(self, place)]


def perform_validate(case: ValidateCase, place: Place) -> Result:
    """Validate a driver.

    Parameters
    ----------
    case
        Which.
    place
        For its lines and its log.

    Returns
    -------
    Result

    Raises
    ------
    LabError
        When the validator could not say anything.
    """
    bundle = find_driver(case.subject.bundle)
    lines, log = place.file(".checks.jsonl"), place.file(".log")
    options = ["--strictness", str(case.strictness), "--macos", case.profile, "--only-failed"]
    began = time.monotonic()
    code = run_program(
        [sys.executable, "-m", "lab.cli", "validate", str(bundle), *options, "--json", str(lines)],
        place,
        log,
        limit_s=LIMIT_S,
        environment=case.subject.environment,
    )
    if not lines.is_file():
        raise LabError(f"hal-lab validate ended with {code}", where=str(log), do="read the log")
    _, outcomes, summary = read_lines(lines)
    log.unlink(missing_ok=True)
    verdict, reason = judged(outcomes, is_whole=summary is not None)
    if verdict is Verdict.PASS:
        lines.unlink(missing_ok=True)
    return Result(
        scenario="validate",
        parameters={"strictness": str(case.strictness)},
        driver=case.subject.identity(bundle),
        profile=case.profile,
        command=shlex.join(["hal-lab", "validate", str(bundle), *options]),
        duration_s=time.monotonic() - began,
        measurements=measurements(outcomes),
        verdict=verdict,
        reason=reason,
        artefacts={"checks": place.address(lines)} if lines.exists() else {},
    )


def measurements(outcomes: Sequence[Outcome]) -> list[Measurement]:
    """How many checks, and how many the driver does not pass."""
    bad = sum(outcome.status.is_drivers_fault for outcome in outcomes)
    warned = sum(outcome.status is Status.WARNING for outcome in outcomes)
    return [
        Measurement(name="checks", value=len(outcomes)),
        Measurement(name="checks-not-passed", value=bad, kind="count", limit=0),
        Measurement(name="warnings", value=warned, kind="count"),
    ]


def judged(outcomes: Sequence[Outcome], *, is_whole: bool) -> tuple[Verdict, str]:
    """The verdict on a ladder, and the checks that it hangs on.

    Parameters
    ----------
    outcomes
        Of the checks that were run.
    is_whole
        Whether all of them were.

    Returns
    -------
    verdict : Verdict
    reason : str
        Empty for a pass.
    """
    bad = [outcome for outcome in outcomes if outcome.status.is_drivers_fault]
    if bad:
        told = "; ".join(_told(outcome) for outcome in bad[:_TOLD])
        more = f" (and {len(bad) - _TOLD} more)" if len(bad) > _TOLD else ""
        return Verdict.FAIL, told + more
    errors = [outcome for outcome in outcomes if outcome.status is Status.ERROR]
    if errors:
        return Verdict.SKIPPED, f"the validator could not say: {_told(errors[0])}"
    if not is_whole:
        return Verdict.SKIPPED, "stopped before the end"
    warned = [outcome for outcome in outcomes if outcome.status is Status.WARNING]
    if warned:
        return Verdict.MARGINAL, "; ".join(_told(outcome) for outcome in warned[:_TOLD])
    return Verdict.PASS, ""


def _told(outcome: Outcome) -> str:
    said = f": {outcome.evidence[0]}" if outcome.evidence else ""
    return f"{outcome.check} {outcome.status.value}{said}"
