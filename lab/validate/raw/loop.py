"""Devices whose output comes back at their input, by raw calls."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.host.probe import Instance
from lab.host.probe_calls import Samples
from lab.validate.raw.device import RawDevice, RawStream, playing_devices
from lab.validate.raw.io import READ, WRITE, RawIO

LARGEST_CYCLE = 8192
"""Frames: what macOS lets applications ask for."""


@dataclass(frozen=True)
class Loop:
    """A device whose output comes back at its input; its IO runs.

    Attributes
    ----------
    io
        Of client `CLIENT`.
    output, input
        Its streams, which have as many channels.
    """

    io: RawIO
    output: RawStream
    input: RawStream

    @property
    def latency_frames(self) -> int:
        """What the driver says that lies between, all in all."""
        of_streams = self.input.latency_frames + self.output.latency_frames
        return sum(self.io.device.latency) + of_streams

    def turn(self, frames: int, main: Samples | None = "counter") -> NDArray[np.float32]:
        """Do a cycle: read, write, and go on.

        Parameters
        ----------
        frames
            Of the cycle.
        main
            What is written; None: nothing is.

        Returns
        -------
        ndarray of float32, shape (frames, channels)
            What was read.
        """
        _, heard = self.io.read(self.input, frames)
        if main is not None:
            self.io.write(self.output, frames, main)
        self.io.step(frames)
        return heard


def loops_of(driver: Instance, lead_frames: int = 512) -> Iterator[Loop]:
    """Each device of a driver that can be heard; its IO runs until the next one is asked for."""
    for device in playing_devices(driver):
        inputs, outputs = device.inputs, device.outputs
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].channels != outputs[0].channels:
            continue
        if not inputs[0].is_float or not outputs[0].is_float:
            continue
        device.open_up()
        io = RawIO(device, min(lead_frames, largest_cycle(device)))
        io.start()
        loop = Loop(io, outputs[0], inputs[0])
        if io.does(READ) and io.does(WRITE) and _is_heard(loop):
            yield loop
        io.stop()


def largest_cycle(device: RawDevice) -> int:
    """Frames of a cycle for which a ring of one period has room: ahead, behind, and itself."""
    return min(LARGEST_CYCLE, device.period_frames // 3)


def _is_heard(loop: Loop) -> bool:
    """Whether what is played ever comes back, within a quarter of a second and the latencies."""
    latency = min(loop.latency_frames, 48_000)
    frames = loop.io.lead_frames
    turns = 4 + math.ceil((12_000 + latency) / frames)
    return any(np.any(np.nan_to_num(loop.turn(frames))) for _ in range(turns))
