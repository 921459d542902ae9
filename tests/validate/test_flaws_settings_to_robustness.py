"""Every flaw of settings, real-time, threads and robustness is found by the check meant for it."""

from __future__ import annotations

import pytest

from lab.validate.outcome import Outcome, Status
from lab.validate.registry import all_checks
from tests.support.flaws import load_flaws
from tests.validate.found_flaws import outcomes_of

pytestmark = pytest.mark.native

FAMILIES = ("settings", "real-time", "threads", "robustness")
FAILED, WARNING = Status.FAILED, Status.WARNING
CRASHED, TIMEOUT = Status.CRASHED, Status.TIMEOUT

ROWS: tuple[tuple[str, str, Status, str], ...] = (
    # flaw, check, status, a word of the evidence
    ("settable-but-refuses", "settings-settable-is-taken", FAILED, "it answers 'unop'"),
    ("settable-but-refuses", "settings-read-by-many", FAILED, "by eight threads: answers 'unop'"),
    ("settable-denied", "settings-unsettable-is-refused", WARNING, "'bcvl' of object 6"),
    ("set-without-notification", "settings-notify", FAILED, "listeners hear nothing"),
    ("set-is-forgotten", "settings-read-back", FAILED, "set to 0.25, it says 1.0"),
    ("notification-of-another-object", "settings-notices-name-what-is-there", FAILED, "'lcsv' of"),
    ("set-size-not-checked", "settings-short-data-refused", FAILED, "not '!siz'"),
    ("set-size-not-checked", "settings-long-data-refused", WARNING, "set by 12"),
    ("set-size-not-checked", "robustness-custom-property-size", CRASHED, "SetPropertyData"),
    ("volume-not-clamped", "settings-level-in-range", FAILED, "is 7 then"),
    ("volume-takes-nan", "settings-level-is-a-number", FAILED, "is NaN then"),
    (
        "rate-changed-without-configuration-change",
        "settings-rate-by-change",
        FAILED,
        "without a configuration change",
    ),
    (
        "configuration-change-without-notification",
        "settings-rate-announced",
        WARNING,
        "after the change to 44100 Hz it does not",
    ),
    ("configuration-change-not-done", "settings-rates-accepted", FAILED, "still another"),
    ("configuration-change-not-done", "robustness-configurations", FAILED, "passes with rate"),
    ("abort-changes-anyway", "settings-aborted-change", FAILED, "was aborted"),
    ("storage-not-read-back", "settings-storage-survives", WARNING, "after a restart"),
    ("storage-not-written", "settings-storage-written", WARNING, "setting it wrote nothing"),
    ("storage-trusted", "settings-storage-of-any-type", CRASHED, "Initialize"),
    ("storage-failure-is-fatal", "settings-storage-may-fail", FAILED, "Initialize answers"),
    ("race-in-set-property", "settings-race-free", FAILED, "it reads -1"),
    ("lock-left-held", "settings-goes-on-after-refusal", TIMEOUT, "pthread_mutex_lock"),
    ("locks-in-io", "real-time-no-lock", WARNING, "DoIOOperation of rite: lock"),
    ("locks-in-zero-timestamp", "real-time-no-lock", WARNING, "GetZeroTimeStamp: lock"),
    ("allocates-in-io", "real-time-no-allocation", FAILED, "DoIOOperation of read: allocation"),
    ("allocates-in-begin", "real-time-no-allocation", FAILED, "BeginIOOperation of read"),
    ("system-call-in-io", "real-time-no-system-call", FAILED, "system call close"),
    ("sleeps-in-io", "real-time-no-sleep", FAILED, "cycles of"),
    ("sleeps-in-io", "real-time-no-system-call", FAILED, "by nanosleep"),
    ("logs-in-io", "real-time-no-system-call", FAILED, "DoIOOperation of rite"),
    ("makes-a-string-in-io", "real-time-no-allocation", FAILED, "DoIOOperation of read"),
    ("page-faults-in-io", "real-time-no-page-fault", WARNING, "page-fault"),
    ("calls-host-from-io-thread", "threads-no-notification-in-io", FAILED, "calls PropertiesC"),
    ("stores-from-io-thread", "threads-no-storage-in-io", FAILED, "WriteToStorage of 'cycles'"),
    ("requests-change-in-io", "threads-no-change-in-io", FAILED, "RequestDeviceConfiguration"),
    (
        "callback-during-initialize",
        "threads-no-notification-in-initialize",
        WARNING,
        "Initialize calls PropertiesChanged of object 1",
    ),
    (
        "requests-change-during-initialize",
        "threads-no-change-in-initialize",
        WARNING,
        "the host knows no device yet",
    ),
    ("notifies-in-getter", "threads-getters-are-silent", WARNING, "reading should change nothing"),
    ("requests-change-in-perform", "threads-no-change-in-perform", WARNING, "asks for another"),
    ("calls-host-after-release", "threads-silent-after-release", FAILED, "last Release"),
    ("notifies-of-unknown-object", "threads-notices-of-known-objects", FAILED, "object 99"),
    ("client-hal-api", "threads-no-client-api", FAILED, "takes AudioObjectGetPropertyData"),
    ("leaks-cf-objects", "robustness-leaves-no-cf-object", FAILED, "CoreFoundation objects"),
    ("leaks-cf-objects", "robustness-getters-leave-no-cf-object", FAILED, "'lmak' of object 1"),
    ("leaks-thread", "robustness-leaves-no-thread", FAILED, "leaves 12 threads"),
    ("leaks-descriptor", "robustness-leaves-no-descriptor", FAILED, "leaves 12 descriptors"),
    ("leaks-memory", "robustness-leaves-no-memory", FAILED, "bytes of memory"),
    ("leaks-mapping", "robustness-leaves-no-mapping", FAILED, "leaves 12 mappings"),
    ("leaks-shared-memory", "robustness-leaves-no-shared-memory", FAILED, "/flawed-"),
    ("crashes-when-allocation-fails", "robustness-allocation-failure", CRASHED, "AddDeviceClient"),
    ("allocation-failure-hangs", "robustness-allocation-failure", TIMEOUT, "pthread_mutex_lock"),
    ("hangs-on-unknown-object", "robustness-unknown-objects", TIMEOUT, "pthread_cond_wait"),
    ("hangs-on-unknown-object", "robustness-random-any", TIMEOUT, "pthread_cond_wait"),
    ("recursion-without-end", "robustness-property-fuzz", CRASHED, "SIGSEGV"),
    ("custom-property-crashes-on-null", "robustness-custom-property-types", CRASHED, "'flwd'"),
    ("configuration-change-not-done", "settings-rate-and-back", FAILED, "still another"),
    ("configuration-change-not-done", "settings-rate-notified", FAILED, "still another"),
    # of other families
    ("foreign-rate-accepted", "settings-other-rates-refused", FAILED, "12345 Hz"),
    ("available-format-refused", "settings-formats-accepted", FAILED, "is refused"),
    ("foreign-format-accepted", "settings-other-formats-refused", FAILED, "61 channels"),
    ("conversion-disagrees", "settings-level-conversions", FAILED, "dB"),
    ("conversion-disagrees", "settings-level-scales-agree", FAILED, "converts to"),
    ("start-not-counted", "robustness-random-legal", FAILED, "in legal order always 0"),
    ("small-buffer-refused", "robustness-configurations", FAILED, "frames 64 in place of 16"),
)

