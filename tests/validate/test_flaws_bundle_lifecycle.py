"""Each flaw in how a driver is loaded, and in how its clients come and go, is found."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from lab.validate.outcome import Outcome, Status
from lab.validate.registry import all_checks
from tests.support.flaws import load_flaws

pytestmark = pytest.mark.native

FAMILIES = {"bundle", "lifecycle"}
MODULES = {
    "bundle_factory",
    "bundle_life",
    "bundle_loads",
    "bundle_opening",
    "bundle_references",
    "lifecycle",
    "lifecycle_clients",
    "lifecycle_devices",
    "lifecycle_orders",
}
"""Whose checks must all be in the table; `bundle_files` looks at files, of which tests/bundle has
bad ones."""


@dataclass(frozen=True)
class Found:
    """A check that finds a flaw.

    Attributes
    ----------
    flaw, check
        Their names.
    status
        What comes of it.
    word
        Of the evidence, or of the entry point when the driver crashed or hung.
    """

    flaw: str
    check: str
    status: Status
    word: str

    def __str__(self) -> str:
        return f"{self.flaw}={self.check}"


CRASHED, TIMEOUT, FAILED, WARNING = Status.CRASHED, Status.TIMEOUT, Status.FAILED, Status.WARNING
TABLE = [
    Found("crashes-on-open", "bundle-opens", CRASHED, "dlopen"),
    Found("slow-to-open", "bundle-opens-quickly", WARNING, "the first time in a process"),
    Found("thread-from-constructor", "bundle-opens-without-thread", WARNING, "a constructor"),
    Found("thread-from-constructor", "bundle-unloads-clean", WARNING, "1 thread(s) left"),
    Found("exports-too-much", "bundle-exports-only-factory", WARNING, "flawed_crash"),
    Found("factory-returns-null", "bundle-factory-makes-driver", FAILED, "returned NULL"),
    Found("factory-answers-any-type", "bundle-factory-refuses-other-types", FAILED, "0BADCAFE"),
    Found("factory-crashes-on-null-type", "bundle-factory-refuses-no-type", CRASHED, "Factory"),
    Found("factory-makes-another", "bundle-factory-twice", WARNING, "two drivers"),
    Found("slot-missing", "bundle-interface-complete", FAILED, "AbortDeviceConfigurationChange"),
    Found("factory-gives-no-reference", "bundle-factory-gives-reference", CRASHED, "HasProperty"),
    Found("query-interface-refuses-iunknown", "bundle-query-interface", FAILED, "IUnknown"),
    Found(
        "query-interface-forgets-add-ref",
        "bundle-query-interface-counts",
        CRASHED,
        "HasProperty",
    ),
    Found(
        "query-interface-answers-any-uuid",
        "bundle-query-interface-refuses-others",
        FAILED,
        "gave same",
    ),
    Found(
        "query-interface-leaves-out-pointer",
        "bundle-query-interface-clears-pointer",
        WARNING,
        "as it was",
    ),
    Found(
        "query-interface-crashes-on-null",
        "bundle-query-interface-no-pointer",
        CRASHED,
        "QueryInterface",
    ),
    Found("add-ref-does-not-count", "bundle-references-keep-driver", CRASHED, "HasProperty"),
    Found("add-ref-does-not-count", "bundle-references-counted", WARNING, "AddRef answered 1, 1"),
    Found("release-frees-at-one", "bundle-references-keep-driver", CRASHED, "HasProperty"),
    Found("release-leaks-the-driver", "bundle-made-and-released", WARNING, "KiB of memory"),
    Found("release-leaks-the-driver", "lifecycle-hundred-loads", FAILED, "KiB of memory"),
    Found("second-initialize-accepted", "bundle-initializes-once", WARNING, "a second time"),
    Found(
        "initialize-crashes-on-null-host",
        "bundle-initializes-with-host-only",
        CRASHED,
        "Initialize",
    ),
    Found("initialize-fails", "bundle-initializes", FAILED, "'what'"),
    Found("initialize-fails", "bundle-loads", FAILED, "Initialize"),
    Found("start-not-counted", "lifecycle-starts-nest", FAILED, "one StopIO"),
    Found("start-not-counted", "lifecycle-legal-orders", FAILED, "stands still"),
    Found("start-not-counted", "lifecycle-any-order", FAILED, "IO calls failed"),
    Found("second-start-resets-anchor", "lifecycle-second-start-keeps-time", FAILED, "StartIO"),
    Found("stop-without-start-crashes", "lifecycle-stop-without-start", CRASHED, "StopIO"),
    Found(
        "stop-without-start-stops-others",
        "lifecycle-stop-without-start-keeps-others",
        WARNING,
        "stands still",
    ),
    Found("stop-without-start-stops-others", "lifecycle-illegal-orders", WARNING, "stands still"),
    Found("remove-client-stops-io-of-others", "lifecycle-others-go-on", FAILED, "IO calls failed"),
    Found("remove-client-stops-io-of-others", "lifecycle-remove-keeps-others", FAILED, "still"),
    Found("removed-client-keeps-running", "lifecycle-remove-ends-its-io", WARNING, "runs on"),
    Found("removed-client-keeps-running", "lifecycle-illegal-orders", WARNING, "StopIO"),
    Found("second-client-refused", "lifecycle-many-clients", FAILED, "client 2 of 32"),
    Found("start-of-unknown-device", "lifecycle-unknown-device", WARNING, "StartIO of object"),
    Found("start-before-initialize-crashes", "lifecycle-before-initialize", CRASHED, "StartIO"),
    Found("start-wears-out", "lifecycle-thousand-starts", FAILED, "StartIO"),
    Found("start-wears-out", "lifecycle-hundred-clients", FAILED, "StartIO"),
    Found("second-client-refused", "lifecycle-during-changes", FAILED, "AddDeviceClient"),
    Found("hangs-in-stop", "lifecycle-start-again", TIMEOUT, "StopIO"),
    Found("hangs-in-remove", "lifecycle-remove-twice", TIMEOUT, "RemoveDeviceClient"),
    Found("create-device-lies", "lifecycle-create-device", FAILED, "77"),
    Found("exits-in-destroy-device", "lifecycle-destroy-device", CRASHED, "DestroyDevice"),
    Found("unknown-change-crashes", "lifecycle-change-not-asked-for", CRASHED, "Perform"),
]


@pytest.fixture(scope="module")
def outcomes() -> dict[Found, Outcome]:
    """Of the whole table, from one process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.validate.found_flaws", *map(str, TABLE)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=280,
        check=True,
    )
    made = [Outcome.model_validate_json(line) for line in done.stdout.splitlines()]
    return dict(zip(TABLE, made, strict=True))


@pytest.mark.parametrize("found", TABLE, ids=str)
def test_the_flaw_is_found_and_the_evidence_names_it(
    found: Found, outcomes: dict[Found, Outcome]
) -> None:
    outcome = outcomes[found]
    assert outcome.status is found.status, outcome.evidence
    entry_point = outcome.ending.entry_point if outcome.ending is not None else ""
    assert found.word in " ".join((*outcome.evidence, entry_point))


def test_no_flaw_of_these_families_is_missing_in_the_table() -> None:
    flaws = {flaw.name for flaw in load_flaws() if flaw.family in FAMILIES}
    assert flaws == {found.flaw for found in TABLE}


def test_every_check_of_these_modules_has_a_flaw_that_it_finds() -> None:
    checks = {check.id for check in all_checks() if check.__module__.rpartition(".")[2] in MODULES}
    assert checks <= {found.check for found in TABLE}
