"""Steps of scenarios on machines."""

from __future__ import annotations

from lab.host.external_host import ExternalHost
from lab.host.models import Check
from lab.machine.base import HAL, Machine
from scenarios.steps import start_counting

INSTALLED = f"{HAL}/GeckoAudioDevice.driver"


def play(machine: Machine, device: str = "Gecko Sink", cycles: int = 200) -> Check:
    """Play self-numbering PCM through a device of the machine, read it back from shared memory."""
    with ExternalHost(machine.socket()) as host:
        index = host.set_buffer_frames(device, 480).device
        far_end = host.open_far_end("/GeckoAudioShm", device=index)
        client = start_counting(host, index)
        host.run(device=index, cycles=cycles)
        client.remove()
        check = far_end.close().check
    assert check is not None
    return check


def version_of(machine: Machine, installed: str = INSTALLED) -> str:
    """What the installed bundle says it is; empty without one."""
    done = machine.run(
        ["sed", "-n", "/ShortVersion/{n;s/[^>]*>//;s/<.*//;p;}", f"{installed}/Contents/Info.plist"]
    )
    return done.out.strip()
