"""Is a driver held to its zero timestamps in a soak, and never to what the lab did to clocks?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.faults import zero_timestamps
from lab.faults.cost import away
from lab.faults.damage import NOTHING, Allowance, Damage
from lab.faults.outcome import Outcome
from lab.faults.replay import replay, write_case
from lab.faults.rig import Rig
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event
from lab.faults.shrink import shrink
from lab.faults.soak import SoakSettings, soak
from lab.faults.zero_timestamps import (
    CLOCK_OFF,
    CYCLES_LEFT_OUT,
    EXCUSED,
    NEVER_JUDGED,
    ClockWatch,
    as_failure,
)
from lab.host.models import Device, TimestampReport
from lab.measure.timestamps import CHECKS, TimestampFault
from tests.support.faults import run_with

HARD = {
    "impossible",
    "host-time-not-increasing",
    "host-time-moved-alone",
    "not-a-multiple-of-the-period",
    "odd-advance",
    "break-without-a-new-seed",
    "new-seed-without-a-break",
    "in-the-future",
}
AWAY: list[dict[str, Any]] = [
    {"what": "stall", "ns": 3_000_000_000},
    {"what": "late-wake", "ns": 2_000_000_000},
    {"what": "lose-cycles", "n": 300},
    {"what": "refuse-changes", "n": 2},
]


def run(*events: dict[str, Any], cycles: int = 2_000, at: int = 600, **environment: str) -> Outcome:
    setup = Setup(driver="Loop", far_end="input", cycles=cycles, environment=environment)
    return run_with(setup, *events, at_cycle=at)


# ---- the bad cases: each mistake of Loop's clock that nothing else finds -------------------------


@pytest.mark.native
@pytest.mark.parametrize(
    ("environment", "kind", "figure"),
    [
        (
            {"LOOP_FAULT": "timestamp-off-by-a-frame"},
            "timestamp-not-a-multiple-of-the-period",
            "the period is 16384",
        ),
        (
            {"LOOP_FAULT": "timestamp-odd-period"},
            "timestamp-not-a-multiple-of-the-period",
            "odd-advance",
        ),
        ({"LOOP_FAULT": "timestamp-skips"}, "timestamp-skipped-periods", "2 periods at a time"),
        ({"LOOP_FAULT": "timestamp-in-the-future"}, "timestamp-in-the-future", "ms ahead"),
        ({"LOOP_FAULT": "timestamp-jitters"}, "timestamp-jitter", "us, at most 20; step: "),
        ({"LOOP_PPM": "350"}, "timestamp-rate", "+350.0"),
    ],
)
def test_a_clock_that_does_not_hold_is_found_made_small_and_replayed(
    tmp_path: Path, environment: dict[str, str], kind: str, figure: str
) -> None:
    setup = Setup(driver="Loop", far_end="input", cycles=20_000, environment=environment)
    faults = ["stall", "late-wake", "drift", "restart", "rate", "add-client"]
    settings = SoakSettings(setup, 4, 7, faults, twice_percent=0)
    report = soak(settings)
    assert report.failure is not None
    assert report.failure.kind == kind, report.failure
    number = report.failed_run
    assert number is not None
    small = shrink(
        settings.setup_of(number), settings.schedule(number), report.outcomes[number], run_schedule
    )
    assert small.events == []
    assert small.setup.cycles < 2_000
    assert small.outcome.failure is not None
    assert figure in small.outcome.failure.sentence
    file, test = write_case(tmp_path, f"{kind}-of-loop", small)
    compile(test.read_text(), str(test), "exec")
    again = replay(file)
    assert again.is_same_failure
    assert again.is_same_run


@pytest.mark.native
@pytest.mark.parametrize("event", AWAY, ids=lambda event: event["what"])
def test_a_clock_that_does_not_hold_is_found_behind_a_fault_as_well(
    monkeypatch: pytest.MonkeyPatch, event: dict[str, Any]
) -> None:
    """The fault spoils what there is; when it is over, counting begins anew."""
    judge, seen = ClockWatch.judge, []

    def later(watch: ClockWatch, report: TimestampReport) -> list[TimestampFault]:
        seen.append(watch.left_out().get("skipped-periods"))
        return judge(watch, report) if CYCLES_LEFT_OUT in seen else []

    monkeypatch.setattr(ClockWatch, "judge", later)
    outcome = run(event, LOOP_FAULT="timestamp-skips")
    assert outcome.failure is not None
    assert outcome.failure.kind == "timestamp-skipped-periods"
    assert seen[-1] is None  # every rule holds again
    assert outcome.failure.cycle > 900


@pytest.mark.native
def test_a_daemon_that_is_replaced_is_judged_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the failure says which life it was, in cycles of the run."""
    judge, lives = ClockWatch.judge, []

    def of_the_second(watch: ClockWatch, report: TimestampReport) -> list[TimestampFault]:
        lives.append(report.asked)
        return judge(watch, report) if len(lives) >= 4 else []

    monkeypatch.setattr(ClockWatch, "judge", of_the_second)
    environment = {"LOOP_FAULT": "timestamp-odd-period"}
    setup = Setup(driver="Loop", far_end="input", cycles=2_000, environment=environment)
    outcome = run_schedule(setup, [parse_event({"at": {"cycle": 900}, "what": "restart"})])
    assert lives[0] == lives[1] >= 900  # before the event, and as the daemon ended
    assert lives[2] < 100  # settled
    assert outcome.failure is not None
    assert outcome.failure.kind == "timestamp-not-a-multiple-of-the-period"
    assert "of life 2 of the daemon, which began at cycle 900" in outcome.failure.sentence
    assert outcome.failure.cycle == 900 + 34


