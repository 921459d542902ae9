"""Every flaw of the objects is found by a check that is meant to, with evidence of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lab.validate.check import Check
from lab.validate.outcome import Outcome, Status
from lab.validate.registry import all_checks
from tests.support.flaws import load_flaws
from tests.validate.objects_on_flaws import CORRECT, TABLE

pytestmark = pytest.mark.native

RAW_MODULES = (
    *("objects_answers", "objects_buffers", "objects_unknown", "objects_qualifiers"),
    *("objects_references", "objects_numbers", "objects_formats"),
)


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[str, str], Outcome]:
    """By flaw, or driver without one, and check."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.validate.objects_on_flaws"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    made = {
        (line["flaw"], line["outcome"]["check"]): Outcome.model_validate(line["outcome"])
        for line in lines
    }
    assert list(made)[: len(TABLE)] == [(flaw, check) for flaw, check, _, _ in TABLE]
    return made


@pytest.mark.parametrize(
    ("flaw", "check", "status", "word"), TABLE, ids=[f"{row[0]}-{row[1]}" for row in TABLE]
)
def test_the_flaw_is_found_by_its_check(
    outcomes: dict[tuple[str, str], Outcome], flaw: str, check: str, status: Status, word: str
) -> None:
    outcome = outcomes[flaw, check]
    told = " | ".join((*outcome.evidence, *outcome.notes))
    assert outcome.status is status, told
    assert word in told


@pytest.mark.parametrize("driver", CORRECT)
def test_a_driver_without_a_flaw_passes_all_of_them(
    outcomes: dict[tuple[str, str], Outcome], driver: str
) -> None:
    told = {check: one for (name, check), one in outcomes.items() if name == driver}
    assert {check.id for check in all_checks() if check.family == "objects"} == set(told)
    lines = {one.check: one.evidence for one in told.values() if one.status is not Status.SUCCESS}
    assert not lines


def test_no_flaw_of_the_objects_is_left_out() -> None:
    flaws = {flaw.name for flaw in load_flaws() if flaw.family == "objects"}
    assert flaws == {flaw for flaw, _, _, _ in TABLE}


def test_every_check_that_makes_raw_calls_has_a_flaw_that_it_finds() -> None:
    assert {check.id for check in _raw_checks()} <= {check for _, check, _, _ in TABLE}


def _raw_checks() -> list[type[Check]]:
    return [check for check in all_checks() if check.__module__.rpartition(".")[2] in RAW_MODULES]
