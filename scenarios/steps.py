"""Steps that several scenarios take."""

from __future__ import annotations

from lab.host import sources
from lab.host.base import Client, DeviceRef, Host
from lab.host.models import Device
from lab.signals.counter_check import CounterCheck
from lab.transport.shm import ShmReader

LAYOUTS = ("v1", "v2")


def start_counting(host: Host, device: Device | DeviceRef, *, start_frame: int = 0) -> Client:
    """A client that plays self-numbering PCM, its IO started."""
    index = device.device if isinstance(device, Device) else device
    client = host.add_client(index, name="counter")
    client.play(sources.counter(start_frame))
    client.start()
    return client


def run_and_read(
    host: Host, device: Device, reader: ShmReader, *, cycles: int, every: int = 10
) -> CounterCheck:
    """Run cycles and check what a reader in this process, not the host's, gets of them.

    In virtual time nothing happens between two runs, so the reader is in step.
    """
    check = CounterCheck(device.output_channels)
    for done in range(0, cycles, every):
        host.run(device=device.device, cycles=min(every, cycles - done))
        drain(reader, check)
    return check


def drain(reader: ShmReader, check: CounterCheck) -> int:
    """Read what is there into a check; frames read."""
    frames = 0
    while (block := reader.read()) is not None:
        check.take(block.frames)
        frames += len(block.frames)
    return frames
