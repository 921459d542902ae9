"""A host with Bunghole, a player, a listener, and the other end of the wire."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.clocks import Offset
from lab.errors import UsageError
from lab.faults.events import At
from lab.faults.rig import CALL_LIMIT_MS, LOG_EVENTS, EventWindow, Life, Stopped
from lab.faults.schedule import Setup
from lab.faults.wire.counts import Counts, counts_of
from lab.host import sources
from lab.host.base import Client
from lab.host.errors import HostError
from lab.host.locate import find_driver
from lab.host.models import Device, Resources
from lab.host.peer import Latency, Peer, open_peer
from lab.host.subprocess_host import HostOptions, SubprocessHost

PLAYED_HZ, SPOKEN_HZ = 997.0, 440.0
WARM_UP_NS = 3_000_000_000
"""Until both directions are connected, and the input is as full as it gets."""
CHUNK_NS = 60_000_000_000
"""Run at once, so that progress is told and Ctrl-C is heard about each few seconds."""


class WireRig:
    """One driver at both ends of its wire; survives restarts of its daemon.

    Parameters
    ----------
    setup
        What to build; ``layout`` is the wire that the host speaks.
    stop
        Asked between stretches; true raises `Stopped`.
    progress
        Told how many cycles have been run.
    log
        Events that are wanted in a file.

    Attributes
    ----------
    host, peer, output, microphone, player, listener, guests
        What there is now; others after a restart.
    wire
        What the host speaks with those who dial from now on.
    detached
        Whether nobody listens, until somebody does again.
    drift_ppm
        By how much the devices' clocks are off.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int], None] = lambda _: None,
        log: EventWindow | None = None,
    ) -> None:
        self.setup = setup
        self.fingerprints: list[str] = []
        self.lives: list[Life] = []
        self.guests: list[Client] = []
        self.restarts = 0
        self._log, self._stop, self._progress = log, stop, progress
        self._bundle = find_driver(setup.driver)
        self._stack = ExitStack()
        self._storage = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="hal-lab-"))
        )
        self._cycles_before = 0
        self._ns_before = 0
        self.host: SubprocessHost
        self.peer: Peer
        self.output: Device
        self.microphone: Device
        self.player: Client
        self.listener: Client
        try:
            self._live(setup.frames)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it; what it made goes. May be called twice."""
        if hasattr(self, "host"):
            self.host.close()
        self._stack.close()

    # ---- lives of the daemon ---------------------------------------------------------------

    def _live(self, frames: int) -> None:
        options = HostOptions(
            clock="virtual",
            seed=self.setup.seed,
            storage=self._storage,
            call_limit_ms=CALL_LIMIT_MS,
            schedule=self.setup.schedule_seed,
            exact_memory=True,
        )
        self.host = SubprocessHost(options, environment=dict(self.setup.environment))
        self.wire = self.setup.layout
        self.peer = open_peer(
            self.host, wire=self.wire, microphone=sources.sine(SPOKEN_HZ), bitrate=128_000
        )
        self.host.begin_fingerprint()
        if self._log is not None and self._log.life == len(self.lives):
            window = self._log.window
            self.host.log_events(
                self._log.path,
                window.first_cycle,
                window.last_cycle,
                capacity=LOG_EVENTS,
                samples=self._log.samples,
            )
        devices = [self.host.device(index) for index in self.host.load(self._bundle).devices]
        self.output = self._one(devices, "output")
        self.microphone = self._one(devices, "input")
        self.detached, self.drift_ppm = False, 0
        self.guests = []
        self.set_frames(frames)
        self.player = self.host.add_client(self.output.device, name="player")
        self.player.play(sources.sine(PLAYED_HZ))
        self.listener = self.host.add_client(self.microphone.device, name="listener")
        self.player.start()
        self.listener.start()
        self._life_began_ns = self.host.info().now_ns
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

    def restart(self, *, how: str) -> None:
        """End the daemon and start another, with another host at the other end.

        Parameters
        ----------
        how
            ``"kill"`` or ``"quit"``.
        """
        self.end_life()
        cycles, elapsed_ns = self.cycle, self.elapsed_ns
        if how == "kill":
            self.host.kill()
        self.host.close()
        self._cycles_before, self._ns_before = cycles, elapsed_ns
        self.restarts += 1
        self._live(self.output.buffer_frames)

    def end_life(self) -> None:
        """Take the fingerprint of this daemon."""
        end = self.host.fingerprint()
        self.fingerprints.append(end.hash)
        self.lives.append(Life(self._cycles_before, end.hash, end.checkpoints))

    def set_frames(self, frames: int) -> None:
        """Another period for both devices."""
        self.output = self.host.set_buffer_frames(self.output.device, frames)
        self.microphone = self.host.set_buffer_frames(self.microphone.device, frames)

    def set_drift(self, ppm: int) -> None:
        """Both devices' clocks are off from now on; in truth they have one clock."""
        self.drift_ppm = ppm
        for device in (self.output, self.microphone):
            self.host.set_clock(device.device, [Offset(ppm=ppm)] if ppm else [])

    # ---- where the run is ------------------------------------------------------------------

    @property
    def cycle(self) -> int:
        """Cycles of the output device that have been run, over all lives."""
        return self._cycles_before + self.host.io_stats(self.output.device).cycles

    @property
    def now_ns(self) -> int:
        """Virtual time of this daemon."""
        return self.host.info().now_ns

    @property
    def elapsed_ns(self) -> int:
        """Virtual time of the run, over all lives."""
        return self._ns_before + self.now_ns - self._life_began_ns

    @property
    def period_ns(self) -> int:
        """Of a cycle, rounded up."""
        return -(-self.output.buffer_frames * 1_000_000_000 // round(self.output.nominal_rate))

    def run_cycles(self, count: int) -> None:
        """Run so many cycles of the output."""
        while count > 0:
            if self._stop():
                raise Stopped
            step = min(count, max(1, CHUNK_NS // self.period_ns))
            self.host.run(device=self.output.device, cycles=step)
            count -= step
            self._progress(self.cycle)

    def run_to(self, at: At, *, end_cycle: int) -> None:
        """Run up to a moment; one that is past is now, and none is after the end."""
        if at.cycle is not None:
            self.run_cycles(min(at.cycle, end_cycle) - self.cycle)
            return
        assert at.s is not None
        left_ns = round(at.s * 1e9) - self.elapsed_ns
        cycles = min(-(-left_ns // self.period_ns), end_cycle - self.cycle)
        self.run_cycles(cycles)

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
            self.told(self.output),
            self.told(self.microphone),
            self.host.io_stats(self.output.device),
            self.host.io_stats(self.microphone.device),
        )

    def take_latency(self) -> Latency:
        """Of the packets since the last time."""
        return self.peer.stats(forget=True).output.latency

    def memory(self) -> Resources:
        """Of the daemon."""
        return self.host.resources()
