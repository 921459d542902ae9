"""Each check that looks at the files of a bundle: bad ones are those of tests/bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bundle.findings import CATALOGUE
from lab.profiles import load_profile
from lab.validate.check import Unmet
from lab.validate.checks import bundle_files
from lab.validate.registry import all_checks
from lab.validate.subject import Subject
from tests.support.driver_bundle import write_bundle
from tests.support.flawed_bundles import FLAWS

CHECKS = {check.id: check for check in all_checks() if check.__module__ == bundle_files.__name__}
NOBODY_KNOWS = "what macOS makes of it, nobody says"
HARMLESS = "beside what is right it does no harm"
TOLD_ONLY = {
    "dynamic-registration": NOBODY_KNOWS,
    "duplicate-factory": NOBODY_KNOWS,
    "factory-as-string": "a driver in the field has it, and is loaded",
    "load-as-application": NOBODY_KNOWS,
    "loading-conditions": HARMLESS,
    "uuid-in-braces": HARMLESS,
    "uuid-malformed": HARMLESS,
}
"""Findings that no driver fails for, and why."""


def complaint_of(check: str, bundle: Path) -> str | None:
    """What a check has against a bundle."""
    with Subject(bundle, load_profile("macos-26")) as subject:
        try:
            CHECKS[check]().run(subject)
        except Unmet as unmet:
            return str(unmet)
    return None


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_bundle_passes(check: str, tmp_path: Path) -> None:
    assert complaint_of(check, write_bundle(tmp_path / "Good.driver")) is None


ROWS = [(check, finding) for check, one in CHECKS.items() for finding in vars(one)["ids"]]


@pytest.mark.parametrize(("check", "finding"), ROWS, ids=[f"{one[1]}={one[0]}" for one in ROWS])
def test_a_bundle_with_the_finding_does_not_pass(check: str, finding: str, tmp_path: Path) -> None:
    complaint = complaint_of(check, FLAWS[finding](tmp_path))
    assert (complaint is None) is (finding in TOLD_ONLY)


def test_no_finding_belongs_to_two_checks_and_each_is_one_of_the_catalogue() -> None:
    findings = [finding for _, finding in ROWS]
    assert len(findings) == len(set(findings))
    assert set(findings) <= set(CATALOGUE)
