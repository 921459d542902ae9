"""A host with Bunghole, a player, a listener, and the other end of the wire."""

from __future__ import annotations

from typing import Any

from lab.clocks import Offset
from lab.errors import UsageError
from lab.faults.lives import Lives
from lab.faults.wire.counts import Counts, counts_of
from lab.faults.wire.recording import PLAYED_HZ, WireRecording
from lab.host import sources
from lab.host.base import Client
from lab.host.errors import HostError
from lab.host.models import Device
from lab.host.peer import Latency, Peer, open_peer

SPOKEN_HZ = 440.0
WARM_UP_NS = 3_000_000_000
"""Until both directions are connected, and the input is as full as it gets."""
CHUNK_NS = 60_000_000_000
"""Run at once, so that progress is told and Ctrl-C is heard about each few seconds."""


class WireRig(Lives[WireRecording]):
    """One driver at both ends of its wire.

    Parameters
    ----------
    setup, stop, progress, log, coverage, recording
        As for `Lives`; the ``layout`` of `setup` is the wire that the host speaks.

    Attributes
    ----------
    peer, microphone, listener
        What there is besides `device`, the output, and its player.
    wire
        What the host speaks with those who dial from now on.
    detached
        Whether nobody listens, until somebody does again.
    """

    peer: Peer
    microphone: Device
    listener: Client

    # ---- lives of the daemon ---------------------------------------------------------------

    def _live(self, frames: int) -> None:
        self._start_host(self.setup.environment)
        self.wire = self.setup.layout
        recording = self.recording
        if recording is not None:
            recording.begin_life()
        self.peer = open_peer(
            self.host,
            wire=self.wire,
            microphone=sources.sine(SPOKEN_HZ),
            bitrate=128_000,
            record=None if recording is None else recording.path,
            record_frames=None if recording is None else recording.room_frames,
            table=None if recording is None else recording.table,
        )
        self._begin_fingerprint()
        devices = [self.host.device(index) for index in self.host.load(self._bundle).devices]
        self.device = self._one(devices, "output")
        self.microphone = self._one(devices, "input")
        self.detached = False
        self.set_frames(frames)
        self.player = self.host.add_client(self.device.device, name="player")
        self.player.play(sources.sine(PLAYED_HZ))
        self.listener = self.host.add_client(self.microphone.device, name="listener")
        self.player.start()
        self.listener.start()
        self._begin_time()
        self.host.run(WARM_UP_NS / 1e9)
        self._check_connected()
        self.peer.stats(forget=True)

    def _one(self, devices: list[Device], direction: str) -> Device:
        found = [d for d in devices if any(s.direction == direction for s in d.streams)]
        if len(found) != 1 or len(devices) != 2:
            raise UsageError(
                f"the driver has no device of its own for {direction}",
                where=self._bundle.name,
                do="soak Bunghole, or choose another --far-end",
            )
        return found[0]

    def _check_connected(self) -> None:
        stats = self.peer.stats()
        if stats.output.packets == 0 or stats.input.connections == 0:
            raise UsageError(
                f"the driver has not dialled {stats.folder}/5000.sock and 5001.sock within "
                f"{WARM_UP_NS // 1_000_000_000} s",
                where=self._bundle.name,
                do="soak a driver that speaks Bunghole's wire and takes BUNGHOLE_UNIX",
            )

    def set_frames(self, frames: int) -> None:
        """Another period for both devices."""
        self.device = self.host.set_buffer_frames(self.device.device, frames)
        self.microphone = self.host.set_buffer_frames(self.microphone.device, frames)

    def set_drift(self, ppm: int) -> None:
        """Both devices' clocks are off from now on; in truth they have one clock."""
        self.drift_ppm = ppm
        for device in (self.device, self.microphone):
            self.host.set_clock(device.device, [Offset(ppm=ppm)] if ppm else [])

    # ---- running ---------------------------------------------------------------------------

    @property
    def _most_cycles(self) -> int:
        return max(1, CHUNK_NS // self.period_ns)

    def _run_to_time(self, ns: int, *, end_cycle: int) -> None:
        cycles = -(-(ns - self.elapsed_ns) // self.period_ns)
        self.run_cycles(min(cycles, end_cycle - self.cycle))

    # ---- what was observed -----------------------------------------------------------------

    def told(self, device: Device) -> dict[str, int]:
        """The driver's statistics of a device."""
        try:
            found: Any = self.host.call(
                "property.get",
                object={"plugin": device.plugin, "id": device.object_id},
                selector="stat",
                type="plist",
            )
        except HostError as error:
            raise UsageError(
                f"the driver has no statistics ({error.message})",
                where=self._bundle.name,
                do="soak a driver with Bunghole's property 'stat'",
            ) from error
        return {str(name): int(value) for name, value in found.items()}

    def counts(self) -> Counts:
        """All that has been counted in this life."""
        return counts_of(
            self.peer.stats(),
            self.told(self.device),
            self.told(self.microphone),
            self.host.io_stats(self.device.device),
            self.host.io_stats(self.microphone.device),
        )

    def take_latency(self) -> Latency:
        """Of the packets since the last time."""
        return self.peer.stats(forget=True).output.latency
