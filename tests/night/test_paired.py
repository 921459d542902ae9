"""Paired runs of a night: the machine cancels, the driver does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from lab.errors import LabError, MissingError
from lab.history.history import History
from lab.night.cases.base import Place, Subject
from lab.night.cases.paired import PairedCase, perform_paired
from lab.night.judge import judge_night, measured
from lab.night.paired import PairedRun, paired_histograms, paired_measurements
from lab.results import DriverIdentity, Result, Verdict
from lab.statistics.latency import decode
from tests.support.fitness import fitness

pytest.importorskip("scipy")

NULL_NS = 6_000
MINE_NS = 10_000
CYCLES = 400


def one(rng: np.random.Generator, ns: float, *, reader: bool = False) -> PairedRun:
    """A run whose cycles take about so long, with a stall in one of a hundred."""
    cycles = ns * rng.lognormal(0, 0.2, CYCLES)
    cycles[rng.random(CYCLES) < 0.01] += 5e6
    latency = rng.integers(20_000, 60_000, CYCLES if reader else 0)
    return PairedRun(cycles.astype(np.int64), rng.integers(0, 90, CYCLES), latency)


def a_night(
    seed: int, *, machine: float = 1.0, driver: float = 1.0, rounds: int = 8
) -> tuple[list[PairedRun], list[PairedRun]]:
    """References and drivers; the machine's speed moves on a little from run to run."""
    rng = np.random.default_rng(seed)
    speed = machine * rng.lognormal(0, 0.03, 2 * rounds + 1)
    references = [one(rng, NULL_NS * speed[2 * n]) for n in range(rounds + 1)]
    drivers = [one(rng, MINE_NS * driver * speed[2 * n + 1], reader=True) for n in range(rounds)]
    return references, drivers


def result(
    seed: int, *, machine: float = 1.0, driver: float = 1.0, reasons: Sequence[str] = ()
) -> Result:
    return Result(
        scenario="paired",
        parameters={"reference": "Null"},
        driver=DriverIdentity(path="/x/Mine.driver", sha256="a" * 64),
        clock="realtime",
        audio_s=32.0,
        fitness=fitness(*reasons),
        measurements=paired_measurements(*a_night(seed, machine=machine, driver=driver)),
    )


def values(seed: int, *, machine: float = 1.0, driver: float = 1.0) -> dict[str, float]:
    rows = result(seed, machine=machine, driver=driver).measurements
    assert {row.name for row in rows if not row.wall_clock} == {"rounds", "driver-time-ratio"}
    assert all(row.limit is None for row in rows)
    return {row.name: row.value for row in rows}


def test_a_machine_that_is_twice_as_slow_moves_the_times_and_not_the_ratio() -> None:
    before, slow = values(1), values(2, machine=2.0)
    assert slow["driver-time-p50"] == pytest.approx(2 * before["driver-time-p50"], rel=0.1)
    assert slow["reference-time-p50"] == pytest.approx(2 * before["reference-time-p50"], rel=0.1)
    assert slow["driver-time-ratio-low"] < MINE_NS / NULL_NS < slow["driver-time-ratio-high"]
    assert slow["driver-time-ratio"] == pytest.approx(before["driver-time-ratio"], rel=0.04)


def test_a_driver_that_is_a_fifth_slower_is_seen_on_any_machine() -> None:
    before = values(1)
    for machine in (0.5, 1.0, 2.0):
        slower = values(3, machine=machine, driver=1.2)
        assert slower["driver-time-ratio"] == pytest.approx(1.2 * MINE_NS / NULL_NS, rel=0.04)
        assert slower["driver-time-ratio-low"] > before["driver-time-ratio-high"]


def test_what_the_driver_adds_has_an_interval_around_it() -> None:
    found = values(4)
    assert found["own-driver-time-low"] < found["own-driver-time-p50"]
    assert found["own-driver-time-p50"] < found["own-driver-time-high"]
    assert found["own-driver-time-p50"] == pytest.approx((MINE_NS - NULL_NS) / 1e3, rel=0.1)
    assert found["driver-time-ratio-confidence"] >= 95


def test_what_the_machine_did_is_told_with_it() -> None:
    calm, moody = values(1), a_night(1)
    references, drivers = moody
    references[3] = PairedRun(references[3].driver_ns * 5, *_rest(references[3]))
    found = {row.name: row.value for row in paired_measurements(references, drivers)}
    assert found["machine-slowest-over-fastest"] > 4 > calm["machine-slowest-over-fastest"]
    # One stalled run of many does not move the ratio by much.
    assert found["driver-time-ratio"] == pytest.approx(calm["driver-time-ratio"], rel=0.03)


def _rest(run: PairedRun) -> tuple[np.ndarray, np.ndarray]:
    return run.wake_ns, run.latency_ns


