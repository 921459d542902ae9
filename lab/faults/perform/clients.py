"""Events of clients: they come and go, stop and start."""

from __future__ import annotations

from lab.faults import events
from lab.faults.damage import NOTHING, Failure
from lab.faults.perform.done import Done, Performers
from lab.faults.rig import Rig
from lab.host import sources

GUESTS_MAX = 60
STORM_HEAP_BYTES = 32 * 1024
"""What the heap may grow by in a storm of starts and stops."""


def _come(rig: Rig) -> None:
    guest = rig.host.add_client(rig.device.device, name="guest")
    guest.play(sources.silence())
    guest.start()
    rig.guests.append(guest)


def _add_client(rig: Rig, event: events.AddClient) -> Done:
    count = min(event.n, GUESTS_MAX - len(rig.guests))
    for _ in range(count):
        _come(rig)
    return Done({"guests": len(rig.guests)})


def _remove_client(rig: Rig, event: events.RemoveClient) -> Done:
    for guest in rig.guests[: event.n]:
        guest.remove()
    del rig.guests[: event.n]
    return Done({"guests": len(rig.guests)})


def _many_clients(rig: Rig, event: events.ManyClients) -> Done:
    count = min(event.n, GUESTS_MAX - len(rig.guests))
    before = len(rig.guests)
    for _ in range(count):
        _come(rig)
    rig.run_cycles(1)
    for guest in rig.guests[before:]:
        guest.remove()
    del rig.guests[before:]
    return Done({"came": count})


def _start_stop_storm(rig: Rig, event: events.StartStopStorm) -> Done:
    client = rig.player
    if event.who == "guest":
        if len(rig.guests) >= GUESTS_MAX:
            return Done(skipped="no room for a guest")
        _come(rig)
        client = rig.guests.pop()
    before = 0
    for turn in range(event.n):
        client.stop()
        client.start()
        rig.run_cycles(1)
        if turn == 0:
            before = rig.memory().heap_bytes
    grown = rig.memory().heap_bytes - before
    if event.who == "guest":
        client.remove()
    failure = None
    if grown > STORM_HEAP_BYTES:
        failure = Failure(
            "memory-grows",
            f"{event.n} starts and stops of IO left {grown // 1024} KiB more on the heap; at most "
            f"{STORM_HEAP_BYTES // 1024} KiB may (cycle {rig.cycle})",
            rig.cycle,
        )
    return Done({"n": event.n}, NOTHING, failure)


PERFORMERS: Performers = {
    events.AddClient: _add_client,
    events.RemoveClient: _remove_client,
    events.StartStopStorm: _start_stop_storm,
    events.ManyClients: _many_clients,
}
