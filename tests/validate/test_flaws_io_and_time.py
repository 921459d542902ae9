"""Each flaw of IO and of time is found by the check that is meant to, for the right reason."""

from __future__ import annotations

import pytest

from lab.validate.outcome import Outcome, Status
from lab.validate.registry import all_checks
from tests.support.flaws import load_flaws
from tests.validate.carry_out_flaws import Pair, carry_out_flaws

pytestmark = pytest.mark.native

FAMILIES = {"io", "time"}
FAILED, WARNING, CRASHED = Status.FAILED, Status.WARNING, Status.CRASHED

TABLE = (
    # flaw, check, what comes of it, a word of the evidence
    ("timestamps-step-back", "time-host-time-increases", FAILED, "host-time-not-increasing"),
    ("timestamps-step-back", "time-seed-tells-breaks", FAILED, "break-without-a-new-seed"),
    ("seed-never-changes", "time-new-line-new-seed", WARNING, "the seed is 1 as before"),
    ("seed-always-changes", "time-seed-tells-breaks", FAILED, "new-seed-without-a-break"),
    ("period-not-multiple", "time-multiples-of-the-period", FAILED, "not-a-multiple"),
    ("stale-timestamp", "time-not-stale", FAILED, "stale"),
    ("stale-timestamp", "time-after-sleep", FAILED, "stale"),
    ("timestamp-in-the-future", "time-not-in-the-future", FAILED, "in-the-future"),
    ("timestamp-follows-now", "time-host-time-increases", FAILED, "host-time-moved-alone"),
    ("ticks-taken-for-nanoseconds", "time-host-ticks", FAILED, "a tick is 125/3 ns"),
    ("timestamp-is-nan", "time-possible", FAILED, "sample nan"),
    ("one-period-per-call", "time-after-a-stall", FAILED, "stale"),
    ("clock-keeps-old-rate", "time-each-rate", FAILED, "44100 Hz"),
    ("clock-off-by-a-percent", "time-rate", WARNING, "+10000.0 ppm"),
    ("clock-jitters", "time-jitter", WARNING, "jitter"),
    ("zero-period-too-short", "time-period-length", WARNING, "480 frames"),
    ("second-start-resets-anchor", "time-second-client", FAILED, "break-without-a-new-seed"),
    ("in-place-lie", "io-in-place", FAILED, "'rite' is not done in place"),
    ("write-mix-not-offered", "io-offers-what-it-needs", FAILED, "denies WriteMix"),
    ("offers-everything", "io-does-what-it-offers", FAILED, "yes to 'cinp'"),
    ("offers-everything", "io-unknown-operation", WARNING, "yes to 'zzzz'"),
    ("writes-into-mix", "io-leaves-the-mix", WARNING, "changed the mix"),
    ("writes-beyond-buffer", "io-stays-in-the-buffer", FAILED, "8 bytes after the buffer"),
    ("writes-before-buffer", "io-stays-in-the-buffer", FAILED, "4 bytes before the buffer"),
    ("leaves-end-of-buffer", "io-fills-the-buffer", FAILED, "left 1 of 512 frames"),
    ("nan-sticks", "io-sound-after-nan", WARNING, "1024 samples are NaN"),
    ("nan-out-of-silence", "io-inputs-finite", FAILED, "are NaN or infinite"),
    ("subnormals-out-of-silence", "io-nothing-stale", FAILED, "not silent"),
    ("silence-is-noise", "io-silence-stays-silence", FAILED, "not silent"),
    ("stale-audio-when-reader-ahead", "io-reader-ahead", FAILED, "after the last WriteMix"),
    ("old-audio-after-restart", "io-nothing-from-before", WARNING, "started again"),
    ("loopback-off-by-one", "io-loopback-latency", WARNING, "1 frames later"),
    ("frame-lost-at-wrap", "io-loopback-integrity", FAILED, "lost"),
    ("odd-frames-cut", "io-loopback-any-size", FAILED, "should be number"),
    ("large-buffer-cut", "io-loopback-any-size", FAILED, "should be number"),
    ("small-buffer-refused", "io-each-size", FAILED, "with 16 frames a cycle"),
    ("small-buffer-refused", "io-changing-size", FAILED, "IO calls failed"),
    ("small-buffer-refused", "io-any-size", WARNING, "'read' of 1 frames answered 'nope'"),
    ("volume-taper-off", "io-volume-in-decibels", WARNING, "the sound changes by -4.44 dB"),
    ("mute-leaks", "io-mute-is-silent", FAILED, "-40.0 dB"),
    ("volume-undoes-mute", "io-mute-holds", FAILED, "the volume set to 0.5 and 1"),
    ("channels-swapped", "io-channel-order", WARNING, "on channel 1 of 2, it comes back on 2"),
    ("channels-swapped", "io-loopback-integrity", FAILED, "nothing comes back"),
    ("volume-on-left-only", "io-volume-on-each-channel", WARNING, "by -15.36, +0.00 dB"),
    ("input-is-consumed", "io-two-readers", FAILED, "512 of them are not the same"),
    ("io-fails-at-times", "io-many-clients", FAILED, "IO calls failed"),
    ("io-fails-at-times", "io-strange-samples", FAILED, "IO calls failed"),
    ("io-fails-at-times", "io-after-late-cycles", FAILED, "IO calls failed"),
    ("ignores-stream", "io-unknown-stream", WARNING, "which is no stream, answered 0"),
    ("crashes-on-zero-frames", "io-zero-frames", CRASHED, "DoIOOperation"),
    ("crashes-on-null-buffer", "io-null-buffer", CRASHED, "DoIOOperation"),
    ("io-after-stop-crashes", "io-after-stop", CRASHED, "DoIOOperation"),
)

NOT_FOUND: dict[str, str] = {}
"""Flaws that no honest check can find, and why."""

WITHOUT_A_FLAW = {"io-two-devices": "Flawed.driver has one device"}
"""Checks that no flaw of Flawed.driver is for, and why."""


@pytest.fixture(scope="module")
def outcomes() -> dict[Pair, Outcome]:
    """Of all rows, and of each of their checks on the driver without a flaw."""
    pairs = [(flaw, check) for flaw, check, _, _ in TABLE]
    return carry_out_flaws([*pairs, *(("", check) for check in _checks())])


def _checks() -> list[str]:
    return sorted({check for _, check, _, _ in TABLE})


@pytest.mark.parametrize(
    ("flaw", "check", "status", "word"), TABLE, ids=[f"{row[0]}-{row[1]}" for row in TABLE]
)
def test_a_flaw_is_found_for_the_right_reason(
    outcomes: dict[Pair, Outcome], flaw: str, check: str, status: Status, word: str
) -> None:
    outcome = outcomes[flaw, check]
    assert outcome.status is status, outcome.evidence
    assert word in outcome.evidence[0]


@pytest.mark.parametrize("check", _checks())
def test_without_the_flaw_the_check_passes(outcomes: dict[Pair, Outcome], check: str) -> None:
    outcome = outcomes["", check]
    assert outcome.status is Status.SUCCESS, outcome.evidence


def test_no_flaw_of_io_and_time_is_missing() -> None:
    named = {flaw for flaw, _, _, _ in TABLE} | set(NOT_FOUND)
    assert {flaw.name for flaw in load_flaws() if flaw.family in FAMILIES} <= named


def test_every_check_of_io_and_time_has_a_flaw_that_it_finds() -> None:
    there = {check.id for check in all_checks() if check.family in FAMILIES}
    assert there - set(WITHOUT_A_FLAW) == set(_checks())
