"""What an observer of the host costs a cycle: two hosts in virtual time, with it and without."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.ratios import floor, typical
from bench.simulator import Simulator
from lab.host import sources
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.play.names import unique_shm_name

ROUNDS = 20
CYCLES = 50_000
FRAMES = 480
DEVICE = "Gecko Sink"


@dataclass
class Observed:
    """Two hosts that play through Gecko Sink, every sample verified.

    Attributes
    ----------
    on, off
        With the observer and without; both warm.
    cost_on, cost_off
        Nanoseconds a cycle, of each round.
    """

    on: SubprocessHost
    off: SubprocessHost
    cost_on: list[float] = field(default_factory=list)
    cost_off: list[float] = field(default_factory=list)

    @property
    def cycles(self) -> int:
        """Of each of them, those before the first round included."""
        return (len(self.cost_on) + 1) * CYCLES

    @property
    def ratio(self) -> float:
        """A cycle with the observer over one without, each at its quickest."""
        return floor(self.cost_on) / floor(self.cost_off)

    @property
    def detail(self) -> dict[str, float | str]:
        """For the report."""
        return {
            "on ns": typical(self.cost_on),
            "off ns": typical(self.cost_off),
            "difference ns": floor(self.cost_on) - floor(self.cost_off),
        }

    def run(self) -> None:
        """In turn, so that the machine's moods fall on both."""
        for _ in range(ROUNDS):
            for host, cost in ((self.on, self.cost_on), (self.off, self.cost_off)):
                began_ns = time.perf_counter_ns()
                host.run(device=DEVICE, cycles=CYCLES)
                cost.append((time.perf_counter_ns() - began_ns) / CYCLES)


@contextmanager
def observed(
    simulator: Simulator, *, coverage: bool = False, fingerprint: bool = False
) -> Iterator[Observed]:
    """Start both hosts, the first of them with what is asked for."""
    with ExitStack() as stack:
        on = _start(simulator, stack, coverage=coverage, fingerprint=fingerprint)
        yield Observed(on, _start(simulator, stack))


def _start(
    simulator: Simulator, stack: ExitStack, *, coverage: bool = False, fingerprint: bool = False
) -> SubprocessHost:
    name = unique_shm_name()
    host = stack.enter_context(
        SubprocessHost(
            HostOptions(clock="virtual", coverage=coverage),
            environment={"GECKO_SHM_NAME": name},
            program=simulator.executable,
        )
    )
    if fingerprint:
        host.begin_fingerprint()
    host.load(simulator.driver)
    host.set_buffer_frames(DEVICE, FRAMES)
    client = host.add_client(DEVICE, name="bench")
    client.play(sources.counter())
    host.open_far_end(name, check="counter", device=DEVICE)
    client.start()
    host.run(device=DEVICE, cycles=CYCLES)  # caches, predictors
    return host
