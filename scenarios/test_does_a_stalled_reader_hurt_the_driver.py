"""Does a stalled reader hurt the driver?

The reader stays away for two seconds, and comes back. The driver must not notice; the reader has to
know what it has lost.
"""

from __future__ import annotations

import pytest

from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost
from lab.measure.blame import Cause, Loss, blame_loss
from lab.scenario import Findings
from lab.transport.shm import ShmReader, open_reader
from scenarios.steps import LAYOUTS, run_and_read, start_counting

pytestmark = pytest.mark.native

STALLED_CYCLES = 200


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_driver_goes_on_as_if_nobody_read(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    start_counting(host, device)
    host.run(device=device.device, cycles=1_000)
    alone = host.io_stats(device.device)
    with open_reader(shm_name) as reader:
        reader.read()
        host.run(device=device.device, cycles=1_000)  # it does not read
    stalled = host.io_stats(device.device)
    findings.tell("driver-time-per-cycle-alone", alone.driver_ns / 1_000, "ns")
    per_cycle = (stalled.driver_ns - alone.driver_ns) / 1_000
    findings.tell("driver-time-per-cycle-with-a-stalled-reader", per_cycle, "ns")
    for name in ("overloads", "over_budget", "driver_errors", "skipped_cycles"):
        findings.require(name.replace("_", "-"), getattr(stalled, name), 0)
    assert stalled.cycles == 2_000


def test_v2_tells_the_reader_exactly_what_it_lost(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    check = run_and_read(host, device, shm_reader, cycles=10)
    left_ns = host.info().now_ns
    host.run(device=device.device, cycles=STALLED_CYCLES)
    away_ns = host.info().now_ns - left_ns  # in the host's time, which is not the reader's
    block = shm_reader.read()
    assert block is not None
    check.take(block.frames)
    written = STALLED_CYCLES * device.buffer_frames
    findings.take_check(check, Cause.READER_LATE)
    findings.require("frames-lost-but-not-told", check.lost - block.lost, 0, "frames")
    assert block.lost == shm_reader.lost_frames == check.lost == written - len(block.frames)
    # It gets all that the ring can hold, less what may be under way.
    assert len(block.frames) == shm_reader.format.ring_frames
    assert check.duplicated == check.corrupt == 0
    format_ = shm_reader.format
    ring_frames, rate = format_.ring_frames, format_.sample_rate
    loss = Loss(first_frame=block.first_frame - block.lost, frames=block.lost, away_ns=away_ns)
    assert blame_loss(loss, ring_frames=ring_frames, sample_rate=rate) is Cause.READER_LATE


@pytest.mark.parametrize("layout", ["v1"])
def test_v1_loses_in_silence(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    check = run_and_read(host, device, shm_reader, cycles=10)
    host.run(device=device.device, cycles=STALLED_CYCLES)
    block = shm_reader.read()
    assert block is not None
    check.take(block.frames)
    ring = shm_reader.format.ring_frames
    written = STALLED_CYCLES * device.buffer_frames
    findings.take_check(check, Cause.READER_LATE)
    findings.note(f"v1: {check.lost} frames lost, the reader believes 0")
    # The index says only where the writer is in the ring, not how often it went round.
    assert len(block.frames) == written % ring
    assert check.lost == written - written % ring
    assert shm_reader.lost_frames == 0


@pytest.mark.parametrize("layout", ["v1"])
def test_v1_takes_a_full_ring_for_an_empty_one(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    device = host.set_buffer_frames(device.device, 512)
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        ring = reader.format.ring_frames
        host.run(device=device.device, cycles=ring // 512)
        assert reader.available() == 0
        assert reader.read() is None
        findings.tell("frames-there-and-not-seen", ring, "frames")
        findings.note(f"v1: {ring} frames waiting look like none")


@pytest.mark.parametrize("layout", ["v2"])
def test_v2_reads_a_full_ring(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    device = host.set_buffer_frames(device.device, 512)
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        ring = reader.format.ring_frames
        host.run(device=device.device, cycles=ring // 512)
        block = reader.read()
        assert block is not None
        findings.require("frames-not-seen", ring - len(block.frames), 0, "frames")
        assert block.lost == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_stall_inside_the_host_gives_the_same_figures_each_time(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    figures = []
    for _ in range(2):
        far_end = host.open_far_end(
            shm_name, check="counter", stall_cycles=(100, STALLED_CYCLES), device=device.device
        )
        client = start_counting(host, device)
        host.run(device=device.device, cycles=500)
        client.stop()
        client.remove()
        stats = far_end.close()
        assert stats.check is not None
        figures.append(
            (
                stats.layout,
                stats.frames,
                stats.lost_frames,
                stats.check.lost,
                stats.check.duplicated,
            )
        )
    assert figures[0] == figures[1]
    layout, _, known, lost, duplicated = figures[0]
    findings.tell("frames-lost", lost, "frames")
    findings.tell("frames-lost-as-the-reader-knows", known, "frames")
    assert known == (0 if layout == "v1" else lost)
    assert lost > 0
    assert duplicated == 0
