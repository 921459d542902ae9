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
UNFIT = Fitness(100, 60, 20_000, 0.1, 0.5, True, 2)


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


def judged(made: PlayFacts, clock: str = "realtime", fitness: Fitness = FIT) -> Result:
    settings = PlaySettings(
        file=Path("song.wav"),
        folder=Path("/nowhere"),
        shm_name="/x",
        clock="virtual" if clock == "virtual" else "realtime",
    )
    probed = fitness if clock == "realtime" else None
    return judge_play(settings, made, fitness=probed, duration_s=1.0)


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
        assert (result.glitches[0].kind, result.glitches[0].cause) == ("lost", "driver-logic")


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
    # The blocks of cycle 31 and later do not come: what a player of 40 ms had lasts until 34.
    assert result.glitches[0].cycle == 34
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


SILENCE = np.zeros_like(SOURCE)


def test_a_silent_file_is_told_not_judged() -> None:
    result = judged(facts(source=SILENCE, recorded=SILENCE), "virtual")
    assert result.verdict is Verdict.SKIPPED
    assert "the file is silent" in result.reason
    assert result.value_of("frames-lost") == 0
    assert result.glitches == []


def test_noise_in_a_silent_file_is_the_drivers() -> None:
    noisy = SILENCE.copy()
    noisy[5_000:5_480] = SOURCE[:480]
    result = judged(facts(source=SILENCE, recorded=noisy), "virtual")
    assert result.verdict is Verdict.FAIL
    assert result.value_of("frames-inserted") == 480


