"""The v2 header: single fields, and the checks before any of it is believed."""

from __future__ import annotations

import mmap
import struct
import threading
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.errors import ShmError
from lab.transport.gecko_layout import Layout
from lab.transport.shm_types import HOST_TIMES, NO_HOST_TIMES, StreamFormat

_GENERATION_WAIT_S = 0.2
_fence_lock = threading.Lock()


def fence() -> None:
    """Order the loads before against the loads after.

    Python has no memory fences. On x86-64 loads are not reordered with loads; elsewhere taking and
    giving back a lock is a barrier both ways.
    """
    with _fence_lock:
        pass


class HeaderV2:
    """Fields of a mapped v2 object; every access is one aligned load.

    Parameters
    ----------
    memory
        The mapping, at least GECKO_V2_HEADER_BYTES long.
    layout
        The constants.
    """

    def __init__(self, memory: mmap.mmap, layout: Layout) -> None:
        self.layout = layout
        header = memoryview(memory)[: layout["V2_HEADER_BYTES"]]
        self._u64 = header.cast("Q")
        self._u32 = header.cast("I")
        self._generation = layout["V2_GENERATION"] // 8
        self._write_claim = layout["V2_WRITE_CLAIM"] // 8
        self._write_head = layout["V2_WRITE_HEAD"] // 8
        self._block_head = layout["V2_BLOCK_HEAD"] // 8
        self._state = layout["V2_STATE"] // 4

    def u64(self, name: str) -> int:
        """A 64-bit field by its name, ``"V2_..."``."""
        return self._u64[self.layout[name] // 8]

    def u32(self, name: str) -> int:
        """A 32-bit field by its name, ``"V2_..."``."""
        return self._u32[self.layout[name] // 4]

    def instance(self) -> int:
        """Which object this is."""
        return self.u64("V2_INSTANCE")

    def predecessor(self) -> int:
        """Instance of the object whose frame numbers go on in this one; 0 when they do not."""
        return self.u64("V2_PREDECESSOR")

    def generation(self) -> int:
        """Odd while the format changes."""
        return self._u64[self._generation]

    def write_head(self) -> int:
        """Everything below is written."""
        return self._u64[self._write_head]

    def write_claim(self) -> int:
        """Below this the writer may be writing."""
        return self._u64[self._write_claim]

    def block_head(self) -> int:
        """Blocks written so far."""
        return self._u64[self._block_head]

    def state(self) -> int:
        """GECKO_STATE_*."""
        return self._u32[self._state]

    def flags(self) -> int:
        """GECKO_FLAG_* bits."""
        return self.u32("V2_FLAGS")

    def heartbeat(self) -> int:
        """Host ticks of the writer's last beat."""
        return self.u64("V2_HEARTBEAT")

    def release(self) -> None:
        """Let go of the mapping."""
        self._u64.release()
        self._u32.release()


class BlockEntry(NamedTuple):
    """An entry of the block table, times in host ticks."""

    sequence: int
    first_frame: int
    host_time: int
    output_time: int
    output_sample_time: float
    frames: int
    flags: int
    cycle: int


_ENTRY_CODES = dict(zip(BlockEntry._fields, "QQQQdIIQ", strict=True))


class BlockTable:
    """The block table of a mapped object.

    Parameters
    ----------
    memory
        The mapping.
    layout
        The constants.
    geometry
        Of the object, checked.
    """

    def __init__(self, memory: mmap.mmap, layout: Layout, geometry: Geometry) -> None:
        self.count = geometry.block_count
        self._memory = memory
        self._offset = geometry.blocks_offset
        self._stride = layout["V2_BLOCK_BYTES"]
        # One unpack for a whole entry: the fields in the order in which they lie.
        places = sorted((layout[f"V2_BLOCK_{name.upper()}"], name) for name in BlockEntry._fields)
        code, end = "<", 0
        for offset, name in places:
            code += f"{offset - end}x{_ENTRY_CODES[name]}"
            end = offset + struct.calcsize(f"<{_ENTRY_CODES[name]}")
        self._struct = struct.Struct(code)
        self._order = [[name for _, name in places].index(name) for name in BlockEntry._fields]
        self._sequence_at = layout["V2_BLOCK_SEQUENCE"]

    def entry(self, number: int) -> BlockEntry | None:
        """Block `number`, None when it is being overwritten or has been."""
        at = self._offset + (number & (self.count - 1)) * self._stride
        values = self._struct.unpack_from(self._memory, at)
        found = BlockEntry(*[values[place] for place in self._order])
        fence()
        (after,) = struct.unpack_from("<Q", self._memory, at + self._sequence_at)
        return found if found.sequence == after == number + 1 else None


def host_times(entries: list[BlockEntry], stream: StreamFormat) -> NDArray[Any]:
    """Entries as rows of dtype `HOST_TIMES`: ticks become nanoseconds.

    Parameters
    ----------
    entries
        In the order of their frames.
    stream
        Whose timebase counts.

    Returns
    -------
    ndarray, shape (n,)
    """
    rows = [
        (
            entry.first_frame,
            stream.ns_of(entry.host_time),
            stream.ns_of(entry.output_time),
            entry.output_sample_time,
            entry.cycle,
            entry.frames,
            entry.flags,
        )
        for entry in entries
    ]
    return np.array(rows, dtype=HOST_TIMES) if rows else NO_HOST_TIMES


@dataclass(frozen=True)
class Geometry:
    """What is constant for the life of an object, checked against its size."""

    data_offset: int
    ring_bytes: int
    blocks_offset: int
    block_count: int


def read_geometry(header: HeaderV2, size: int, name: str) -> Geometry:
    """Read and check where things lie.

    Parameters
    ----------
    header
        Of the object.
    size
        Bytes of the object, from fstat.
    name
        For the message.

    Returns
    -------
    Geometry

    Raises
    ------
    ShmError
        When something lies outside the object, or over something else.
    """
    layout = header.layout
    magic, version = header.u64("V2_MAGIC"), header.u32("V2_VERSION")
    if magic != layout["V2_MAGIC_VALUE"]:
        raise _untrue(name, f"magic {magic:#x}")
    if version != layout["V2_VERSION_VALUE"]:
        raise ShmError(
            f"shared memory has version {version}, this reader knows {layout['V2_VERSION_VALUE']}",
            where=name,
            do="use the reader of the driver's release",
        )
    total = header.u64("V2_TOTAL_BYTES")
    found = Geometry(
        data_offset=header.u64("V2_DATA_OFFSET"),
        ring_bytes=header.u64("V2_RING_BYTES"),
        blocks_offset=header.u64("V2_BLOCKS_OFFSET"),
        block_count=header.u32("V2_BLOCK_COUNT"),
    )
    head_bytes = layout["V2_HEADER_BYTES"]
    blocks_end = found.blocks_offset + found.block_count * layout["V2_BLOCK_BYTES"]
    data_end = found.data_offset + found.ring_bytes
    if total > size:
        raise ShmError(
            f"shared memory is truncated: {size} bytes of {total}",
            where=name,
            do="restart the driver",
        )
    if not 1 <= found.block_count <= layout["MAX_BLOCK_COUNT"] or (
        found.block_count & (found.block_count - 1)
    ):
        raise _untrue(name, f"{found.block_count} entries in the block table")
    if found.blocks_offset < head_bytes or found.blocks_offset % 64 or blocks_end > total:
        raise _untrue(name, f"a block table at {found.blocks_offset} to {blocks_end} of {total}")
    if found.data_offset < head_bytes or found.data_offset % 4096 or data_end > total:
        raise _untrue(name, f"a ring at {found.data_offset} to {data_end} of {total}")
    if found.data_offset < blocks_end and found.blocks_offset < data_end:
        raise _untrue(name, "ring and block table overlap")
    return found


def read_format(header: HeaderV2, geometry: Geometry, name: str) -> StreamFormat:
    """Read and check what is constant during a generation.

    Parameters
    ----------
    header
        Of the object.
    geometry
        Of the object.
    name
        For the message.

    Returns
    -------
    StreamFormat

    Raises
    ------
    ShmError
        When it cannot be true, or the generation stays odd.
    """
    deadline = time.monotonic() + _GENERATION_WAIT_S
    while True:
        generation = header.generation()
        found = StreamFormat(
            layout="v2",
            channels=header.u32("V2_CHANNELS"),
            sample_rate=header.u32("V2_SAMPLE_RATE"),
            ring_frames=header.u64("V2_RING_FRAMES"),
            generation=generation,
            generation_start=header.u64("V2_GENERATION_START"),
            writer_pid=header.u32("V2_WRITER_PID"),
            timebase_numer=header.u32("V2_TIMEBASE_NUMER"),
            timebase_denom=header.u32("V2_TIMEBASE_DENOM"),
            safety_offset_frames=header.u32("V2_SAFETY_OFFSET"),
            latency_frames=header.u32("V2_REPORTED_LATENCY"),
        )
        sample_format = header.u32("V2_SAMPLE_FORMAT")
        frame_bytes = header.u32("V2_BYTES_PER_FRAME")
        if generation % 2 == 0 and header.generation() == generation:
            break
        if time.monotonic() > deadline:
            raise ShmError(
                f"the writer stopped in the middle of a change (generation {generation})",
                where=name,
                do="restart the driver",
            )
        time.sleep(0.0002)
    _check_format(found, sample_format, frame_bytes, geometry, header.layout, name)
    return found


def _check_format(
    found: StreamFormat,
    sample_format: int,
    frame_bytes: int,
    geometry: Geometry,
    layout: Layout,
    name: str,
) -> None:
    ring = found.ring_frames
    if not 1 <= found.channels <= layout["MAX_CHANNELS"]:
        raise _untrue(name, f"{found.channels} channels")
    if not layout["MIN_RING_FRAMES"] <= ring <= layout["MAX_RING_FRAMES"] or ring & (ring - 1):
        raise _untrue(name, f"a ring of {ring} frames")
    if not layout["MIN_SAMPLE_RATE"] <= found.sample_rate <= layout["MAX_SAMPLE_RATE"]:
        raise _untrue(name, f"a sample rate of {found.sample_rate} Hz")
    if sample_format != layout["FORMAT_FLOAT32"] or frame_bytes != 4 * found.channels:
        raise _untrue(name, f"sample format {sample_format} with {frame_bytes} bytes a frame")
    if ring * frame_bytes > geometry.ring_bytes:
        raise _untrue(name, f"{ring} frames of {frame_bytes} bytes in {geometry.ring_bytes} bytes")
    if found.timebase_numer == 0 or found.timebase_denom == 0:
        raise _untrue(name, f"timebase {found.timebase_numer}/{found.timebase_denom}")


def _untrue(name: str, what: str) -> ShmError:
    return ShmError(f"the v2 header cannot be true: {what}", where=name, do="restart the driver")
