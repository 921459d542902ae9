"""What listens to a driver: another process, the host in step, the device's own input, nobody.

And which of them it is; whom a driver dials is in `lab.play.wire`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError
from lab.host import sources
from lab.host.base import Client, Host
from lab.host.far_end import FarEnd
from lab.play.listener import Listener
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.wire import Wire
from lab.signals.file import read_raw
from lab.transport import posix_shm
from lab.transport.recording import read_recording
from lab.transport.shm import detect_layout, open_reader
from lab.transport.shm_process import ReaderProcess


class Nobody(Listener):
    """Nobody listens: cycles are all that is seen."""

    def finish(self, facts: PlayFacts, *, host_lives: bool) -> None:
        """Nothing to read."""


class ReaderListener(Listener):
    """The reader in a process of its own, in real time."""

    def __init__(self, reader: ReaderProcess) -> None:
        self._reader = reader

    def finish(self, facts: PlayFacts, *, host_lives: bool) -> None:
        """Let it drain the ring and take its recording: it does not need the host for that."""
        del host_lives
        try:
            outcome = self._reader.stop()
        except LabError as error:
            self._take_what_is_there(facts, error)
            return
        facts.recorded = outcome.recording.frames
        facts.arrivals = outcome.recording.arrivals
        facts.reader_error = outcome.error
        facts.dropped_frames = outcome.dropped_frames
        facts.reader_cpu_percent = outcome.cpu_percent

    def _take_what_is_there(self, facts: PlayFacts, error: LabError) -> None:
        """A reader that died has left both files at full length, zeros behind what it wrote."""
        facts.reader_error = str(error)
        made = self._reader.format
        try:
            recording = read_recording(
                self._reader.raw,
                self._reader.arrivals,
                channels=made.channels,
                sample_rate=made.sample_rate,
            )
        except OSError:
            return
        facts.arrivals = recording.arrivals[recording.arrivals["frames"] > 0]
        told = 0
        if len(facts.arrivals):
            told = int(facts.arrivals["recorded_frame"][-1] + facts.arrivals["frames"][-1])
        facts.recorded = recording.frames[:told]

    def close(self) -> None:
        """End the process."""
        self._reader.close()


class StepListener(Listener):
    """The reader inside the host, in step with its cycles, in virtual time."""

    def __init__(self, far_end: FarEnd, record: Path) -> None:
        self._far_end = far_end
        self._record = record

    def finish(self, facts: PlayFacts, *, host_lives: bool) -> None:
        """Take its recording; one that a crash left is cut where its zeros begin."""
        stats = self._far_end.close() if host_lives else None
        facts.recorded = read_raw(self._record, facts.device.output_channels)
        if stats is None:
            facts.recorded = _without_zeros_behind(facts.recorded)
        else:
            facts.reader_error = stats.failure or ""
            facts.dropped_frames = max(stats.frames - len(facts.recorded), 0)
        self._record.unlink(missing_ok=True)


class InputListener(Listener):
    """The device's own input: a loopback driver."""

    def __init__(self, client: Client, record: Path, channels: int) -> None:
        self._client = client
        self._record = record
        self._channels = channels

    def finish(self, facts: PlayFacts, *, host_lives: bool) -> None:
        """Take its recording."""
        if host_lives:
            self._client.take(None)
        recorded = read_raw(self._record, self._channels)
        if not host_lives:
            recorded = _without_zeros_behind(recorded)
        facts.recorded = recorded[:, : facts.device.output_channels]
        self._record.unlink(missing_ok=True)


def listen(
    host: Host,
    client: Client,
    facts: PlayFacts,
    settings: PlaySettings,
    capacity: int,
    wire: Wire,
) -> Listener:
    """Find out how this driver can be listened to, and begin.

    Parameters
    ----------
    host, client
        With the driver loaded, IO not yet started.
    facts
        Gets what was found.
    settings
        Of the run.
    capacity
        Frames that may arrive.
    wire
        Where the driver may have dialled.

    Returns
    -------
    Listener
    """
    found = _listen_nearby(host, client, facts, settings, capacity)
    if found is None and wire.is_dialled(host, facts.device):
        facts.far_end = "packets"
        return wire.listener(host)
    facts.unheard = wire.why_not
    wire.leave()
    return found or Nobody()


def _listen_nearby(
    host: Host, client: Client, facts: PlayFacts, settings: PlaySettings, capacity: int
) -> Listener | None:
    """What needs no wire; None when there is no such way."""
    device = facts.device
    if posix_shm.size_of(settings.shm_name) >= 0:
        facts.far_end = "shared memory"
        facts.layout = detect_layout(settings.shm_name)
        with open_reader(settings.shm_name) as probe:
            facts.ring_frames = probe.format.ring_frames
        if settings.clock == "virtual":
            record = settings.folder / "far-end.f32"
            far_end = host.open_far_end(
                settings.shm_name,
                check="none",
                record=record,
                record_frames=capacity,
                device=device.device,
            )
            return StepListener(far_end, record)
        return ReaderListener(
            ReaderProcess(settings.shm_name, settings.folder, capacity_frames=capacity)
        )
    inputs = [stream for stream in device.streams if stream.direction == "input"]
    if inputs and inputs[0].virtual_format.channels >= device.output_channels:
        facts.far_end = "device input"
        record = settings.folder / "input.f32"
        client.take(sources.record(record, capacity))
        return InputListener(client, record, inputs[0].virtual_format.channels)
    return None


def _without_zeros_behind(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    heard = np.flatnonzero(np.any(frames, axis=1))
    return frames[: heard[-1] + 1] if heard.size else frames[:0]
