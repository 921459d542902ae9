"""Does every sample arrive, once, in order?

Every sample carries its own number, so the answer is exact: nothing is estimated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.host import sources
from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.signals.align import align
from lab.signals.file import write_raw
from lab.signals.noise import noise
from lab.transport.shm import ShmReader, open_reader
from scenarios.steps import LAYOUTS, drain, run_and_read, start_counting

pytestmark = pytest.mark.native


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_minute_read_by_another_process(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    client = start_counting(host, device)
    check = run_and_read(host, device, shm_reader, cycles=6_000)
    findings.take_check(check)
    assert check.clean, check.events[:5]
    assert check.first_frame == 0
    assert check.received == client.stats().position_frames == 60 * 48_000


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_hour_checked_in_step_with_the_host(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings
) -> None:
    far_end = host.open_far_end(shm_name, check="counter", device=device.device)
    client = start_counting(host, device)
    # A sanitized build is hundreds of times slower: two minutes of audio have to do there.
    cycles = 12_000 if host.info().sanitizers else 360_000
    host.run(device=device.device, cycles=cycles)
    position = client.stats().position_frames
    client.stop()
    check = far_end.close().check
    assert check is not None
    findings.take_check(check)
    assert check.clean, check.events[:5]
    assert check.received == position == cycles * 480


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("frames", [16, 31, 480, 512, 1_000, 4_096, 8_192])
def test_with_any_number_of_frames_a_cycle(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings, frames: int
) -> None:
    device = host.set_buffer_frames(device.device, frames)
    assert device.buffer_frames == frames
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        check = run_and_read(host, device, reader, cycles=200, every=1)
    findings.take_check(check)
    assert check.clean, check.events[:5]
    assert check.received == 200 * frames


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rate", [44_100, 48_000, 88_200, 96_000])
def test_at_any_rate_that_the_device_has(
    host: SubprocessHost, device: Device, shm_name: str, findings: Findings, rate: int
) -> None:
    device = host.set_rate(device.device, rate)
    with open_reader(shm_name) as reader:
        assert reader.format.sample_rate == rate
        start_counting(host, device)
        before = host.info().now_ns
        check = run_and_read(host, device, reader, cycles=500, every=5)
        elapsed_s = (host.info().now_ns - before) * 1e-9
    findings.take_check(check)
    assert check.clean, check.events[:5]
    # The device's clock runs at its nominal rate in the host's time, but for the first cycles.
    assert check.received / elapsed_s == pytest.approx(rate, rel=0.01)


@pytest.mark.parametrize("channels", [1, 3, 8])
def test_with_any_number_of_channels(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings, channels: int
) -> None:
    host = start_host(environment={"GECKO_SHM_CHANNELS": str(channels)})
    host.load(driver)
    device = host.devices()[0]
    assert device.output_channels == channels
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        check = run_and_read(host, device, reader, cycles=500)
    findings.take_check(check)
    assert check.clean, check.events[:5]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_run_gives_the_same_bytes(
    start_host: StartHost, driver: Path, shm_name: str
) -> None:
    heard = []
    for _ in range(2):
        host = start_host(seed=7)
        host.load(driver)
        device = host.devices()[0]
        client = host.add_client(device.device)
        client.play(sources.noise(11))
        with open_reader(shm_name) as reader:
            client.start()
            blocks = []
            for _ in range(50):
                host.run(device=device.device, cycles=5)
                while (block := reader.read()) is not None:
                    blocks.append(block)
        frames = np.concatenate([block.frames for block in blocks])
        assert len(frames) == 250 * device.buffer_frames
        assert np.any(frames, axis=1).all()
        heard.append([(block.frames.tobytes(), block.host_times.tobytes()) for block in blocks])
        host.close()
    assert heard[0] == heard[1]


def test_a_real_recording_comes_back_to_the_bit(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, tmp_path: Path
) -> None:
    source = noise(48_000, seed=5)
    path = tmp_path / "source.f32"
    write_raw(path, source)
    client = host.add_client(device.device)
    client.play(sources.file(path, 2))
    client.start()
    blocks = []
    for _ in range(11):
        host.run(device=device.device, cycles=10)
        while (block := shm_reader.read()) is not None:
            blocks.append(block.frames)
    found = align(source, np.concatenate(blocks))
    assert found.is_clean
    assert (found.missing_head, found.missing_tail) == (0, 0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_reader_that_stays_away_is_seen_by_the_check(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    """The bad case: a check that finds nothing here would find nothing anywhere."""
    start_counting(host, device)
    check = run_and_read(host, device, shm_reader, cycles=10)
    host.run(device=device.device, cycles=100)
    drain(shm_reader, check)
    findings.take_check(check)
    assert not check.clean
    assert check.lost > 0
