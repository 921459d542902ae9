"""A schedule on a driver that is heard by a reader: judged after each event, to the last frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lab.faults.damage import DRIVER_SAID, NOTHING, Allowance, Damage, Failure, judge
from lab.faults.events import At, Event
from lab.faults.marks import Marks
from lab.faults.perform import perform
from lab.faults.rig import Rig
from lab.faults.running import LIFE_HEAP_BYTES, Running, heap_failure
from lab.faults.schedule import Setup
from lab.faults.zero_timestamps import ClockWatch, as_failure
from lab.host.models import TimestampReport

WARM_UP_CYCLES = 32
"""Before the heap is looked at for the first time, and before the first event can come."""
_BLOCKS = 6
"""Of the longest cycle there was: what the host keeps room for."""


class ReaderRunning(Running[Rig]):
    """A run that is heard by a reader of shared memory, or through the driver's own input."""

    def __init__(self, setup: Setup, events: Sequence[Event]) -> None:
        super().__init__(setup, events)
        self.marks = Marks()
        self._allowed = NOTHING
        self._heap_of_life: int | None = None
        self._restarts = 0
        self._longest_frames = setup.frames
        self._watch = ClockWatch(setup.settle_cycles)
        self.outcome.clocks = self._watch.figures
        self._of_ended: Failure | None = None
        """Of a daemon that was replaced, until the settling time has been judged."""

    def _begin(self, rig: Rig) -> None:
        end = self.setup.cycles
        self.hash.add([self.setup.layout, self.setup.frames, self.setup.cycles])
        if self.setup.far_end != "gecko":
            self.hash.add([self.setup.far_end, rig.flight_frames])
        self._quiet_to(rig, At(cycle=min(WARM_UP_CYCLES, end)), end)
        self.outcome.memory_start = rig.memory()
        self._heap_of_life = self.outcome.memory_start.heap_bytes
        self._watch.begin_life(rig.device)

    def reached(self) -> Counter[str]:
        """As they were met."""
        return self.marks.reached

    def _end(self, rig: Rig) -> None:
        self._end_timestamps(rig)
        self._judge_life(rig)

    # ---- stretches -------------------------------------------------------------------------

    def _quiet_to(self, rig: Rig, at: At, end: int) -> None:
        """No fault is near: every frame has to arrive."""
        until = self._watch.away_until
        if until is not None and self._lies_behind(rig, at, until, rig.cycle):
            rig.run_to(At(cycle=until), end_cycle=end)
            self._look_at_timestamps(rig)
            if self.outcome.failure is not None:
                self.last_cycle = rig.cycle
                return
        rig.run_to(at, end_cycle=end)
        self.last_cycle = rig.cycle
        self._judge(rig, NOTHING, quiet=True)

    def _episode(self, rig: Rig, waiting: list[Event], end: int) -> None:
        """Events that follow each other within the settling time, and that time."""
        self._near, self._allowed = [], NOTHING
        until = rig.cycle
        while waiting:
            now = rig.cycle
            if self._near and self._lies_behind(rig, waiting[0].at, until, now):
                break
            event = waiting.pop(0)
            if self._near:
                rig.run_to(event.at, end_cycle=end)
            self._do(rig, event)
            if self.outcome.failure is not None:
                return
            late = max(rig.behind_until, rig.held_until)
            until = max(rig.cycle, late if rig.reading else 0)
            until += self.setup.settle_cycles + rig.flight_cycles
            if rig.cycle >= end:
                break
        rig.run_to(At(cycle=min(until, end)), end_cycle=end)
        if until > end:
            waits = Damage(lost=rig.pair_on_the_way())
            self._allowed += Allowance(high=waits, reader_away=True)
        else:
            self._let_damage_pass(rig)
        self.last_cycle = rig.cycle
        damage = self._judge(rig, self._allowed, quiet=False, settled=until <= end)
        self._fail(self._of_ended)
        self._look_at_timestamps(rig)
        self.marks.closed([event for _, event in self._near], damage)
        self._near = []

    def _lies_behind(self, rig: Rig, at: At, until: int, now: int) -> bool:
        """Whether a moment, that of the next event say, comes after a cycle."""
        if at.cycle is not None:
            return at.cycle > until
        assert at.s is not None
        left_ns = at.s * 1e9 - rig.elapsed_ns
        return left_ns > (until - now + 1) * rig.period_ns

    def _let_damage_pass(self, rig: Rig) -> None:
        """A period that became shorter makes damage on the way take longer."""
        left = rig.damage_until - rig.reader_stats().damaged_frames
        if left > 0 and rig.reading:
            rig.run_cycles(-(-left // rig.device.buffer_frames) + 1)

    def _do(self, rig: Rig, event: Event) -> None:
        at = self.last_cycle = rig.cycle
        if not self._near:
            # What is wrong before the event is not the event's doing.
            self._look_at_timestamps(rig)
            if self.outcome.failure is not None:
                return
        began = rig.life_began_cycle
        self.marks.before(rig, event, self._near, at)
        self._near.append((at, event))
        self.outcome.injected[event.name] += 1
        if event.name == "restart":
            self._judge_life(rig)
        done = perform(rig, event)
        if rig.restarts != self._restarts:
            self._restarts = rig.restarts
            self._heap_of_life = None
            self._replaced(rig, began)
        self._longest_frames = max(self._longest_frames, rig.device.buffer_frames)
        self.marks.after(rig, event, done)
        if done.skipped:
            self.outcome.skipped[f"{event.name}: {done.skipped}"] += 1
        self._allowed += done.allowed
        self._watch.note(rig.device, done.allowed, cycle=rig.cycle, drift_ppm=rig.drift_ppm)
        self.hash.add([at, event.line(), done.result, done.skipped])
        self._fail(done.failure)

    # ---- verdicts --------------------------------------------------------------------------

    def _judge(self, rig: Rig, allowed: Allowance, *, quiet: bool, settled: bool = True) -> Damage:
        damage = rig.take()
        self.hash.add([self.last_cycle, rig.elapsed_ns, damage.figures()])
        if damage.lost or damage.skipped_cycles:
            self.outcome.damaged.append((self.last_cycle, damage))
        words = [] if quiet else self._words()
        failure = judge(
            damage,
            allowed,
            cycle=self.last_cycle,
            causes=words,
            counts_losses=self.setup.layout == "v2" and rig.reading and rig.loopback is None,
            error_text=rig.error_text() if damage.driver_errors else "",
            through_driver=rig.loopback is not None,
        )
        if settled and (failure is None or failure.kind not in DRIVER_SAID):
            failure = self._later_than_before(rig) or failure
        if failure is None and rig.reading and settled:
            failure = self._missing(rig, damage, quiet=quiet)
            if failure is None and allowed.new_reader and rig.loopback is None:
                failure = self._begun_wrongly(rig, allowed)
        self._fail(failure)
        if self._heap_of_life is None and self.outcome.failure is None:
            self._heap_of_life = rig.heap_bytes()
        return damage

    def _missing(self, rig: Rig, damage: Damage, *, quiet: bool) -> Failure | None:
        """Whether audio is right again: all that was played has arrived, to the last frame."""
        where = self._where()
        stats = rig.reader_stats()
        if stats.failure is not None:
            return Failure(
                "reader-failed",
                f"the reader gave up {where}: {stats.failure} (cycle {self.last_cycle})",
                self.last_cycle,
            )
        behind = rig.frames_behind()
        if behind is None and damage.played:
            return Failure(
                "frames-missing",
                f"nothing has arrived {self.setup.settle_cycles} cycles after {self.causes()} "
                f"(cycle {self.last_cycle})",
                self.last_cycle,
            )
        if behind and rig.loopback is None:
            return Failure(
                "frames-missing",
                f"the last {behind} frames that were played have not arrived {where} "
                f"(cycle {self.last_cycle})",
                self.last_cycle,
            )
        if quiet and damage.correct != damage.played:
            return Failure(
                "frames-missing",
                f"{damage.played} frames were played and {damage.correct} arrived {where} "
                f"(cycle {self.last_cycle})",
                self.last_cycle,
            )
        if round(rig.device.nominal_rate) != stats.sample_rate:
            return Failure(
                "rate-untold",
                f"the device runs at {rig.device.nominal_rate:g} Hz, and the reader is told "
                f"{stats.sample_rate} Hz {where} (cycle {self.last_cycle})",
                self.last_cycle,
            )
        return None

    def _later_than_before(self, rig: Rig) -> Failure | None:
        """Whether the way through the driver has become another; frames that are lost follow."""
        behind = rig.frames_behind() if rig.loopback is not None else None
        if rig.loopback is None or behind is None:
            return None
        before = rig.loopback.learn(rig.device, behind)
        if before is None:
            return None
        where = self._where()
        return Failure(
            "latency-changed",
            f"what is played comes back {behind} frames later {where}; with the same period and "
            f"rate it was {before} (cycle {self.last_cycle})",
            self.last_cycle,
        )

    def _begun_wrongly(self, rig: Rig, allowed: Allowance) -> Failure | None:
        """Whether a new reader began where it asked to begin."""
        before = rig.first_heard()
        most = rig.ring_frames if rig.heard_from == "oldest" else 0
        if before is None or before <= most or allowed.on_the_way or allowed.reader_away:
            return None
        return Failure(
            "attached-elsewhere",
            f"a reader that attached at the {rig.heard_from} frame around {self.causes()} began "
            f"{before} frames before the next one to be played; at most {most} may be "
            f"(cycle {self.last_cycle})",
            self.last_cycle,
        )

    def _look_at_timestamps(self, rig: Rig) -> None:
        """Judge what the driver has said so far; count anew when what spoilt it is over."""
        if self.outcome.failure is not None:
            return
        report = rig.timestamps()
        self.outcome.failure = self._held_against(rig, report, rig.life_began_cycle, rig.restarts)
        if self._watch.is_over(rig.cycle):
            rig.timestamps(forget=True)
            self._watch.begin_anew(report, rig.device, rig.drift_ppm)

    def _end_timestamps(self, rig: Rig) -> None:
        """Judge the last daemon."""
        report = rig.timestamps()
        self.outcome.failure = self._held_against(rig, report, rig.life_began_cycle, rig.restarts)
        self._watch.close(report)

    def _replaced(self, rig: Rig, began: int) -> None:
        """Judge the daemon that was replaced, which began with that cycle.

        The failure waits: the same mistake may have a name from what the host saw at once.
        """
        report = rig.last_timestamps
        if report is not None:
            failure = self._held_against(rig, report, began, rig.restarts - 1)
            self._of_ended = self._of_ended or failure
            self._watch.close(report)
        self._watch.begin_life(rig.device)

    def _held_against(
        self, rig: Rig, report: TimestampReport, began: int, life: int
    ) -> Failure | None:
        faults = self._watch.judge(report)
        return as_failure(faults, life=life, began=began, cycle=rig.cycle) if faults else None

    def _judge_life(self, rig: Rig) -> None:
        """A daemon is about to end: what has it kept?"""
        if self._heap_of_life is None or self.outcome.failure is not None:
            return
        if not rig.guests:
            grown = rig.heap_bytes() - self._heap_of_life
            room = LIFE_HEAP_BYTES
            room += _BLOCKS * 4 * rig.device.output_channels * self._longest_frames
            self._fail(heap_failure(grown, room, rig.cycle))

    def _last_figures(self, rig: Rig) -> None:
        self.marks.ended(rig.verified)

    def leave(self, rig: Rig) -> None:
        """Take the last figures; a daemon that is gone has none."""
        self.outcome.frames_verified = rig.verified
        if rig.loopback is not None:
            self.outcome.latencies = dict(rig.loopback.latencies)
        super().leave(rig)
