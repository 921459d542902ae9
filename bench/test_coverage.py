"""What counting the calls into a driver costs a cycle in virtual time: on and off in turn."""

from __future__ import annotations

import time
from contextlib import ExitStack

from bench.conftest import Judge
from bench.ratios import Ratio, floor, typical
from bench.simulator import Simulator
from lab.host import sources
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.play.names import unique_shm_name

ROUNDS = 20
CYCLES = 50_000
FRAMES = 480
DEVICE = "Gecko Sink"


def _start(simulator: Simulator, stack: ExitStack, *, counted: bool) -> SubprocessHost:
    name = unique_shm_name()
    host = stack.enter_context(
        SubprocessHost(
            HostOptions(clock="virtual", coverage=counted),
            environment={"GECKO_SHM_NAME": name},
            program=simulator.executable,
        )
    )
    host.load(simulator.driver)
    host.set_buffer_frames(DEVICE, FRAMES)
    client = host.add_client(DEVICE, name="bench")
    client.play(sources.counter())
    host.open_far_end(name, check="counter", device=DEVICE)
    client.start()
    host.run(device=DEVICE, cycles=CYCLES)  # caches, predictors
    return host


def test_counting_calls_costs_a_fraction_of_the_cycle(simulator: Simulator, judge: Judge) -> None:
    cost: dict[bool, list[float]] = {True: [], False: []}
    with ExitStack() as stack:
        hosts = {counted: _start(simulator, stack, counted=counted) for counted in cost}
        for _ in range(ROUNDS):
            for counted, host in hosts.items():
                began_ns = time.perf_counter_ns()
                host.run(device=DEVICE, cycles=CYCLES)
                cost[counted].append((time.perf_counter_ns() - began_ns) / CYCLES)
        rows = hosts[True].counted_calls(0)
        assert hosts[False].counted_calls(0) == []
    # A counter that counts nothing costs nothing: each cycle writes once.
    (written,) = [row for row in rows if (row.entry_point, row.code) == ("DoIOOperation", "rite")]
    assert written.calls == (ROUNDS + 1) * CYCLES
    judge(
        Ratio(
            "coverage: a cycle with its calls counted over one without",
            floor(cost[True]) / floor(cost[False]),
            limit=1.15,
            stretch=1.05,
            gates=True,
            margin=1.25,
            detail={
                "on ns": typical(cost[True]),
                "off ns": typical(cost[False]),
                "difference ns": floor(cost[True]) - floor(cost[False]),
            },
        )
    )