# ---- what the lab did is not the driver's -------------------------------------------------------


@pytest.mark.native
@pytest.mark.parametrize("event", AWAY, ids=lambda event: event["what"])
def test_a_driver_that_has_to_catch_up_is_right(
    monkeypatch: pytest.MonkeyPatch, event: dict[str, Any]
) -> None:
    """It goes on by one period with each question. Without the excuse it would be stale."""
    outcome = run(event, LOOP_SHAPE="one-by-one")
    assert outcome.failure is None, outcome.failure
    assert outcome.clocks.excused == {f"stale: {CYCLES_LEFT_OUT}": 1}
    assert outcome.clocks.lines == 2
    monkeypatch.setattr(zero_timestamps, "EXCUSED", {**EXCUSED, CYCLES_LEFT_OUT: frozenset()})
    outcome = run(event, LOOP_SHAPE="one-by-one")
    assert outcome.failure is not None
    assert outcome.failure.kind == "timestamp-stale", outcome.failure


@pytest.mark.native
def test_a_clock_that_is_right_is_exact_whatever_is_done_to_the_host_s() -> None:
    outcome = run(
        *({"what": "drift", "ppm": 200}, {"what": "late-wake", "ns": 30_000_000}),
        *({"what": "sleep-wake", "s": 60}, {"what": "rate", "hz": 96_000}),
        *({"what": "drift", "ppm": -200}, {"what": "restart"}),
        cycles=5_000,
    )
    assert outcome.failure is None, outcome.failure
    assert outcome.clocks.different > 100
    assert outcome.clocks.rate_ppm < 0.01
    assert outcome.clocks.jitter_p99_ns <= 2
    assert outcome.clocks.step_max_ns <= 2


def device(frames: int = 480, period: int = 16_384) -> Device:
    """Nothing but what is asked for."""
    asked_for: dict[str, Any] = {"buffer_frames": frames, "zero_period_frames": period}
    return Device.model_construct(**asked_for)


def report(largest: int = 1, **driver: Any) -> TimestampReport:
    """A good one, but for these."""
    fit = {
        "points": 100, "ns_per_frame": 20_833.3, "rate_ppm": 0.0, "rms_ns": 0.0,
        "jitter_points": 92, "jitter_p50_ns": 0, "jitter_p99_ns": 0, "jitter_max_ns": 0,
        "step_max_ns": 0.0, "step_cycle": 3,
    }  # fmt: skip
    return TimestampReport.model_validate({
        "nominal_rate": 48_000.0, "period_frames": 512, "break_ns": 5e6, "asked": 9_000,
        "different": 100, "time_lines": 1, "new_seeds": 0, "largest_advance_periods": largest,
        "violations": {}, "driver": {**fit, **driver}, "modeled": fit,
    })  # fmt: skip


BAD: dict[str, Any] = {"rate_ppm": 300.0, "jitter_p99_ns": 21_000, "step_max_ns": 51_000.0}


def checks(watch: ClockWatch, of: TimestampReport) -> set[str]:
    return {fault.check for fault in watch.judge(of)}


def watch_of(**members: Any) -> ClockWatch:
    watch = ClockWatch(settle_cycles=8)
    watch.begin_life(device(**members))
    return watch


def test_no_hard_rule_is_ever_left_out() -> None:
    left_out = set(NEVER_JUDGED).union(*EXCUSED.values())
    assert left_out | HARD == set(CHECKS)
    assert left_out.isdisjoint(HARD)


def test_each_figure_has_a_limit_while_nothing_was_done_to_the_clocks() -> None:
    assert checks(watch_of(), report()) == set()
    assert checks(watch_of(), report(**BAD)) == {"rate", "jitter", "step"}
    assert checks(watch_of(), report(points=3)) == set()  # too few to say anything


