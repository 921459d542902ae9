"""The drivers that scenarios install: what is looked for, and how one plays through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lab.host import sources
from lab.host.external_host import ExternalHost
from lab.machine.base import HAL, Machine
from lab.signals.delay import Delay, find_delay
from lab.signals.file import write_raw
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import hiss, wait_until
from scenarios.machine_steps import play

_ROOT = Path(__file__).resolve().parents[2]
_RUN = "/private/var/run"
_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Product:
    """A driver with its scripts.

    Parameters
    ----------
    name
        Of its folder in the source tree.
    bundle
        Name of the bundle, without ``.driver``.
    devices
        That it shows, in their order.
    package
        Identifier of its installer package.
    listen
        Plays through the driver on a machine; fails when not everything arrives.
    described
        What its machine has to be like: fields of `lab.machine.description.Description`.
    """

    name: str
    bundle: str
    devices: tuple[str, ...]
    package: str
    listen: Callable[[Machine], None]
    described: dict[str, object] = field(default_factory=dict, hash=False)

    @property
    def scripts(self) -> Path:
        """Of the source tree."""
        return _ROOT / "driver" / self.name / "scripts"

    @property
    def folder(self) -> str:
        """Name of the bundle's folder."""
        return f"{self.bundle}.driver"

    @property
    def installed(self) -> str:
        """Where it is on a machine."""
        return f"{HAL}/{self.folder}"

    def prepare(self, machine: Machine) -> None:
        """Make what the driver is told to use; before it is loaded."""
        environment = self.described.get("environment", {})
        assert isinstance(environment, dict)
        if "BUNGHOLE_UNIX" in environment:
            _stand_in(machine).mkdir()


def _listen_to_gecko(machine: Machine) -> None:
    """Every frame arrives once and in order, in shared memory."""
    check = play(machine)
    assert check.clean
    assert check.received >= 190 * 480


def _stand_in(machine: Machine) -> Path:
    """The folder of sockets, as the test sees it: beside coreaudiod's own socket."""
    return machine.socket().parent / "bunghole"


def _listen_to_bunghole(machine: Machine, seconds: float = 1.5) -> None:
    """What is played arrives as Opus at a far end outside of the machine."""
    folder = _stand_in(machine)
    noise = folder.parent / "hiss.raw"
    played = hiss(seconds + 2)
    write_raw(noise, played)
    with (
        Receiver(Endpoint.stand_in(folder), port=5000) as receiver,
        ExternalHost(machine.socket()) as host,
    ):
        wait_until(lambda: bool(receiver.connected), "a call of the driver")
        device = next(one for one in host.devices() if one.name == "Bunghole Output")
        client = host.add_client(device.device, name="player")
        client.play(sources.file(Path(f"{_RUN}/hiss.raw"), 2))
        client.start()
        enough = round(seconds * _RATE)
        wait_until(lambda: _heard(receiver) >= enough, f"{seconds:g} s of audio")
        client.remove()
        [guest] = receiver.guests
        heard = receiver.audio(guest)
        receiver.release()
    noise.unlink()
    # Loss that a busy machine makes is not this scenario's; that it is this noise, is.
    delay = find_delay(played, heard[-_RATE:])
    assert isinstance(delay, Delay), delay
    assert np.abs(heard).max() > 0.05


def _heard(receiver: Receiver) -> int:
    return sum(len(receiver.audio(guest)) for guest in receiver.guests)


GECKO = Product(
    "gecko", "GeckoAudioDevice", ("Gecko Sink",), "com.gecko.driver.pkg", _listen_to_gecko
)
BUNGHOLE = Product(
    "bunghole",
    "BungholeAudio",
    ("Bunghole Output", "Bunghole Input"),
    "com.bunghole.audio.pkg",
    _listen_to_bunghole,
    # A socket knows real time only; and it never dials what lies around the test.
    {"environment": {"BUNGHOLE_UNIX": f"{_RUN}/bunghole"}, "clock": "realtime"},
)
PRODUCTS = (GECKO, BUNGHOLE)
