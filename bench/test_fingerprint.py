"""What a fingerprint costs a cycle in virtual time: on and off in turn, in two hosts at once."""

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


def _start(simulator: Simulator, stack: ExitStack, *, observed: bool) -> SubprocessHost:
    name = unique_shm_name()
    host = stack.enter_context(
        SubprocessHost(
            HostOptions(clock="virtual"),
            environment={"GECKO_SHM_NAME": name},
            program=simulator.executable,
        )
    )
    if observed:
        host.begin_fingerprint()
    host.load(simulator.driver)
    host.set_buffer_frames(DEVICE, FRAMES)
    client = host.add_client(DEVICE, name="bench")
    client.play(sources.counter())
    host.open_far_end(name, check="counter", device=DEVICE)
    client.start()
    host.run(device=DEVICE, cycles=CYCLES)  # caches, predictors
    return host


def test_a_fingerprint_costs_at_most_as_much_as_the_cycle(
    simulator: Simulator, judge: Judge
) -> None:
    cost: dict[bool, list[float]] = {True: [], False: []}
    with ExitStack() as stack:
        hosts = {observed: _start(simulator, stack, observed=observed) for observed in cost}
        for _ in range(ROUNDS):
            for observed, host in hosts.items():
                began_ns = time.perf_counter_ns()
                host.run(device=DEVICE, cycles=CYCLES)
                cost[observed].append((time.perf_counter_ns() - began_ns) / CYCLES)
        found = hosts[True].fingerprint()
    # An observer that sees nothing costs nothing: eight events a cycle are the least.
    assert found.cycles == (ROUNDS + 1) * CYCLES
    assert found.events >= 8 * found.cycles
    judge(
        Ratio(
            "fingerprint: a cycle with it over one without, every sample verified",
            floor(cost[True]) / floor(cost[False]),
            limit=2,
            stretch=1.6,
            gates=True,
            margin=1.25,
            detail={
                "on ns": typical(cost[True]),
                "off ns": typical(cost[False]),
                "difference ns": floor(cost[True]) - floor(cost[False]),
            },
        )
    )
