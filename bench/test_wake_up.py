"""How late the IO thread wakes up, beside cyclictest at the same period and at the same moment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.conftest import Judge
from bench.ratios import Ratio
from bench.simulator import Simulator, histogram_percentile, wake_up_errors_us
from bench.tape import TAPE

SECONDS = 8
PERIOD_US = 10_000
RESOLUTION_US = 0.02
"""Of the clock: a smaller error is told as this one, as a ratio of less means nothing."""

pytestmark = [pytest.mark.realtime, pytest.mark.linux]


@dataclass(frozen=True)
class Case:
    """How the simulator waits, and whether both may use SCHED_FIFO."""

    wait: str
    fifo: bool

    @property
    def id(self) -> str:
        return f"{self.wait}-{'fifo' if self.fifo else 'other'}"


CASES = [Case("hybrid", True), Case("sleep", True), Case("hybrid", False), Case("sleep", False)]


@dataclass(frozen=True)
class Errors:
    """Wake-up errors in microseconds."""

    ours: np.ndarray[Any, np.dtype[np.float64]]
    theirs: dict[int, int]

    def our(self, percent: float) -> float:
        return max(float(np.percentile(self.ours, percent)), RESOLUTION_US)

    def their(self, percent: float) -> float:
        return histogram_percentile(self.theirs, percent)


def cyclictest(case: Case, folder: Path) -> tuple[subprocess.Popen[str], Path]:
    program = shutil.which("cyclictest")
    if program is None:
        pytest.skip("cyclictest is not installed (Debian: rt-tests)")
    result = folder / "cyclictest.json"
    policy = ["--priority=80"] if case.fifo else ["--policy=other"]
    command = [
        *(program, "--quiet", "--mlockall", "--threads=1", *policy),
        *(f"--interval={PERIOD_US}", f"--duration={SECONDS}", "--histogram=1000000"),
        *("--histfile=/dev/null", f"--json={result}"),
    ]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ), result


def measure(case: Case, simulator: Simulator) -> Errors:
    other, result = cyclictest(case, simulator.folder)
    with other:
        options = ["--signal", "silence", "--seconds", str(SECONDS), "--wait", case.wait]
        if not case.fifo:
            options.append("--no-realtime-priority")
        _, records = simulator.trace_of(*options)
        _, said = other.communicate(timeout=60)
    if other.returncode != 0:
        pytest.skip(f"cyclictest: {said.strip() or 'refused'}")
    histogram = json.loads(result.read_text(encoding="utf-8"))["thread"]["0"]["histogram"]
    theirs = {int(value): int(count) for value, count in histogram.items()}
    return Errors(wake_up_errors_us(records), theirs)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.id)
def measured(request: pytest.FixtureRequest, simulator: Simulator) -> tuple[Case, Errors]:
    case: Case = request.param
    if case.fifo and os.geteuid() != 0:
        pytest.skip("SCHED_FIFO needs root here")
    return case, measure(case, simulator)


@pytest.mark.benchmark(timer=TAPE.now, group="wake-up error of the IO thread, period 10 ms")
def test_wake_up(benchmark: Any, measured: tuple[Case, Errors]) -> None:
    TAPE.play(benchmark, list(measured[1].ours * 1e3))


@pytest.mark.parametrize("percent", [50, 99])
def test_beside_cyclictest(percent: int, measured: tuple[Case, Errors], judge: Judge) -> None:
    case, errors = measured
    ours = errors.our(percent)
    ratio = ours / errors.their(percent)
    # Spinning with a priority beats sleeping by far. The other cases must only not be worse; two
    # threads that sleep alike differ by some per cent from run to run.
    limit = 0.1 if case.wait == "hybrid" and case.fifo else 1.0 if case.wait == "hybrid" else 1.1
    judge(
        Ratio(
            f"wake-up p{percent} over cyclictest's, {case.wait}, "
            f"{'SCHED_FIFO' if case.fifo else 'SCHED_OTHER'}",
            ratio,
            limit=limit,
            gates=percent == 50,
            margin=2.0,
            detail={
                "ours us": f"<= {ours:g}" if ours <= RESOLUTION_US else ours,
                "cyclictest us": errors.their(percent),
            },
        )
    )
