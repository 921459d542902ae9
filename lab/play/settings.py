"""What `hal-lab play` is asked to do, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lab.clocks import Component
from lab.host.models import Device, Plugin, TimestampReport
from lab.measure.trace import RECORD, Records
from lab.transport.recording import ARRIVAL

FarEndKind = Literal["shared memory", "device input", "none"]


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
        Of Gecko Sink's shared memory; None leaves it to the driver.
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
    folder
        Where recording, trace and result are kept.
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

    def driver_environment(self) -> dict[str, str]:
        """What Gecko Sink reads from its environment."""
        environment = {"GECKO_SHM_NAME": self.shm_name}
        if self.layout is not None:
            environment["GECKO_SHM_LAYOUT"] = self.layout
        if self.ring_frames is not None:
            environment["GECKO_SHM_RING_FRAMES"] = str(self.ring_frames)
        return environment


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
        Of the shared memory; None without.
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

    @property
    def sample_rate(self) -> float:
        """Hz, of the device."""
        return self.device.nominal_rate
