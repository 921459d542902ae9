"""What a driver's thread costs in virtual time, and what the real-time ledger costs.

The same driver, once with and once without: rounds alternate, so that both meet the same machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.conftest import Judge
from bench.ratios import Ratio, floor, paired, typical
from bench.simulator import Simulator, first
from bench.tape import TAPE
from lab.host import sources
from lab.host.errors import HostError
from lab.host.subprocess_host import HostOptions, SubprocessHost

ROUNDS = 20
CYCLES = 4_000
FRAMES = 480

Rounds = dict[str, list[float]]


@pytest.fixture(scope="module")
def loop(build_folder: Path) -> Path:
    """The driver whose blocks go through a thread when it is asked to."""
    found = first(build_folder.glob("sim/tests/Loop.driver"))
    if found is None:
        pytest.skip(f"{build_folder} has no Loop.driver: configure it with -DBUILD_TESTING=ON")
    return found


@contextmanager
def playing(
    simulator: Simulator, loop: Path, shape: str = "", *, ledger: bool = False
) -> Iterator[SubprocessHost]:
    """Play through Loop in virtual time, `shape` as LOOP_SHAPE has it."""
    with SubprocessHost(
        HostOptions(clock="virtual"),
        environment={"LOOP_SHAPE": shape},
        program=simulator.executable,
    ) as host:
        host.load(loop)
        if ledger:
            host.begin_ledger()
        host.set_buffer_frames(0, FRAMES)
        client = host.add_client(0, name="bench")
        client.play(sources.counter())
        client.start()
        host.run(device=0, cycles=CYCLES)  # caches, predictors
        yield host
        client.stop()


def ns_per_cycle(host: SubprocessHost) -> float:
    """Nanoseconds of real time."""
    began_ns = time.perf_counter_ns()
    host.run(device=0, cycles=CYCLES)
    return (time.perf_counter_ns() - began_ns) / CYCLES


def processor_s(host: SubprocessHost) -> float:
    """Processor time that the simulator has used so far, of all its threads, in seconds."""
    used = psutil.Process(host.info().pid).cpu_times()
    return float(used.user + used.system)


def alternate(hosts: dict[str, SubprocessHost]) -> Rounds:
    """Let each run a round in turn.

    Returns
    -------
    dict of lists of float, each of length ROUNDS
        Nanoseconds per cycle.
    """
    found: Rounds = {name: [] for name in hosts}
    for _ in range(ROUNDS):
        for name, host in hosts.items():
            found[name].append(ns_per_cycle(host))
    return found


@dataclass(frozen=True)
class Pair:
    """Loop without a thread, and with one.

    Parameters
    ----------
    rounds
        Nanoseconds per cycle, one entry per round.
    processor_us
        Processor time per cycle over all rounds, in microseconds: a busy machine adds little to it.
    """

    rounds: Rounds
    processor_us: dict[str, float]


@pytest.fixture(scope="module")
def threads(simulator: Simulator, loop: Path) -> Pair:
    with ExitStack() as stack:
        hosts = {
            name: stack.enter_context(playing(simulator, loop, shape))
            for name, shape in (("no thread", ""), ("a thread", "worker"))
        }
        if hosts["a thread"].info().threads != "owned":
            pytest.skip("this build leaves threads alone")
        before = {name: processor_s(host) for name, host in hosts.items()}
        rounds = alternate(hosts)
        used = {name: processor_s(host) - before[name] for name, host in hosts.items()}
        return Pair(rounds, {name: used[name] / (ROUNDS * CYCLES) * 1e6 for name in used})


@pytest.fixture(scope="module")
def ledgers(simulator: Simulator, loop: Path) -> Rounds:
    with ExitStack() as stack:
        off = stack.enter_context(playing(simulator, loop))
        try:
            on = stack.enter_context(playing(simulator, loop, ledger=True))
        except HostError as error:
            pytest.skip(str(error))
        found = alternate({"off": off, "on": on})
        # What counts nothing costs nothing.
        assert any(row.calls >= ROUNDS * CYCLES for row in on.ledger().rows)
        return found


@pytest.mark.benchmark(timer=TAPE.now, group="a cycle in virtual time: with a driver's thread")
@pytest.mark.parametrize("who", ["no thread", "a thread"])
def test_a_cycle_with_a_thread(benchmark: Any, threads: Pair, who: str) -> None:
    TAPE.play(benchmark, threads.rounds[who])


@pytest.mark.benchmark(timer=TAPE.now, group="a cycle in virtual time: with the ledger")
@pytest.mark.parametrize("state", ["off", "on"])
def test_a_cycle_with_the_ledger(benchmark: Any, ledgers: Rounds, state: str) -> None:
    TAPE.play(benchmark, ledgers[state])


def test_a_thread_that_is_woken_each_cycle_adds_at_most_3_us(threads: Pair, judge: Judge) -> None:
    # Two switches. On a quiet machine with two processors near each other they take no call of the
    # kernel; the second processor is what that costs, so real time is what counts. Where the second
    # one is taken, or far, both threads sit on one: that is two calls, of more than 1 us each.
    rounds = threads.rounds
    judge(
        Ratio(
            "virtual clock: a driver's thread, woken and waiting again each cycle, adds",
            (floor(rounds["a thread"]) - floor(rounds["no thread"])) / 1e3,
            limit=3,
            stretch=1,
            unit="us",
            gates=True,
            margin=4,
            detail={
                "with, us": typical(rounds["a thread"]) / 1e3,
                "without, us": typical(rounds["no thread"]) / 1e3,
            },
        )
    )


def test_a_second_processor_is_used_only_where_it_pays(threads: Pair, judge: Judge) -> None:
    # What is gained in real time is at most paid for by half as much processor time again
    # (sched_judge.c): of the 4 us on one processor and the cycle itself, 9 us, that is 13.5.
    used = threads.processor_us
    judge(
        Ratio(
            "virtual clock: the same, processor time over that of a cycle without a thread",
            used["a thread"] / used["no thread"],
            limit=3,
            gates=True,
            margin=1.5,
            detail={
                "with, us": used["a thread"],
                "without, us": used["no thread"],
                "adds, us": used["a thread"] - used["no thread"],
            },
        )
    )


def test_the_ledger_at_most_doubles_a_cycle(ledgers: Rounds, judge: Judge) -> None:
    judge(
        Ratio(
            "virtual clock: a cycle with the real-time ledger over one without",
            paired(ledgers["on"], ledgers["off"]),
            limit=2,
            stretch=1.1,
            gates=True,
            margin=1.25,
            detail={
                "on, us": typical(ledgers["on"]) / 1e3,
                "off, us": typical(ledgers["off"]) / 1e3,
            },
        )
    )
