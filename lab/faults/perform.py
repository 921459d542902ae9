"""Each event carried out on a rig, and what it may cost there.

One function per event. It returns what the host answered (part of the run's hash) and the
`Allowance`: what may be late, left out or lost within the settling time. What is not allowed
there is a failure, whatever the event: nothing may be duplicated, reordered, or become something
that was never played.
"""

from __future__ import annotations

import _posixshmem  # type: ignore[import-not-found]
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from lab.clocks import Offset
from lab.errors import LabError
from lab.faults import events
from lab.faults.cost import away, waited
from lab.faults.damage import NOTHING, Allowance, Damage, Failure
from lab.faults.events import Event
from lab.faults.rig import Rig
from lab.host import sources
from lab.host.errors import HostError
from lab.host.models import Format
from lab.signals.counter_check import CounterCheck
from lab.transport import posix_shm
from lab.transport.shm import ShmReader, open_reader

GUESTS_MAX = 60
STORM_HEAP_BYTES = 32 * 1024
"""What the heap may grow by in a storm of starts and stops."""
_DENIED = {"unsupported", "timeout"}


@dataclass
class Done:
    """What came of an event.

    Attributes
    ----------
    result
        What the host answered: numbers and words, the same at each run.
    allowed
        What it may cost.
    failure
        What was wrong at once, without waiting for the check.
    skipped
        Why it was not carried out; empty when it was.
    """

    result: dict[str, Any] = field(default_factory=dict)
    allowed: Allowance = NOTHING
    failure: Failure | None = None
    skipped: str = ""


_STOP_IO = (
    events.BufferFrames,
    events.SleepWake,
    events.Restart,
    events.StartStopStorm,
    events.Rate,
    events.FormatChange,
    events.RefuseChanges,
)


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
    stalled = rig.stalled_until - rig.cycle
    frames = rig.device.buffer_frames
    done = _PERFORMERS[type(event)](rig, event)
    if isinstance(event, _STOP_IO):
        done.allowed = replace(done.allowed, io_restarted=True)
    # In the cycle at which it ends as well: the reader comes back behind the next one.
    if stalled >= 0 and not isinstance(event, events.ReaderStall) and rig.stalled_until > 0:
        # What is unread may be lost in a change, and the rest of the stall may be longer.
        most = max(frames, rig.device.buffer_frames)
        room = Damage(lost=(stalled + 1) * most + rig.ring_frames,
                      reader_lost=(stalled + 1) * most + rig.ring_frames)  # fmt: skip
        done.allowed = replace(done.allowed + Allowance(high=room), reader_away=True)
    return done


# ---- host ----------------------------------------------------------------------------------------


def _late_wake(rig: Rig, event: events.LateWake) -> Done:
    rig.host.wake_late(rig.device.device, event.ns)
    return Done(allowed=away(rig, event.ns))


def _stall(rig: Rig, event: events.Stall) -> Done:
    rig.host.advance(event.ns)
    return Done(allowed=away(rig, event.ns))


def _lose_cycles(rig: Rig, event: events.LoseCycles) -> Done:
    rig.host.lose_cycles(rig.device.device, event.n)
    exactly = Damage(skipped_cycles=event.n)
    return Done(allowed=Allowance(high=exactly, low=exactly))


def _buffer_frames(rig: Rig, event: events.BufferFrames) -> Done:
    if event.frames > rig.ring_frames:
        return Done(skipped=f"a block of {event.frames} frames is longer than the ring")
    rig.device = rig.host.set_buffer_frames(rig.device.device, event.frames)
    return Done({"frames": rig.device.buffer_frames})


def _sleep_wake(rig: Rig, event: events.SleepWake) -> Done:
    running = [rig.player, *rig.guests]
    for client in running:
        client.stop()
    rig.host.advance(round(event.s * 1e9))
    for client in running:
        client.start()
    return Done()


def _restart(rig: Rig, event: events.Restart) -> Done:
    """Nothing of what was played may be lost: all of it had been read."""
    reader: ShmReader | None = None
    heard = CounterCheck(rig.device.output_channels)
    had_name = rig.name_leads_there
    try:
        if rig.setup.layout == "v2" and had_name:
            reader = open_reader(rig.name)
            rig.run_cycles(2)
            _drain(reader, heard)
        guests = len(rig.guests)
        rig.restart(how=event.how)
        failure = None
        if reader is not None:
            failure = _outlive(rig, reader, heard)
    finally:
        if reader is not None:
            reader.close()
    result = {"guests": guests, "read_across": reader is not None}
    return Done(result, Allowance(new_reader=True), failure)


def _outlive(rig: Rig, reader: ShmReader, heard: CounterCheck) -> Failure | None:
    """A reader in another process, here, that was there before the restart and still is."""
    at = rig.cycle
    reader.wait(2.0)
    for _ in range(4):
        rig.run_cycles(1)
        _drain(reader, heard)
    if reader.generation_changes == 0:
        return Failure(
            "generation-unchanged",
            f"the driver was restarted at cycle {at}, and its reader saw no new generation",
            at,
        )
    if not heard.clean or reader.lost_frames or heard.received != 6 * rig.device.buffer_frames:
        return Failure(
            "restart-heard",
            f"a reader that lived through the restart at cycle {at} got {heard.received} frames of "
            f"{6 * rig.device.buffer_frames}, {heard.lost} lost, {heard.duplicated} twice, "
            f"{heard.corrupt} corrupt",
            at,
        )
    return None