def test_a_driver_without_a_reader_has_no_latency_and_the_distributions_are_of_all_runs() -> None:
    references, drivers = a_night(5)
    told = {h.name: decode(h).total for h in paired_histograms(references, drivers)}
    assert told == {
        "latency": 8 * CYCLES,
        "wake-up-error": 8 * CYCLES,
        "driver-time-per-cycle": 8 * CYCLES,
        "reference-time-per-cycle": 9 * CYCLES,
    }
    deaf = [PairedRun(run.driver_ns, run.wake_ns, run.latency_ns[:0]) for run in drivers]
    assert "latency" not in {h.name for h in paired_histograms(references, deaf)}
    assert "latency-p50" not in {row.name for row in paired_measurements(references, deaf)}


@pytest.mark.parametrize(("references", "drivers"), [(1, 0), (2, 2), (0, 0), (3, 1)])
def test_runs_that_do_not_alternate_are_one_line(references: int, drivers: int) -> None:
    run = one(np.random.default_rng(1), NULL_NS)
    with pytest.raises(LabError, match=rf"{drivers} runs of the driver between {references} of"):
        paired_measurements([run] * references, [run] * drivers)


def test_from_night_to_night_the_ratio_is_followed_and_no_figure_with_the_machine_in_it(
    tmp_path: Path,
) -> None:
    assert [row.name for row in measured(result(1))] == ["driver-time-ratio"]

    def night(number: int) -> str:
        return (date(2026, 1, 1) + timedelta(days=number)).isoformat()

    with History(tmp_path) as history:
        for n in range(60):
            history.store.write(night(n), [result(100 + n)])
        history.refresh()
        slow_machine = judge_night(history, night(60), [result(1, machine=2.0)])
        assert (slow_machine.changes, slow_machine.suspects) == ([], [])
        slow_driver = judge_night(history, night(60), [result(1, driver=1.2)])
        [suspect] = slow_driver.suspects
        assert (suspect.measurement.name, suspect.change.worse) == ("driver-time-ratio", True)


def test_the_ratio_is_followed_on_machines_that_can_judge_no_time(tmp_path: Path) -> None:
    """Nights on which every other figure of the wall clock is left out."""
    unfit = ["wakes 9000 us late (p99)"]

    def night(number: int) -> str:
        return (date(2026, 1, 1) + timedelta(days=number)).isoformat()

    with History(tmp_path) as history:
        for n in range(60):
            history.store.write(night(n), [result(100 + n, reasons=unfit)])
        history.refresh()
        found = judge_night(history, night(60), [result(1, driver=1.2, reasons=unfit)])
        assert [suspect.measurement.name for suspect in found.suspects] == ["driver-time-ratio"]
        [trend] = found.trends
        assert None not in trend.values


# ---- with drivers --------------------------------------------------------------------------------


def case(bundle: str, reference: str = "Null", **environment: str) -> PairedCase:
    return PairedCase(
        subject=Subject("Mine", bundle, environment),
        reference=Subject(reference, reference),
        seconds=0.3,
        rounds=2,
    )


@pytest.mark.native
@pytest.mark.realtime
def test_real_drivers_give_figures_that_are_finite(tmp_path: Path) -> None:
    found = perform_paired(case("GeckoAudioDevice"), Place(tmp_path, "x"))
    assert (found.verdict, found.reason) == (Verdict.PASS, "")
    assert found.parameters["reference"] == "Null"
    assert all(math.isfinite(row.value) for row in found.measurements)
    assert found.value_of("rounds") == 2
    assert found.value_of("driver-time-ratio") > 0
    assert found.value_of("latency-p50") > 0
    assert found.fitness is not None
    assert {h.name for h in found.histograms} >= {"latency", "reference-time-per-cycle"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.native
def test_a_night_that_is_stopped_has_no_half_of_a_paired_run(tmp_path: Path) -> None:
    found = perform_paired(case("GeckoAudioDevice"), Place(tmp_path, "x", lambda: True))
    assert (found.verdict, found.reason) == (Verdict.SKIPPED, "stopped before the end")
    assert found.measurements == []


@pytest.mark.native
def test_a_reference_that_is_not_here_is_no_fault_of_the_driver(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="Nowhere"):
        perform_paired(case("GeckoAudioDevice", "Nowhere"), Place(tmp_path, "x"))


@pytest.mark.native
@pytest.mark.parametrize(
    ("is_driver", "verdict", "fault"),
    [
        (True, Verdict.FAIL, "crash:DoIOOperation:5"),
        (False, Verdict.SKIPPED, "crash:DoIOOperation:5"),
        (False, Verdict.SKIPPED, "crash:Initialize"),
    ],
)
def test_a_crash_is_held_against_the_driver_and_not_against_it_when_the_reference_crashed(
    tmp_path: Path, *, is_driver: bool, verdict: Verdict, fault: str
) -> None:
    crashes = Subject("Crashes", "Loop", {"LOOP_FAULT": fault})
    good = Subject("Null", "Null")
    chosen = PairedCase(
        subject=crashes if is_driver else good,
        reference=good if is_driver else crashes,
        seconds=0.3,
        rounds=1,
    )
    found = perform_paired(chosen, Place(tmp_path, "x"))
    assert found.verdict is verdict
    assert found.reason.startswith("the reference Crashes: ") is not is_driver
