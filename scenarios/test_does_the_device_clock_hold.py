"""Does the device's clock hold, and does the host follow one that is off?

A driver's zero timestamps are the only clock that the host has of its device. Here they are looked
at one by one, while the device's crystal is off, wanders and jitters as a model says: neither may
the driver break its time line over it, nor may a sample be lost.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.clocks import Jitter, Model, Offset, RandomWalk, Sine, Step
from lab.host import sources
from lab.host.locate import find_driver
from lab.host.models import Device, TimestampReport
from lab.host.subprocess_host import SubprocessHost
from lab.measure.timestamps import TimestampLimits, judge_timestamps
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from scenarios.steps import LAYOUTS, start_counting

pytestmark = pytest.mark.native

MODELS: dict[str, Model] = {
    "perfect": [],
    "fast": [Offset(ppm=200)],
    "slow": [Offset(ppm=-200)],
    "room": [Sine(ppm=20, period_s=120, phase_turns=0.25)],
    "warms-up": [Offset(ppm=40), Step(at_s=60, ppm=-35)],
    "slips": [Step(at_s=60, ns=2e6)],
    "wanders": [RandomWalk(ppm_per_sqrt_s=0.5, bound_ppm=50, seed=1)],
    "jitters": [Jitter(ns=20_000, seed=1)],
    "all-of-it": [
        Offset(ppm=-90),
        Sine(ppm=20, period_s=120),
        RandomWalk(ppm_per_sqrt_s=0.2, bound_ppm=20, seed=2),
        Jitter(ns=5_000, distribution="uniform", seed=3),
    ],
}
SMALLEST_STEPS = TimestampLimits(rate_ppm=0.01, jitter_p99_ns=2, step_ns=4)
"""For a driver that computes its timestamps: nothing but the rounding to whole ticks."""


def run_modelled(
    host: SubprocessHost, device: Device, shm_name: str, model: Model, seconds: float
) -> TimestampReport:
    """Play under a model for so long; every sample must have arrived."""
    host.set_clock(device.device, model)
    far_end = host.open_far_end(shm_name, attach="oldest", device=device.device)
    client = start_counting(host, device)
    host.run(seconds)
    client.stop()
    heard = far_end.close()
    assert heard.check is not None
    assert heard.check.clean, heard.check.events[:5]
    assert heard.lost_frames == 0
    stats = host.io_stats(device.device)
    assert heard.check.received == stats.frames
    assert (stats.timestamp_jumps, stats.seed_changes, stats.skipped_cycles) == (0, 0, 0)
    return host.timestamps(device.device)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", MODELS)
def test_the_driver_s_timestamps_hold_under_each_model(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings, name: str
) -> None:
    report = run_modelled(host, device, shm_name, MODELS[name], 180)
    findings.tell("timestamps", report.driver.points)
    findings.tell("rate-as-the-host-saw-it", report.modeled.rate_ppm, "ppm")
    findings.tell("jitter-p99-as-the-host-saw-it", report.modeled.jitter_p99_ns, "ns")
    faults = judge_timestamps(report, SMALLEST_STEPS)
    assert faults == []


@pytest.mark.parametrize("ppm", [200, -200])
def test_an_hour_of_a_clock_that_is_off_loses_no_sample(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings, ppm: float
) -> None:
    model: Model = [Offset(ppm=ppm), Jitter(ns=1_000, seed=1)]
    report = run_modelled(host, device, shm_name, model, 3_600)
    cycles = host.io_stats(device.device).cycles
    findings.tell("cycles", cycles)
    # A frame is shorter by so many millionths: more of them fit into the hour.
    findings.require("rate-error", abs(report.modeled.rate_ppm - ppm), 0.1, "ppm")
    findings.require("cycles-off", abs(cycles - 360_000 / (1 - ppm * 1e-6)), 3)


def test_a_day_of_a_clock_that_is_off_stays_on_its_rate(
    host: SubprocessHost, device: Device, findings: Findings
) -> None:
    host.set_buffer_frames(device.device, 4_096)  # fewer cycles, the same number of timestamps
    host.set_clock(device.device, [Offset(ppm=200)])
    client = host.add_client(device.device)
    client.play(sources.silence())
    client.start()
    host.run(86_400)
    report = host.timestamps(device.device)
    stats = host.io_stats(device.device)
    findings.tell("timestamps", report.driver.points)
    findings.require("jumps", stats.timestamp_jumps + stats.seed_changes, 0)
    findings.require("skipped-cycles", stats.skipped_cycles, 0)
    findings.require("rate-error", abs(report.modeled.rate_ppm - 200.04), 0.001, "ppm")
    cycles = 86_400 * 48_000 / 4_096 / (1 - 200e-6)
    findings.require("cycles-off", abs(stats.cycles - cycles), 2)
    assert judge_timestamps(report, SMALLEST_STEPS) == []


def test_a_host_that_is_fast_is_a_device_that_is_slow(
    host: SubprocessHost, device: Device, findings: Findings
) -> None:
    host.set_host_clock([Offset(ppm=50)])
    start_counting(host, device)
    host.run(300)
    report = host.timestamps(device.device)
    findings.require("rate-error", abs(report.modeled.rate_ppm + 50), 0.1, "ppm")
    assert judge_timestamps(report, SMALLEST_STEPS) == []


# ---- each planted fault is found by its name -----------------------------------------------------

FAULTS: dict[str, set[str]] = {
    "": set(),
    # What has gone back is old, and comes back with a leap; what jumps ahead is yet to come.
    "timestamp-goes-back": {
        *("host-time-not-increasing", "break-without-a-new-seed", "stale", "skipped-periods")
    },
    "timestamp-jumps": {"break-without-a-new-seed", "in-the-future"},
    "new-seed": {"new-seed-without-a-break"},
    "timestamp-follows-now": {
        *("host-time-moved-alone", "break-without-a-new-seed", "too-few-timestamps")
    },
    "timestamp-off-by-a-frame": {"not-a-multiple-of-the-period"},
    "timestamp-odd-period": {"not-a-multiple-of-the-period", "odd-advance"},
    # At first it is old, and after ten seconds no host can take it any more.
    "timestamp-stands-still": {"stale", "impossible", "too-few-timestamps"},
    "timestamp-skips": {"skipped-periods"},
    "timestamp-in-the-future": {"in-the-future"},
    "timestamp-is-nan": {"impossible", "too-few-timestamps"},
    "timestamp-jitters": {"jitter", "step"},
}


@pytest.fixture
def loop() -> Path:
    """The fixture driver that is wrong on request."""
    return find_driver("Loop")


@pytest.mark.parametrize("model", ["perfect", "all-of-it"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_whatever_the_crystal_does(
    start_host: StartHost, loop: Path, findings: Findings, fault: str, model: str
) -> None:
    host = start_host(environment={"LOOP_FAULT": fault})
    host.load(loop)
    host.set_clock(0, MODELS[model])
    host.add_client(0).start()
    host.run(60)
    limits = TimestampLimits(jitter_p99_ns=20_000, step_ns=50_000)
    faults = judge_timestamps(host.timestamps(0), limits)
    findings.tell("faults", len(faults))
    assert {found.check for found in faults} == FAULTS[fault], faults


def test_a_device_that_drifts_by_itself_is_found(
    start_host: StartHost, loop: Path, findings: Findings
) -> None:
    host = start_host(environment={"LOOP_PPM": "350"})
    host.load(loop)
    # A model that is off the other way would hide it from the host, not from us.
    host.set_clock(0, [Offset(ppm=-350)])
    host.add_client(0).start()
    host.run(60)
    report = host.timestamps(0)
    findings.tell("rate", report.driver.rate_ppm, "ppm")
    assert abs(report.modeled.rate_ppm) < 0.2
    assert [found.check for found in judge_timestamps(report)] == ["rate"]


def test_a_second_client_that_resets_the_clock_is_found(
    start_host: StartHost, loop: Path, findings: Findings
) -> None:
    """As eqMac's driver and Bunghole's do: StartIO anchors anew, the seed stays 1."""
    host = start_host(environment={"LOOP_FAULT": "start-resets-clock"})
    host.load(loop)
    host.add_client(0).start()
    host.run(20)
    host.add_client(0).start()
    host.run(20)
    (fault,) = judge_timestamps(host.timestamps(0))
    findings.note(fault.text)
    assert fault.check == "break-without-a-new-seed"
    assert fault.count == 1
    assert "-> (sample 0," in fault.text
