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
from lab.signals.delay import Delay, find_delay

LIMIT_S = 20.0
"""What takes so long does not come at all, on any machine."""
QUICK_BACKOFF = {"BUNGHOLE_BACKOFF_MS": "50"}
"""For scenarios that are not about the time between two calls."""


def wait_until(holds: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> float:
    """Wait for something that is about to be; seconds that it took."""
    begin = time.monotonic()
    while not holds():
        assert time.monotonic() - begin < limit_s, f"{what}: not within {limit_s:g} s"
        time.sleep(0.01)  # a look takes its time from what it looks at
    return time.monotonic() - begin


class Rig:
    """Both devices of the driver (or of Burrow), at the same IO period.

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
        self.plugin = host.load(driver).plugin
        self.output = self._device("Output", frames)
        self.input = self._device("Input", frames)

    def _device(self, word: str, frames: int) -> Device:
        device = next(one for one in self.host.devices() if one.name.endswith(f" {word}"))
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
            self.plugin, device.object_id, "stat", type_="plist"
        )
        return value

    def link(self, device: Device) -> str:
        """``"wire v2"``, ``"waiting"``, ...: its property ``vlnk``."""
        return str(self.host.get_property(self.plugin, device.object_id, "vlnk", type_="string"))

    @property
    def is_alive(self) -> bool:
        """Whether the process that drivers live in is still there."""
        return self.host.exit_status is None

    def get(self, object_id: int, selector: str, scope: str = "glob") -> Any:
        """A property of the contract."""
        return self.host.get_property(self.plugin, object_id, selector, scope)

    def set(self, object_id: int, selector: str, value: float) -> None:
        """Set one."""
        self.host.set_property(self.plugin, object_id, selector, value)

    def wait_for_output(self) -> None:
        """The output's connection is there, and the host has said that it knows v2."""
        wait_until(lambda: self.link(self.output) == "wire v2", "the output in v2")

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


def begin_ns(client: Client, rate: float = 48_000.0) -> int:
    """CLOCK_MONOTONIC at which a client's first frame was played or recorded.

    Its position goes up by a whole period at once, and the answer takes its time: each look is too
    early by some milliseconds, the least early of them by next to nothing.
    """
    found = 0
    for _ in range(20):
        before_ns = time.monotonic_ns()
        found = max(found, before_ns - round(client.stats().position_frames / rate * 1e9))
        time.sleep(0.003)
    return found


def hiss(seconds: float, seed: int = 1) -> NDArray[np.float32]:
    """Noise that never repeats, so that any piece of it tells its place; shape (n, 2)."""
    made = np.random.default_rng(seed).standard_normal(round(seconds * 48_000))
    smooth = np.convolve(made, (0.25, 0.5, 0.25), mode="same") * 0.2
    return np.repeat(np.clip(smooth, -1, 1).astype(np.float32)[:, np.newaxis], 2, axis=1)


def place_of(piece: NDArray[np.float32], whole: NDArray[np.float32]) -> float:
    """Which frame of a signal a piece of it begins with, behind any codec."""
    found = find_delay(whole, piece)
    assert isinstance(found, Delay), found
    return found.frames


def level_db(frames: NDArray[np.float32]) -> float:
    """RMS of what is there, dB of full scale; -120 for silence."""
    return float(20 * np.log10(max(np.sqrt(np.mean(np.square(frames, dtype=np.float64))), 1e-6)))
