"""A round of everything that applications do with a driver, in virtual time."""

from __future__ import annotations

from lab.host.base import Host
from lab.host.models import Device
from lab.host.sources import counter

FRAME_COUNTS = (480, 64, 511)


def exercise(host: Host, *, seconds: float = 10.0) -> list[Device]:
    """Play and record on each device, by two clients, with several buffer sizes.

    Parameters
    ----------
    host
        With the driver loaded, and nothing running.
    seconds
        Of IO for each device and buffer size.

    Returns
    -------
    list of Device
        Those that were exercised.

    Raises
    ------
    HostError
        The driver refused something that every driver has to do.
    """
    devices = [device for device in host.devices() if device.streams]
    for device in devices:
        for frames in FRAME_COUNTS:
            _play(host, device, frames, seconds)
    return devices


def _play(host: Host, device: Device, frames: int, seconds: float) -> None:
    host.set_buffer_frames(device.device, frames)
    clients = [host.add_client(device.device, name=f"exercise {i}") for i in range(2)]
    for client in clients:
        for output in range(len(device.outputs)):
            client.play(counter(), output=output)
        client.start()
    host.run(seconds=seconds)
    for client in clients:
        client.stop()
        client.remove()
