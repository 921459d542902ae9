"""The ladder as one result of a night."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.night.cases.base import Place, Subject
from lab.night.cases.validate import ValidateCase, judged, measurements, perform_validate
from lab.results import Verdict
from lab.validate.outcome import Outcome, Status
from tests.support.flaws import find_flaw


def outcome(check: str, status: Status, said: str = "it says 7") -> Outcome:
    return Outcome(check=check, status=status, evidence=(said,))


GOOD = outcome("objects-a", Status.SUCCESS)


@pytest.mark.parametrize(
    ("outcomes", "is_whole", "verdict", "reason"),
    [
        ([GOOD, outcome("x", Status.SKIPPED)], True, Verdict.PASS, ""),
        ([GOOD], False, Verdict.SKIPPED, "stopped before the end"),
        ([GOOD, outcome("x", Status.WARNING)], True, Verdict.MARGINAL, "x warning: it says 7"),
        ([GOOD, outcome("x", Status.CRASHED)], True, Verdict.FAIL, "x crashed: it says 7"),
        ([outcome("x", Status.FAILED)], False, Verdict.FAIL, "x failed: it says 7"),
        # Whose fault an error of the validator is, nobody knows.
        ([outcome("x", Status.ERROR)], True, Verdict.SKIPPED, "the validator could not say: x er"),
        ([outcome(f"x{n}", Status.FAILED) for n in range(9)], True, Verdict.FAIL, "(and 6 more)"),
    ],
)
def test_the_verdict_hangs_on_the_worst_of_the_checks(
    outcomes: list[Outcome], is_whole: bool, verdict: Verdict, reason: str
) -> None:
    found, said = judged(outcomes, is_whole=is_whole)
    assert found is verdict
    assert reason in said


def test_checks_are_counted_and_those_not_passed_have_a_limit() -> None:
    told = {
        row.name: row
        for row in measurements([GOOD, outcome("x", Status.TIMEOUT), outcome("y", Status.WARNING)])
    }
    assert {name: row.value for name, row in told.items()} == {
        "checks": 3,
        "checks-not-passed": 1,
        "warnings": 1,
    }
    assert told["checks-not-passed"].verdict is Verdict.FAIL


@pytest.mark.native
def test_a_driver_with_a_flaw_fails_and_the_check_that_found_it_is_named(tmp_path: Path) -> None:
    flaw = find_flaw("name-is-empty")
    subject = Subject("Mine", str(flaw.path), flaw.environment)
    result = perform_validate(ValidateCase(subject, "macos-26", 1), Place(tmp_path, "000-x"))
    assert result.verdict is Verdict.FAIL
    assert "objects-devices-named" in result.reason
    assert result.driver is not None
    assert result.driver.name == "Mine"
    assert (tmp_path / result.artefacts["checks"]).is_file()
    assert result.command.startswith("hal-lab validate ")
