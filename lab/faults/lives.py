"""A driver under load, over the lives of its daemon: what every rig has, however it is heard."""

from __future__ import annotations

import tempfile
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from lab.closing import Closing
from lab.faults.events import At
from lab.faults.schedule import Setup
from lab.host.base import Client
from lab.host.locate import find_driver
from lab.host.models import CoverageRow, Device, Resources
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.replay.compare import Window

CALL_LIMIT_MS = 60_000
"""Of real time: a machine that stands still for seconds must not look like a driver that hangs."""
LOG_EVENTS = 1 << 19
"""For a window between two checkpoints, with samples: 64 MiB while it is open."""


@dataclass(frozen=True)
class EventWindow:
    """Of what a log of events is wanted.

    Attributes
    ----------
    path
        Of the file.
    life
        Of the daemon, from 0.
    window
        Cycles of this life.
    samples
        Whether samples go in as well.
    """

    path: Path
    life: int
    window: Window
    samples: bool = False


@dataclass(frozen=True)
class Life:
    """The fingerprint of one daemon, at its end.

    Attributes
    ----------
    before_cycles
        That the run had before it.
    hash, checkpoints
        Of its fingerprint.
    """

    before_cycles: int
    hash: str
    checkpoints: list[tuple[int, str]]


class Stopped(Exception):  # noqa: N818
    """Somebody asked for the end of the run."""


RecordingT = TypeVar("RecordingT")
"""What a kind of rig records into."""


class Lives(Closing, Generic[RecordingT]):
    """One driver in virtual time; survives restarts of its daemon.

    Parameters
    ----------
    setup
        What to build.
    stop
        Asked between stretches; true raises `Stopped`.
    progress
        Told how many cycles have been run.
    log
        Events that are wanted in a file.
    coverage
        Count what the driver is asked.
    recording
        Where what is heard is wanted in a file.

    Attributes
    ----------
    host, device, player, guests
        What there is now; others after a restart. Cycles are those of `device`, which `player`
        plays to.
    drift_ppm
        By how much the device's clock is off.
    restarts
        Of the daemon.
    fingerprints, lives
        Of the lives of the daemon that have ended; the latter with their checkpoints.
    life_began_cycle
        Cycles that had been run when this daemon began.
    calls
        What the driver was asked in those lives.
    """

    host: SubprocessHost
    device: Device
    player: Client

    def __init__(
        self,
        setup: Setup,
        *,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int], None] = lambda _: None,
        log: EventWindow | None = None,
        coverage: bool = False,
        recording: RecordingT | None = None,
    ) -> None:
        self.setup = setup
        self.recording = recording
        self.calls: list[CoverageRow] = []
        self._covers = coverage
        self.guests: list[Client] = []
        self.drift_ppm = 0
        self.restarts = 0
        self.fingerprints: list[str] = []
        self.lives: list[Life] = []
        self.life_began_cycle = 0
        self._life_began_ns = self._ns_before = 0
        self._stop, self._progress, self._log = stop, progress, log
        self._bundle = find_driver(setup.driver)
        self._stack = ExitStack()
        self._storage = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="hal-lab-"))
        )
        try:
            self._prepare()
            self._live(setup.frames)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it; what it made goes. May be called twice."""
        if hasattr(self, "host"):
            self.host.close()
        self._stack.close()

    # ---- lives of the daemon ---------------------------------------------------------------

    def _prepare(self) -> None:
        """What a kind of rig has besides, before the first life."""

    @abstractmethod
    def _live(self, frames: int) -> None:
        """Start a daemon, load the driver, play to it with so many frames a cycle."""

    def _start_host(self, environment: Mapping[str, str], *, keep_shm: bool = False) -> None:
        options = HostOptions(
            clock="virtual",
            seed=self.setup.seed,
            storage=self._storage,
            keep_shm=keep_shm,
            call_limit_ms=CALL_LIMIT_MS,
            schedule=self.setup.schedule_seed,
            exact_memory=True,
            coverage=self._covers,
        )
        self.host = SubprocessHost(options, environment=dict(environment))
        self.guests = []
        self.drift_ppm = 0

    def _begin_fingerprint(self) -> None:
        """Of this daemon; its events go into a file when they are wanted."""
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

    def _begin_time(self) -> None:
        """From now on time counts."""
        self._life_began_ns = self.now_ns

    def _take_leave(self) -> None:
        """Keep what is still needed of a daemon that is about to be replaced."""

    def restart(self, *, how: str) -> None:
        """End the daemon and start another.

        Parameters
        ----------
        how
            ``"kill"`` or ``"quit"``.
        """
        self._take_leave()
        self.end_life()
        self.life_began_cycle, self._ns_before = self.cycle, self.elapsed_ns
        if how == "kill":
            self.host.kill()
        self.host.close()
        self.restarts += 1
        self._live(self.device.buffer_frames)

    def end_life(self) -> None:
        """Take the fingerprint of this daemon."""
        end = self.host.fingerprint()
        self.fingerprints.append(end.hash)
        self.lives.append(Life(self.life_began_cycle, end.hash, end.checkpoints))
        if self._covers:
            self.calls += self.host.counted_calls(self.device.plugin)

    # ---- where the run is ------------------------------------------------------------------

    @property
    def cycle(self) -> int:
        """Cycles that have been run, over all lives."""
        return self.life_began_cycle + self.host.io_stats(self.device.device).cycles

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
        rate = max(1, round(self.device.nominal_rate))
        return -(-self.device.buffer_frames * 1_000_000_000 // rate)

    def memory(self) -> Resources:
        """Of the daemon."""
        return self.host.resources()

    # ---- running ---------------------------------------------------------------------------

    @property
    @abstractmethod
    def _most_cycles(self) -> int:
        """Run at once, so that progress is told and Ctrl-C is heard each second or few."""

    @abstractmethod
    def _run_to_time(self, ns: int, *, end_cycle: int) -> None:
        """Run up to a time of the run, at most to its last cycle."""

    def run_cycles(self, count: int) -> None:
        """Run so many cycles."""
        done = self.cycle
        while count > 0:
            self._look_for_stop()
            step = min(count, self._most_cycles)
            self.host.run(device=self.device.device, cycles=step)
            count -= step
            done += step
            self._progress(done)

    def _look_for_stop(self) -> None:
        if self._stop():
            raise Stopped

    def run_to(self, at: At, *, end_cycle: int) -> None:
        """Run up to a moment; one that is past is now, and none is after the end.

        Parameters
        ----------
        at
            The moment.
        end_cycle
            Where the run ends.
        """
        if at.cycle is not None:
            self.run_cycles(min(at.cycle, end_cycle) - self.cycle)
            return
        assert at.s is not None
        self._run_to_time(round(at.s * 1e9), end_cycle=end_cycle)
