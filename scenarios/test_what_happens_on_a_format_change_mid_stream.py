"""What happens on a format change mid-stream?

The user changes the device's rate while something plays: the host stops IO, the driver changes, IO
starts again. The reader has read its header long ago.
"""

from __future__ import annotations

import pytest

from lab.host.errors import HostError
from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost
from lab.scenario import Findings
from lab.signals.counter_check import CounterCheck
from lab.transport.shm import ShmReader, open_reader
from scenarios.steps import LAYOUTS, drain, run_and_read, start_counting

pytestmark = pytest.mark.native


def test_a_v2_reader_sees_the_new_rate_with_its_first_frame(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    check = run_and_read(host, device, shm_reader, cycles=100)
    device = host.set_rate(device.device, 44_100)
    assert device.running
    host.run(device=device.device, cycles=1)
    block = shm_reader.read()
    assert block is not None
    assert block.new_generation
    assert block.format.sample_rate == 44_100
    check.take(block.frames)
    host.run(device=device.device, cycles=20)
    drain(shm_reader, check)
    findings.tell("generation-changes", shm_reader.generation_changes)
    findings.take_check(check)
    assert shm_reader.generation_changes == 1
    assert shm_reader.lost_frames == 0
    # Nothing of the client's stream is lost over the change: it was read before, or comes after.
    assert check.clean, check.events[:5]


def test_a_change_that_the_host_refuses_leaves_the_stream_whole(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    check = run_and_read(host, device, shm_reader, cycles=100)
    host.refuse_changes(device.device, 1)
    with pytest.raises(HostError, match="44100 Hz"):
        host.set_rate(device.device, 44_100)
    host.run(device=device.device, cycles=20)
    drain(shm_reader, check)
    findings.take_check(check)
    assert shm_reader.generation_changes == 0
    assert check.clean, check.events[:5]
    # The driver has let go of the change: the next one is taken.
    assert host.set_rate(device.device, 44_100).nominal_rate == 44_100


def test_v2_counts_what_was_not_read_before_the_change(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    check = run_and_read(host, device, shm_reader, cycles=100)
    host.run(device=device.device, cycles=5)
    host.set_rate(device.device, 96_000)
    host.run(device=device.device, cycles=5)
    block = shm_reader.read()
    assert block is not None
    check.take(block.frames)
    findings.tell("frames-lost", block.lost, "frames")
    findings.require("frames-lost-but-not-told", check.lost - block.lost, 0, "frames")
    assert block.lost == 5 * 480


def test_v2_goes_on_in_another_object_when_the_ring_grows(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    check = run_and_read(host, device, shm_reader, cycles=100)
    host.run(device=device.device, cycles=5)  # read from the object that has been left
    ring = shm_reader.format.ring_frames
    where = (device.plugin, device.object_id, "gbuf")
    for grown in (2 * ring, 4 * ring):
        host.set_property(*where, grown, type_="plist")
        host.run(device=device.device, cycles=5)
        drain(shm_reader, check)
        assert shm_reader.format.ring_frames == grown
    findings.take_check(check)
    findings.require("frames-lost-as-the-reader-knows", shm_reader.lost_frames, 0, "frames")
    assert check.clean, check.events[:5]
    assert check.received == shm_reader.next_frame == 115 * device.buffer_frames
    # What has been overwritten there before the reader comes, it counts.
    host.set_property(*where, 8 * ring, type_="plist")
    host.run(device=device.device, cycles=10 * ring // device.buffer_frames)
    drain(shm_reader, check)
    assert check.lost > 0
    findings.require("frames-lost-but-not-told", check.lost - shm_reader.lost_frames, 0, "frames")


@pytest.mark.parametrize("layout", ["v1"])
def test_a_v1_reader_plays_on_at_the_wrong_pitch(
    host: SubprocessHost,
    device: Device,
    shm_name: str,
    shm_reader: ShmReader,
    findings: Findings,
) -> None:
    start_counting(host, device)
    run_and_read(host, device, shm_reader, cycles=100)
    host.set_rate(device.device, 44_100)
    host.run(device=device.device, cycles=10)
    block = shm_reader.read()
    assert block is not None
    # What the header says now, to one who looks at it.
    with open_reader(shm_name) as another:
        written = another.format.sample_rate
    assert written == 44_100
    believed = block.format.sample_rate
    wrong = 100 * (believed / written - 1)
    findings.tell("wrong-pitch", wrong, "%")
    findings.note(f"v1: the reader does not notice and plays {wrong:.1f} % too fast")
    assert believed == 48_000


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_change_and_back_a_hundred_times(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    check = CounterCheck(2)
    for step in range(100):
        host.set_rate(device.device, (44_100, 48_000)[step % 2])
        host.run(device=device.device, cycles=3)
        drain(shm_reader, check)
    findings.take_check(check)
    findings.tell("generation-changes", shm_reader.generation_changes)
    assert check.clean, check.events[:5]
    assert host.io_stats(device.device).driver_errors == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_another_number_of_frames_a_cycle_changes_nothing_for_the_reader(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    check = CounterCheck(2)
    for frames in (16, 480, 8_192, 100, 512):
        host.set_buffer_frames(device.device, frames)
        host.run(device=device.device, cycles=1)
        drain(shm_reader, check)
    findings.take_check(check)
    assert check.clean, check.events[:5]
