"""Our change points beside otava's, which lives in an environment of its own."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest

from docs.make_otava import (
    CASES,
    all_found,
    ask_otava,
    extra,
    normal,
    ours,
    percent,
    same,
    steps,
)

OTAVA = "HAL_LAB_OTAVA"


@pytest.fixture(scope="module")
def otava() -> str:
    """Its interpreter."""
    python = os.environ.get(OTAVA, "")
    if not python:
        pytest.skip(f"{OTAVA} names no Python with apache-otava: see docs/make_otava.py")
    done = subprocess.run([python, "-c", "import otava.series"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"{python} has no otava: pip install apache-otava into its environment")
    return python


@pytest.mark.slow
def test_otava_and_we_find_the_same_steps_and_neither_finds_one_in_a_constant(otava: str) -> None:
    shapes = {
        "up": steps((100, 1.3)),
        "there and back": steps((60, 1.3), (120, 1.0)),
        "constant": steps(),
    }
    planted = {"up": [100], "there and back": [60, 120], "constant": []}
    series = {
        f"{name}-{seed}": normal(np.random.default_rng(seed), level)
        for name, level in shapes.items()
        for seed in range(10)
    }
    series["flat"] = np.full(180, 100.0)
    told = ask_otava(otava, series)
    assert told.windows["flat"] == told.permutations["flat"] == ours(series["flat"]) == []
    for name, at in planted.items():
        mine = [ours(series[f"{name}-{seed}"]) for seed in range(10)]
        whole = [told.permutations[f"{name}-{seed}"] for seed in range(10)]
        windows = [told.windows[f"{name}-{seed}"] for seed in range(10)]
        for found in (mine, whole, windows):
            assert sum(all_found(points, at) for points in found) >= 9, name
        # Windows and a t-test find a few more; the paper's way says what ours does.
        assert sum(same(a, b) for a, b in zip(mine, whole, strict=True)) >= 8, name


def test_what_is_compared_is_counted_right() -> None:
    assert same([10, 50], [12, 48])
    assert not same([10], [13])
    assert not same([10], [10, 50])
    assert same([], [])
    assert extra([9, 11, 50], [10]) == 2
    assert extra([], [10]) == 0
    assert all_found([9, 50], [10])
    assert not all_found([50], [10, 50])
    assert percent([True, False, False]) == "33 %"
    for _, _, _, level, planted in CASES:
        assert [at for at in range(1, level.size) if level[at] != level[at - 1]] == planted


def test_an_interpreter_without_otava_is_an_error_and_no_empty_answer() -> None:
    with pytest.raises((OSError, subprocess.CalledProcessError)):
        ask_otava("no-such-python", {"a": np.zeros(10)})
