"""Readers of Gecko Sink's shared memory: one interface over both layouts.

    with open_reader("/GeckoAudioShm") as reader:
        for block in reader.blocks(timeout_s=1.0):
            use(block.frames)

The memory is mapped, not copied; a block is copied out of it once, because the writer never waits
and the copy has to be checked against it afterwards. `ShmReader.view` gives the frames without
that copy, to those who check themselves.

A header is never trusted: sizes come from fstat, every number is held against the limits in
gecko_shm.h, and again after each change of generation. What cannot be true raises `ShmError`.
"""

from __future__ import annotations

import struct
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.closing import Closing
from lab.errors import ShmError
from lab.transport.gecko_layout import load_layout
from lab.transport.posix_shm import Mapping, open_mapping
from lab.transport.shm_types import Attach, Block, ReaderState, StreamFormat

POLL_S = 0.001
_BEHIND_THE_CYCLE_S = 0.0001


class ShmReader(Closing):
    """A reader of one name.

    Attributes
    ----------
    name
        With its slash.
    format
        Of the frames that come next.
    frames_read, lost_frames
        So far. v1 cannot know what it lost: always 0.
    torn_reads
        Reads during which the writer overwrote frames that were being copied.
    empty_reads
        Calls of `read` that found nothing.
    generation_changes
        Restarts and format changes met. v1 cannot see them: always 0.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.format: StreamFormat
        self._mapping: Mapping
        self._ring: NDArray[np.float32]  # shape (ring_frames, channels), read-only
        self.frames_read = 0
        self.lost_frames = 0
        self.torn_reads = 0
        self.empty_reads = 0
        self.generation_changes = 0
        self._looked_ns = time.monotonic_ns()

    @property
    @abstractmethod
    def state(self) -> ReaderState:
        """What the writer says of itself."""

    @property
    @abstractmethod
    def next_frame(self) -> int:
        """Number of the frame that is read next."""

    @abstractmethod
    def available(self) -> int:
        """Frames that can be read now, or a number above 0 when something else is to be told."""

    @abstractmethod
    def read(self, max_frames: int | None = None) -> Block | None:
        """Read what is there.

        Parameters
        ----------
        max_frames
            At most so many; None for all.

        Returns
        -------
        Block or None
            None when nothing new is there.

        Raises
        ------
        ShmError
            When the header is not, or no longer, one that can be true.
        """

    @abstractmethod
    def view(self) -> NDArray[np.float32] | None:
        """The frames that can be read now and lie in one piece, without a copy.

        Returns
        -------
        ndarray of float32, shape (n, channels), or None
            Read-only. The writer may overwrite it: look at it, then `advance`, which tells.
        """

    @abstractmethod
    def advance(self, frames: int) -> bool:
        """Be done with the first `frames` frames of `view`.

        Returns
        -------
        bool
            False when they were overwritten meanwhile: what was made of them is void.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back the slot and the mapping. May be called twice."""

    def wait(self, timeout_s: float, *, poll_s: float = POLL_S) -> bool:
        """Wait until there is something to read, by polling: the IO thread makes no system calls.

        A reader that knows when the next block is due looks right behind that first.

        Parameters
        ----------
        timeout_s
            At most so long.
        poll_s
            Between two looks.

        Returns
        -------
        bool
            False when the time was up.
        """
        if self.available():
            return True
        now = time.monotonic()
        deadline = now + timeout_s
        step = poll_s
        # Nothing comes before the next cycle: one sleep until right behind it, then polling.
        due = min(self._next_due_s() + _BEHIND_THE_CYCLE_S, deadline)
        if due > now:
            time.sleep(due - now)
            step = poll_s / 8  # what is not there yet will be there soon
        while not self.available():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(step, left))
            step = min(2 * step, poll_s)
        return True

    def blocks(
        self,
        *,
        timeout_s: float,
        max_frames: int | None = None,
        poll_s: float = POLL_S,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[Block]:
        """Iterate over what comes in.

        Parameters
        ----------
        timeout_s
            Ends when nothing came for so long. An empty ring alone never ends it.
        max_frames
            Per block.
        poll_s
            Between two looks.
        stop
            Asked whenever the ring is empty; true ends it, once what was written before is read.

        Yields
        ------
        Block
        """
        over = False
        while True:
            block = self.read(max_frames)
            if block is not None:
                over = False
                yield block
            elif over:
                return
            else:
                # A block may have come between that read and the word: one more read finds it.
                over = self.state is ReaderState.CLOSED or (stop is not None and stop())
                if not over and not self.wait(timeout_s, poll_s=poll_s):
                    return

    def _next_due_s(self) -> float:
        """When the next block is due, on CLOCK_MONOTONIC; 0 when that cannot be told."""
        return 0.0

    def _check_size(self) -> None:
        """Raise when the object has become smaller than what is mapped of it."""
        if not self._mapping.still_fits():
            raise ShmError(
                "shared memory has shrunk under its reader",
                where=self.name,
                do="restart the driver",
            )

    def _gather(self, at: int, count: int) -> NDArray[np.float32]:
        """Copy `count` frames from place `at` of the ring on, around its end."""
        to_end = min(count, len(self._ring) - at)
        frames = np.empty((count, self._ring.shape[1]), dtype=np.float32)
        frames[:to_end] = self._ring[at : at + to_end]
        frames[to_end:] = self._ring[: count - to_end]
        return frames

    def _away_ns(self) -> int:
        """Time since the last call of this function."""
        now = time.monotonic_ns()
        away, self._looked_ns = now - self._looked_ns, now
        return away


def detect_layout(name: str) -> Literal["v1", "v2"]:
    """Which layout an object has: v2 has a magic, v1 has none.

    Parameters
    ----------
    name
        With its slash.

    Returns
    -------
    str
        ``"v1"`` or ``"v2"``.

    Raises
    ------
    ShmError
        When it cannot be opened or is shorter than either header.
    """
    layout = load_layout()
    mapping = open_mapping(name, writable=False, least_bytes=layout["V1_DATA"])
    try:
        (magic,) = struct.unpack_from("<Q", mapping.memory, layout["V2_MAGIC"])
    finally:
        mapping.close()
    return "v2" if magic == layout["V2_MAGIC_VALUE"] else "v1"


def open_reader(
    name: str | None = None,
    *,
    layout: Literal["auto", "v1", "v2"] = "auto",
    attach: Attach = "newest",
    wait_s: float = 0.0,
) -> ShmReader:
    """Open the shared memory of a driver for reading.

    Parameters
    ----------
    name
        With its slash; None for the driver's default.
    layout
        ``"auto"`` looks for the magic of v2.
    attach
        Where to begin.
    wait_s
        How long to wait for the object to appear.

    Returns
    -------
    ShmReader

    Raises
    ------
    ShmError
        When it cannot be opened, or its header cannot be true.
    """
    from lab.transport.shm_v1 import ShmReaderV1
    from lab.transport.shm_v2 import ShmReaderV2

    if name is None:
        name = load_layout().text("SHM_NAME_DEFAULT")
    deadline = time.monotonic() + wait_s
    while True:
        try:
            found = detect_layout(name) if layout == "auto" else layout
            if found == "v2":
                return ShmReaderV2(name, attach=attach)
            return ShmReaderV1(name, attach=attach)
        except ShmError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL_S)
