"""A block of 480 stereo frames through Gecko's shared memory, beside memcpy and known rings.

Two kinds of work. Plain: the audio alone; Gecko's writer cannot leave the times out, so it does
more than the others. With times: every block travels with its times, through the ring ahead of the
audio for those that know nothing of times, in the block table for Gecko. The second is the same
work for all, and what a driver has to do; it is the one that Gecko has to win.
"""

from __future__ import annotations

from typing import Any

import pytest

from bench.conftest import Judge, Rounds, Run
from bench.ratios import Ratio, paired, typical
from bench.tape import TAPE

TIMED = "+times"
PAIR_CONTESTANTS = [
    name + work for work in ("", TIMED) for name in ("gecko-v2", "jack", "portaudio")
]
CONTESTANTS = ["memcpy-hot", "memcpy-ring", "gecko-v1", *PAIR_CONTESTANTS]
BLOCK_BYTES = 480 * 2 * 4


def one_thread(run_program: Run) -> Rounds:
    rounds: Rounds = run_program("bench_ring", "--rounds", "200")["rounds"]
    return rounds


def two_processes(run_program: Run) -> Rounds:
    rounds: Rounds = run_program("bench_ring_pair", "--rounds", "21", "--blocks", "100000")[
        "rounds"
    ]
    return rounds


def present(rounds: Rounds, name: str) -> list[float]:
    if name not in rounds:
        pytest.skip(f"{name}: its library is not installed; hal-lab doctor names the package")
    return rounds[name]


def said(work: str) -> str:
    return "audio and its times" if work else "audio alone"


@pytest.mark.benchmark(timer=TAPE.now, group="480 stereo frames, write and read, one thread")
@pytest.mark.parametrize("name", CONTESTANTS)
def test_one_thread(benchmark: Any, run_program: Run, name: str) -> None:
    TAPE.play(benchmark, present(one_thread(run_program), name))


@pytest.mark.benchmark(timer=TAPE.now, group="480 stereo frames, from process to process")
@pytest.mark.parametrize("name", PAIR_CONTESTANTS)
def test_two_processes(benchmark: Any, run_program: Run, name: str) -> None:
    TAPE.play(benchmark, present(two_processes(run_program), name))


def test_a_block_costs_at_most_a_quarter_more_than_two_memcpys(
    run_program: Run, judge: Judge
) -> None:
    rounds = one_thread(run_program)
    judge(
        Ratio(
            "Gecko v2, write + read, over two memcpys",
            paired(rounds["gecko-v2"], rounds["memcpy-ring"]),
            limit=1.25,
            gates=True,
            margin=1.2,
            detail={
                "gecko ns": typical(rounds["gecko-v2"]),
                "memcpys ns": typical(rounds["memcpy-ring"]),
                "in first-level cache ns": typical(rounds["memcpy-hot"]),
            },
        )
    )


@pytest.mark.parametrize("other", ["jack", "portaudio"])
@pytest.mark.parametrize("work", ["", TIMED])
def test_one_thread_is_ahead_of(other: str, work: str, run_program: Run, judge: Judge) -> None:
    rounds = one_thread(run_program)
    ours, theirs = rounds["gecko-v2" + work], present(rounds, other + work)
    judge(
        Ratio(
            f"Gecko v2 over {other}, one thread, {said(work)}",
            paired(ours, theirs),
            limit=1.0 if work else None,
            detail={"gecko ns": typical(ours), f"{other} ns": typical(theirs)},
        )
    )


@pytest.mark.parametrize("other", ["jack", "portaudio"])
@pytest.mark.parametrize("work", ["", TIMED])
def test_two_processes_are_ahead_of(other: str, work: str, run_program: Run, judge: Judge) -> None:
    rounds = two_processes(run_program)
    ours, theirs = rounds["gecko-v2" + work], present(rounds, other + work)
    judge(
        Ratio(
            f"Gecko v2 over {other}, two processes, {said(work)}",
            # Processors change pace now and then: the rounds of one moment are compared.
            typical([our / their for our, their in zip(ours, theirs, strict=True)]),
            limit=1.0 if work else None,
            detail={
                "gecko GB/s": BLOCK_BYTES / typical(ours),
                f"{other} GB/s": BLOCK_BYTES / typical(theirs),
            },
        )
    )
