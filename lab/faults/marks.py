"""Rare states that a soak should have been in: "sometimes" marks.

A soak that never met them has not tested what happens there, however long it ran.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lab.faults import events
from lab.faults.damage import Damage
from lab.faults.events import Event
from lab.faults.perform import Done
from lab.faults.rig import Rig

MARKS: dict[str, str] = {
    "overrun-while-change": "the reader lost frames around a rate or format change",
    "reader-lapped-twice": "the reader stayed away for two rings or more",
    "slow-reader-overrun": "a reader that took too little was overrun, and went on",
    "slow-reader-caught-up": "a reader that took too little lost nothing",
    "half-open-beyond-slots": "more readers were half-open than the driver has slots",
    "restart-while-half-open": "the daemon was replaced while half-open readers were attached",
    "held-longer-than-ring": "more than a ring lay on the way at once",
    "change-while-held": "rate, format or period changed while frames lay on the way",
    "reordered-while-held": "blocks were exchanged that then lay on the way",
    "restart-while-reader-stalled": "the daemon was replaced while the reader stayed away",
    "restart-after-stall": "the daemon was replaced within the settling time of a stall",
    "restart-without-name": "the daemon was replaced after the name of its memory was removed",
    "restart-over-foreign": "the daemon came back to an object of somebody else under its name",
    "client-at-rate-change": "a client came in the same cycle as a rate change",
    "client-gone-at-rate-change": "a client went in the same cycle as a rate change",
    "refused-while-late": "a configuration change was refused within a late cycle's settling time",
    "stall-over-ring": "a stall of the host was longer than the ring",
    "stall-over-zero-period": "a stall of the host was longer than ten zero-timestamp periods",
    "late-but-made-up": "a cycle woke late, and none was left out for it",
    "sleep-while-reader-stalled": "IO slept while the reader stayed away",
    "storm-with-guests": "IO of the player was stopped and started while others played on",
    "change-while-detached": "rate or period changed while no reader was attached",
    "attach-after-lap": "a reader attached at the oldest frame of a ring that was full",
    "attach-without-name": "a reader came while the name led nowhere or elsewhere",
    "period-longer-than-half-ring": "two periods did not fit into the ring",
    "shortest-period": "16 frames a cycle",
    "forty-clients": "40 clients at once",
    "three-faults-at-once": "three faults in one cycle",
    "counter-wrapped": "more frames were played than the test signal has numbers",
}

SLOTS = 16
"""For readers, in the shared memory of Gecko Sink."""
_CHANGES = (events.Rate, events.FormatChange)


class Marks:
    """Counts marks over a run.

    Attributes
    ----------
    reached
        How often each was.
    """

    def __init__(self) -> None:
        self.reached: Counter[str] = Counter()
        self._near: list[tuple[int, Event]] = []
        self._foreign = False
        self._half_open = 0
        self._has_reader = True

    def before(self, rig: Rig, event: Event, near: Sequence[tuple[int, Event]], at: int) -> None:
        """An event is about to happen.

        Parameters
        ----------
        rig
            Where.
        event
            Which.
        near
            Those of the same settling time before it, with their cycles.
        at
            Its cycle.
        """
        self._near = list(near)
        self._has_reader = rig.loopback is None
        stalled = rig.stalled_until > at
        same = [other for cycle, other in near if cycle == at]
        is_change = isinstance(event, _CHANGES)
        if isinstance(event, events.Restart):
            self._restart(rig, stalled)
        held = rig.held_until > at
        changes_blocks = is_change or isinstance(event, events.BufferFrames)
        self._when(held and changes_blocks, "change-while-held")
        self._when(held and isinstance(event, events.Reorder), "reordered-while-held")
        self._when(isinstance(event, events.SleepWake) and stalled, "sleep-while-reader-stalled")
        both = [event, *same]
        changes = any(isinstance(one, _CHANGES) for one in both)
        comes = any(isinstance(one, events.AddClient) for one in both)
        goes = any(isinstance(one, events.RemoveClient) for one in both)
        self._when(changes and comes, "client-at-rate-change")
        self._when(changes and goes, "client-gone-at-rate-change")
        self._when(
            isinstance(event, events.RefuseChanges)
            and any(isinstance(o, events.LateWake) for _, o in near),
            "refused-while-late",
        )
        if isinstance(event, events.Stall):
            self._stall(rig, event)
        self._when(
            isinstance(event, events.StartStopStorm) and event.who == "player" and bool(rig.guests),
            "storm-with-guests",
        )
        self._when(
            not rig.reading and changes_blocks,
            "change-while-detached",
        )
        self._when(len(same) >= 2, "three-faults-at-once")

    def after(self, rig: Rig, event: Event, done: Done) -> None:
        """It has happened."""
        if done.skipped:
            return
        if isinstance(event, events.ShmRecreate):
            self._foreign = True
        if isinstance(event, events.ReaderStall):
            self._when(int(done.result["laps"]) >= 2, "reader-lapped-twice")
        if isinstance(event, events.HalfOpen):
            self._half_open += int(done.result["attached"])
            self._when(self._half_open > SLOTS, "half-open-beyond-slots")
        if isinstance(event, events.TransportStall):
            held = int(done.result["cycles"]) * rig.device.buffer_frames
            self._when(held > rig.ring_frames, "held-longer-than-ring")
        if isinstance(event, events.ReaderAttach):
            self._when(not rig.name_leads_there, "attach-without-name")
            self._when(
                event.where == "oldest" and rig.reading and rig.next_frame > rig.ring_frames,
                "attach-after-lap",
            )
        if isinstance(event, events.BufferFrames):
            self._when(event.frames == 16, "shortest-period")
            self._when(2 * event.frames > rig.ring_frames // 2, "period-longer-than-half-ring")
        if isinstance(event, events.ManyClients):
            self._when(int(done.result["came"]) + len(rig.guests) >= 40, "forty-clients")

    def closed(self, near: Sequence[Event], damage: Damage) -> None:
        """A settling time is over.

        Parameters
        ----------
        near
            Its events.
        damage
            What they did.
        """
        self._when(
            self._has_reader and damage.lost > 0 and any(isinstance(o, _CHANGES) for o in near),
            "overrun-while-change",
        )
        self._when(
            damage.late_wakes > 0
            and damage.skipped_cycles == 0
            and any(isinstance(o, events.LateWake | events.Stall) for o in near),
            "late-but-made-up",
        )

        slow = any(isinstance(o, events.ReaderSlow) for o in near)
        alone = not any(o.group in ("reader", "transport") for o in near if o.name != "reader-slow")
        self._when(slow and alone and damage.lost > 0, "slow-reader-overrun")
        self._when(slow and alone and damage.lost == 0, "slow-reader-caught-up")

    def ended(self, frames: int) -> None:
        """The run is over.

        Parameters
        ----------
        frames
            Played in it.
        """
        self._when(frames > 1 << 23, "counter-wrapped")

    def _restart(self, rig: Rig, stalled: bool) -> None:
        self._when(self._half_open > 0, "restart-while-half-open")
        self._half_open = 0
        self._when(stalled, "restart-while-reader-stalled")
        self._when(any(isinstance(o, events.Stall) for _, o in self._near), "restart-after-stall")
        if not rig.name_leads_there and rig.loopback is None:
            self._when(not self._foreign, "restart-without-name")
            self._when(self._foreign, "restart-over-foreign")
        self._foreign = False

    def _stall(self, rig: Rig, event: events.Stall) -> None:
        ring_ns = rig.ring_frames * 1e9 / rig.device.nominal_rate
        zero_ns = rig.device.zero_period_frames * 1e9 / rig.device.nominal_rate
        self._when(event.ns > ring_ns, "stall-over-ring")
        self._when(event.ns > 10 * zero_ns, "stall-over-zero-period")

    def _when(self, holds: bool, mark: str) -> None:
        assert mark in MARKS
        if holds:
            self.reached[mark] += 1
