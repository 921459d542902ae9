"""What looking at each zero timestamp costs a cycle, beside a memcpy of the cycle's block."""

from __future__ import annotations

from typing import Any

import pytest

from bench.conftest import Judge, Rounds, Run
from bench.ratios import Ratio, paired, typical
from bench.tape import TAPE


def measured(run_program: Run) -> Rounds:
    rounds: Rounds = run_program("bench_timestamps", "--rounds", "100", "--blocks", "20000")[
        "rounds"
    ]
    return rounds


@pytest.mark.benchmark(timer=TAPE.now, group="the timestamp oracle, per cycle")
@pytest.mark.parametrize("name", ["known", "new", "memcpy"])
def test_a_timestamp(benchmark: Any, run_program: Run, name: str) -> None:
    TAPE.play(benchmark, measured(run_program)[name])


def test_a_timestamp_of_before_costs_a_tenth_of_a_memcpy(run_program: Run, judge: Judge) -> None:
    rounds = measured(run_program)
    judge(
        Ratio(
            "timestamp oracle: the timestamp of before, over a memcpy of a block of 480 frames",
            paired(rounds["known"], rounds["memcpy"]),
            limit=0.1,
            gates=True,
            margin=2.0,
            detail={
                "known ns": typical(rounds["known"]),
                "new ns": typical(rounds["new"]),
                "memcpy ns": typical(rounds["memcpy"]),
            },
        )
    )
