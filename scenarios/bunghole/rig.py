"""A host in real time with Bunghole loaded, as scenarios use it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.host import sources
from lab.host.base import Client
from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost

LIMIT_S = 10.0
OUTPUT, INPUT = "Bunghole Output", "Bunghole Input"


def wait_until(holds: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> float:
    """Wait for something that is about to be; seconds that it took."""
    begin = time.monotonic()
    while not holds():
        assert time.monotonic() - begin < limit_s, f"{what}: not within {limit_s:g} s"
        time.sleep(0.002)
    return time.monotonic() - begin


class Rig:
    """Both devices of the driver, at the same IO period.

    Parameters
    ----------
    host
        In real time.
    driver
        The bundle.
    frames
        Of an IO cycle.
    """

    def __init__(self, host: SubprocessHost, driver: Path, frames: int = 480) -> None:
        self.host = host
        self._plugin = host.load(driver)
        self.output = self._device(OUTPUT, frames)
        self.input = self._device(INPUT, frames)

    def _device(self, name: str, frames: int) -> Device:
        device = next(one for one in self.host.devices() if one.name == name)
        return self.host.set_buffer_frames(device.device, frames)

    def player(self, source: sources.Source, name: str = "player") -> Client:
        """A client that plays into the output, its IO started."""
        client = self.host.add_client(self.output.device, name=name)
        client.play(source)
        client.start()
        return client

    def recorder(self, path: Path, seconds: float) -> Client:
        """A client that records the input, its IO started."""
        client = self.host.add_client(self.input.device, name="recorder")
        client.take(sources.record(path, round(seconds * self.input.nominal_rate)))
        client.start()
        return client

    def counted(self, device: Device) -> dict[str, Any]:
        """What the driver has counted: its property ``stat``."""
        value: dict[str, Any] = self.host.get_property(
            self._plugin.plugin, device.object_id, "stat", type_="plist"
        )
        return value

    def link(self, device: Device) -> str:
        """``"wire v2"``, ``"waiting"``, ...: its property ``vlnk``."""
        return str(
            self.host.get_property(self._plugin.plugin, device.object_id, "vlnk", type_="string")
        )

    def wait_for_links(self) -> None:
        """Both connections are there."""
        for device in (self.output, self.input):
            wait_until(
                lambda device=device: self.link(device).startswith("wire"),  # type: ignore[misc]
                f"{device.name} connected",
            )


def recorded(path: Path) -> NDArray[np.float32]:
    """A raw stereo recording; shape (n, 2)."""
    return np.fromfile(path, dtype=np.float32).reshape(-1, 2)


def without_silence(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """From the first to the last frame that is not zero."""
    loud = np.flatnonzero(np.abs(frames).max(axis=1) > 1e-4)
    return frames[loud[0] : loud[-1] + 1] if loud.size else frames[:0]
