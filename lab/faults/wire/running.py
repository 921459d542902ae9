"""A schedule on Bunghole's wire: judged after each event, by what both ends have counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lab.faults.damage import Failure
from lab.faults.events import At, Event
from lab.faults.running import LIFE_HEAP_BYTES, Running, heap_failure
from lab.faults.schedule import Setup
from lab.faults.wire.cost import BACK_S, NOTHING, Cost
from lab.faults.wire.counts import Counts
from lab.faults.wire.judge import PACKET_NS, Stretch, judge, together
from lab.faults.wire.marks import marks_of
from lab.faults.wire.perform import perform
from lab.faults.wire.rig import WireRig
from lab.host.models import Resources
from lab.host.peer import PACKET_FRAMES, Link

SETTLE_S = 3.0
"""After audio is back: the input looks for 2 s whether it has too much."""
_BLOCKS = 12
"""Of the longest cycle: what the host keeps room for, of two devices."""


class WireRunning(Running[WireRig]):
    """A run on both ends of the wire."""

    def __init__(self, setup: Setup, events: Sequence[Event]) -> None:
        super().__init__(setup, events)
        self._costs: list[Cost] = []
        self._base = self._life = Counts()
        self._base_ns = self._back_ns = 0
        self._frames = self._longest = setup.frames
        self._drift = 0
        self._resources: Resources | None = None
        self._wire: str | None = None

    def _begin(self, rig: WireRig) -> None:
        end = self.setup.cycles
        self.hash.add([self.setup.layout, self.setup.frames, end, "wire"])
        self._begin_life(rig)
        self.outcome.memory_start = self._resources

    def reached(self) -> Counter[str]:
        """Read from the journal."""
        return marks_of(self.hash.lines)

    def _end(self, rig: WireRig) -> None:
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
        cycles = end - rig.cycle if rig.detached else -(-left_ns // rig.period_ns)
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
        self._frames = max(self._frames, rig.device.buffer_frames)
        self._longest = max(self._longest, self._frames)
        self._drift = max(self._drift, abs(rig.drift_ppm))
        if not rig.detached:
            back_s = max(done.cost.back_s, BACK_S if event.name == "reader-attach" else 0.0)
            self._back_ns = max(self._back_ns, rig.now_ns + round(back_s * 1e9))
        self.hash.add([at, event.line(), done.result, done.skipped])
        self._fail(done.failure)

    # ---- verdicts --------------------------------------------------------------------------

    def _judge(self, rig: WireRig, cost: Cost, *, settled: bool) -> None:
        now, counts = rig.now_ns, rig.counts()
        peer = rig.peer.stats()
        stretch = Stretch(
            counts=counts - self._base,
            since_connected=counts - self._life,
            latency=rig.take_latency(),
            elapsed_ns=now - self._base_ns,
            frames=max(self._frames, rig.device.buffer_frames),
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
        if rig.recording is not None:
            rig.recording.judged(now)
        failure = judge(stretch, cost, settled=settled)
        if failure is None and settled:
            failure = self._not_back(rig, peer.output, "output")
            failure = failure or self._not_back(rig, peer.input, "input")
        self._fail(failure)
        self.outcome.frames_verified += stretch.counts.packets * PACKET_FRAMES
        if "thrown_away" in cost.may:
            self._life = counts
        self._base, self._base_ns = counts, now
        self._frames, self._drift = rig.device.buffer_frames, abs(rig.drift_ppm)

    def _not_back(self, rig: WireRig, link: Link, name: str) -> Failure | None:
        where = self._where()
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
        # Where IO begins only then, a packet has to be played first.
        late_ns = link.first_audio_ns - self._back_ns - PACKET_NS - rig.period_ns
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
        self._fail(heap_failure(grown, room, rig.cycle))
        for name, was, there in (
            ("threads", before.threads, now.threads),
            ("descriptors", before.descriptors, now.descriptors),
        ):
            if was is not None and there is not None and there > was:
                said = f"there are {there} {name} at cycle {rig.cycle}, and there were {was}"
                self._fail(Failure(f"{name}-left", said, self.last_cycle))
