"""What the sections of the page show, and what they leave out, is chosen and counted right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import example, given
from hypothesis import strategies as st

from lab.night.record import Change, Coverage, Trend
from lab.report.page.contract import maps_of
from lab.report.page.distributions import decode, distributions_of, readable
from lab.report.page.figures import count_of, duration, figure, limit_of, moment, room_of
from lab.report.page.glitches import glitches_of
from lab.report.page.overview import (
    change_views,
    drivers_in_sight,
    headline,
    partial_line,
    standing_failures,
)
from lab.report.page.plots import nice_ticks, samples_path, series, ticks_path, wave_path
from lab.report.page.tables import results_json
from lab.report.page.trends import trends_of
from lab.results import Glitch, Histogram, Measurement, Result, Verdict
from tests.support import nights


def lossy(scenario: str, *glitches: Glitch) -> Result:
    return nights.result(
        "Bunghole", scenario, lost=3, glitches=list(glitches), glitch_count=len(glitches)
    )


def glitch(at: int, kind: str = "lost", cause: str = "machine", clip: str = "") -> Glitch:
    return Glitch(kind=kind, position_frame=at, frames=3, cause=cause, clip=clip)


def change_of(result: Result, **more: object) -> Change:
    told = {
        "key": result.key,
        "driver": "Bunghole",
        "scenario": result.scenario,
        "measurement": "frames-lost",
        "since": nights.TONIGHT,
        "sentence": "it loses frames",
        "result_id": result.id,
    }
    return Change.model_validate(told | more)


# ---- glitches ------------------------------------------------------------------------------------


def test_kinds_and_causes_come_once_each_before_one_comes_twice() -> None:
    run = lossy(
        "a", *(glitch(at) for at in range(50)), glitch(90, "silence"), glitch(91, cause="x")
    )
    shown = glitches_of(nights.night_of([run]), cards=4).cards
    assert [card.glitch.position_frame for card in shown] == [0, 1, 90, 91]
    assert [card.number for card in shown] == [1, 2, 51, 52]


def test_what_can_be_heard_comes_first_but_a_change_is_never_without_its_card() -> None:
    silent = lossy("silent", glitch(1), glitch(2))
    changed = lossy("changed", glitch(1), glitch(2))
    heard = lossy("heard", *(glitch(at, clip=f"g{at}") for at in range(9)))
    night = nights.night_of([silent, changed, heard], changes=[change_of(changed)])
    shown = [card.result.scenario for card in glitches_of(night, cards=4).cards]
    assert shown == ["changed", "heard", "heard", "heard"]
    shown = [card.result.scenario for card in glitches_of(night, cards=12).cards]
    assert shown == ["changed"] * 2 + ["silent"] + ["heard"] * 9


def test_glitches_that_were_counted_but_not_kept_are_said() -> None:
    run = nights.result(lost=3, glitches=[glitch(1)], glitch_count=70)
    found = glitches_of(nights.night_of([run]))
    assert (found.total, found.unlisted, len(found.cards)) == (70, 69, 1)
    assert found.rest.startswith("1 glitch of 70 shown one by one")


def test_a_glitch_without_a_frame_lies_on_a_line_of_cycles_or_of_time() -> None:
    def placed(**where: int) -> Glitch:
        return Glitch(kind="underrun", position_frame=-1, frames=0, cause="x", **where)

    run = lossy("a", placed(cycle=250), placed(at_ns=10**9), placed(at_ns=3 * 10**9), placed())
    cycle, first, last, nowhere = glitches_of(nights.night_of([run])).cards
    assert cycle.timeline is not None
    assert (cycle.timeline.x, cycle.timeline.end) == (160.0, "cycle 1,000")
    assert first.timeline is not None
    assert last.timeline is not None
    assert (first.timeline.x, last.timeline.x, last.timeline.end) == (0.0, 640.0, "2\xa0s later")
    assert nowhere.timeline is None
    assert nowhere.place == ""
    assert first.place == "at 1.000 s of the host's clock"


# ---- the first two answers -----------------------------------------------------------------------


def test_changes_for_the_worse_come_first_in_the_nights_order() -> None:
    run = nights.result(lost=1)
    better = change_of(run, is_worse=False, sentence="better")
    night = nights.night_of(
        [run], changes=[better, change_of(run, sentence="b"), change_of(run, sentence="a")]
    )
    assert [v.change.sentence for v in change_views(night)] == ["b", "a", "better"]
    assert headline(night).changed == "2 changes for the worse, 1 for the better since 2026-11-21"


def test_a_verdict_that_changed_says_from_what_to_what() -> None:
    run = nights.result(lost=1)
    (view,) = change_views(
        nights.night_of([run], changes=[change_of(run, measurement="verdict", p_value=1e-9)])
    )
    assert view.step == "pass → fail"
    assert view.notes == ("not made again", "same build of the driver", "chance under 0.0001")
    gone = change_of(run, measurement="verdict", result_id="")
    assert change_views(nights.night_of([run], changes=[gone]))[0].step == ""


def test_a_failure_that_is_a_change_is_not_told_twice() -> None:
    new, old = nights.result(scenario="new", lost=1), nights.result(scenario="old", lost=1)
    night = nights.night_of([new, old], changes=[change_of(new)])
    assert standing_failures(night) == [old]


def test_runs_that_were_made_again_do_not_fill_a_partial_night() -> None:
    runs = [nights.result(), nights.result(attempt=1), nights.result(attempt=2)]
    assert partial_line(nights.night_of(runs, planned=2)) == "Only part of a night: 1 run of 2"
    assert partial_line(nights.night_of(runs, planned=1)) == ""


def test_drivers_close_to_a_limit_are_no_failure() -> None:
    night = nights.night_of([nights.result(verdict=Verdict.MARGINAL), nights.result("Null")])
    assert headline(night).good == "1 driver close to a limit, none over it"
    assert headline(night).verdict is Verdict.MARGINAL


@pytest.mark.parametrize("runs", [[], [nights.result()]])
def test_a_failure_without_a_driver_is_no_good_night(runs: list[Result]) -> None:
    bare = Result(scenario="bare", verdict=Verdict.FAIL, reason="it does not start")
    told = headline(nights.night_of([*runs, bare]))
    assert (told.verdict, told.good) == (Verdict.FAIL, "1 run without a driver failed")


def test_good_drivers_beyond_the_eighth_are_folded_away_and_no_others() -> None:
    runs = [nights.result(f"D{at}", lost=at % 2) for at in range(20)]
    shown, folded = drivers_in_sight(nights.night_of(runs))
    assert [line.verdict for line in shown] == [Verdict.FAIL] * 10
    assert [line.verdict for line in folded] == [Verdict.PASS] * 10
    shown, folded = drivers_in_sight(nights.night_of(runs[:10]))
    assert (len(shown), len(folded)) == (8, 2)


# ---- figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0, "", "0"),
        (1234567, "frames", "1,234,567\xa0frames"),
        (0.4, "%", "0.4\xa0%"),
        (12.34, "us", "12.3\xa0µs"),
        (-4.2, "dBFS", "\N{MINUS SIGN}4.2\xa0dBFS"),
        (3, "us/cycle", "3\xa0µs/cycle"),
        (3, "status", "3\xa0status"),
        (1.5e300, "", "1.5e+300"),
    ],
)
def test_figures_have_units_and_no_digits_that_say_nothing(
    value: float, unit: str, written: str
) -> None:
    assert figure(value, unit) == written


def test_how_far_a_limit_is_is_told_from_its_good_side() -> None:
    def told(value: float, limit: float, better: str) -> str:
        m = Measurement.model_validate(
            {"name": "x", "value": value, "unit": "us", "limit": limit, "better": better}
        )
        return f"{limit_of(m)} {room_of(m)}".replace("\xa0", " ")

    assert told(330, 1_000, "lower") == "≤ 1,000 µs 67 % left"
    assert told(1_200, 1_000, "lower") == "≤ 1,000 µs 200 µs over"
    assert told(3, 0, "lower") == "≤ 0 µs 3 µs over"
    assert told(0, 0, "lower") == "≤ 0 µs 0 µs left"
    assert told(30, 20, "higher") == "≥ 20 µs 50 % left"
    assert told(15, 20, "higher") == "≥ 20 µs 5 µs short"
    assert room_of(Measurement(name="x", value=1)) == limit_of(Measurement(name="x", value=1)) == ""


def test_words_of_counts_and_times() -> None:
    assert [count_of(n, "run") for n in (0, 1, 2_000)] == ["no runs", "1 run", "2,000 runs"]
    assert [duration(s).replace("\xa0", " ") for s in (4.2, 187, 7_500)] == [
        "4.2 s",
        "3 min 07 s",
        "2 h 05 min",
    ]
    assert moment("2026-11-22T03:10:00+00:00") == "2026-11-22 03:10 UTC"
    assert moment("yesterday") == "yesterday"


# ---- geometry ------------------------------------------------------------------------------------


def test_a_line_has_gaps_where_values_are_missing() -> None:
    line = series([0, 10, None, 10, None], width=106, height=46, limit=10, marks=[1, 9])
    assert line.path == "M3 43L28 3M78 3h0"
    assert (line.last_x, line.last_y, line.limit_y, line.marks) == (78, 3, 3, (28.0,))


def test_a_line_of_nothing_and_of_one_value_can_be_drawn() -> None:
    assert series([], width=100, height=40).path == ""
    assert series([None, None], width=100, height=40).last_x is None
    assert series([5], width=100, height=40).path == "M50 20h0"
    # Nothing at all, all the time, lies at the bottom.
    assert series([0, 0], width=100, height=40).path == "M3 37L97 37"


def test_a_limit_that_is_far_away_does_not_flatten_the_line() -> None:
    assert series([10, 12], width=100, height=40, limit=1_000).limit_y is None
    assert series([10, 12], width=100, height=40, limit=15).limit_y == 3


@example([5e-324], None)
@given(
    st.lists(st.none() | st.floats(-1e300, 1e300, allow_nan=False), max_size=40),
    st.none() | st.floats(-1e300, 1e300),
)
def test_any_values_stay_within_the_picture(
    values: list[float | None], limit: float | None
) -> None:
    line = series(values, width=300, height=80, limit=limit)
    for pair in line.path.replace("h0", "").replace("L", "M").split("M")[1:]:
        x, y = map(float, pair.split())
        assert 0 <= x <= 300
        assert 0 <= y <= 80


def test_an_envelope_reaches_the_extremes_and_the_middle() -> None:
    samples = np.zeros(3_200, dtype=np.float32)
    samples[1_600] = 1.0
    samples[1_700] = -1.0
    path = wave_path(samples, width=640, height=80)
    assert path.startswith("M1 40")
    heights = [40]
    for move in path.removeprefix("M1 40").replace("v", "l0 ").split("l")[1:]:
        heights.append(heights[-1] + int(move.split()[1]))
    assert (min(heights), max(heights)) == (1, 79)
    assert wave_path(samples[:0], width=640, height=80) == ""


def test_samples_close_by_are_drawn_one_by_one() -> None:
    path = samples_path(np.array([0, 1, -1], dtype=np.float32), width=60, height=20)
    assert path == "M10 10l20 -9l20 18"
    assert samples_path(np.zeros(0, dtype=np.float32), width=60, height=20) == ""


def test_strokes_that_share_a_place_are_one_that_is_taller() -> None:
    assert ticks_path([0, 100], 100) == "M1 20v-6M639 20v-6"
    assert ticks_path([0] * 100 + [100], 100) == "M1 20v-14M639 20v-6"
    assert ticks_path([], 100) == ticks_path([1], 0) == ""


def test_ticks_of_a_log_axis_are_round() -> None:
    assert nice_ticks(80, 1_200) == [100, 200, 500, 1_000]
    assert nice_ticks(1, 1e6) == [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
    assert nice_ticks(0, 5) == []


# ---- distributions, trends, coverage -------------------------------------------------------------


def test_runs_of_a_driver_are_one_distribution_and_the_worst_driver_comes_first() -> None:
    runs = [
        nights.result("A", histograms=[nights.histogram(count=6_000, centre=100)]),
        nights.result("A", "b", histograms=[nights.histogram(seed=2, count=6_000, centre=100)]),
        nights.result("B", histograms=[nights.histogram(count=500, centre=900)]),
        nights.result("B", clock="realtime", histograms=[nights.histogram(count=10)]),
    ]
    found = distributions_of(nights.night_of(runs))
    virtual, realtime = found.charts
    assert (virtual.clock, realtime.clock) == ("virtual time", "real time")
    assert [(c.driver, c.count) for c in virtual.curves] == [("B", 500), ("A", 12_000)]
    whole = decode(runs[0].histograms[0])
    assert whole is not None
    whole.add(decode(runs[1].histograms[0]))
    assert virtual.curves[1].cells[1] == figure(whole.get_value_at_percentile(90))
    # 500 values have none beyond p99.9, and its line ends before.
    assert virtual.curves[0].cells[3:] == ("\N{EN DASH}", "\N{EN DASH}")
    assert virtual.curves[0].path.count("L") < virtual.curves[1].path.count("L") == 40
    assert [label for _, label in virtual.x_ticks] == ["p50", "p90", "p99", "p99.9", "p99.99"]


@pytest.mark.parametrize("order", [1, -1])
def test_histograms_of_different_ranges_and_digits_are_put_together(order: int) -> None:
    narrow, wide = HdrHistogram(1, 1_000, 1), HdrHistogram(1, 60_000_000, 3)
    narrow.record_value(500, 3)
    wide.record_value(50_000_000)
    told = [
        Histogram(name="latency", unit="us", encoded=h.encode().decode()) for h in (narrow, wide)
    ][::order]
    (chart,) = distributions_of(nights.night_of([nights.result(histograms=told)])).charts
    (curve,) = chart.curves
    assert curve.count == 4
    assert float(curve.greatest.replace(",", "")) == pytest.approx(50_000_000, rel=0.01)


@pytest.mark.parametrize("encoded", ["", "HISTFAAA", "<script>", "\u00e4", "A" * 400])
def test_what_is_no_histogram_is_counted_and_left_out(encoded: str) -> None:
    broken = Histogram(name="latency", unit="us", encoded=encoded)
    assert decode(broken) is None
    runs = [nights.result(histograms=[broken, nights.histogram()])]
    found = distributions_of(nights.night_of(runs))
    assert (found.unreadable, len(found.charts)) == (1, 1)
    assert distributions_of(nights.night_of([nights.result(histograms=[broken])])).charts == ()


def test_what_changed_is_the_first_of_the_trends() -> None:
    runs = [nights.result(scenario=f"s{at}") for at in range(60)]
    trends = [nights.trend_of(run, "frames-lost", [0, 0, 1]) for run in runs]
    trends[30] = trends[30].model_copy(update={"since": [nights.TONIGHT]})
    night = nights.night_of(runs, trends=trends, changes=[change_of(runs[50])])
    found = trends_of(night)
    assert [view.trend.scenario for view in found.views[:3]] == ["s50", "s30", "s0"]
    assert (len(found.views), found.more, found.nights) == (48, 12, 3)
    assert trends_of(nights.night_of([], trends=[Trend(
        key="k", driver="d", scenario="s", measurement="m")])).views[0].tonight is None  # fmt: skip


def test_what_nobody_asked_comes_first_in_the_heat_map() -> None:
    night = nights.night_of(
        [],
        coverage=[
            Coverage(driver="A", what="x", asked={"Often": 9_000, "Once": 1}, never=["Never"]),
            Coverage(driver="B", what="x", asked={"Once": 40, "Zero": 0}, never=["Often"]),
        ],
    )
    (found,) = maps_of(night)
    assert found.drivers == ("A", "B")
    assert found.asked == ("2 of 3", "1 of 3")
    cells = {name: [(c.text, c.heat) for c in row] for name, row in found.rows}
    assert list(cells) == ["Never", "Often", "Zero", "Once"]
    assert cells["Often"] == [("9,000", 3), ("never", 0)]
    assert cells["Never"] == [("never", 0), ("", -1)]
    assert cells["Once"] == [("1", 1), ("40", 2)]


# ---- the table -----------------------------------------------------------------------------------


def test_the_table_holds_every_measurement_with_limit_and_margin() -> None:
    run = nights.result(lost=3)
    told, left_out = results_json([run], shown=[run.id])
    data = json.loads(told)
    (row,) = data["rows"]
    assert left_out == ""
    assert row[0] == run.id
    assert data["verdicts"][row[1]] == "fail"
    assert row[9] == 1
    rows = {data["names"][m[0]]: m[1:] for m in row[10]}
    lost = rows["frames-lost\tframes"]
    assert lost[0] == "3"
    assert data["limits"][lost[1]] == "≤ 0\xa0frames"
    assert lost[2] == "3\xa0frames over"
    assert data["verdicts"][lost[3]] == "fail"
    assert rows["latency-p99\tµs"][2].endswith("(close below 10 %)")
    assert len(rows["cycles\t"]) == 1


def test_a_table_without_room_leaves_out_what_passed_first() -> None:
    runs = [nights.result(scenario=f"s{at}", lost=at % 2) for at in range(40)]
    whole, _ = results_json(runs)
    told, left_out = results_json(runs, budget=len(whole) - 1)
    assert left_out.startswith("Measurements of runs that passed")
    by_id = {row[0]: row for row in json.loads(told)["rows"]}
    assert len(by_id) == 40
    assert all(bool(by_id[run.id][10]) == (run.verdict is Verdict.FAIL) for run in runs)
    told, left_out = results_json(runs, budget=4_000)
    assert len(told) <= 4_000
    assert "of 40 results" in left_out
    assert {row[1] for row in json.loads(told)["rows"]} == {0}


def test_half_a_command_is_not_shown() -> None:
    told, _ = results_json([nights.result(command="a  'b  c' " + "x" * 3_000)])
    assert json.loads(told)["rows"][0][8] == ""
    told, _ = results_json([nights.result(command="a  'b  c'")])
    assert json.loads(told)["rows"][0][8] == "a  'b  c'"


def test_numbers_are_finite_in_all_that_is_drawn(tmp_path: Path) -> None:
    from lab.report.page import build_page

    page = build_page(nights.planted_night(tmp_path), tmp_path)
    assert not [word for word in ("nan", "inf") if f'"{word}' in page or f" {word} " in page]


@pytest.mark.parametrize(
    ("unit", "least", "told"),
    [
        ("ns", 21, ("ns", 1)),
        ("ns", 1_000, ("us", 1_000)),
        ("ns", 450_000, ("us", 1_000)),
        ("ns", 2e6, ("ms", 1e6)),
        ("us", 999, ("us", 1)),
        ("us", 5_000, ("ms", 1_000)),
        ("frames", 1e9, ("frames", 1)),
    ],
)
def test_figures_are_told_in_a_unit_that_leaves_them_short(
    unit: str, least: float, told: tuple[str, float]
) -> None:
    assert readable(unit, least) == told
