"""Each event carried out on a rig, and what it may cost there.

One function per event, one module per group. It returns what the host answered (part of the run's
hash) and the `Allowance`: what may be late, left out or lost within the settling time. What is not
allowed there is a failure, whatever the event: nothing may be duplicated, reordered, or become
something that was never played.
"""

from __future__ import annotations

from dataclasses import replace

from lab.faults import events
from lab.faults.damage import Allowance, Damage
from lab.faults.events import Event
from lab.faults.far_end import needs_shared_memory
from lab.faults.loopback import emptied, hole
from lab.faults.perform import clients, device, host, memory, reader, transport
from lab.faults.perform.done import Done, Performers
from lab.faults.rig import Rig

__all__ = ["Done", "perform"]

_STOP_IO = (
    events.BufferFrames,
    events.SleepWake,
    events.Restart,
    events.StartStopStorm,
    events.Rate,
    events.FormatChange,
    events.RefuseChanges,
)
_READS_LATE = (events.ReaderStall, events.ReaderSlow)


def perform(rig: Rig, event: Event) -> Done:
    """Carry out one event.

    Parameters
    ----------
    rig
        Where.
    event
        What.

    Returns
    -------
    Done

    Raises
    ------
    HostGone
        When the daemon did not survive it.
    HostError
        When the host refused what it must not refuse.
    """
    if event.group == "wire":
        return Done(skipped="the driver is not heard over Bunghole's wire")
    if rig.loopback is not None and needs_shared_memory(event.group):
        return Done(skipped="the driver is heard through its input")
    flight = rig.flight_frames
    behind = rig.behind_until - rig.cycle
    held = rig.held_until - rig.cycle
    frames = rig.device.buffer_frames
    done = _PERFORMERS[type(event)](rig, event)
    if isinstance(event, _STOP_IO):
        done.allowed = replace(done.allowed, io_restarted=True)
    if rig.loopback is not None:
        flight = max(flight, rig.flight_frames)
        done.allowed += _through_the_driver(rig, event, done.allowed, flight)
    most = max(frames, rig.device.buffer_frames)
    # In the cycle at which it ends as well: the reader comes back behind the next one.
    if behind >= 0 and not isinstance(event, _READS_LATE) and rig.behind_until > 0:
        # What is unread may be lost in a change, and the rest of the stall may be longer.
        room = (behind + 1) * most + rig.ring_frames
        unread = Allowance(high=Damage(lost=room, reader_lost=room))
        done.allowed = replace(done.allowed + unread, reader_away=True)
    if held >= 0 and rig.held_until > 0:
        # More or less of it lies on the way than was said when it began.
        room = 2 * (held + 1) * most + rig.ring_frames
        on_the_way = Allowance(high=Damage(held=room))
        done.allowed = replace(done.allowed + on_the_way, reader_away=True)
    return done


def _through_the_driver(
    rig: Rig, event: Event, allowed: Allowance, flight_frames: int
) -> Allowance:
    """What it costs on the way from the driver's output to its input."""
    times = getattr(event, "n", 1)
    room = Damage()
    # While others play on, IO of the device does not stop with that of one client.
    goes_on = isinstance(event, events.StartStopStorm) and (
        event.who == "guest" or len(rig.guests) > 0
    )
    if isinstance(event, _STOP_IO) and not goes_on:
        room += emptied(flight_frames, times)
    if allowed.high.skipped_cycles or allowed.high.clock_steps:
        room += hole(flight_frames, times if isinstance(event, events.RefuseChanges) else 1)
    return Allowance(high=room)


_PERFORMERS: Performers = {
    **host.PERFORMERS,
    **clients.PERFORMERS,
    **device.PERFORMERS,
    **reader.PERFORMERS,
    **transport.PERFORMERS,
    **memory.PERFORMERS,
}
assert set(_PERFORMERS) == {cls for cls in events.EVENT_CLASSES.values() if cls.group != "wire"}
