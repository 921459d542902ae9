"""What `hal-lab play` is asked to do, and what came of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lab.clocks import Component
from lab.host.models import CoverageRow, Device, Plugin, TimestampReport
from lab.measure.trace import RECORD, Records
from lab.play.environment import set_words
from lab.play.wire_facts import WireFacts
from lab.transport.recording import ARRIVAL

FarEndKind = Literal["shared memory", "device input", "packets", "none"]


@dataclass(frozen=True)
class PlaySettings:
    """What to play, through what, and what to keep.

    Attributes
    ----------
    file
        The audio file.
    device
        Name or UID; None: the driver's only device with an output.
    driver
        Name or path of the bundle.
    clock
        ``"realtime"`` or ``"virtual"``.
    layout
        Of Gecko Sink's shared memory, or the wire that Bunghole's host speaks; None leaves it to
        the driver.
    shm_name
        Of the shared memory, with its slash.
    ring_frames
        Of Gecko Sink's ring; None leaves it to the driver.
    rate
        Set the device to this rate, Hz; None: to the file's.
    resample
        Bring the file to the device's rate instead.
    buffer_frames
        Per IO cycle; None: 10 ms.
    seconds
        Play at most so long; None: the whole file.
    player_buffer_frames
        Of the player whose underruns are counted; None: four cycles.
    seed
        Of the host.
    call_limit_ms
        A call into the driver that takes longer has hung; None leaves it to the host.
    device_clock, host_clock
        By how much they are off; virtual time only. Empty: not at all.
    signal
        What the file is called in results; empty: its name.
    profile
        Which macOS the host plays; None: none in particular.
    environment
        Of the driver, beside what Gecko Sink needs.
    folder
        Where recording, trace and result are kept.
    coverage
        Count what the driver is asked.
    """

    file: Path
    folder: Path
    shm_name: str
    device: str | None = None
    driver: str = "GeckoAudioDevice"
    clock: Literal["realtime", "virtual"] = "realtime"
    layout: Literal["v1", "v2"] | None = None
    ring_frames: int | None = 65_536
    rate: int | None = None
    resample: bool = False
    buffer_frames: int | None = None
    seconds: float | None = None
    player_buffer_frames: int | None = None
    seed: int = 0
    call_limit_ms: int | None = None
    device_clock: tuple[Component, ...] = ()
    host_clock: tuple[Component, ...] = ()
    signal: str = ""
    profile: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    coverage: bool = False

    def parameters(self) -> dict[str, str]:
        """What makes this run another one than the same driver's other runs: for `Result`."""
        told = {"signal": self.signal or self.file.name}
        if self.layout is not None:
            told["layout"] = self.layout
        if self.buffer_frames is not None:
            told["frames"] = str(self.buffer_frames)
        if self.rate is not None:
            told["rate"] = str(self.rate)
        if self.seconds is not None:
            told["seconds"] = f"{self.seconds:g}"
        for name, model in (("device-clock", self.device_clock), ("host-clock", self.host_clock)):
            if model:
                told[name] = model_text(model)
        return told | dict(self.environment)

    def command(self) -> str:
        """What a person types to play this again."""
        line = ["hal-lab", "play"]
        line += ["--signal", self.signal] if self.signal else [str(self.file)]
        options = {
            "--driver": self.driver,
            "--device": self.device,
            "--clock": self.clock,
            "--profile": self.profile,
            "--layout": self.layout,
            "--frames": self.buffer_frames,
            "--rate": self.rate,
            "--seconds": self.seconds,
            "--seed": self.seed or None,
            "--call-limit-ms": self.call_limit_ms,
            "--device-clock": model_text(self.device_clock) if self.device_clock else None,
            "--host-clock": model_text(self.host_clock) if self.host_clock else None,
        }
        for option, value in options.items():
            line += [] if value is None else [option, f"{value}"]
        line += ["--resample"] if self.resample else []
        return shlex.join(line + set_words(self.environment.items()))

    def driver_environment(self) -> dict[str, str]:
        """What Gecko Sink reads from its environment."""
        environment = {"GECKO_SHM_NAME": self.shm_name}
        if self.layout is not None:
            environment["GECKO_SHM_LAYOUT"] = self.layout
        if self.ring_frames is not None:
            environment["GECKO_SHM_RING_FRAMES"] = str(self.ring_frames)
        return environment | dict(self.environment)


def model_text(model: tuple[Component, ...]) -> str:
    """A clock model as it is written behind ``--device-clock``."""
    told = [component.model_dump(mode="json", exclude_none=True) for component in model]
    return json.dumps(told[0] if len(told) == 1 else told)


def _no_arrivals() -> NDArray[Any]:
    return np.empty(0, dtype=ARRIVAL)


def _no_records() -> Records:
    return np.empty(0, dtype=RECORD)


@dataclass
class PlayFacts:
    """What happened, as arrays and numbers, before anything is judged.

    Attributes
    ----------
    device, plugin
        As the host described them when IO ran.
    far_end
        What read the driver's output.
    layout
        Of the shared memory, or of the wire; None without.
    source
        What was played, shape (frames, channels of the device).
    recorded
        What arrived, shape (n, channels).
    position_frames
        Frames that the client had played at the end; may exceed the source: silence follows it.
    arrivals
        Dtype `ARRIVAL`; empty in virtual time.
    records
        Trace of the device.
    untraced_frames
        Played in cycles whose records the trace no longer holds.
    reader_error
        Why the reader stopped early; empty when it did not.
    dropped_frames
        Frames that the reader had read, and its recording had no room for.
    reader_cpu_percent
        -1 when it is not another process.
    ring_frames
        0 without shared memory.
    interrupted
        By Ctrl-C, by the end of the host, or by another error.
    threads_left
        A line for each thread that the driver did not end; known in virtual time.
    timestamps
        What the driver's zero timestamps were like; None when the host could not be asked.
    calls
        What the driver was asked; empty when it was not asked for, or the host has gone.
    wire
        Packets, of a driver that dialled; None of any other.
    unheard
        Why nobody listens to a driver that says how it is to be heard; empty otherwise.
    """

    device: Device
    plugin: Plugin
    far_end: FarEndKind
    layout: Literal["v1", "v2"] | None
    source: NDArray[np.float32]
    recorded: NDArray[np.float32]
    position_frames: int = 0
    arrivals: NDArray[Any] = field(default_factory=_no_arrivals)
    records: Records = field(default_factory=_no_records)
    untraced_frames: int = 0
    reader_error: str = ""
    dropped_frames: int = 0
    reader_cpu_percent: float = -1.0
    ring_frames: int = 0
    interrupted: bool = False
    threads_left: tuple[str, ...] = ()
    timestamps: TimestampReport | None = None
    calls: list[CoverageRow] = field(default_factory=list)
    wire: WireFacts | None = None
    unheard: str = ""

    @property
    def sample_rate(self) -> float:
        """Hz, of the device."""
        return self.device.nominal_rate
