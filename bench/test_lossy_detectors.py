"""What the detectors behind a lossy codec cost: ten minutes of stereo, as x real time."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.conftest import Judge
from bench.ratios import Ratio, floor
from lab.signals.delay import Delay, find_delay, sequence_burst
from lab.signals.envelope import find_clicks, find_dips, measure_envelope
from lab.signals.lossy import glitch_pair
from lab.signals.time_line import track_time_line

SECONDS = 600
ROUNDS = 5
BURST = sequence_burst(4_800)


def _time_line(recorded: NDArray[np.float32]) -> None:
    assert track_time_line(recorded).found == ()


def _envelope(recorded: NDArray[np.float32]) -> None:
    envelope = measure_envelope(recorded)
    assert find_dips(envelope) == []
    assert find_clicks(envelope) == []


def _delay(recorded: NDArray[np.float32]) -> None:
    assert isinstance(find_delay(recorded, BURST), Delay)


@pytest.mark.parametrize(
    ("name", "run", "least"),
    [
        ("time line", _time_line, 500.0),
        ("dips and clicks", _envelope, 200.0),
        ("delay", _delay, 50.0),
    ],
)
def test_a_detector_is_much_faster_than_what_it_listens_to(
    name: str, run: Callable[[NDArray[np.float32]], None], least: float, judge: Judge
) -> None:
    recorded = glitch_pair(SECONDS * 48_000)
    if name == "delay":
        recorded *= np.float32(1e-3)
        recorded[1_000_000 : 1_000_000 + len(BURST)] += BURST
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run(recorded)
        rounds.append(time.perf_counter() - began)
    judge(
        Ratio(
            f"{name}: ten minutes of stereo, in multiples of real time",
            SECONDS / floor(rounds),
            limit=least,
            higher_is_better=True,
            unit="x real time",
            detail={"seconds": floor(rounds)},
        )
    )
