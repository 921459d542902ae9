"""The reader that the original design describes (layout v1), with its flaws left in.

It knows wrapped indices only. So it cannot tell a full ring from an empty one, nor a ring that was
overwritten from one that was not; it does not see restarts, format changes, or a writer that has
gone; and it has to write to memory that it should only read. What that costs is measured in the
scenarios; v2 is there to be used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.errors import ShmError
from lab.transport.gecko_layout import load_layout
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
            self._samples = self._check()
            channels = self._u32[layout["V1_CHANNELS"] // 4]
            self.format = StreamFormat(
                layout="v1",
                channels=channels,
                sample_rate=self._u32[layout["V1_SAMPLE_RATE"] // 4],
                ring_frames=self._samples // channels,
            )
            self._ring = np.frombuffer(
                self._mapping.memory, dtype="<f4", count=self._samples, offset=layout["V1_DATA"]
            )
            self._ring.flags.writeable = False
            self._index = self._begin(attach)
        except ShmError:
            self.close()
            raise
        self._position = 0
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
        """Whole frames between the indices; 0 also when the ring is exactly full."""
        return (self._write_head() - self._index) % self._samples // self.format.channels

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
            When the write index lies outside the ring, or the object has shrunk.
        """
        away = self._away_ns()
        if not self._mapping.still_fits():
            raise ShmError(
                "shared memory has shrunk under its reader",
                where=self.name,
                do="restart the driver",
            )
        count = self.available()
        if max_frames is not None:
            count = min(count, max_frames)
        if count == 0:
            self.empty_reads += 1
            return None
        channels = self.format.channels
        index = (self._index + np.arange(count * channels)) % self._samples
        frames = self._ring[index].reshape(count, channels)
        block = Block(
            first_frame=self._position,
            frames=frames,
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
        channels = self.format.channels
        samples = min(self.available() * channels, self._samples - self._index)
        samples -= samples % channels
        if samples == 0:
            return None
        part: NDArray[np.float32] = self._ring[self._index : self._index + samples]
        return part.reshape(-1, channels)

    def advance(self, frames: int) -> bool:
        """Be done with `frames` frames; whether they were overwritten cannot be known."""
        self._move(frames)
        return True

    def close(self) -> None:
        """Unmap."""
        self._ring = np.empty(0, dtype=np.float32)
        self._u32.release()
        self._mapping.close()

    def _check(self) -> int:
        """The number of samples in the ring, if the header can be true."""
        layout = self._layout
        samples = self._u32[layout["V1_BUFFER_SIZE"] // 4]
        channels = self._u32[layout["V1_CHANNELS"] // 4]
        rate = self._u32[layout["V1_SAMPLE_RATE"] // 4]
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
        elif self._u32[self._at_write] >= samples:
            wrong = f"write index {self._u32[self._at_write]} of {samples}"
        if wrong:
            raise ShmError(
                f"the v1 header cannot be true: {wrong}", where=self.name, do="restart the driver"
            )
        return samples

    def _begin(self, attach: Attach) -> int:
        if attach == "start":
            return 0
        head = self._write_head()
        return (head + self.format.channels) % self._samples if attach == "oldest" else head

    def _write_head(self) -> int:
        head = self._u32[self._at_write]
        if head >= self._samples:
            raise ShmError(
                f"write index {head} lies outside a ring of {self._samples}",
                where=self.name,
                do="restart the driver",
            )
        return head

    def _move(self, frames: int) -> None:
        self._index = (self._index + frames * self.format.channels) % self._samples
        self._position += frames
        self.frames_read += frames
        self._store_read_head()

    def _store_read_head(self) -> None:
        if self._share:
            self._u32[self._at_read] = self._index
