"""The probe beside what runs in real time."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.measure.fitness import STALL_LIMIT_US, Fitness, Probe
from lab.measure.fitness_watch import FitnessWatch


def test_it_probes_until_it_is_stopped_and_says_the_same_again() -> None:
    with FitnessWatch() as watch:
        time.sleep(0.3)
        first = watch.stop()
        assert first.probes > 2
        assert 0 <= first.wake_p50_us <= first.wake_p99_us <= first.wake_max_us * 1.01
        assert watch.stop() is first


def test_a_stall_in_the_middle_is_seen() -> None:
    with FitnessWatch() as watch:
        pid = watch._process.pid
        time.sleep(0.05)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.1)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.05)
        found = watch.stop()
    assert found.wake_max_us > 50_000
    assert not found.is_fit
    assert any("stood still" in reason for reason in found.reasons)


def test_one_stall_is_one_late_wake_up() -> None:
    probe = Probe(interval_us=1_000)
    probe.wake_once()
    time.sleep(0.05)
    for _ in range(3):
        probe.wake_once()
    late = [error for error in probe._errors if error > 40_000_000]
    assert len(late) == 1


def test_it_ends_with_the_block_and_with_its_parent() -> None:
    with FitnessWatch() as watch:
        pid = watch._process.pid
    assert not Path(f"/proc/{pid}").exists()


def test_one_that_was_killed_is_an_error() -> None:
    with FitnessWatch() as watch:
        watch._process.kill()
        with pytest.raises(LabError, match="has gone"):
            watch.stop()


def test_a_machine_that_never_stood_still_is_fit() -> None:
    calm = Fitness(100, 50.0, 100.0, 0.0, 0.0, realtime_priority=True, processors=2)
    assert calm.is_fit
    stalled = Fitness(
        100, 50.0, 100.0, 0.0, 0.0, realtime_priority=True, processors=2,
        wake_max_us=STALL_LIMIT_US + 1,
    )  # fmt: skip
    assert not stalled.is_fit
