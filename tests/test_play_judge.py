"""From what happened to a verdict: the same facts with one thing wrong at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.host.models import Device, Plugin
from lab.measure.fitness import Fitness
from lab.measure.trace import CycleFlag
from lab.play.judge import judge_play
from lab.play.settings import PlayFacts, PlaySettings
from lab.results import Result, Verdict
from lab.signals.noise import noise
from lab.transport.recording import ARRIVAL
from tests.support.fake_daemon import DEVICE
from tests.support.fake_trace import PERIOD_NS, records

CYCLES = 50
SOURCE = noise(CYCLES * 480, seed=4)
FIT = Fitness(100, 60, 200, 0.1, 0.5, True, 2)


def arrivals(lateness_ns: int = 200_000) -> Any:
    rows = np.zeros(CYCLES, dtype=ARRIVAL)
    woke = records(CYCLES)["woke_ns"].astype(np.int64)
    rows["recorded_frame"] = rows["first_frame"] = np.arange(CYCLES) * 480
    rows["frames"] = 480
    rows["host_ns"] = woke
    rows["output_ns"] = woke + PERIOD_NS
    rows["arrival_ns"] = woke + lateness_ns
    return rows


def facts(**changes: Any) -> PlayFacts:
    made = PlayFacts(
        device=Device.model_validate(DEVICE),
        plugin=Plugin(plugin=0, path=str(Path(__file__)), devices=[0]),
        far_end="shared memory",
        layout="v2",
        source=SOURCE,
        recorded=SOURCE.copy(),
        position_frames=len(SOURCE) + 960,
        arrivals=arrivals(),
        records=records(CYCLES),
        ring_frames=65_536,
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def judged(made: PlayFacts, clock: str = "realtime", tmp: Path = Path("/nowhere")) -> Result:
    settings = PlaySettings(
        file=Path("song.wav"),
        folder=tmp,
        shm_name="/x",
        clock="virtual" if clock == "virtual" else "realtime",
    )
    fitness = FIT if clock == "realtime" else None
    return judge_play(settings, made, fitness=fitness, duration_s=1.0)


def test_a_whole_recording_passes_with_its_figures() -> None:
    result = judged(facts())
    assert result.verdict is Verdict.PASS
    assert result.value_of("frames-sent") == result.value_of("frames-received") == len(SOURCE)
    for name in ("lost", "duplicated", "reordered", "inserted"):
        assert result.value_of(f"frames-{name}") == 0
    assert result.value_of("latency-p50") == 200
    assert result.value_of("late-cycles") == 0
    assert result.value_of("underruns-of-a-40-ms-player") == 0
    assert result.driver is not None
    assert len(result.driver.sha256) == 64


def test_frames_that_the_driver_dropped_fail_it_at_any_clock() -> None:
    recorded = np.delete(SOURCE, slice(4_800, 4_810), axis=0)
    for clock in ("virtual", "realtime"):
        result = judged(facts(recorded=recorded), clock)
        assert result.verdict is Verdict.FAIL
        assert result.value_of("frames-lost") == 10
        assert "frames-lost 10 frames" in result.reason
        assert (result.glitches[0].kind, result.glitches[0].cause) == ("lost", "unknown")


def test_frames_that_a_late_reader_lost_do_not() -> None:
    rows = arrivals()
    rows["lost"][10], rows["away_ns"][10] = 480, 2_000_000_000
    rows["recorded_frame"][10:] -= 480
    recorded = np.delete(SOURCE, slice(4_320, 4_800), axis=0)
    rows["recorded_frame"][10] = 4_320
    result = judged(facts(recorded=recorded, arrivals=rows))
    assert result.verdict is Verdict.UNFIT_MACHINE
    assert "stayed away for longer than the ring holds" in result.reason
    assert result.glitches[0].cause == "reader-late"


def test_frames_missing_at_the_ends_are_lost_too() -> None:
    result = judged(facts(recorded=SOURCE[100:-200]), "virtual")
    assert result.value_of("frames-lost") == 300
    assert [glitch.frames for glitch in result.glitches] == [100, 200]


def test_frames_under_way_when_it_was_cut_short_are_not_lost() -> None:
    result = judged(facts(recorded=SOURCE[:-480], interrupted=True), "virtual")
    assert result.value_of("frames-lost") == 0
    assert result.value_of("frames-under-way") == 480
    assert result.verdict is Verdict.MARGINAL
    assert "stopped before the end" in result.reason
    # More than two cycles hold cannot be under way.
    result = judged(facts(recorded=SOURCE[:-1_000], interrupted=True), "virtual")
    assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        (CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE, "machine"),
        (CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET, "driver-over-budget"),
    ],
)
def test_a_late_cycle_has_a_row_and_a_glitch_with_its_cause(flags: CycleFlag, cause: str) -> None:
    made = records(CYCLES)
    made["flags"][20] = flags
    result = judged(facts(records=made))
    assert result.value_of("late-cycles") == 1
    assert result.value_of(f"late-cycles-by-{cause}") == 1
    (glitch,) = result.glitches
    assert (glitch.kind, glitch.cause, glitch.position_frame) == ("late-cycle", cause, 20 * 480)


def test_an_underrun_has_a_cause() -> None:
    rows = arrivals()
    rows["arrival_ns"][30:] += 60_000_000
    result = judged(facts(arrivals=rows))
    assert result.value_of("underruns-of-a-40-ms-player") > 0
    assert {glitch.cause for glitch in result.glitches} == {"reader-wake"}
    # A reader that comes late and loses nothing is no fault of the driver, and no failure.
    assert result.verdict is Verdict.PASS


def test_v1_takes_its_latency_from_the_trace() -> None:
    rows = arrivals(lateness_ns=300_000)
    rows["host_ns"] = rows["output_ns"] = -1
    assert judged(facts(layout="v1", arrivals=rows)).value_of("latency-p50") == 300


def test_a_driver_that_nobody_can_listen_to_is_not_judged() -> None:
    nothing = np.empty((0, 2), dtype=np.float32)
    result = judged(facts(far_end="none", recorded=nothing, layout=None), "virtual")
    assert result.verdict is Verdict.SKIPPED
    assert "nobody knows how to listen" in result.reason


def test_a_silent_file_is_told_not_judged() -> None:
    silence = np.zeros_like(SOURCE)
    result = judged(facts(source=silence, recorded=silence), "virtual")
    assert result.verdict is not Verdict.PASS
    assert result.reason
