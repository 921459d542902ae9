"""Runs on the real driver: what is measured is what the closed form says, and the same again."""

from __future__ import annotations

import json
import shlex

import pytest

from lab.cli_app import run
from lab.errors import MissingError
from lab.faults.events import At, ReaderStall
from lab.faults.run import run_schedule
from lab.results import Result, Verdict
from lab.statistics.special import binomial_bounds
from lab.sweep.late import cycles_without_loss, events_of, glitch_probability, period_ns, setup_of
from lab.sweep.perform import make_run, perform
from lab.sweep.task import Frame, Task
from tests.sweep.support import task_of

pytestmark = pytest.mark.native


def _without_time(result: Result) -> dict[str, object]:
    return result.model_dump(exclude={"started_at", "duration_s"})


@pytest.mark.parametrize(("ring", "period"), [(1024, 256), (4096, 480), (1024, 1024)])
def test_one_cycle_longer_than_the_ring_loses_for_sure_and_one_shorter_never(
    ring: int, period: int
) -> None:
    task = task_of(f"ring={ring}", f"period={period}")
    most = cycles_without_loss(task)
    assert most is not None
    for cycles, lost in ((most, 0), (most + 1, (most + 2) * period - ring)):
        if cycles == 0:
            continue
        stall = ReaderStall(at=At(cycle=40), s=cycles * period_ns(task) / 1e9)
        setup = setup_of(task).model_copy(update={"cycles": 80 + cycles})
        outcome = run_schedule(setup, [stall])
        assert outcome.failure is None
        assert sum(damage.lost for _, damage in outcome.damaged) == lost


def test_glitches_come_exactly_where_a_drawn_time_is_longer_than_the_ring() -> None:
    for seed in range(4):
        task = task_of("ring=1024", "jitter=20", "period=256", seed=seed)
        most = cycles_without_loss(task)
        assert most is not None
        stalls = [e for e in events_of(task) if isinstance(e, ReaderStall)]
        cycles = [round(event.s * 1e9) // period_ns(task) for event in stalls]
        lost = [(n + 1) * 256 - 1024 for n in cycles if n > most]
        result = make_run(task)
        assert [glitch.frames for glitch in result.glitches] == lost
        assert result.glitch_count == len(lost)
        assert result.value_of("frames-lost") == sum(lost)
        assert result.value_of("late-wake-ups") == len(stalls)
        assert result.verdict is Verdict.PASS


def test_the_share_of_runs_with_a_glitch_agrees_with_the_closed_form() -> None:
    # One in a thousand times this fails for nothing; the seeds are fixed, so it is once or never.
    for over, other in (
        (("ring=1024", "jitter=8", "period=256"), "ring=4096"),
        (("ring=4096", "load=60", "load_burst=100"), "ring=16384"),
    ):
        tasks = [task_of(*over, seed=seed, late_wake_ups=4) for seed in range(30)]
        expected = glitch_probability(tasks[0])
        assert 0.1 < expected < 0.9
        hits = sum(make_run(task).glitch_count > 0 for task in tasks)
        low, high = binomial_bounds(hits, len(tasks), 0.999)
        assert low <= expected <= high
        # And it could have failed: what another ring would do is told apart.
        wrong = task_of(*over[1:], other, late_wake_ups=4)
        assert not low <= glitch_probability(wrong) <= high


def test_of_one_seed_a_larger_ring_never_has_more_glitches() -> None:
    for seed in range(3):
        counts = [
            make_run(task_of(f"ring={r}", "jitter=30", "load=70", seed=seed)).glitch_count
            for r in (512, 2048, 8192, 32_768)
        ]
        assert counts == sorted(counts, reverse=True)
        assert counts[0] > counts[-1]


def test_the_same_run_is_the_same_again() -> None:
    task = task_of("ring=1024", "jitter=20", "load=50", "host_jitter=5", "ppm=150", seed=3)
    first, second = make_run(task), make_run(task)
    assert _without_time(first) == _without_time(second)
    assert first.glitch_count > 0
    assert _without_time(make_run(task_of("ring=1024", "jitter=20", seed=4))) != _without_time(
        first
    )


def test_the_id_is_known_before_the_run() -> None:
    task = task_of("ring=1024", "jitter=1.5", seed=9)
    assert make_run(task).id == task.id


def test_the_command_of_a_result_makes_just_this_run_again(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    result = make_run(task_of("ring=1024", "jitter=20", seed=3))
    words = shlex.split(result.command)
    assert words[:2] == ["hal-lab", "sweep"]
    assert run([*words[1:], "--quiet"]) == 0
    said = capfd.readouterr().out
    assert f"{result.glitch_count} glitches" in said
    assert f"frames-lost {result.value_of('frames-lost'):g}" in said


def test_a_host_that_wakes_late_leaves_cycles_out_and_the_reader_loses_nothing() -> None:
    result = make_run(task_of("host_jitter=40", seed=1))
    assert result.value_of("cycles-left-out") > 0
    assert result.glitch_count == 0
    assert result.verdict is Verdict.PASS


def test_a_driver_that_loses_frames_for_no_reason_fails_the_run() -> None:
    frame = Frame(driver="Lapse", environment=(("LAPSE_FAULT", "drops-frame-at-wrap-after-stall"),))
    task = task_of("ring=1024", "host_jitter=30", seed=2)
    try:
        result = make_run(Task(frame, task.point, task.seed))
    except MissingError as error:
        pytest.skip(str(error))
    assert result.verdict is Verdict.FAIL
    assert "frames-lost" in result.reason


def test_what_cannot_be_made_is_told_and_not_raised() -> None:
    task = task_of("jitter=1")
    done = perform(Task(Frame(driver="no-such-driver"), task.point, 0))
    assert done.fatal
    assert done.id
    assert "no-such-driver" in done.error
    good = perform(task)
    assert json.loads(good.result)["seed"] == 0
