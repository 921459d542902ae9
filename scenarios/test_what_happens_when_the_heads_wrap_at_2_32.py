"""What happens when the heads wrap at 2^32?

A head of 32 bits that counts samples wraps after 12.4 hours of stereo at 48 kHz; one that counts
frames after 24.9. v2 counts frames in 64 bits; v1 keeps its index small by wrapping it at every
round of the ring, and pays for that elsewhere (see the other questions).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.transport.shm import open_reader
from scenarios.steps import LAYOUTS, run_and_read, start_counting

pytestmark = pytest.mark.native

EDGES = {
    "2^31 samples": 2**30,
    "2^32 samples": 2**31,
    "2^32 frames": 2**32,
    "2^53 frames": 2**53,
}


@pytest.mark.parametrize("edge", EDGES)
def test_a_v2_reader_reads_across_it(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings, edge: str
) -> None:
    start = EDGES[edge] - 100 * 480 - 7
    host = start_host(environment={"GECKO_SHM_START_FRAME": str(start)})
    host.load(driver)
    device = host.set_buffer_frames(host.devices()[0].device, 480)
    with open_reader(shm_name) as reader:
        assert reader.next_frame == start
        far_end = host.open_far_end(shm_name, check="counter", device=device.device)
        client = start_counting(host, device)
        check = run_and_read(host, device, reader, cycles=300)
        assert reader.next_frame == start + 300 * 480 > EDGES[edge]
        client.stop()
        heard = far_end.close().check
    findings.take_check(check)
    assert check.clean, check.events[:5]
    assert heard is not None
    assert heard.clean


def test_a_v2_reader_that_stalls_across_it_still_knows_its_loss(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings
) -> None:
    start = 2**32 - 50 * 480
    host = start_host(environment={"GECKO_SHM_START_FRAME": str(start)})
    host.load(driver)
    device = host.set_buffer_frames(host.devices()[0].device, 480)
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        host.run(device=device.device, cycles=100)
        block = reader.read()
    assert block is not None
    findings.tell("frames-lost", block.lost, "frames")
    assert block.lost == 100 * 480 - reader.format.ring_frames
    assert block.first_frame == start + block.lost


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_night_of_more_than_2_32_samples(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    """12.5 hours, every sample checked, in seconds."""
    far_end = host.open_far_end(shm_name, check="counter", device=device.device)
    device = host.set_buffer_frames(device.device, 4_096)
    client = start_counting(host, device)
    cycles = 2**31 // 4_096 + 5_000
    host.run(device=device.device, cycles=cycles)
    client.stop()
    check = far_end.close().check
    assert check is not None
    findings.take_check(check)
    findings.tell("hours", check.received / 48_000 / 3_600)
    assert check.received * 2 > 2**32
    assert check.clean, check.events[:5]
