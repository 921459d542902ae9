"""The reader that the original design describes (layout v1), with its flaws left in.

It knows wrapped indices only. So it cannot tell a full ring from an empty one, nor a ring that was
overwritten from one that was not; it does not see restarts, format changes, or a writer that has
gone; and it has to write to memory that it should only read. What that costs is measured in the
scenarios; v2 is there to be used.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from lab.errors import ShmError
from lab.transport.gecko_layout import load_layout
from lab.transport.pace import Pace
from lab.transport.posix_shm import open_mapping
from lab.transport.shm import ShmReader
from lab.transport.shm_types import NO_HOST_TIMES, Attach, Block, ReaderState, StreamFormat


class ShmReaderV1(ShmReader):
    """Reads layout v1.

    Parameters
    ----------
    name
        With its slash.
    attach
        ``"newest"``: at the writer's index. ``"start"``: at index 0, as the design says.
        ``"oldest"``: right behind the writer's index, whether or not that was ever written.
    share_read_head
        Write the read index into the object, as the design says; needs write permission.

    Raises
    ------
    ShmError
        When it cannot be opened, is truncated, or its header cannot be true.
    """

    def __init__(
        self, name: str, *, attach: Attach = "newest", share_read_head: bool = True
    ) -> None:
        super().__init__(name)
        layout = load_layout()
        self._layout = layout
        self._share = share_read_head
        self._mapping = open_mapping(name, writable=share_read_head, least_bytes=layout["V1_DATA"])
        self._u32 = memoryview(self._mapping.memory)[: layout["V1_DATA"]].cast("I")
        self._at_write = layout["V1_WRITE_HEAD"] // 4
        self._at_read = layout["V1_READ_HEAD"] // 4
        try:
            self.format = self._read_format()
            shape = (self.format.ring_frames, self.format.channels)
            self._ring = np.frombuffer(
                self._mapping.memory,
                dtype="<f4",
                count=shape[0] * shape[1],
                offset=layout["V1_DATA"],
            ).reshape(shape)
            self._ring.flags.writeable = False
            self._at = self._begin(attach)
        except ShmError:
            self.close()
            raise
        self._position = 0
        self._pace = Pace()
        self._store_read_head()

    @property
    def state(self) -> ReaderState:
        """Nothing in v1 says it."""
        return ReaderState.UNKNOWN

    @property
    def next_frame(self) -> int:
        """Frames read so far: v1 numbers nothing."""
        return self._position

    def available(self) -> int:
        """Frames between the indices; 0 also when the ring is exactly full."""
        count = (self._write_at() - self._at) % self.format.ring_frames
        if count == 0:
            self._pace.nothing_there(time.monotonic())
        return count

    def read(self, max_frames: int | None = None) -> Block | None:
        """Read from the read index to the write index.

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
            When the write index cannot be true, or the object has shrunk.
        """
        away = self._away_ns()
        self._check_size()
        count = self.available()
        if max_frames is not None:
            count = min(count, max_frames)
        if count == 0:
            self.empty_reads += 1
            return None
        self._pace.found(time.monotonic(), count / self.format.sample_rate)
        block = Block(
            first_frame=self._position,
            frames=self._gather(self._at, count),
            lost=0,
            away_ns=away,
            new_generation=False,
            host_times=NO_HOST_TIMES,
            format=self.format,
        )
        self._move(count)
        return block

    def view(self) -> NDArray[np.float32] | None:
        """The frames up to the end of the ring, without a copy."""
        self._check_size()
        count = min(self.available(), self.format.ring_frames - self._at)
        if count == 0:
            return None
        part: NDArray[np.float32] = self._ring[self._at : self._at + count]
        return part

    def advance(self, frames: int) -> bool:
        """Be done with `frames` frames; whether they were overwritten cannot be known."""
        self._move(frames)
        return True

    def close(self) -> None:
        """Unmap."""
        self._ring = np.empty((0, 1), dtype=np.float32)
        self._u32.release()
        self._mapping.close()

    def _next_due_s(self) -> float:
        return self._pace.due_s

    def _read_format(self) -> StreamFormat:
        """What the header says, if it can be true. Each field is read once: it may change."""
        layout = self._layout
        samples = self._u32[layout["V1_BUFFER_SIZE"] // 4]
        channels = self._u32[layout["V1_CHANNELS"] // 4]
        rate = self._u32[layout["V1_SAMPLE_RATE"] // 4]
        head = self._u32[self._at_write]
        room = (self._mapping.size - layout["V1_DATA"]) // 4
        wrong = ""
        if samples == 0:
            wrong = "the ring has no samples (not finished, or not of this layout)"
        elif samples > room:
            wrong = f"a ring of {samples} samples in an object with room for {room}"
        elif not 1 <= channels <= layout["MAX_CHANNELS"]:
            wrong = f"{channels} channels"
        elif samples % channels:
            wrong = f"a ring of {samples} samples for {channels} channels"
        elif not layout["MIN_SAMPLE_RATE"] <= rate <= layout["MAX_SAMPLE_RATE"]:
            wrong = f"a sample rate of {rate} Hz"
        elif head >= samples or head % channels:
            wrong = f"write index {head} of {samples}, {channels} channels"
        if wrong:
            raise ShmError(
                f"the v1 header cannot be true: {wrong}", where=self.name, do="restart the driver"
            )
        return StreamFormat(
            layout="v1", channels=channels, sample_rate=rate, ring_frames=samples // channels
        )

    def _begin(self, attach: Attach) -> int:
        if attach == "start":
            return 0
        at = self._write_at()
        return (at + 1) % self.format.ring_frames if attach == "oldest" else at

    def _write_at(self) -> int:
        """The place in the ring, in frames, that the writer writes next."""
        head, channels = self._u32[self._at_write], self.format.channels
        at, rest = divmod(head, channels)
        if at >= self.format.ring_frames or rest:
            raise ShmError(
                f"the v1 header cannot be true: write index {head} of "
                f"{self.format.ring_frames * channels}, {channels} channels",
                where=self.name,
                do="restart the driver",
            )
        return at

    def _move(self, frames: int) -> None:
        self._at = (self._at + frames) % self.format.ring_frames
        self._position += frames
        self.frames_read += frames
        self._store_read_head()

    def _store_read_head(self) -> None:
        if self._share:
            self._u32[self._at_read] = self._at * self.format.channels
