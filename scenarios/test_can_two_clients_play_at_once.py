"""Can two clients play at once?

Each plays the numbers of one channel only, so the mix of both is the whole self-numbering signal:
any frame that one of them misses, or that comes twice, is seen.
"""

from __future__ import annotations

import pytest

from lab.host import sources
from lab.host.errors import HostError
from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost
from lab.scenario import Findings
from lab.transport.shm import ShmReader
from scenarios.steps import LAYOUTS, drain, run_and_read, start_counting

pytestmark = pytest.mark.native


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_mix_holds_every_sample_of_both(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    for channel in range(device.output_channels):
        client = host.add_client(device.device, name=f"channel {channel}")
        client.play(sources.on_channel(sources.counter(), channel))
        client.start()
    check = run_and_read(host, device, shm_reader, cycles=2_000)
    findings.take_check(check)
    assert check.clean, check.events[:5]
    assert check.received == 2_000 * 480


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_that_leaves_does_not_silence_the_other(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    quiet = host.add_client(device.device, name="quiet")
    quiet.play(sources.silence())
    check = run_and_read(host, device, shm_reader, cycles=50)
    for _ in range(10):
        quiet.start()
        host.run(device=device.device, cycles=20)
        drain(shm_reader, check)
        quiet.stop()
        host.run(device=device.device, cycles=20)
        drain(shm_reader, check)
    quiet.remove()
    host.run(device=device.device, cycles=20)
    drain(shm_reader, check)
    findings.take_check(check)
    assert check.clean, check.events[:5]
    assert check.received == (50 + 400 + 20) * 480
    stats = host.io_stats(device.device)
    findings.require("timestamp-jumps", stats.timestamp_jumps, 0)
    findings.require("new-seeds", stats.seed_changes, 0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_device_runs_until_its_last_client_stops(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    first = start_counting(host, device)
    second = host.add_client(device.device, name="second")
    second.play(sources.silence())
    second.start()
    check = run_and_read(host, device, shm_reader, cycles=10)
    first.stop()
    host.run(device=device.device, cycles=10)
    heard = shm_reader.read()
    assert heard is not None
    # The device still runs for the second one; what it hears now is silence.
    assert not heard.frames.any()
    second.stop()
    with pytest.raises(HostError) as refused:
        host.run(device=device.device, cycles=1)
    assert refused.value.status == "state"
    findings.take_check(check)
    assert check.clean


def test_thirty_clients_come_and_go(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    clients = [host.add_client(device.device, name=f"client {n}") for n in range(30)]
    check = run_and_read(host, device, shm_reader, cycles=10)
    for step in range(90):
        client = clients[step * 7 % 30]
        if step % 3 == 0:
            client.play(sources.silence())
        running = {entry.client for entry in host.device(device.device).clients if entry.running}
        (client.stop if client.id in running else client.start)()
        host.run(device=device.device, cycles=3)
        drain(shm_reader, check)
    findings.take_check(check)
    findings.tell("clients", 31)
    assert check.clean, check.events[:5]