# 1 kHz at 48 kHz: every frame occurs again 48 frames later.
TONE = np.tile(SOURCE[:48], (len(SOURCE) // 48, 1))


def test_a_tone_that_arrives_whole_passes() -> None:
    heard = np.concatenate([TONE, SILENCE[:960]])
    result = judged(facts(source=TONE, recorded=heard), "virtual")
    assert (result.verdict, result.reason) == (Verdict.PASS, "")
    assert result.value_of("frames-received") == len(TONE)


@pytest.mark.parametrize("lost", [10, 480])
def test_a_tone_with_a_hole_fails(lost: int) -> None:
    heard = np.concatenate([np.delete(TONE, slice(4_800, 4_800 + lost), axis=0), SILENCE[:960]])
    result = judged(facts(source=TONE, recorded=heard), "virtual")
    assert result.verdict is Verdict.FAIL
    assert result.value_of("frames-lost") == lost
    assert "the file repeats itself" in result.reason


def test_a_tone_that_a_late_reader_lost_is_not_the_drivers() -> None:
    rows = arrivals()
    rows["lost"][10], rows["away_ns"][10] = 480, 2_000_000_000
    rows["recorded_frame"][10:] -= 480
    rows["recorded_frame"][10] = 4_320
    heard = np.concatenate([TONE[480:], SILENCE[:960]])
    result = judged(facts(source=TONE, recorded=heard, arrivals=rows))
    assert result.verdict is Verdict.UNFIT_MACHINE
    assert result.glitches[0].cause == "reader-late"


def test_exchanged_blocks_are_one_glitch_of_that_kind() -> None:
    blocks = SOURCE.reshape(CYCLES, 480, 2)
    order = [*range(10), 11, 10, *range(12, CYCLES)]
    result = judged(facts(recorded=blocks[order].reshape(-1, 2)), "virtual")
    assert result.value_of("frames-reordered") == 480
    assert [(glitch.kind, glitch.frames) for glitch in result.glitches] == [("reorder", 480)]


def test_each_hole_is_blamed_on_the_cycle_that_played_it() -> None:
    """A missing head shifts the recording against the cycles; later holes do not move the head."""
    made = records(CYCLES)
    made["flags"][[0, 20]] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    hole = slice(20 * 480, 21 * 480)
    recorded = np.delete(SOURCE, hole, axis=0)[480:]
    result = judged(facts(recorded=recorded, records=made), "virtual")
    holes = [glitch for glitch in result.glitches if glitch.kind == "lost"]
    assert [(glitch.position_frame, glitch.cause, glitch.cycle) for glitch in holes] == [
        (0, "machine", 1),
        (19 * 480, "machine", 21),
    ]


def test_what_was_inserted_moves_the_place_of_the_missing_tail() -> None:
    recorded = np.concatenate([SOURCE[:4_800], noise(480, seed=9), SOURCE[4_800:-480]])
    result = judged(facts(recorded=recorded), "virtual")
    assert [(glitch.kind, glitch.position_frame) for glitch in result.glitches] == [
        ("inserted", 4_800),
        ("lost", len(SOURCE)),
    ]


def test_cycles_that_the_trace_no_longer_holds_shift_no_blame() -> None:
    made = records(CYCLES)[10:]
    made["flags"][10] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    recorded = np.delete(SOURCE, slice(20 * 480, 21 * 480), axis=0)
    result = judged(facts(recorded=recorded, records=made, untraced_frames=4_800))
    assert result.value_of("frames-not-in-the-trace") == 4_800
    lost, late = result.glitches
    assert (lost.kind, lost.cause) == ("lost", "machine")
    assert (late.kind, late.position_frame) == ("late-cycle", 20 * 480)
    assert lost.cycle == late.cycle == int(made["cycle"][10])
    # What lies before the trace is nobody's.
    recorded = np.delete(SOURCE, slice(4_320, 4_330), axis=0)
    result = judged(facts(recorded=recorded, records=made, untraced_frames=4_800), "virtual")
    assert (result.glitches[0].cause, result.glitches[0].cycle) == ("unknown", -1)


def test_v1_takes_no_latency_from_cycles_that_are_gone() -> None:
    rows = arrivals(lateness_ns=300_000)
    rows["host_ns"] = rows["output_ns"] = -1
    made = facts(layout="v1", arrivals=rows, records=records(CYCLES)[10:], untraced_frames=4_800)
    result = judged(made)
    assert result.value_of("latency-p50") == result.value_of("latency-max") == 300


def test_a_reader_of_v1_that_was_away_too_long_is_to_blame_for_a_hole() -> None:
    rows = arrivals()
    rows["host_ns"] = -1
    rows["recorded_frame"][11:] -= 480
    rows["away_ns"][11] = 2_000_000_000
    recorded = np.delete(SOURCE, slice(4_800, 5_280), axis=0)
    result = judged(facts(layout="v1", arrivals=rows, recorded=recorded))
    assert result.glitches[0].cause == "reader-late"
    assert result.verdict is Verdict.UNFIT_MACHINE


DRIVERS_FAULTS = [
    (CycleFlag.DRIVER_ERROR, "driver-error"),
    (CycleFlag.TIMESTAMP_JUMP, "timestamp-jump"),
]


@pytest.mark.parametrize("clock", ["virtual", "realtime"])
@pytest.mark.parametrize(("flags", "cause"), DRIVERS_FAULTS)
def test_one_error_or_jump_of_the_driver_fails_it_at_any_clock(
    flags: CycleFlag, cause: str, clock: str
) -> None:
    made = records(CYCLES)
    made["flags"][20] = flags
    # A machine that is late elsewhere does not excuse it.
    made["flags"][30] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    result = judged(facts(records=made), clock)
    assert result.verdict is Verdict.FAIL
    assert f"late-cycles-by-{cause} 1" in result.reason


def test_a_driver_that_takes_too_long_every_tenth_time_fails_on_a_fit_machine() -> None:
    made = records(CYCLES)
    made["flags"][::10] = CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET
    result = judged(facts(records=made))
    assert result.verdict is Verdict.FAIL
    assert "late-cycles-by-driver-over-budget 5, limit <= 2" in result.reason
    # A machine that is late now and then does not excuse it, one that is as often does.
    made["flags"][5] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    assert judged(facts(records=made)).verdict is Verdict.FAIL
    made["flags"][5::10] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    result = judged(facts(records=made))
    assert result.verdict is Verdict.UNFIT_MACHINE
    assert "ran the IO thread late" in result.reason


def test_on_a_machine_that_is_not_fit_nobody_takes_too_long() -> None:
    made = records(CYCLES)
    made["flags"][::10] = CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET
    result = judged(facts(records=made), fitness=UNFIT)
    assert result.verdict is Verdict.UNFIT_MACHINE
    assert "wakes 20000 us late" in result.reason


def test_one_stop_of_the_machine_in_the_middle_of_a_call_is_no_failure() -> None:
    made = records(CYCLES)
    made["flags"][20] = CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET
    made["done_ns"][20] += 25_000_000
    made["flags"][21] = CycleFlag.RESYNC | CycleFlag.LATE_WAKE
    made["skipped_cycles"][21] = 1
    result = judged(facts(records=made))
    assert result.value_of("late-cycles-by-driver-over-budget") == 2
    assert result.verdict is Verdict.PASS


@pytest.mark.parametrize(
    "flags",
    [
        CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE,
        CycleFlag.OVERLOAD | CycleFlag.LOCK_WAIT,
        CycleFlag.OVERLOAD,
    ],
)
def test_no_number_of_late_cycles_fails_a_driver_that_nothing_points_at(flags: CycleFlag) -> None:
    result = judged(facts(records=records(CYCLES, flags=int(flags))))
    assert result.value_of("late-cycles") == CYCLES
    assert result.verdict is Verdict.PASS


def test_a_driver_whose_thread_lost_its_processor_did_not_take_too_long() -> None:
    made = records(CYCLES)
    made["flags"][::10] = CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET
    made["op_ns"][::10, 7] = 12_000_000
    made["run_delay_ns"][1::10] = 11_900_000  # read at the beginning of the next cycle
    result = judged(facts(records=made))
    assert result.value_of("late-cycles-by-machine") == 5
    assert result.verdict is Verdict.PASS


def test_why_the_reader_stopped_is_said() -> None:
    error = "the stream changed from 2 to 1 channels"
    result = judged(facts(recorded=SOURCE[:4_800], reader_error=error))
    assert result.verdict is Verdict.FAIL
    assert error in result.reason
    assert [glitch.cause for glitch in result.glitches] == ["reader-stopped"]
    # It stopped, but had all of it: not a pass.
    result = judged(facts(reader_error=error))
    assert result.verdict is Verdict.MARGINAL
    assert error in result.reason


def test_frames_without_room_are_said() -> None:
    result = judged(facts(recorded=SOURCE[:4_800], dropped_frames=480), "virtual")
    assert result.verdict is Verdict.FAIL
    assert "no room for 480 frames" in result.reason
    assert result.value_of("frames-without-room") == 480
    assert [glitch.cause for glitch in result.glitches] == ["recording-full"]
