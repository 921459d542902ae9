"""Each flaw of Flawed.driver is found, for the right reason; where there is none, none is found.

Which check finds what is the table in tests/validate/flaws. A row is run by the test that needs it,
so that it is run once however many workers there are, and none has to wait for a whole table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from lab.validate.check import FAMILIES
from lab.validate.checks import bundle_files
from lab.validate.outcome import Status
from lab.validate.registry import all_checks
from tests.support.flaws import load_flaws
from tests.validate.carry_out import Bench, Request
from tests.validate.flaws import TABLE
from tests.validate.flaws.found import Found

pytestmark = pytest.mark.native

CORRECT = ("BungholeAudio", "GeckoAudioDevice", "Flawed", "Null")

OF_FILES = "looks at files; test_bundle_files has bad ones"
WITHOUT_A_FLAW = {
    **{check.id: OF_FILES for check in all_checks() if check.__module__ == bundle_files.__name__},
    "io-two-devices": "Flawed.driver has one device",
}
"""Checks that no flaw of Flawed.driver is for, and why."""

NOTHING_TO_CHECK = {
    "io-two-devices": "Flawed.driver has one device",
    "settings-unsettable-is-refused": "all that other drivers have settable is settable here",
}
"""Checks that are skipped on Flawed.driver without a flaw, and why."""


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """One for each worker."""
    with Bench() as made:
        yield made


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("driver", CORRECT)
def test_a_driver_without_a_flaw_passes(bench: Bench, driver: str, family: str) -> None:
    outcomes = bench.run(Request(checks=(family,), driver=driver))
    assert len(outcomes) == sum(check.family == family for check in all_checks())
    may_be_skipped = family != "objects" and driver != "Flawed"
    wrong = {
        one.check: one.evidence
        for one in outcomes
        if one.status is not Status.SUCCESS
        and not (one.status is Status.SKIPPED and (may_be_skipped or one.check in NOTHING_TO_CHECK))
    }
    assert not wrong


@pytest.mark.parametrize("found", TABLE, ids=str)
def test_a_flaw_is_found_and_the_reason_names_it(bench: Bench, found: Found) -> None:
    outcome = bench.find(found.flaw, found.check)
    assert outcome.status is found.status, outcome
    entry_point = outcome.ending.entry_point if outcome.ending is not None else ""
    assert found.word in f"{outcome.evidence[0]} {entry_point}"
    assert (outcome.ending is not None) is (found.status in {Status.CRASHED, Status.TIMEOUT})


def test_each_row_is_there_once() -> None:
    assert [row for row, count in Counter(map(str, TABLE)).items() if count > 1] == []


def test_every_flaw_has_a_row() -> None:
    assert {found.flaw for found in TABLE} == {flaw.name for flaw in load_flaws()}


def test_every_check_has_a_flaw_that_it_finds_or_a_reason_why_not() -> None:
    with_a_flaw = {found.check for found in TABLE}
    assert not with_a_flaw & set(WITHOUT_A_FLAW)
    assert with_a_flaw | set(WITHOUT_A_FLAW) == {check.id for check in all_checks()}
