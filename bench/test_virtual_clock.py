"""What a cycle costs in virtual time, beside a memcpy of its block measured in between."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.conftest import Judge, Run
from bench.ratios import Ratio, floor, typical
from bench.simulator import Simulator
from bench.tape import TAPE
from lab.host import sources
from lab.host.models import IoStats
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.play.names import unique_shm_name

ROUNDS = 20
CYCLES = 50_000
FRAMES = 480
RATE = 48_000


@dataclass
class Costs:
    """Nanoseconds per cycle, one entry per round."""

    host: list[float] = field(default_factory=list)
    driver: list[float] = field(default_factory=list)
    signal: list[float] = field(default_factory=list)
    far_end: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    memcpy: list[float] = field(default_factory=list)

    def add(self, before: IoStats, after: IoStats, wall_ns: int) -> None:
        cycles = after.cycles - before.cycles
        assert cycles == CYCLES
        self.host.append((after.host_ns - before.host_ns) / cycles)
        self.driver.append((after.driver_ns - before.driver_ns) / cycles)
        self.signal.append((after.signal_ns - before.signal_ns) / cycles)
        self.far_end.append((after.hook_ns - before.hook_ns) / cycles)
        self.wall.append(wall_ns / cycles)


@pytest.fixture(scope="module")
def costs(simulator: Simulator, run_program: Run) -> Costs:
    found = Costs()
    name = unique_shm_name()
    with SubprocessHost(
        HostOptions(clock="virtual"),
        environment={"GECKO_SHM_NAME": name},
        program=simulator.executable,
    ) as host:
        host.load(simulator.driver)
        device = "Gecko Sink"
        host.set_buffer_frames(device, FRAMES)
        client = host.add_client(device, name="bench")
        client.play(sources.counter())
        far_end = host.open_far_end(name, check="counter", device=device)
        client.start()
        host.run(device=device, cycles=CYCLES)  # caches, predictors
        for _ in range(ROUNDS):
            before = host.io_stats(device)
            began_ns = time.perf_counter_ns()
            host.run(device=device, cycles=CYCLES)
            found.add(before, host.io_stats(device), time.perf_counter_ns() - began_ns)
            yardstick = run_program("bench_ring", "--rounds", "20", "--blocks", "500", fresh=True)
            # The yardstick copies twice: in and out.
            found.memcpy.append(typical(yardstick["rounds"]["memcpy-ring"]) / 2)
        client.stop()
        heard = far_end.close()
    # A fast run that loses samples is no fast run.
    check = heard.check
    assert check is not None
    assert check.clean, check.events[:5]
    assert check.correct >= ROUNDS * CYCLES * FRAMES
    assert heard.lost_frames == 0
    return found


@pytest.mark.benchmark(timer=TAPE.now, group="a cycle in virtual time, 480 stereo frames")
@pytest.mark.parametrize("part", ["host", "driver", "signal", "far_end", "wall", "memcpy"])
def test_a_cycle(benchmark: Any, costs: Costs, part: str) -> None:
    TAPE.play(benchmark, getattr(costs, part))


def test_the_host_adds_at_most_20_memcpys_to_a_cycle(costs: Costs, judge: Judge) -> None:
    judge(
        Ratio(
            "virtual clock: host overhead per cycle over a memcpy of its block",
            floor(costs.host) / floor(costs.memcpy),
            limit=20,
            stretch=10,
            gates=True,
            margin=1.25,
            detail={
                "host ns": typical(costs.host),
                "memcpy ns": typical(costs.memcpy),
                "driver ns": typical(costs.driver),
                "source ns": typical(costs.signal),
                "far end and check ns": typical(costs.far_end),
            },
        )
    )


def test_every_sample_is_verified_at_5000_times_real_time(costs: Costs, judge: Judge) -> None:
    cycle_ns = FRAMES / RATE * 1e9
    judge(
        Ratio(
            "virtual clock: end to end, every sample verified",
            cycle_ns / typical(costs.wall),
            limit=5_000,
            stretch=15_000,
            unit="x real time",
            higher_is_better=True,
            gates=True,
            margin=1.25,
            detail={"a cycle ns": typical(costs.wall)},
        )
    )
