"""A schedule on Bunghole's wire: from event to event, judged after each, hashed as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from lab.errors import LabError, MissingError, UsageError
from lab.faults.damage import Failure
from lab.faults.events import At, Event
from lab.faults.rig import EventWindow, Stopped
from lab.faults.run import LIFE_HEAP_BYTES, Outcome, RunHash, failure_of_ending, failure_of_error
from lab.faults.schedule import Setup
from lab.faults.wire.cost import BACK_S, NOTHING, Cost
from lab.faults.wire.counts import Counts
from lab.faults.wire.judge import Stretch, judge, together
from lab.faults.wire.perform import perform
from lab.faults.wire.rig import WireRig
from lab.host.errors import HostGone
from lab.host.models import Resources
from lab.host.peer import PACKET_FRAMES, Link

SETTLE_S = 3.0
"""After audio is back: the input looks for 2 s whether it has too much."""
_BLOCKS = 12
"""Of the longest cycle: what the host keeps room for, of two devices."""


def run_on_wire(
    setup: Setup,
    events: Sequence[Event],
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
    log: EventWindow | None = None,
) -> Outcome:
    """Run a schedule and judge it; arguments and result are those of `lab.faults.run`.

    Raises
    ------
    UsageError, MissingError
        When it could not begin.
    """
    outcome = Outcome()
    began = time.monotonic()
    running = _Running(setup, events, outcome)
    try:
        with WireRig(setup, stop=stop, progress=progress, log=log) as rig:
            try:
                running.all(rig)
            except Stopped:
                outcome.interrupted = True
            except HostGone as gone:
                outcome.failure = failure_of_ending(gone, running.last_cycle, running.causes())
                outcome.host_report = gone.report
            except LabError as error:
                outcome.failure = failure_of_error(error, running.last_cycle, running.causes())
            running.leave(rig)
    except (UsageError, MissingError):
        raise
    except HostGone as gone:
        outcome.failure = failure_of_ending(gone, running.last_cycle, running.causes())
    outcome.real_s = time.monotonic() - began
    running.hash.add(outcome.failure.kind if outcome.failure else "passed")
    outcome.hash = running.hash.digest()
    outcome.journal = running.hash.lines
    return outcome


class _Running:
    def __init__(self, setup: Setup, events: Sequence[Event], outcome: Outcome) -> None:
        self.setup = setup
        self.events = list(events)
        self.outcome = outcome
        self.hash = RunHash()
        self.last_cycle = 0
        self._near: list[tuple[int, Event]] = []
        self._costs: list[Cost] = []
        self._base = self._life = Counts()
        self._base_ns = self._back_ns = 0
        self._frames = self._longest = setup.frames
        self._drift = 0
        self._resources: Resources | None = None
        self._wire: str | None = None

    def causes(self) -> str:
        return " and ".join(self._words())

    def _words(self) -> list[str]:
        return [f"{event.name} at cycle {cycle}" for cycle, event in self._near]

    def all(self, rig: WireRig) -> None:
        end = self.setup.cycles
        self.hash.add([self.setup.layout, self.setup.frames, end, "wire"])
        self._begin_life(rig)
        self.outcome.memory_start = self._resources
        waiting = list(self.events)
        while waiting and self.outcome.failure is None and rig.cycle < end:
            self._quiet_to(rig, waiting[0].at, end)
            if self.outcome.failure is None:
                self._episode(rig, waiting, end)
        if self.outcome.failure is None and rig.cycle < end:
            self._quiet_to(rig, At(cycle=end), end)
        if self.outcome.failure is None:
            self._judge_life(rig)

    # ---- stretches -------------------------------------------------------------------------

    def _begin_life(self, rig: WireRig) -> None:
        self._base = self._life = rig.counts()
        self._base_ns = self._back_ns = rig.now_ns
        self._drift = 0
        self._resources = rig.memory()
        self._wire = rig.peer.stats().output.wire

    def _quiet_to(self, rig: WireRig, at: At, end: int) -> None:
        before = rig.cycle
        rig.run_to(at, end_cycle=end)
        self.last_cycle = rig.cycle
        if self.last_cycle > before:
            self._judge(rig, NOTHING, settled=True)

    def _episode(self, rig: WireRig, waiting: list[Event], end: int) -> None:
        """Events that follow each other before audio has settled again, and that time."""
        self._near, self._costs = [], []
        self._back_ns = rig.now_ns
        until_ns = 0
        while waiting and rig.cycle < end:
            # Nobody listens until somebody does: that is one episode, however long.
            if self._near and not rig.detached and self._is_after(rig, waiting[0], until_ns):
                break
            event = waiting.pop(0)
            if self._near:
                rig.run_to(event.at, end_cycle=end)
            self._do(rig, event)
            if self.outcome.failure is not None:
                return
            until_ns = max(self._back_ns, rig.now_ns) + round(SETTLE_S * 1e9)
        left_ns = max(0, until_ns - rig.now_ns)
        cycles = -(-left_ns // rig.period_ns)
        settled = rig.cycle + cycles <= end and not rig.detached
        rig.run_cycles(min(cycles, max(0, end - rig.cycle)))
        self.last_cycle = rig.cycle
        self._judge(rig, together(self._costs), settled=settled)
        self._near = []

    def _is_after(self, rig: WireRig, event: Event, until_ns: int) -> bool:
        if event.at.cycle is not None:
            at_ns = rig.now_ns + (event.at.cycle - rig.cycle) * rig.period_ns
        else:
            assert event.at.s is not None
            at_ns = rig.now_ns + round(event.at.s * 1e9) - rig.elapsed_ns
        return at_ns > until_ns

    def _do(self, rig: WireRig, event: Event) -> None:
        at = self.last_cycle = rig.cycle
        self._near.append((at, event))
        self.outcome.injected[event.name] += 1
        if event.name == "restart":
            self._judge(rig, together(self._costs), settled=False)
            self._judge_life(rig)
            if self.outcome.failure is not None:
                return
        done = perform(rig, event)
        if event.name == "restart":
            self._begin_life(rig)
            self._costs = []
        if done.skipped:
            self.outcome.skipped[f"{event.name}: {done.skipped}"] += 1
        self._costs.append(done.cost)
        self._frames = max(self._frames, rig.output.buffer_frames)
        self._longest = max(self._longest, self._frames)
        self._drift = max(self._drift, abs(rig.drift_ppm))
        if not rig.detached:
            back_s = max(done.cost.back_s, BACK_S if event.name == "reader-attach" else 0.0)
            self._back_ns = max(self._back_ns, rig.now_ns + round(back_s * 1e9))
        self.hash.add([at, event.line(), done.result, done.skipped])
        self.outcome.failure = self.outcome.failure or done.failure

    # ---- verdicts --------------------------------------------------------------------------

    def _judge(self, rig: WireRig, cost: Cost, *, settled: bool) -> None:
        now, counts = rig.now_ns, rig.counts()
        peer = rig.peer.stats()
        stretch = Stretch(
            counts=counts - self._base,
            since_connected=counts - self._life,
            latency=rig.take_latency(),
            elapsed_ns=now - self._base_ns,
            frames=max(self._frames, rig.output.buffer_frames),
            drift_ppm=max(self._drift, abs(rig.drift_ppm)),
            cycle=self.last_cycle,
            causes=self._words(),
            wire=peer.output.wire if peer.output.wire == self._wire else None,
        )
        if peer.output.wire != self._wire:
            self._wire = peer.output.wire
            self._life = counts  # what numbers say begins with them
        latency = stretch.latency
        self.hash.add([self.last_cycle, now, stretch.counts.figures(), peer.output.hash])
        self.hash.add([latency.count, latency.min_ns, latency.max_ns])
        failure = judge(stretch, cost, settled=settled)
        if failure is None and settled:
            failure = self._not_back(rig, peer.output, "output")
            failure = failure or self._not_back(rig, peer.input, "input")
        self.outcome.failure = self.outcome.failure or failure
        self.outcome.frames_verified += stretch.counts.packets * PACKET_FRAMES
        if "thrown_away" in cost.may or "restarts" in cost.may:
            self._life = counts
        self._base, self._base_ns = counts, now
        self._frames, self._drift = rig.output.buffer_frames, abs(rig.drift_ppm)

    def _not_back(self, rig: WireRig, link: Link, name: str) -> Failure | None:
        where = f"around {self.causes()}" if self._near else "with no fault near"
        if link.wire is None or link.first_audio_ns == 0:
            return Failure(
                "not-back",
                f"there is no audio on the {name} {where} (cycle {self.last_cycle})",
                self.last_cycle,
            )
        if link.wire != rig.wire:
            return Failure(
                "wrong-wire",
                f"the {name} speaks {link.wire} with a host that speaks {rig.wire} {where} "
                f"(cycle {self.last_cycle})",
                self.last_cycle,
            )
        late_ns = link.first_audio_ns - self._back_ns
        if self._near and late_ns > 0 and link.connected_ns > self._base_ns:
            return Failure(
                "back-late",
                f"audio on the {name} was back {late_ns / 1e9:.3f} s too late {where} "
                f"(cycle {self.last_cycle})",
                self.last_cycle,
            )
        return None

    def _judge_life(self, rig: WireRig) -> None:
        """A daemon is about to end: what has it kept?"""
        before, now = self._resources, rig.memory()
        if before is None or self.outcome.failure is not None or rig.guests:
            return
        grown = now.heap_bytes - before.heap_bytes
        room = LIFE_HEAP_BYTES + _BLOCKS * 8 * self._longest
        if grown > room:
            self._fail(
                "memory-grows",
                f"the heap has grown by {grown // 1024} KiB up to cycle {rig.cycle}; at most "
                f"{room // 1024} KiB may",
            )
        for name, was, there in (
            ("threads", before.threads, now.threads),
            ("descriptors", before.descriptors, now.descriptors),
        ):
            if was is not None and there is not None and there > was:
                self._fail(
                    f"{name}-left",
                    f"there are {there} {name} at cycle {rig.cycle}, and there were {was}",
                )

    def _fail(self, kind: str, said: str) -> None:
        self.outcome.failure = self.outcome.failure or Failure(kind, said, self.last_cycle)

    def leave(self, rig: WireRig) -> None:
        """Take the last figures; a daemon that is gone has none."""
        outcome = self.outcome
        try:
            outcome.cycles = rig.cycle
            outcome.simulated_s = rig.elapsed_ns / 1e9
            outcome.memory_end = rig.memory()
            rig.end_life()
            io = rig.host.io_stats(rig.output.device)
            self.hash.add([io.cycles, io.frames, io.skipped_cycles, io.late_wakes])
        except LabError:
            outcome.cycles = max(outcome.cycles, self.last_cycle)
        self.hash.add(rig.fingerprints)
        outcome.lives = rig.lives
