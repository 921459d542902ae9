"""What does a short zero-timestamp period cost?

The header asks for at least 10923 frames; the original has 480, here the default is 24000. The host
asks the driver in every cycle, whatever the period is: what changes is how often the answer is a
new one, and how much a host that follows a crystal that jitters is led astray. In virtual time;
figures, no verdict.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from lab.clocks import Jitter, Offset
from lab.host import sources
from lab.measure.timestamps import judge_timestamps
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from scenarios.bunghole.rig import Rig

pytestmark = pytest.mark.native

SECONDS = 20


@pytest.fixture
def clock() -> Literal["virtual"]:
    """Sockets are not what this is about."""
    return "virtual"


@pytest.mark.parametrize(
    ("period", "jitter_us"), [(480, 0), (480, 200), (10_923, 200), (24_000, 0), (24_000, 200)]
)
def test_what_a_host_makes_of_it(
    start_host: StartHost, driver: Path, findings: Findings, period: int, jitter_us: int
) -> None:
    environment = {"BUNGHOLE_ZERO_PERIOD_FRAMES": str(period)}
    rig = Rig(start_host(environment=environment), driver, frames=512)
    host, device = rig.host, rig.output.device
    assert rig.output.zero_period_frames == period
    host.set_clock(device, [Offset(ppm=50), Jitter(ns=jitter_us * 1_000, seed=1)])
    rig.player(sources.sine())
    host.run(SECONDS)
    report, stats = host.timestamps(device), host.io_stats(device)
    findings.tell("asked-per-second", report.asked / SECONDS)
    findings.tell("new-answers-per-second", report.different / SECONDS)
    findings.tell("rate-as-the-host-sees-it", report.modeled.rate_ppm, "ppm")
    findings.tell("jitter-p99", report.modeled.jitter_p99_ns / 1e3, "us")
    findings.tell("steps-largest", report.modeled.step_max_ns / 1e3, "us")
    findings.tell("jumps", stats.timestamp_jumps)
    findings.tell("cycles", stats.cycles)
    findings.tell("driver-per-cycle", stats.driver_ns / stats.cycles, "ns")
    # The driver's own time line is right at every period.
    assert judge_timestamps(report) == []
    assert stats.skipped_cycles == stats.seed_changes == 0
