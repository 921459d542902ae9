"""What broke, and since when: a night against the nights before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.history.history import History
from lab.history.told import keep_told
from lab.night.judge import Judgement, confirmed_changes, judge_night, measured, with_company
from lab.night.record import Change
from lab.results import DriverIdentity, HostFitness, Measurement, Result, Verdict, judge
from tests.support.fitness import fitness

FIT = fitness()
UNFIT = fitness("wakes 20000 us late")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path) as opened:
        yield opened


def night(number: int) -> str:
    return (date(2026, 1, 1) + timedelta(days=number)).isoformat()


def run(lost: float = 0, *, build: str = "a", **more: Any) -> Result:
    """A run in virtual time."""
    rows = [Measurement(name="frames-lost", value=lost, unit="frames", limit=0)]
    verdict, reason = judge(rows)
    return Result.model_validate(
        {
            "scenario": "play",
            "driver": DriverIdentity(path="/x/My.driver", sha256=build * 64),
            "command": "hal-lab play",
            "audio_s": 5.0,
            "measurements": rows,
            "verdict": verdict,
            "reason": reason,
            **more,
        }
    )


def timed(p99_us: float, *, fitness: HostFitness = FIT, scenario: str = "late") -> Result:
    """A run in real time."""
    rows = [Measurement(name="latency-p99", value=p99_us, unit="us", wall_clock=True)]
    return run(
        scenario=scenario,
        clock="realtime",
        measurements=rows,
        verdict=Verdict.PASS,
        reason="",
        fitness=fitness,
    )


def changes_of(history: History, number: int, *results: Result) -> list[Change]:
    return judged_night(history, number, *results).changes


def judged_night(history: History, number: int, *results: Result) -> Judgement:
    history.refresh()
    return judge_night(history, night(number), results)


def test_the_first_night_has_nothing_to_be_held_against(history: History) -> None:
    judged = judged_night(history, 0, run(3), timed(400))
    assert (judged.changes, judged.suspects, judged.trends) == ([], [], [])


def test_a_run_that_fails_now_is_told_with_the_night_since_when_and_how_to_make_it_again(
    history: History,
) -> None:
    for n in range(10):
        history.store.write(night(n), [run()])
    [tonight] = changes_of(history, 10, run(480, build="b"))
    assert (tonight.measurement, tonight.since, tonight.nights) == ("verdict", night(10), 1)
    assert tonight.is_worse
    assert tonight.driver_changed
    assert "frames-lost 480 frames" in tonight.sentence
    assert night(9) in tonight.sentence
    assert tonight.command == "hal-lab play"
    # It is told for as long as it stands, with the night on which it began.
    history.store.write(night(10), [run(480, build="b")])
    history.store.write(night(11), [run(480, build="b")])
    [later] = changes_of(history, 12, run(480, build="b"))
    assert (later.since, later.nights) == (night(10), 3)
    assert later.driver_changed
    # Nights that say nothing do not end it.
    history.store.write(night(12), [run(0, verdict=Verdict.UNFIT_MACHINE)])
    history.store.write(night(13), [run(0, verdict=Verdict.SKIPPED)])
    [still] = changes_of(history, 14, run(480, build="b"))
    assert (still.since, still.nights) == (night(10), 3)


def test_a_run_that_passes_again_is_told_once(history: History) -> None:
    for n in range(5):
        history.store.write(night(n), [run(0 if n < 3 else 7)])
    [better] = changes_of(history, 5, run())
    assert not better.is_worse
    assert better.since == night(5)
    history.store.write(night(5), [run()])
    assert changes_of(history, 6, run()) == []


def test_a_run_that_has_always_failed_has_not_changed(history: History) -> None:
    for n in range(5):
        history.store.write(night(n), [run(7)])
    assert changes_of(history, 5, run(7)) == []


def test_an_exact_count_that_is_another_one_needs_no_statistics(history: History) -> None:
    def passing(count: int) -> Result:
        return run(
            measurements=[Measurement(name="late-cycles", value=count, kind="count")],
            verdict=Verdict.PASS,
            reason="",
        )

    for n in range(3):
        history.store.write(night(n), [passing(2)])
    [change] = changes_of(history, 3, passing(5))
    assert (change.before, change.after, change.p_value) == (2, 5, None)
    assert change.is_worse
    assert "late cycles 2 -> 5" in change.sentence
    history.store.write(night(3), [passing(5)])
    [later] = changes_of(history, 4, passing(5))
    assert (later.since, later.nights) == (night(3), 2)


def test_how_much_was_done_is_no_quality(history: History) -> None:
    done = Measurement(name="frames-sent", value=1, unit="frames")
    assert [m.name for m in measured(run(measurements=[done]))] == ["glitches"]
    history.store.write(night(0), [run(measurements=[done])])
    more = done.model_copy(update={"value": 2})
    assert changes_of(history, 1, run(measurements=[more])) == []


def test_a_latency_that_grew_is_a_suspect_and_told_when_it_comes_again(history: History) -> None:
    rng = np.random.default_rng(1)
    for n in range(100):
        history.store.write(night(n), [timed(400 + rng.normal(0, 8))])
    for n in range(100, 104):
        history.store.write(night(n), [timed(480 + rng.normal(0, 8))])
    judged = judged_night(history, 104, timed(482))
    assert judged.changes == []
    [suspect] = judged.suspects
    assert suspect.measurement.name == "latency-p99"
    times = suspect.change.reruns
    assert times > 0

    def again(values: float) -> dict[str, list[Result]]:
        key = suspect.result.key
        return {key: [timed(values + n) for n in range(times)]}

    [change] = confirmed_changes([suspect], again(481))
    assert change.confirmed
    assert change.is_worse
    assert abs(date.fromisoformat(change.since) - date.fromisoformat(night(100))).days <= 1
    assert change.unit == "us"
    # What was told stays told while it stands, without being made again; then it is over.
    history.store.write(night(104), [timed(482)])
    keep_told(history.store, night(104), [change])
    later = judged_night(history, 105, timed(479))
    assert later.suspects == []
    [standing] = later.changes
    assert (standing.since, standing.is_worse) == (change.since, True)
    assert standing.nights in {6, 7}
    assert judged_night(history, 105, timed(401)).changes == []
    # Made again, it is as before: nothing is told. Nor when it was not made again.
    assert confirmed_changes([suspect], again(400)) == []
    assert confirmed_changes([suspect], {}) == []


def test_a_machine_that_became_slow_is_not_many_regressions() -> None:
    def slower(scenario: str, *, wall_clock: bool = True, after: float = 480.0) -> Change:
        return Change(
            key=scenario,
            driver="My",
            scenario=scenario,
            measurement="latency-p99",
            before=400.0,
            after=after,
            since=night(3),
            sentence="latency p99 400 -> 480 us",
            wall_clock=wall_clock,
        )

    nights = [night(n) for n in range(6)]
    new = [slower("a"), slower("b"), slower("c", wall_clock=False), slower("d", after=300.0)]
    made = with_company(new, [slower("e")], nights)
    assert [change.shared_with for change in made] == [2, 2, 0, 0]
    assert made[0].sentence.endswith("so did 2 others: look at the machine first")
    assert made[2].sentence == "latency p99 400 -> 480 us"


def test_a_machine_that_is_unfit_tonight_judges_no_time(history: History) -> None:
    rng = np.random.default_rng(1)
    for n in range(60):
        history.store.write(night(n), [timed(400 + rng.normal(0, 8))])
    judged = judged_night(history, 60, timed(4_000, fitness=UNFIT))
    assert (judged.changes, judged.suspects) == ([], [])


def test_a_trend_has_its_last_nights_with_tonight_and_gaps_where_nothing_was_judged(
    history: History,
) -> None:
    for n in range(70):
        history.store.write(night(n), [run(), timed(400 + n, fitness=UNFIT if n == 68 else FIT)])
    trends = {t.measurement: t for t in judged_night(history, 70, run(1), timed(400)).trends}
    assert trends["latency-p99"].values[-4:] == [467, None, 469, 400]
    assert set(trends) == {"frames-lost", "latency-p99"}  # what never changed is not drawn
    lost = trends["frames-lost"]
    assert (lost.nights[0], lost.nights[-1]) == (night(10), night(70))
    assert lost.values == [0.0] * 60 + [1.0]
    assert lost.limit == 0
    assert lost.since == [night(70)]


def test_runs_that_were_made_to_confirm_are_no_nights_of_their_own(history: History) -> None:
    history.store.write(night(0), [run(), run(9, attempt=1)])
    assert changes_of(history, 1, run()) == []