WITHOUT_A_FLAW = frozenset({"real-time-no-waiting"})
"""It needs two threads at once, one of which has the lock; virtual time runs one at a time."""


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[str, str], Outcome]:
    """Of each row, by flaw and check."""
    asked = [(check, flaw) for flaw, check, _, _ in ROWS]
    made = outcomes_of(asked)
    assert [outcome.check for outcome in made] == [check for check, _ in asked]
    return {(flaw, check): one for (check, flaw), one in zip(asked, made, strict=True)}


@pytest.mark.parametrize(
    ("flaw", "check", "status", "word"), ROWS, ids=[f"{flaw}-{check}" for flaw, check, _, _ in ROWS]
)
def test_the_flaw_is_found_and_the_evidence_says_what_it_is(
    outcomes: dict[tuple[str, str], Outcome], flaw: str, check: str, status: Status, word: str
) -> None:
    outcome = outcomes[flaw, check]
    assert outcome.status is status, outcome
    assert word in " ".join(outcome.evidence), outcome.evidence
    assert (outcome.ending is not None) is (status in {CRASHED, TIMEOUT})


def test_no_flaw_of_these_families_is_missing() -> None:
    meant = {flaw.name for flaw in load_flaws() if flaw.family in FAMILIES}
    assert meant <= {flaw for flaw, _, _, _ in ROWS}


def test_every_check_of_these_families_has_a_flaw_that_it_finds() -> None:
    ids = {check.id for check in all_checks() if check.family in FAMILIES}
    assert ids == {check for _, check, _, _ in ROWS if check in ids} | WITHOUT_A_FLAW
