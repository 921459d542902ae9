"""What does a reader see that comes late?

The driver has been playing for five seconds when somebody begins to read.
"""

from __future__ import annotations

import numpy as np
import pytest

from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost
from lab.scenario import Findings
from lab.signals.counter import decode
from lab.transport.shm import open_reader
from scenarios.steps import LAYOUTS, run_and_read, start_counting

pytestmark = pytest.mark.native

CYCLES_BEFORE = 500


def first_number(frames: np.ndarray) -> int:
    number, _ = decode(frames[:1])
    return int(number[0, 0])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_that_begins_at_the_newest_frame_hears_nothing_old(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    start_counting(host, device)
    host.run(device=device.device, cycles=CYCLES_BEFORE)
    with open_reader(shm_name, attach="newest") as reader:
        assert reader.read() is None
        check = run_and_read(host, device, reader, cycles=100)
    assert check.clean
    stale = CYCLES_BEFORE * device.buffer_frames - check.first_frame
    findings.require("stale-frames", stale, 0, "frames")


def test_v2_gives_the_oldest_frames_in_order_and_without_a_gap(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    start_counting(host, device)
    host.run(device=device.device, cycles=CYCLES_BEFORE)
    with open_reader(shm_name, attach="oldest") as reader:
        block = reader.read()
        assert block is not None
        ring = reader.format.ring_frames
        assert len(block.frames) == ring
        assert first_number(block.frames) == block.first_frame
        assert block.first_frame == CYCLES_BEFORE * device.buffer_frames - ring
        check = run_and_read(host, device, reader, cycles=100)
    assert check.clean
    findings.tell("old-frames-on-request", ring, "frames")


@pytest.mark.parametrize("layout", ["v1"])
def test_v1_read_as_its_design_says_begins_with_stale_audio(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    start_counting(host, device)
    host.run(device=device.device, cycles=CYCLES_BEFORE)
    played = CYCLES_BEFORE * device.buffer_frames
    with open_reader(shm_name, attach="start") as reader:
        block = reader.read()
        assert block is not None
        ring = reader.format.ring_frames
    age = played - first_number(block.frames)
    # From index 0 to the writer: what lay there was written on this round of the ring.
    assert len(block.frames) == played % ring == age
    findings.tell("stale-frames", age, "frames")
    findings.tell("stale-audio", age / device.nominal_rate * 1e3, "ms")
    findings.note(f"v1: {age / device.nominal_rate * 1e3:.0f} ms of old audio first")


@pytest.mark.parametrize("layout", ["v1"])
def test_v1_gives_silence_for_audio_before_the_ring_has_gone_round(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    start_counting(host, device)
    host.run(device=device.device, cycles=3)
    with open_reader(shm_name, attach="oldest") as reader:
        block = reader.read()
    assert block is not None
    never_written = int(np.count_nonzero(~np.any(block.frames, axis=1)))
    findings.tell("frames-never-written-but-read", never_written, "frames")
    findings.note("v1 cannot tell written from not yet written")
    assert never_written == len(block.frames) - 3 * device.buffer_frames
    assert never_written > 0
