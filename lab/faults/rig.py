"""A host, a driver, a player of self-numbering PCM, and a reader that checks every sample.

The reader lives inside the host and looks after each cycle: Python moves the run on from event to
event and is never asked in between.
"""

from __future__ import annotations

from dataclasses import replace

from lab.errors import UsageError
from lab.faults.damage import Damage, damage_so_far
from lab.faults.lives import Lives
from lab.faults.loopback import LEARN_S, Loopback, check_device
from lab.faults.recording import Recording
from lab.host import sources
from lab.host.errors import HostError
from lab.host.far_end import FarEnd
from lab.host.models import FarEndStats, TimestampReport
from lab.play.names import release, unique_shm_name
from lab.play.run import choose_device

COUNTER_CODES = 1 << 24
"""Of self-numbering PCM: so many codes, shared by the channels."""
CHUNK_CYCLES = 100_000
"""Run at once, so that progress is told and Ctrl-C is heard about once a second."""
_DEFAULT_RING_FRAMES = 16_384


class Rig(Lives[Recording]):
    """One driver under one load, heard by a reader or through its own input.

    Parameters
    ----------
    setup, stop, progress, log, coverage
        As for `Lives`.
    recording
        Where what the reader hears is wanted in a file; not of a driver that is heard through its
        own input.

    Attributes
    ----------
    far
        What reads the shared memory now; another after a restart.
    name
        Of the shared memory.
    reading
        Whether the reader is attached to the driver's own memory and awake, or will be.
    name_leads_there
        Whether the name of the shared memory leads to the driver's object.
    stalled_until
        Cycle of the run up to which the reader stays away.
    stalled_since
        Cycle at which that began.
    slow_until, slow_since
        The same for a reader that does not take all that comes.
    held_until
        Cycle of the run up to which frames lie on the way.
    heard_from, attached_cycle
        Where the reader attached, ``"newest"`` or ``"oldest"``, and when.
    drift_step_ppm
        How much of `drift_ppm` came with the last change.
    loopback
        What is known of the way through the driver, when it is heard through its input; else None.
    pair_frames
        Of the blocks that are exchanged on the way, while they are.
    damage_until
        What the reader's count of damaged frames will be when nothing more is to be damaged.
    failed_allocations
        On purpose, in the life of this daemon.
    last_timestamps
        Of the daemon before this one, at its end.
    """

    def _prepare(self) -> None:
        self.name = unique_shm_name()
        self.reading = False
        self.name_leads_there = False
        self.stalled_until = self.stalled_since = 0
        self.slow_until = self.slow_since = 0
        self.held_until = self.pair_frames = 0
        self.damage_until = 0
        self.drift_step_ppm = 0
        self.heard_from = "newest"
        self.attached_cycle = 0
        self.attached_at = 0
        self.verified = 0
        self.failed_allocations = 0
        self._stack.callback(release, self.name)
        self._start_frame = 0
        self._folded = Damage()
        self._base = Damage()
        self.last_timestamps: TimestampReport | None = None
        self.loopback = Loopback() if self.setup.far_end == "input" else None
        self.far: FarEnd

    # ---- lives of the daemon ---------------------------------------------------------------

    def _live(self, frames: int) -> None:
        environment = {
            "GECKO_SHM_NAME": self.name,
            "GECKO_SHM_LAYOUT": self.setup.layout,
            **self.setup.environment,
        }
        self._start_host(environment, keep_shm=True)
        self._begin_fingerprint()
        plugin = self.host.load(self._bundle)
        self.device = choose_device(self.host, None, plugin.devices)
        self.device = self.host.set_buffer_frames(self.device.device, frames)
        if self.loopback is None:
            self._open_far_end()
        else:
            check_device(self.device)
        self.failed_allocations = 0
        self.player = self.host.add_client(self.device.device, name="player")
        self.player.play(sources.counter(self._start_frame))
        if self.loopback is not None:
            self.loopback.listen(self.player)
        self.player.start()
        self.reading, self.name_leads_there = True, self.loopback is None
        self.attached_at = self._start_frame
        self.stalled_until = self.damage_until = 0
        self.slow_until = self.held_until = 0
        self.drift_step_ppm = 0
        self.heard_from = "newest"
        self._begin_time()
        self._base = self._now()
        if self.loopback is not None:
            self._learn_latency(self.loopback)

    def _open_far_end(self) -> None:
        """A reader of shared memory inside the host."""
        try:
            if self.recording is None:
                self.far = self.host.open_far_end(self.name, device=self.device.device)
            else:
                self.recording.begin_life()
                self.far = self.host.open_far_end(
                    self.name,
                    device=self.device.device,
                    record=self.recording.path,
                    record_frames=self.recording.room_frames,
                )
        except HostError as error:
            raise UsageError(
                f"the reader cannot open the driver's shared memory ({error.message})",
                where=self._bundle.name,
                do="soak a driver that writes Gecko Sink's shared memory to GECKO_SHM_NAME",
            ) from error
        if self.far.stats().attachments == 0:
            raise UsageError(
                "the driver has made no shared memory that could be read",
                where=self._bundle.name,
                do="soak a driver that writes Gecko Sink's shared memory to GECKO_SHM_NAME, or one "
                "that loops its output back (--far-end input)",
            )

    def _learn_latency(self, loopback: Loopback) -> None:
        """Play until the first frame comes back; the silence before it is nobody's fault."""
        most = round(LEARN_S * 1e9) // self.period_ns
        for _ in range(most):
            self.host.run(device=self.device.device, cycles=1)
            if self.frames_behind() is not None:
                break
        behind, now = self.frames_behind(), self._now()
        if behind is not None and not loopback.latencies:
            loopback.learn(self.device, behind)
        troubled = now.driver_errors + now.timestamp_jumps + now.seed_changes > 0
        self._base = replace(self._base, played=now.played, correct=now.correct, silent=now.silent)
        if behind is None and self.restarts == 0 and not troubled:
            raise UsageError(
                f"nothing that was played came back at the input within {LEARN_S:g} s",
                where=self.device.name,
                do="soak a driver that loops its output back to its input",
            )

    def _take_leave(self) -> None:
        """Playing goes on with the next frame."""
        self.fold()
        self.last_timestamps = self.timestamps()
        self._start_frame = self.next_frame

    # ---- where the run is ------------------------------------------------------------------

    @property
    def next_frame(self) -> int:
        """Number of the frame that the player plays next."""
        return self._start_frame + self.player.stats().position_frames

    @property
    def behind_until(self) -> int:
        """Cycle of the run up to which the reader stays away, or does not take all that comes."""
        return max(self.stalled_until, self.slow_until)

    @property
    def behind_since(self) -> int:
        """Cycle at which that began; now, when it does neither."""
        now = self.cycle
        since = [now]
        if self.stalled_until >= now:
            since.append(self.stalled_since)
        if self.slow_until >= now:
            since.append(self.slow_since)
        return min(since)

    @property
    def flight_frames(self) -> int:
        """How many frames are on their way through the driver; 0 with shared memory."""
        return 0 if self.loopback is None else self.loopback.flight_frames(self.device)

    @property
    def flight_cycles(self) -> int:
        """How many cycles it takes until what is played is heard; 0 with shared memory."""
        return 0 if self.loopback is None else self.loopback.settle_cycles(self.device)

    @property
    def ring_frames(self) -> int:
        """Of the driver's ring; what is heard through the input is not asked for one."""
        if self.loopback is not None:
            return self.device.zero_period_frames
        return int(self.setup.environment.get("GECKO_SHM_RING_FRAMES", _DEFAULT_RING_FRAMES))

    def refresh(self) -> None:
        """Look at the device again, after something about it was set."""
        self.device = self.host.device(self.device.device)

    # ---- running ---------------------------------------------------------------------------

    @property
    def _most_cycles(self) -> int:
        return CHUNK_CYCLES

    def _run_to_time(self, ns: int, *, end_cycle: int) -> None:
        while (left := ns - self.elapsed_ns) > 0 and self.cycle < end_cycle:
            self._look_for_stop()
            most = min(CHUNK_CYCLES, max(1, end_cycle - self.cycle))
            if left >= self.period_ns * most:
                self.host.run(device=self.device.device, cycles=most)
            else:
                self.host.run(left / 1e9)
            self._progress(self.cycle)

    # ---- what was observed -----------------------------------------------------------------

    def reader_stats(self) -> FarEndStats:
        """What the reader has, or the client that hears the input."""
        if self.loopback is not None:
            return self.loopback.stats(self.player, self.device)
        return self.far.stats()

    def pair_on_the_way(self) -> int:
        """Frames that wait for the block they change places with: not lost, and not here yet."""
        if self.damage_until > self.reader_stats().damaged_frames:
            return self.pair_frames
        return 0

    def heap_bytes(self) -> int:
        """What the daemon holds, without the frames that lie on the way."""
        return self.memory().heap_bytes - self.reader_stats().way_bytes

    def timestamps(self, *, forget: bool = False) -> TimestampReport:
        """What the zero timestamps of this daemon were like; `forget`: count anew from now on."""
        return self.host.timestamps(self.device.device, forget=forget)

    def _now(self) -> Damage:
        io = self.host.io_stats(self.device.device)
        return damage_so_far(io, self.reader_stats(), self.player.stats().position_frames)

    def fold(self) -> None:
        """Put aside what was counted so far: counters are about to begin anew."""
        now = self._now()
        self._folded += now - self._base
        self._base = now

    def begin_anew(self) -> None:
        """Counters have begun anew."""
        self._base = self._now()
        self.attached_at = self.next_frame

    def take(self) -> Damage:
        """All that was counted since the last time."""
        self.fold()
        if self.recording is not None and self.loopback is None:
            self.recording.judged(self.far.stats())
        taken, self._folded = self._folded, Damage()
        self.verified += taken.correct
        return taken

    def error_text(self) -> str:
        """The driver's last error."""
        io = self.host.io_stats(self.device.device)
        return f"{io.last_driver_error_text} in {io.last_driver_error_operation}"

    def frames_behind(self) -> int | None:
        """How many frames the reader is behind the player.

        Returns
        -------
        int or None
            0 when the last frame has arrived; None when nothing has arrived yet.
        """
        stats = self.reader_stats()
        if stats.check is None or not stats.check.locked:
            return None
        numbers = COUNTER_CODES // stats.check.channels
        return (self.next_frame - stats.check.next_frame) % numbers

    def first_heard(self) -> int | None:
        """How many frames before the last attachment the reader began; None without any."""
        check = self.far.stats().check
        if check is None or not check.locked:
            return None
        numbers = COUNTER_CODES // check.channels
        return (self.attached_at - check.first_frame) % numbers
