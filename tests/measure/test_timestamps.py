"""The verdict on zero timestamps: each check fails on what it is for, and on nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from lab.host.models import TimestampReport
from lab.measure.timestamps import CHECKS, TimestampLimits, judge_timestamps

FIT = {
    "points": 1_000,
    "ns_per_frame": 1e9 / 48_000,
    "rate_ppm": 0.5,
    "rms_ns": 0.3,
    "jitter_points": 992,
    "jitter_p50_ns": 0,
    "jitter_p99_ns": 1,
    "jitter_max_ns": 2,
    "step_max_ns": 1.5,
    "step_cycle": 7,
}
VIOLATION = {
    "count": 2,
    "first_cycle": 102,
    "first_asked_ns": 3_000_000_000,
    "before": {"sample": 32_768.0, "host_ns": 1_682_666_667, "seed": 1},
    "after": {"sample": 0.0, "host_ns": 2_024_000_000, "seed": 1},
    "jump_ns": 1_024_000_000.0,
}


def report(fit: dict[str, Any] | None = None, **members: Any) -> TimestampReport:
    """A good report, but for these members."""
    return TimestampReport.model_validate(
        {
            "nominal_rate": 48_000.0,
            "period_frames": 16_384,
            "break_ns": 5e6,
            "asked": 34_000,
            "different": 1_000,
            "time_lines": 1,
            "new_seeds": 0,
            "largest_advance_periods": 1,
            "violations": {},
            "driver": {**FIT, **(fit or {})},
            "modeled": {**FIT, "rate_ppm": 3_000.0, "jitter_p99_ns": 10**9, "step_max_ns": 1e9},
            **members,
        }
    )


def test_a_good_clock_passes_whatever_the_model_made_of_it() -> None:
    assert judge_timestamps(report()) == []


@pytest.mark.parametrize("name", list(CHECKS)[:9])
def test_what_the_host_found_is_told_with_its_place(name: str) -> None:
    (fault,) = judge_timestamps(report(violations={name: VIOLATION}))
    assert (fault.check, fault.count, fault.first_cycle) == (name, 2, 102)
    assert "2 times, first in cycle 102" in fault.text
    pair = "(sample 32768, 1.682666667 s, seed 1) -> (sample 0, 2.024000000 s, seed 1)"
    assert pair in fault.text


def test_how_old_and_how_far_ahead_is_told() -> None:
    found = judge_timestamps(report(violations={"stale": VIOLATION}))
    assert found[0].text.endswith("976.000 ms old")
    ahead = {**VIOLATION, "first_asked_ns": 2_000_000_000}
    found = judge_timestamps(report(violations={"in-the-future": ahead}))
    assert found[0].text.endswith("24.000 ms ahead")


def test_a_sample_time_that_is_no_number_can_be_told() -> None:
    broken = {**VIOLATION, "before": None, "after": {**VIOLATION["after"], "sample": "nan"}}  # type: ignore[dict-item]
    (fault,) = judge_timestamps(report(violations={"impossible": broken}))
    assert "(sample nan, 2.024000000 s, seed 1)" in fault.text


def test_what_a_newer_host_finds_is_a_fault_too() -> None:
    (fault,) = judge_timestamps(report(violations={"something-else": VIOLATION}))
    assert fault.check == "something-else"


@pytest.mark.parametrize(
    ("fit", "check"),
    [
        ({"rate_ppm": 200.1}, "rate"),
        ({"rate_ppm": -200.1}, "rate"),
        ({"jitter_p99_ns": 50_001}, "jitter"),
        ({"step_max_ns": 100_001.0}, "step"),
        ({"points": 15}, "too-few-timestamps"),
    ],
)
def test_a_figure_beyond_its_limit_is_found(fit: dict[str, Any], check: str) -> None:
    assert [fault.check for fault in judge_timestamps(report(fit))] == [check]


def test_limits_are_the_caller_s() -> None:
    loose = TimestampLimits(rate_ppm=1_000, jitter_p99_ns=1e6, step_ns=1e6, points=2)
    fit = {"rate_ppm": 999.0, "jitter_p99_ns": 999_999, "step_max_ns": 9e5, "points": 2}
    assert judge_timestamps(report(fit), loose) == []
    tight = TimestampLimits(rate_ppm=0.1, jitter_p99_ns=0.5, step_ns=1.0)
    assert [f.check for f in judge_timestamps(report(), tight)] == ["rate", "jitter", "step"]


@pytest.mark.parametrize(
    ("cycle_frames", "period", "advance", "found"),
    [
        (480, 16_384, 1, []),
        (480, 16_384, 2, ["skipped-periods"]),
        (512, 480, 2, []),
        (512, 480, 3, ["skipped-periods"]),
        (480, 480, 1, []),
        (480, 0, 9, []),
    ],
)
def test_a_period_is_left_out_when_the_host_asked_in_time(
    cycle_frames: int, period: int, advance: int, found: list[str]
) -> None:
    checked = report(
        period_frames=period,
        break_ns=cycle_frames / 48_000 * 1e9 / 2,
        largest_advance_periods=advance,
    )
    assert [fault.check for fault in judge_timestamps(checked)] == found
