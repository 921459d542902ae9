"""IO with every combination of rate, buffer size and number of clients that a device can get."""

from __future__ import annotations

from itertools import product

from lab.host import sources
from lab.host.errors import HostError
from lab.host.models import Device
from lab.validate.check import Check, Need
from lab.validate.checks.settings_device import rates_of
from lab.validate.nearest import Configuration, diagnosis
from lab.validate.subject import Loaded, Subject

_FRAMES = (16, 63, 64, 512, 4096, 8192)
_CLIENTS = (1, 3)
_CYCLES = 8
_MOST_RATES = 3


class Configurations(Check):
    """IO runs without an error at each rate, with each buffer size, for one client and three."""

    id = "robustness-configurations"
    family = "robustness"
    strictness = 5
    need = Need.REQUIRED
    source = "AudioHardware.h: kAudioDevicePropertyBufferFrameSize (programs choose it)"
    limit_s = 40.0

    def run(self, subject: Subject) -> None:
        """All combinations; of the first that fails, the nearest that passes is told."""
        loaded = subject.loaded()
        for device in self.some([one for one in loaded.devices if one.streams], "device"):
            passed: list[Configuration] = []
            failed: list[tuple[Configuration, str]] = []
            for rate, frames, clients in product(_rates(device), _FRAMES, _CLIENTS):
                wanted = {"rate": rate, "frames": frames, "clients": clients}
                said = _run(loaded, device, rate, frames, clients)
                if said is None:
                    passed.append(wanted)
                else:
                    failed.append((wanted, said))
            if failed:
                first, said = failed[0]
                tried = len(passed) + len(failed)
                self.note(f"{device.name}: {len(failed)} of {tried} configurations fail")
                self.expect(False, f"{device.name}: {said}; it {diagnosis(first, passed)}")


def _rates(device: Device) -> list[float]:
    """The rate that it has, the lowest and the highest."""
    every = rates_of(device)
    return list(dict.fromkeys([device.nominal_rate, *every[:1], *every[-1:]]))[:_MOST_RATES]


def _run(loaded: Loaded, device: Device, rate: float, frames: int, clients: int) -> str | None:
    """What goes wrong; None: nothing."""
    host, number = loaded.host, device.device
    try:
        if host.device(number).nominal_rate != rate:
            host.set_rate(number, rate)
        host.set_buffer_frames(number, frames)
        players = [host.add_client(number, name=f"player {i}") for i in range(clients)]
        for player in players:
            if device.outputs:
                player.play(sources.counter())
            player.start()
        before = host.io_stats(number)
        host.run(device=number, cycles=_CYCLES)
        after = host.io_stats(number)
        for player in players:
            player.remove()
    except HostError as error:
        return str(error)
    if after.driver_errors > before.driver_errors:
        return f"{after.last_driver_error_operation} answers {after.last_driver_error_text}"
    if after.cycles == before.cycles:
        return "IO stands still"
    return None