def test_a_clock_model_leaves_out_the_figures_until_it_is_off_again() -> None:
    watch = watch_of()
    watch.note(device(), NOTHING, cycle=100, drift_ppm=50)
    assert checks(watch, report(2, **BAD)) == {"skipped-periods"}
    assert not watch.is_over(10_000)
    watch.note(device(), NOTHING, cycle=10_000, drift_ppm=0)
    assert checks(watch, report(**BAD)) == set()  # they are of the time before
    assert watch.is_over(10_000)
    watch.begin_anew(report(**BAD), device(), 0)
    assert checks(watch, report(**BAD)) == {"rate", "jitter", "step"}
    assert watch.figures.excused == {
        f"{name}: {CLOCK_OFF}": 1 for name in ("rate", "jitter", "step")
    }
    assert watch.figures.rate_ppm == 0.0


def test_cycles_that_are_left_out_are_over_when_the_slowest_driver_has_caught_up() -> None:
    watch = watch_of()
    third = Allowance(high=Damage(skipped_cycles=350, late_wakes=2))  # ten periods and a bit
    watch.note(device(), third, cycle=1_000, drift_ppm=0)
    assert checks(watch, report(11, **BAD)) == {"rate"}
    assert not watch.is_over(1_000 + 11 + 8)  # a third of a period has passed meanwhile
    assert watch.is_over(1_000 + 12 + 8)
    watch.note(device(), Allowance(high=Damage(late_wakes=1)), cycle=1_001, drift_ppm=0)
    assert not watch.is_over(1_000 + 12 + 8 + 1 + 8)  # one behind the other
    assert watch.is_over(1_000 + 12 + 8 + 2 + 8)


def test_a_driver_catches_up_more_slowly_where_cycles_are_long() -> None:
    third = Allowance(
        high=Damage(skipped_cycles=20)
    )  # ten periods, of half of which each is gained
    watch = watch_of(frames=8_192)
    watch.note(device(8_192), third, cycle=1_000, drift_ppm=0)
    assert watch.away_until == 1_000 + 22 + 8
    watch.note(device(480), NOTHING, cycle=1_010, drift_ppm=0)
    assert watch.away_until == 1_000 + 22 + 8
    changed = watch_of()
    changed.note(device(), Allowance(high=Damage(skipped_cycles=310)), cycle=1_000, drift_ppm=0)
    assert changed.away_until == 1_000 + 11 + 8
    changed.note(device(8_192), NOTHING, cycle=1_009, drift_ppm=0)
    assert changed.away_until == 1_009 + 20  # ten were left
    short = watch_of(period=256)  # shorter than a cycle: no driver goes on by one there
    short.note(device(480, 256), third, cycle=1_000, drift_ppm=0)
    assert short.away_until == 1_000 + 20 * 480 // 256 + 1 + 8


def test_a_model_goes_on_when_the_stall_within_it_is_over() -> None:
    watch = watch_of()
    watch.note(device(), Allowance(high=Damage(skipped_cycles=3)), cycle=100, drift_ppm=50)
    assert watch.is_over(200)
    watch.begin_anew(report(), device(), 50)
    assert checks(watch, report(2, **BAD)) == {"skipped-periods"}
    assert not watch.is_over(300)


def test_periods_within_one_long_cycle_are_not_skipped() -> None:
    """Of a driver with a short period, when cycles were longer than they are now."""
    watch = watch_of(frames=480, period=512)
    assert checks(watch, report(16)) == {"skipped-periods"}
    watch.note(device(8_192, 512), NOTHING, cycle=100, drift_ppm=0)
    watch.note(device(480, 512), NOTHING, cycle=200, drift_ppm=0)
    assert checks(watch, report(16)) == set()
    assert checks(watch, report(17)) == {"skipped-periods"}
    drifting = watch_of(
        frames=8_192, period=512
    )  # a frame of the device is shorter than one of ours
    drifting.note(device(8_192, 512), NOTHING, cycle=200, drift_ppm=100)
    assert checks(drifting, report(17)) == set()


def test_a_failure_names_the_first_check_and_tells_three() -> None:
    faults = [
        TimestampFault(name, f"text {i}", 1, 40 + i) for i, name in enumerate(list(CHECKS)[:4])
    ]
    failure = as_failure(faults, life=0, began=0, cycle=500)
    assert failure.kind == "timestamp-impossible"
    assert failure.cycle == 40
    assert "impossible: text 0; host-time-not-increasing: text 1" in failure.sentence
    assert failure.sentence.endswith("; and 1 more (noticed by cycle 500)")
    assert as_failure([TimestampFault("rate", "far off")], life=0, began=0, cycle=7).cycle == 7


@pytest.mark.native
def test_each_event_that_leaves_cycles_out_says_so_in_its_price() -> None:
    """That is what the excuse hangs on."""
    with Rig(Setup(driver="Loop", far_end="input")) as rig:
        assert away(rig, 1).high.late_wakes > 0
        assert away(rig, 1).high.skipped_cycles > 0
