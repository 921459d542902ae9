"""Events of clients: they come and go, stop and start."""

from __future__ import annotations

from lab.faults import events, guests
from lab.faults.damage import NOTHING, Failure
from lab.faults.perform.done import Done, Performers
from lab.faults.rig import Rig

STORM_HEAP_BYTES = 32 * 1024
"""What the heap may grow by in a storm of starts and stops."""


def _add_client(rig: Rig, event: events.AddClient) -> Done:
    guests.come(rig, event.n)
    return Done({"guests": len(rig.guests)})


def _remove_client(rig: Rig, event: events.RemoveClient) -> Done:
    guests.go(rig, event.n)
    return Done({"guests": len(rig.guests)})


def _many_clients(rig: Rig, event: events.ManyClients) -> Done:
    return Done({"came": guests.come_and_go(rig, event.n)})


def _start_stop_storm(rig: Rig, event: events.StartStopStorm) -> Done:
    heap: list[int] = []

    def look(turn: int) -> None:
        if turn in (0, event.n - 1):
            heap.append(rig.memory().heap_bytes)

    if not guests.storm(rig, event.who, event.n, each=look):
        return Done(skipped=guests.NO_ROOM)
    grown = heap[-1] - heap[0]
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
