"""How long it takes from starting coreaudiod-sim to its first IO cycle."""

from __future__ import annotations

from typing import Any

import pytest

from bench.conftest import Judge
from bench.ratios import Ratio, floor, typical
from bench.simulator import Simulator
from bench.tape import TAPE

STARTS = 25

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def starts_ns(simulator: Simulator) -> list[float]:
    found = []
    for _ in range(STARTS):
        started_ns, records = simulator.trace_of("--signal", "silence", "--seconds", "0.05")
        assert len(records) > 0, "no cycle ran"
        found.append(float(int(records["woke_ns"][0]) - started_ns))
    return found


@pytest.mark.benchmark(timer=TAPE.now, group="coreaudiod-sim: start to first cycle")
def test_start(benchmark: Any, starts_ns: list[float]) -> None:
    TAPE.play(benchmark, starts_ns)


def test_the_first_cycle_runs_within_30_ms(starts_ns: list[float], judge: Judge) -> None:
    judge(
        Ratio(
            "start to first cycle, median",
            typical(starts_ns) / 1e6,
            limit=30,
            unit="ms",
            gates=True,
            margin=2.0,
            detail={"fastest ms": floor(starts_ns) / 1e6, "slowest ms": max(starts_ns) / 1e6},
        )
    )