def _drain(reader: ShmReader, heard: CounterCheck) -> None:
    while (block := reader.read()) is not None:
        heard.take(block.frames)


# ---- clients -------------------------------------------------------------------------------------


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


# ---- device --------------------------------------------------------------------------------------


def _set(rig: Rig, change: Callable[[], Any], *, may_refuse: bool, what: str) -> Done:
    """Ask for a change; a refusal that is not allowed is a failure."""
    try:
        change()
        status = "done"
    except HostError as error:
        status = error.status
        if error.status not in _DENIED and not (may_refuse and error.status == "driver"):
            raise
    rig.refresh()
    allowed = NOTHING
    if status == "timeout":
        allowed = waited(rig, 1)
    failure = None
    if status != "done" and not may_refuse:
        failure = Failure(
            "change-refused", f"{what} was refused ({status}) although the device offers it", 0
        )
    return Done({"status": status, "rate": round(rig.device.nominal_rate)}, allowed, failure)


def _rate(rig: Rig, event: events.Rate) -> Done:
    offered = rig.device.has_rate(event.hz)
    return _set(
        rig,
        lambda: rig.host.set_rate(rig.device.device, event.hz),
        may_refuse=not offered,
        what=f"{event.hz} Hz",
    )


def _format(rig: Rig, event: events.FormatChange) -> Done:
    stream = rig.device.outputs[0]
    is_float = event.bits == 32
    wide = event.channels * (event.bits // 8)
    wanted = Format(
        sample_rate=event.hz,
        flags=(1 if is_float else 4) | 8,
        bytes_per_packet=wide,
        frames_per_packet=1,
        bytes_per_frame=wide,
        channels=event.channels,
        bits=event.bits,
    )
    offered = (
        rig.device.has_rate(event.hz)
        and is_float
        and event.channels == stream.virtual_format.channels
    )
    return _set(
        rig,
        lambda: rig.host.set_format(rig.device.device, stream.id, wanted),
        may_refuse=not offered,
        what=f"{event.channels} channels of {event.bits} bits at {event.hz} Hz",
    )


def _refuse_changes(rig: Rig, event: events.RefuseChanges) -> Done:
    before = rig.device.nominal_rate
    if event.hz == before or not rig.device.has_rate(event.hz):
        return Done({"asked": 0}, skipped="")
    rig.host.refuse_changes(rig.device.device, event.n)
    taken = 0
    for _ in range(event.n):
        with suppress(HostError):
            rig.host.set_rate(rig.device.device, event.hz)
            taken += 1
    rig.host.refuse_changes(rig.device.device, 0)
    rig.refresh()
    failure = None
    if taken or rig.device.nominal_rate != before:
        failure = Failure(
            "refusal-ignored",
            f"the host refused {event.n} configuration changes, and the device has "
            f"{rig.device.nominal_rate:g} Hz all the same, {before:g} Hz before",
            rig.cycle,
        )
    return Done({"asked": event.n}, waited(rig, event.n), failure)


def _drift(rig: Rig, event: events.Drift) -> Done:
    rig.host.set_clock(rig.device.device, [Offset(ppm=event.ppm)])
    rig.drift_step_ppm = abs(event.ppm - rig.drift_ppm)
    rig.drift_ppm = event.ppm
    return Done()


# ---- reader --------------------------------------------------------------------------------------


def _reader_stall(rig: Rig, event: events.ReaderStall) -> Done:
    cycles = max(1, round(event.s * 1e9) // rig.period_ns)
    rig.far.stall(cycles)
    now = rig.cycle
    if rig.stalled_until < now:
        rig.stalled_since = now
    rig.stalled_until = now + cycles
    unread = (rig.stalled_until - rig.stalled_since + 1) * rig.device.buffer_frames
    if rig.heard_from == "oldest" and rig.attached_cycle == now:
        unread += rig.ring_frames  # it has not read yet what was there when it came
    ring = rig.ring_frames
    lost = max(0, unread - ring) if rig.setup.layout == "v2" else unread // ring * ring
    if not rig.reading:
        lost = 0
    room = Damage(lost=lost, reader_lost=lost)
    return Done({"cycles": cycles, "laps": unread // ring}, Allowance(high=room, reader_away=True))


def _forget_damage(rig: Rig) -> None:
    """What was to happen to the frames of a reader that goes does not happen to the next one's."""
    rig.far.damage("lose", 0)
    rig.damage_until = 0


def _reader_detach(rig: Rig, event: events.ReaderDetach) -> Done:
    del event
    _forget_damage(rig)
    rig.far.detach()
    rig.reading = False
    return Done(allowed=Allowance(new_reader=True))


def _reader_attach(rig: Rig, event: events.ReaderAttach) -> Done:
    # v1 does not know which frame is its oldest: its index 0 is as stale as it is old.
    where = event.where if rig.setup.layout == "v2" else "newest"
    rig.fold()
    _forget_damage(rig)
    before = rig.reader_stats().attachments
    rig.far.attach(where)
    stats = rig.reader_stats()
    rig.begin_anew()
    rig.stalled_until = 0
    rig.far.stall(0)
    rig.reading = stats.attachments > before and stats.failure is None and rig.name_leads_there
    failure = None
    if rig.name_leads_there and not rig.reading:
        failure = Failure(
            "reader-failed",
            f"no reader can attach at cycle {rig.cycle}: {stats.failure or 'nothing is there'}",
            rig.cycle,
        )
    # From the oldest frame of a full ring: the next block overwrites what was to be read first.
    room = Damage(reader_lost=rig.ring_frames if where == "oldest" else 0)
    rig.heard_from, rig.attached_cycle = where, rig.cycle
    return Done({"reading": rig.reading}, Allowance(high=room, new_reader=True), failure)


def _shm_delete(rig: Rig, event: events.ShmDelete) -> Done:
    del event
    posix_shm.unlink(rig.name)
    rig.name_leads_there = False
    return Done()


def _shm_recreate(rig: Rig, event: events.ShmRecreate) -> Done:
    posix_shm.unlink(rig.name)
    rig.name_leads_there = False
    fd = _posixshmem.shm_open(rig.name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        os.ftruncate(fd, event.size)
    except OSError as error:
        raise LabError(f"no foreign shared memory ({error.strerror})", where=rig.name) from error
    finally:
        os.close(fd)
    return Done()


# ---- transport and memory ------------------------------------------------------------------------

_COSTS: dict[type[Event], tuple[Any, tuple[str, ...]]] = {
    events.Loss: ("lose", ("lost",)),
    events.Corrupt: ("corrupt", ("corrupt", "lost")),
    events.Repeat: ("repeat", ("duplicated",)),
    events.Silence: ("silence", ("silent", "lost")),
    events.Swap: ("swap", ("swapped", "lost")),
}


def _on_the_way(rig: Rig, event: events._OnTheWay) -> Done:
    if not rig.reading:
        return Done(skipped="no reader is attached")
    kind, counts = _COSTS[type(event)]
    frames = event.frames
    done = rig.reader_stats().damaged_frames
    rig.far.damage(kind, frames)
    # What was asked for before and is not done yet is replaced, and need not happen any more.
    replaces = rig.damage_until > done
    rig.damage_until = done + frames
    exactly = Damage(**dict.fromkeys(counts, frames))
    allowed = Allowance(high=exactly, low=exactly, on_the_way=True, reader_away=replaces)
    return Done({"frames": frames}, allowed)


def _fail_allocation(rig: Rig, event: events.FailAllocation) -> Done:
    """Clients come and go until it has happened: that is when drivers allocate."""
    try:
        rig.host.begin_ledger()
    except HostError as error:
        if error.status != "unsupported":
            raise
        return Done(skipped="this host has no ledger.begin")
    rig.host.fail_allocation(event.nth)
    before = rig.failed_allocations
    refused = sum(_is_refused(rig) for _ in range(event.nth))
    rig.failed_allocations = rig.host.ledger().failed_allocations
    rig.host.end_ledger()
    failed = rig.failed_allocations - before
    failure = None
    if refused > failed:
        failure = Failure(
            "client-refused",
            f"{refused} clients were refused although {failed} allocations failed "
            f"(cycle {rig.cycle})",
            rig.cycle,
        )
    elif _is_refused(rig):
        failure = Failure(
            "client-refused",
            f"a client was refused after memory had run out once (cycle {rig.cycle})",
            rig.cycle,
        )
    return Done({"refused": refused, "failed": failed}, NOTHING, failure)


def _is_refused(rig: Rig) -> bool:
    try:
        rig.host.add_client(rig.device.device, name="passer-by").remove()
    except HostError as error:
        if error.status != "driver":
            raise
        return True
    return False


_PERFORMERS: dict[type[Event], Callable[[Rig, Any], Done]] = {
    events.LateWake: _late_wake,
    events.Stall: _stall,
    events.LoseCycles: _lose_cycles,
    events.BufferFrames: _buffer_frames,
    events.SleepWake: _sleep_wake,
    events.Restart: _restart,
    events.AddClient: _add_client,
    events.RemoveClient: _remove_client,
    events.StartStopStorm: _start_stop_storm,
    events.ManyClients: _many_clients,
    events.Rate: _rate,
    events.FormatChange: _format,
    events.RefuseChanges: _refuse_changes,
    events.Drift: _drift,
    events.ReaderStall: _reader_stall,
    events.ReaderDetach: _reader_detach,
    events.ReaderAttach: _reader_attach,
    events.ShmDelete: _shm_delete,
    events.ShmRecreate: _shm_recreate,
    **dict.fromkeys(_COSTS, _on_the_way),
    events.FailAllocation: _fail_allocation,
}
assert set(_PERFORMERS) == set(events.EVENT_CLASSES.values())
