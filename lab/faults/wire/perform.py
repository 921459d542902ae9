"""Each event carried out on Bunghole and its host, and what it may cost there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lab.faults import events, guests
from lab.faults.events import Event
from lab.faults.wire.cost import (
    AWAY,
    BACK_S,
    HALF_OPEN_S,
    HELD_UP,
    INPUT_GAP,
    IO_STOPPED,
    RECONNECT,
    Cost,
    Performed,
)
from lab.faults.wire.rig import WireRig
from lab.host.peer import PACKET_FRAMES, Direction

STORM_FRAMES = 4_096
"""Of a cycle: starts and stops play more of these in no time at all than the driver lets wait."""
SLEEP_MAX_S = 60.0
"""Threads look at their sockets each virtual millisecond: a night would take minutes."""
DEADLINE_S = 1.5
"""A stall that is longer may end connections: the driver waits for 2 s."""
_FOR_EVER_S = 1_000_000.0
_BOTH: tuple[Direction, Direction] = ("output", "input")


_AWAY = Cost(AWAY, old_audio=True)
"""Half a packet waits until IO goes on."""


# ---- host ----------------------------------------------------------------------------------------


def _late_wake(rig: WireRig, event: events.LateWake) -> Performed:
    rig.host.wake_late(rig.device.device, event.ns)
    return Performed(cost=_AWAY)


def _stall(rig: WireRig, event: events.Stall) -> Performed:
    rig.host.advance(event.ns)
    return Performed(cost=_AWAY)


def _lose_cycles(rig: WireRig, event: events.LoseCycles) -> Performed:
    rig.host.lose_cycles(rig.device.device, event.n)
    return Performed(cost=replace(_AWAY, back_s=event.n * rig.period_ns / 1e9))


def _buffer_frames(rig: WireRig, event: events.BufferFrames) -> Performed:
    rig.set_frames(event.frames)
    return Performed({"frames": rig.device.buffer_frames}, Cost(IO_STOPPED))


def _sleep_wake(rig: WireRig, event: events.SleepWake) -> Performed:
    running = [rig.player, rig.listener, *rig.guests]
    for client in running:
        client.stop()
    rig.host.advance(round(min(event.s, SLEEP_MAX_S) * 1e9))
    for client in running:
        client.start()
    return Performed({"s": min(event.s, SLEEP_MAX_S)}, Cost(IO_STOPPED))


def _restart(rig: WireRig, event: events.Restart) -> Performed:
    rig.restart(how=event.how)
    return Performed()


# ---- clients -------------------------------------------------------------------------------------


def _add_client(rig: WireRig, event: events.AddClient) -> Performed:
    guests.come(rig, event.n)
    return Performed({"guests": len(rig.guests)})


def _remove_client(rig: WireRig, event: events.RemoveClient) -> Performed:
    guests.go(rig, event.n)
    return Performed({"guests": len(rig.guests)})


def _many_clients(rig: WireRig, event: events.ManyClients) -> Performed:
    guests.come_and_go(rig, event.n)
    return Performed()


def _storm(rig: WireRig, event: events.StartStopStorm) -> Performed:
    if not guests.storm(rig, event.who, event.n):
        return Performed(skipped=guests.NO_ROOM)
    if event.who == "guest":
        return Performed({"n": event.n})
    may = IO_STOPPED
    if rig.device.buffer_frames > STORM_FRAMES:
        may |= {"late", "ring_full", "lost"}
    return Performed({"n": event.n}, Cost(may))


# ---- device --------------------------------------------------------------------------------------


def _drift(rig: WireRig, event: events.Drift) -> Performed:
    rig.set_drift(event.ppm)
    return Performed(cost=Cost(INPUT_GAP))


# ---- the other end -------------------------------------------------------------------------------


def _reader_stall(rig: WireRig, event: events.ReaderStall | events.TransportStall) -> Performed:
    for direction in _BOTH:
        rig.peer.stall(direction, event.s)
    return Performed(cost=_held_up(event.s))


def _reader_slow(rig: WireRig, event: events.ReaderSlow) -> Performed:
    for direction in _BOTH:
        rig.peer.slow(direction, event.s, event.percent)
    return Performed(cost=_held_up(event.s))


def _held_up(s: float) -> Cost:
    if s < DEADLINE_S:
        return Cost(HELD_UP, back_s=s, old_audio=True)
    return Cost(HELD_UP | RECONNECT, back_s=s + BACK_S, old_audio=True)


def _half_open(rig: WireRig, event: events.HalfOpen) -> Performed:
    del event
    stats = rig.peer.stats()
    done: list[str] = []
    longest = 0.0
    for direction, link in (("output", stats.output), ("input", stats.input)):
        # Over v1 a host never speaks to who plays: nobody could tell.
        if link.wire is None or (link.wire == "v1" and direction == "output"):
            continue
        rig.peer.half_open("output" if direction == "output" else "input")
        done.append(direction)
        longest = max(longest, HALF_OPEN_S[link.wire])
    if not done:
        return Performed(skipped="nobody is connected, or by a wire that cannot tell")
    # What is thrown away meanwhile nobody has dropped.
    return Performed({"links": done}, Cost(RECONNECT | {"thrown_away"}, back_s=longest + BACK_S))


def _detach(rig: WireRig, event: events.ReaderDetach) -> Performed:
    del event
    rig.detached = True
    for direction in _BOTH:
        rig.peer.refuse(direction, _FOR_EVER_S)
        rig.peer.disconnect(direction)
    return Performed(cost=Cost(RECONNECT, back_s=BACK_S))


def _attach(rig: WireRig, event: events.ReaderAttach) -> Performed:
    """`where` is of shared memory: whoever comes to a wire hears what is played now."""
    del event
    rig.detached = False
    for direction in _BOTH:
        rig.peer.refuse(direction, 0)
        rig.peer.disconnect(direction)
    return Performed(cost=Cost(RECONNECT, back_s=BACK_S))


def _loss(rig: WireRig, event: events.Loss) -> Performed:
    packets = -(-event.frames // PACKET_FRAMES)
    for direction in _BOTH:
        rig.peer.lose(direction, packets)
    may = {"lost", "lost_on_way", "mic_lost", "mic_lost_on_way"} | INPUT_GAP
    exact = dict.fromkeys(("lost_on_way", "mic_lost_on_way"), packets)
    return Performed({"packets": packets}, Cost(frozenset(may), _passing(packets), exact=exact))


def _corrupt(rig: WireRig, event: events.Corrupt) -> Performed:
    packets = -(-event.frames // PACKET_FRAMES)
    rig.peer.garbage(packets)
    may = {"mic_garbage", "mic_undecodable", "overflow"} | INPUT_GAP
    exact = {"mic_garbage": packets}
    return Performed({"packets": packets}, Cost(frozenset(may), _passing(packets), exact=exact))


def _repeat(rig: WireRig, event: events.Repeat) -> Performed:
    packets = -(-event.frames // PACKET_FRAMES)
    for direction in _BOTH:
        rig.peer.repeat(direction, packets)
    may = {"repeated_on_way", "duplicates", "mic_out_of_order"} | INPUT_GAP
    exact = {"repeated_on_way": packets}
    if rig.peer.stats().output.wire == "v2":
        exact["duplicates"] = packets
    return Performed({"packets": packets}, Cost(frozenset(may), _passing(packets), exact=exact))


def _reorder(rig: WireRig, event: events.Reorder) -> Performed:
    pairs = -(-event.frames // (2 * PACKET_FRAMES))
    for direction in _BOTH:
        rig.peer.reorder(direction, pairs)
    may = {"reordered_on_way", "out_of_order", "mic_out_of_order", "mic_lost"} | INPUT_GAP
    exact = {"reordered_on_way": pairs}
    if rig.peer.stats().output.wire == "v2":
        exact["out_of_order"] = pairs
    cost = Cost(frozenset(may), _passing(2 * pairs), old_audio=True, exact=exact)
    return Performed({"pairs": pairs}, cost)


def _passing(packets: int) -> float:
    """How long it takes until so many packets have passed, s."""
    return packets * PACKET_FRAMES / 48_000


# ---- the wire ------------------------------------------------------------------------------------


def _directions(word: str) -> tuple[Direction, ...]:
    return _BOTH if word == "both" else ("output",) if word == "output" else ("input",)


def _disconnect(rig: WireRig, event: events.Disconnect) -> Performed:
    for direction in _directions(event.direction):
        rig.peer.disconnect(direction)
    return Performed(cost=Cost(RECONNECT, back_s=BACK_S))


def _bad_frame(rig: WireRig, event: events.BadFrame) -> Performed:
    if event.size is None:
        rig.peer.cut_off()
    else:
        rig.peer.bad_length(event.size)
    may = RECONNECT | {"mic_broken", "mic_protocol_errors"}
    return Performed(cost=Cost(may, back_s=BACK_S + 1.0))


def _old_host(rig: WireRig, event: events.OldHost) -> Performed:
    rig.wire = event.wire
    for direction in _BOTH:
        rig.peer.wire(direction, event.wire)
        rig.peer.disconnect(direction)
    return Performed(cost=Cost(RECONNECT, back_s=BACK_S))


_PERFORMERS: dict[type[Event], Callable[[WireRig, Any], Performed]] = {
    events.LateWake: _late_wake,
    events.Stall: _stall,
    events.LoseCycles: _lose_cycles,
    events.BufferFrames: _buffer_frames,
    events.SleepWake: _sleep_wake,
    events.Restart: _restart,
    events.AddClient: _add_client,
    events.RemoveClient: _remove_client,
    events.StartStopStorm: _storm,
    events.ManyClients: _many_clients,
    events.Drift: _drift,
    events.ReaderStall: _reader_stall,
    events.ReaderSlow: _reader_slow,
    events.HalfOpen: _half_open,
    events.ReaderDetach: _detach,
    events.ReaderAttach: _attach,
    events.Loss: _loss,
    events.Corrupt: _corrupt,
    events.Repeat: _repeat,
    events.Reorder: _reorder,
    events.TransportStall: _reader_stall,
    events.Disconnect: _disconnect,
    events.BadFrame: _bad_frame,
    events.OldHost: _old_host,
}
FIT = frozenset(cls.model_fields["what"].default for cls in _PERFORMERS)
"""Events that there are on a wire; the others happen to shared memory, or to formats."""


def perform(rig: WireRig, event: Event) -> Performed:
    """Carry out one event.

    Parameters
    ----------
    rig
        Where.
    event
        What.

    Returns
    -------
    Performed
    """
    performer = _PERFORMERS.get(type(event))
    if performer is None:
        return Performed(skipped="Bunghole's wire has nothing of the kind")
    return performer(rig, event)
