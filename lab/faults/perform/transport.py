"""Events between the driver's memory and the check."""

from __future__ import annotations

from typing import Any

from lab.faults import events
from lab.faults.damage import Allowance, Damage
from lab.faults.events import Event
from lab.faults.perform.done import Done, Performers
from lab.faults.rig import Rig

_COSTS: dict[type[Event], tuple[Any, tuple[str, ...]]] = {
    events.Loss: ("lose", ("lost",)),
    events.Corrupt: ("corrupt", ("corrupt", "lost")),
    events.Repeat: ("repeat", ("duplicated",)),
    events.Silence: ("silence", ("silent", "lost")),
    events.Swap: ("swap", ("swapped", "lost")),
    events.Reorder: ("reorder", ("reordered",)),
}


def _on_the_way(rig: Rig, event: events._OnTheWay) -> Done:
    if not rig.reading:
        return Done(skipped="no reader is attached")
    kind, counts = _COSTS[type(event)]
    frames = event.frames
    done = rig.reader_stats().damaged_frames
    _damage(rig, event, kind)
    # What was asked for before and is not done yet is replaced, and need not happen any more.
    replaces = rig.damage_until > done
    rig.damage_until = done + frames
    suffer, rig.pair_frames = frames, 0
    if isinstance(event, events.Reorder):
        rig.pair_frames = event.block
        suffer = frames // (2 * event.block) * event.block  # the first block of each pair
    exactly = Damage(**dict.fromkeys(counts, suffer))
    allowed = Allowance(high=exactly, low=exactly, on_the_way=True, reader_away=replaces)
    return Done({"frames": frames}, allowed)


def _damage(rig: Rig, event: events._OnTheWay, kind: Any) -> None:
    block = event.block if isinstance(event, events.Reorder) else None
    rig.far.damage(kind, event.frames, block=block)


def _transport_stall(rig: Rig, event: events.TransportStall) -> Done:
    """The reader reads on, so that nothing is lost: it all comes later, and is told of."""
    if not rig.reading:
        return Done(skipped="no reader is attached")
    now = rig.cycle
    cycles = max(1, round(event.s * 1e9) // rig.period_ns)
    left = max(0, rig.damage_until - rig.reader_stats().damaged_frames)
    alone = rig.held_until < now and rig.behind_until < now and left == 0
    alone &= not (rig.heard_from == "oldest" and rig.attached_cycle == now)
    rig.far.hold(cycles)
    rig.held_until = now + cycles
    frames = cycles * rig.device.buffer_frames
    exactly = Damage(held=frames)
    if alone:
        allowed = Allowance(high=exactly, low=exactly)
    else:
        most = Damage(held=2 * frames + left + rig.ring_frames)
        allowed = Allowance(high=most, reader_away=True)
    return Done({"cycles": cycles}, allowed)


PERFORMERS: Performers = {
    **dict.fromkeys(_COSTS, _on_the_way),
    events.TransportStall: _transport_stall,
}
