"""The reader of layout v2: read-only, with exact losses, across restarts and format changes.

Every read takes these steps, in this order (docs/reference/gecko-shm.md):

1. GENERATION; odd or another than last time: read the format anew, check it, go to its first frame.
2. WRITE_HEAD, then copy, then WRITE_CLAIM: whatever lies more than a ring below the claim may have
   been overwritten during the copy and is thrown away as lost.
3. GENERATION again: when it has changed, the copy is void.

When the writer says that it has gone (CLOSED, RETIRED), is no longer alive, or has been silent for
a while, the name is looked at again: another object there is opened, so that no reader is stranded.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.errors import ShmError
from lab.transport.gecko_layout import load_layout
from lab.transport.posix_shm import Mapping, leads_elsewhere, open_mapping, process_is_alive
from lab.transport.shm import ShmReader
from lab.transport.shm_header import (
    BlockTable,
    HeaderV2,
    fence,
    host_times,
    read_format,
    read_geometry,
)
from lab.transport.shm_slot import ReaderSlot
from lab.transport.shm_types import (
    Attach,
    Block,
    ReaderState,
    StreamFormat,
)

_LOOK_AGAIN_S = 0.02
_SILENT_S = 0.5
_TRIES = 64


class ShmReaderV2(ShmReader):
    """Reads layout v2.

    Parameters
    ----------
    name
        With its slash.
    attach
        ``"newest"`` or ``"oldest"`` (``"start"`` is the same here).
    slot
        Say in the readers' object where this reader is; it goes without when there is no room.
    follow
        Open the object again when another one has taken the name.

    Raises
    ------
    ShmError
        When it cannot be opened, is truncated, or its header cannot be true.
    """

    def __init__(
        self, name: str, *, attach: Attach = "newest", slot: bool = True, follow: bool = True
    ) -> None:
        super().__init__(name)
        self._layout = load_layout()
        self._follow = follow
        self._header: HeaderV2
        self._gone_states = (self._layout["STATE_RETIRED"], self._layout["STATE_CLOSED"])
        self._looked_at_name = 0.0
        self._other_object = False
        self._not_before = 0.0
        self._last_progress = time.monotonic()
        self._pending_lost = 0
        self._changed = False
        self._due = 0.0
        self._map()
        if self._header.state() in self._gone_states:
            self._unmap()
            raise ShmError(
                "the driver has left this shared memory", where=name, do="start it, or try again"
            )
        self._next: int = self._header.write_head() if attach == "newest" else self._oldest()
        self._next_block = self._header.block_head()
        if attach != "newest":
            self._next_block = max(0, self._next_block - self._table.count)
        self._wants_slot = slot
        self._slot: ReaderSlot | None = None
        self._keep_slot()

    @property
    def state(self) -> ReaderState:
        """What the writer says of itself."""
        value = self._header.state()
        try:
            return ReaderState(value)
        except ValueError:
            return ReaderState.UNKNOWN

    @property
    def slot(self) -> int | None:
        """Index of this reader's slot in the readers' object, None without one."""
        return self._slot.index if self._slot else None

    @property
    def next_frame(self) -> int:
        """Number of the frame that is read next."""
        return self._next

    @property
    def is_muted(self) -> bool:
        """Whether the writer says that it is muted."""
        return bool(self._header.flags() & self._layout["FLAG_MUTED"])

    def silent_ns(self, now_ns: int) -> int:
        """How long ago the writer's last beat was, on the host's clock."""
        return now_ns - self.format.ns_of(self._header.heartbeat())

    def available(self) -> int:
        """Frames that can be read now; at least 1 when there is a change to be told."""
        header = self._header
        if header.generation() != self.format.generation:
            return 1
        ready = header.write_head() - self._next
        if ready <= 0 and self._follow and self._another_object():
            return 1
        return max(0, min(ready, self.format.ring_frames))

    def read(self, max_frames: int | None = None) -> Block | None:
        """Read what is there, exactly.

        Parameters
        ----------
        max_frames
            At most so many frames.

        Returns
        -------
        Block or None

        Raises
        ------
        ShmError
            When the header cannot be true any more, or the object has shrunk.
        """
        away = self._away_ns()
        for _ in range(_TRIES):
            self._check_size()
            if self._header.generation() != self.format.generation:
                self._change_generation()
            head = self._header.write_head()
            ready = head - self._next
            if ready < 0:
                if self._header.generation() != self.format.generation:
                    continue
                raise ShmError(
                    f"the write head went back from {self._next} to {head} in one generation",
                    where=self.name,
                    do="restart the driver",
                )
            if ready == 0:
                if self._follow and self._another_object():
                    # Now the head is final; a block may have come since it was looked at.
                    if self._header.write_head() == head:
                        self._switch_object()
                    continue
                self.empty_reads += 1
                return None
            block = self._copy(head, max_frames, away)
            if block is not None:
                return block
        raise ShmError(
            f"the header changed during {_TRIES} reads in a row", where=self.name, do="try again"
        )

    def view(self) -> NDArray[np.float32] | None:
        """The frames up to the end of the ring, without a copy; None when there is none."""
        self._check_size()
        if self._header.generation() != self.format.generation:
            self._change_generation()
        head = self._header.write_head()
        skipped = self._skip(max(self._next, head - self.format.ring_frames))
        self._pending_lost += skipped
        at = self._next & (self.format.ring_frames - 1)
        count = min(head - self._next, self.format.ring_frames - at)
        if count <= 0:
            return None
        part: NDArray[np.float32] = self._ring[at : at + count]
        return part

    def advance(self, frames: int) -> bool:
        """Be done with `frames` frames of `view`.

        Returns
        -------
        bool
            False when any of them may have been overwritten, or the generation has changed.
        """
        fence()
        sound = (
            self._header.write_claim() - self.format.ring_frames <= self._next
            and self._header.generation() == self.format.generation
        )
        if sound:
            self._next += frames
            self.frames_read += frames
        else:
            self.torn_reads += 1
            self._pending_lost += self._skip(self._next + frames)
        self._tell()
        return sound

    def close(self) -> None:
        """Give back the slot and the mapping."""
        if self._slot is not None:
            self._slot.release()
            self._slot = None
        self._unmap()

    # ---- one block -------------------------------------------------------------------------

    def _copy(self, head: int, max_frames: int | None, away: int) -> Block | None:
        """Copy and check; None when nothing of it is left, or the generation changed under it."""
        ring_frames = self.format.ring_frames
        first = max(self._next, head - ring_frames)
        count = head - first
        if max_frames is not None:
            count = min(count, max_frames)
        frames = self._gather(first & (ring_frames - 1), count)
        fence()
        claim = self._header.write_claim()
        if self._header.generation() != self.format.generation:
            return None  # nothing has been counted: the new generation counts all that is lost
        torn = min(max(claim - ring_frames - first, 0), count)
        self._pending_lost += self._skip(first + torn)
        if torn:
            self.torn_reads += 1
            frames = frames[torn:]
            if torn == count:
                return None  # what is newer is read at once
        times = self._host_times(first + count)
        block = Block(
            first_frame=self._next,
            frames=frames,
            lost=self._pending_lost,
            away_ns=away,
            new_generation=self._changed,
            host_times=times,
            format=self.format,
        )
        self._pending_lost = 0
        self._changed = False
        self._next += len(frames)
        self.frames_read += len(frames)
        self._last_progress = time.monotonic()
        if len(times):
            self._expect(int(times["host_ns"][-1]), int(times["frames"][-1]))
        self._tell()
        return block

    def _expect(self, host_ns: int, frames: int) -> None:
        """The next block comes a period after the last one, if the host lives in our time."""
        period_s = frames / self.format.sample_rate
        due = host_ns * 1e-9 + period_s
        self._due = due if 0.0 < due - self._last_progress <= period_s else 0.0

    def _next_due_s(self) -> float:
        return self._due

    def _skip(self, to_frame: int) -> int:
        """Go forward to `to_frame`; what lies between is lost."""
        lost = to_frame - self._next
        self._next = to_frame
        self.lost_frames += lost
        return lost

    def _host_times(self, end_frame: int) -> NDArray[Any]:
        """Blocks that begin before `end_frame` and have not been told yet."""
        head = self._header.block_head()
        number = max(self._next_block, head - self._table.count)
        found = []
        while number < head:
            entry = self._table.entry(number)
            if entry is not None and entry.first_frame >= end_frame:
                break
            number += 1
            if entry is not None and entry.first_frame >= self._next:
                found.append(entry)
        self._next_block = number
        return host_times(found, self.format)

    def _tell(self) -> None:
        if self._slot is not None:
            self._slot.tell(self._next, self.lost_frames, self.format)

    def _keep_slot(self) -> None:
        """See to it that the slot is in the object that the driver looks at.

        Each driver makes one of its own, before it says in the audio object that it is there.
        """
        if not self._wants_slot:
            return
        if self._slot is not None and self._slot.is_stranded():
            self._slot.release()
            self._slot = None
        if self._slot is None:
            self._slot = ReaderSlot.claim(self.name)

    # ---- generations and objects -----------------------------------------------------------

    def _oldest(self) -> int:
        """Number of the oldest frame that can still be had."""
        head, claim = self._header.write_head(), self._header.write_claim()
        oldest = max(self.format.generation_start, max(head, claim) - self.format.ring_frames)
        return min(oldest, head)

    def _change_generation(self) -> None:
        self._read_format()
        self.generation_changes += 1
        self._changed = True
        # What was left of the old generation lies in a ring that has been laid out anew.
        start = self.format.generation_start
        if start >= self._next:
            self._pending_lost += self._skip(start)
        else:
            self._next = start  # numbering began again: how much is between cannot be known
        self._keep_slot()

    def _read_format(self) -> None:
        self.format = read_format(self._header, self._geometry, self.name)
        self._ring = np.frombuffer(
            self._mapping.memory,
            dtype="<f4",
            count=self.format.ring_frames * self.format.channels,
            offset=self._geometry.data_offset,
        ).reshape(self.format.ring_frames, self.format.channels)
        self._ring.flags.writeable = False

    def _map(self) -> None:
        self._mapping = open_mapping(
            self.name, writable=False, least_bytes=self._layout["V2_HEADER_BYTES"]
        )
        self._header = HeaderV2(self._mapping.memory, self._layout)
        try:
            self._geometry = read_geometry(self._header, self._mapping.size, self.name)
            self._table = BlockTable(self._mapping.memory, self._layout, self._geometry)
            self._read_format()
        except ShmError:
            self._unmap()
            raise

    def _unmap(self) -> None:
        self._ring = np.empty((0, 1), dtype=np.float32)
        self._header.release()
        self._mapping.close()

    def _another_object(self) -> bool:
        """Whether the name leads to another object now; looked up only when there is a reason."""
        if self._other_object:
            return True
        if time.monotonic() < self._not_before:
            return False
        if self._header.state() not in self._gone_states:
            # It may have died without a word. Asked now and then: a running writer has not.
            now = time.monotonic()
            if now - self._looked_at_name < _LOOK_AGAIN_S:
                return False
            self._looked_at_name = now
            silent = now - self._last_progress > _SILENT_S
            if not silent and process_is_alive(self.format.writer_pid):
                return False
        self._other_object = leads_elsewhere(self._mapping, instance_at=self._layout["V2_INSTANCE"])
        return self._other_object

    def _switch_object(self) -> None:
        self._other_object = False
        before: tuple[Mapping, HeaderV2, StreamFormat] = (self._mapping, self._header, self.format)
        old_ring, old_table, old_geometry = self._ring, self._table, self._geometry
        try:
            self._map()
        except ShmError:
            # Not finished yet, or of another layout: stay where we are and look again later.
            self._not_before = time.monotonic() + _LOOK_AGAIN_S
            self._mapping, self._header, self.format = before
            self._ring, self._table, self._geometry = old_ring, old_table, old_geometry
            return
        goes_on = self._goes_on_from(before[1]) and self._next <= self._header.write_head()
        del old_ring, old_table
        with suppress(BufferError):
            before[1].release()
        before[0].close()
        self.generation_changes += 1
        self._changed = True
        self._next_block = 0
        if goes_on:
            self._pending_lost += self._skip(max(self._next, self.format.generation_start))
        else:
            self._next = self._oldest()  # how much lies between cannot be known
        self._last_progress = time.monotonic()
        self._keep_slot()

    def _goes_on_from(self, before: HeaderV2) -> bool:
        """Whether frame numbers mean in this object what they meant in the one before."""
        came_from = before.instance()
        if came_from == 0:
            return False
        if self._header.instance() == came_from:
            return True
        closed = before.state() == self._layout["STATE_CLOSED"]
        return not closed and self._header.predecessor() == came_from
