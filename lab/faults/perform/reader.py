"""Events of the reader and of the memory that it reads."""

from __future__ import annotations

import _posixshmem  # type: ignore[import-not-found]
import os

from lab.errors import LabError
from lab.faults import events
from lab.faults.damage import Allowance, Damage, Failure
from lab.faults.perform.done import Done, Performers
from lab.faults.rig import Rig
from lab.transport import posix_shm

HALF_OPEN_MAX = 64
"""Of one far end; FAREND_HALF_OPEN_MAX in sim/daemon/farend/farend.h."""


def _room(rig: Rig, unread: int) -> Damage:
    """What is lost when so many frames were not read, and the ring is not as long."""
    ring = rig.ring_frames
    lost = max(0, unread - ring) if rig.setup.layout == "v2" else unread // ring * ring
    if not rig.reading:
        lost = 0
    return Damage(lost=lost, reader_lost=lost if rig.setup.layout == "v2" else 0)


def _reader_stall(rig: Rig, event: events.ReaderStall) -> Done:
    cycles = max(1, round(event.s * 1e9) // rig.period_ns)
    rig.far.stall(cycles)
    now = rig.cycle
    if rig.stalled_until < now:
        rig.stalled_since = now
    rig.stalled_until = now + cycles
    unread = (rig.behind_until - rig.behind_since + 1) * rig.device.buffer_frames
    if rig.heard_from == "oldest" and rig.attached_cycle == now:
        unread += rig.ring_frames  # it has not read yet what was there when it came
    room = _room(rig, unread)
    return Done(
        {"cycles": cycles, "laps": unread // rig.ring_frames},
        Allowance(high=room, reader_away=True),
    )


def _reader_slow(rig: Rig, event: events.ReaderSlow) -> Done:
    """Exactly what does not fit into the ring is lost, when nothing else happens meanwhile."""
    cycles = max(1, round(event.s * 1e9) // rig.period_ns)
    frames = rig.device.buffer_frames
    now = rig.cycle
    alone = rig.behind_until < now and rig.reading
    alone &= not (rig.heard_from == "oldest" and rig.attached_cycle == now)
    rig.far.slow(cycles, event.percent)
    rig.slow_since, rig.slow_until = now, now + cycles
    if alone:
        unread = (cycles + 1) * frames - cycles * frames * event.percent // 100
        room = _room(rig, unread)
        allowed = Allowance(high=room, low=room)
    else:
        unread = (rig.behind_until - rig.behind_since + 1) * frames + rig.ring_frames
        allowed = Allowance(high=_room(rig, unread), reader_away=True)
    return Done({"cycles": cycles, "unread": unread}, allowed)


def _forget_damage(rig: Rig) -> None:
    """What was to happen to the frames of a reader that goes does not happen to the next one's."""
    rig.far.damage("lose", 0)
    rig.damage_until = rig.held_until = 0


def _reader_detach(rig: Rig, event: events.ReaderDetach) -> Done:
    del event
    _forget_damage(rig)
    rig.far.detach()
    rig.reading = False
    return Done(allowed=Allowance(new_reader=True))


def _reader_attach(rig: Rig, event: events.ReaderAttach) -> Done:
    # v1 does not know which frame is its oldest: its index 0 is as stale as it is old.
    where = event.where if rig.setup.layout == "v2" else "newest"
    _forget_damage(rig)  # a block that waits for another arrives now, and is no loss
    rig.fold()
    before = rig.reader_stats().attachments
    rig.far.attach(where)
    stats = rig.reader_stats()
    rig.begin_anew()
    rig.stalled_until = rig.slow_until = 0
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


def _half_open(rig: Rig, event: events.HalfOpen) -> Done:
    """They hold their mapping and a slot, and the one that comes must not care."""
    there = rig.reader_stats().half_open
    attached = rig.far.half_open(event.n)
    wanted = min(event.n, HALF_OPEN_MAX - there) if rig.name_leads_there else 0
    done = _reader_attach(rig, events.ReaderAttach(at=event.at))
    done.result["attached"] = attached
    if attached < wanted:
        done.failure = Failure(
            "reader-failed",
            f"only {attached} of {wanted} readers could attach to stay half-open, beside {there} "
            f"(cycle {rig.cycle})",
            rig.cycle,
        )
    return done


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


PERFORMERS: Performers = {
    events.ReaderStall: _reader_stall,
    events.ReaderSlow: _reader_slow,
    events.HalfOpen: _half_open,
    events.ReaderDetach: _reader_detach,
    events.ReaderAttach: _reader_attach,
    events.ShmDelete: _shm_delete,
    events.ShmRecreate: _shm_recreate,
}
