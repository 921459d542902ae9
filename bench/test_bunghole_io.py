"""What the driver Bunghole costs: each IO operation on the host's thread, and its own two threads.

The driver of the build, with a host's end over AF_UNIX in the same process. An operation that was
interrupted by another thread of the machine counts with its processor time, any other with the
time on the clock: reading the processor's clock takes longer than the operation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.conftest import Judge, Run
from bench.ratios import Ratio, typical
from bench.tape import TAPE
from lab.errors import MissingError
from lab.host.locate import find_driver

PROGRAM = "bench_bunghole"
PACKET_US = 20_000.0
LIMIT_US = 20.0
LIMIT_PERCENT = 3.0
# Five times as fast as real time, which the driver's threads keep up with: enough cycles for p99.9.
MANY = ("8000", "2000")
# Real time: the threads sleep and wake up as they do.
REAL = ("800", "10000")

pytestmark = [pytest.mark.realtime, pytest.mark.linux]


@pytest.fixture(scope="module")
def executable(build_folder: Path) -> str:
    if not (build_folder / "bench" / "src" / PROGRAM).exists():
        try:
            pytest.skip(f"{build_folder} has no {PROGRAM}, but has {find_driver('BungholeAudio')}")
        except MissingError as error:
            pytest.skip(str(error))
    bundle = build_folder / "driver" / "bunghole" / "BungholeAudio.driver"
    return str(bundle / "Contents" / "MacOS" / "BungholeAudio")


def cost_us(rounds: dict[str, list[float]], operation: str) -> np.ndarray[Any, np.dtype[Any]]:
    """Microseconds of each cycle's operation, shape (cycles,)."""
    wall, processor = np.asarray(rounds[operation]), np.asarray(rounds[f"{operation}_cpu"])
    return np.asarray(np.minimum(wall, processor) / 1e3)


@pytest.mark.benchmark(timer=TAPE.now, group="an IO operation of Bunghole, 480 frames")
@pytest.mark.parametrize("operation", ["write", "read", "copy"])
def test_an_operation(benchmark: Any, run_program: Run, executable: str, operation: str) -> None:
    TAPE.play(benchmark, run_program(PROGRAM, executable, *MANY)["rounds"][operation])


@pytest.mark.parametrize(("operation", "name"), [("write", "WriteMix"), ("read", "ReadInput")])
def test_an_operation_takes_at_most_20_us_in_999_of_1000_cycles(
    run_program: Run, executable: str, operation: str, name: str, judge: Judge
) -> None:
    done = run_program(PROGRAM, executable, *MANY)
    rounds = done["rounds"]
    cost = cost_us(rounds, operation)
    copies = np.asarray(rounds["copy"]) / 1e3
    judge(
        Ratio(
            f"Bunghole: p99.9 of {name}, 480 frames, connected",
            float(np.percentile(cost, 99.9)),
            limit=LIMIT_US,
            stretch=LIMIT_US / 2,
            unit="us",
            gates=True,
            margin=2.0,
            detail={
                "median us": typical(list(cost)),
                "packets that went through": f"{done['sent']} of {int(MANY[0]) // 2}",
                "p99.9 with interruptions us": float(
                    np.percentile(np.asarray(rounds[operation]) / 1e3, 99.9)
                ),
                "a memcpy of the block, median us": typical(list(copies)),
                "its p99.9 us": float(np.percentile(copies, 99.9)),
            },
        )
    )


def test_the_threads_of_the_driver_take_at_most_3_percent_of_a_core(
    run_program: Run, executable: str, judge: Judge
) -> None:
    done = run_program(PROGRAM, executable, *REAL)
    # Without packets a thread is cheap; a busy machine may cost some.
    assert min(done["sent"], done["received"]) >= 0.8 * int(REAL[0]) / 2
    out_us = done["output_thread_ns"] / 1e3 / done["sent"]
    in_us = done["input_thread_ns"] / 1e3 / done["received"]
    judge(
        Ratio(
            "a core's share of Bunghole's threads: encode and send, receive and decode, in real "
            "time",
            100 * (out_us + in_us) / PACKET_US,
            limit=LIMIT_PERCENT,
            stretch=LIMIT_PERCENT / 2,
            unit="%",
            gates=True,
            margin=1.5,
            detail={"output us a packet": out_us, "input us a packet": in_us},
        )
    )
