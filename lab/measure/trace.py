"""The host's trace file as a numpy array, live or finished (sim/host/include/halsim/trace.h).

The layout is described in docs/reference/trace-format.md. `RECORD` is the one place in Python
that knows it.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lab.errors import TraceError

MAGIC = int.from_bytes(b"HTRACE1\0", "little")
VERSION = 1
HEADER_BYTES = 256
RECORD_BYTES = 192
MAX_CAPACITY = 1 << 24


class Operation(IntEnum):
    """IO operations in pipeline order: the index into ``op_ns``."""

    READ_INPUT = 0
    CONVERT_INPUT = 1
    PROCESS_INPUT = 2
    PROCESS_OUTPUT = 3
    MIX_OUTPUT = 4
    PROCESS_MIX = 5
    CONVERT_MIX = 6
    WRITE_MIX = 7
    CYCLE = 8
    THREAD = 9


class CycleFlag(IntFlag):
    """Bits of ``flags``."""

    LATE_WAKE = 1 << 0
    OVER_BUDGET = 1 << 1
    OVERLOAD = 1 << 2
    TIMESTAMP_JUMP = 1 << 3
    SEED_CHANGE = 1 << 4
    RESYNC = 1 << 5
    DRIVER_ERROR = 1 << 6
    LOCK_WAIT = 1 << 7
    TIMESTAMP_BACK = 1 << 8
    CLOCK_STEP = 1 << 9


HEADER = np.dtype(
    [
        ("magic", "<u8"),
        ("version", "<u4"),
        ("header_bytes", "<u4"),
        ("record_bytes", "<u4"),
        ("clock_kind", "<u4"),
        ("capacity", "<u8"),
        ("written", "<u8"),
        ("seed", "<u8"),
        ("timebase_numer", "<u4"),
        ("timebase_denom", "<u4"),
        ("start_ns", "<u8"),
        ("reserved", "V192"),
    ]
)

RECORD = np.dtype(
    [
        ("sequence", "<u8"),
        ("cycle", "<u8"),
        ("scheduled_ns", "<u8"),
        ("woke_ns", "<u8"),
        ("done_ns", "<u8"),
        ("output_sample_time", "<f8"),
        ("input_sample_time", "<f8"),
        ("zero_sample_time", "<f8"),
        ("zero_host_ns", "<u8"),
        ("zero_seed", "<u8"),
        ("rate_scalar", "<f8"),
        ("run_delay_ns", "<u8"),
        ("device", "<u4"),
        ("frames", "<u4"),
        ("clients", "<u4"),
        ("flags", "<u4"),
        ("skipped_cycles", "<u4"),
        ("zero_ns", "<u4"),
        ("op_ns", "<u4", (len(Operation),)),
        ("signal_ns", "<u4"),
        ("hook_ns", "<u4"),
        ("host_ns", "<u4"),
        ("reserved", "V20"),
    ]
)

assert HEADER.itemsize == HEADER_BYTES
assert RECORD.itemsize == RECORD_BYTES

Records = NDArray[Any]
"""A one-dimensional array of dtype `RECORD`."""


@dataclass(frozen=True)
class Trace:
    """A snapshot of a trace file.

    Attributes
    ----------
    path
        The file.
    clock
        ``"realtime"`` or ``"virtual"``.
    seed
        The host's seed.
    start_ns
        Host clock when the trace was opened, nanoseconds.
    written
        Records written in all; older ones than the ring holds are gone.
    records
        Whole records, oldest first, dtype `RECORD`; a copy.
    overwritten
        Records that the ring no longer holds.
    torn
        Records that were being written while they were read; left out.
    """

    path: Path
    clock: Literal["realtime", "virtual"]
    seed: int
    start_ns: int
    written: int
    records: Records
    overwritten: int
    torn: int

    def of_device(self, device: int) -> Records:
        """Records of one device, oldest first."""
        chosen: Records = self.records[self.records["device"] == device]
        return chosen


def read_trace(path: Path) -> Trace:
    """Copy what a trace file holds right now; the host may go on writing it.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Trace

    Raises
    ------
    TraceError
        When the file is absent, too short for what its header says, or not a trace.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size < HEADER_BYTES:
                raise TraceError(
                    f"not a trace: {size} bytes, the header alone has {HEADER_BYTES}",
                    where=str(path),
                    do="give the file of --trace",
                )
            # Not closed by hand: it goes when the last view of it does.
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return _snapshot(path, memory, size)
    except OSError as error:
        raise TraceError(
            f"the trace cannot be opened ({error.strerror})", where=str(path), do="check the path"
        ) from error


def _snapshot(path: Path, memory: mmap.mmap, size: int) -> Trace:
    head = np.frombuffer(memory, dtype=HEADER, count=1)
    capacity = _checked_capacity(path, head, size)
    written = int(head["written"][0])
    ring = np.frombuffer(memory, dtype=RECORD, count=capacity, offset=HEADER_BYTES)
    first = max(0, written - capacity)
    number = np.arange(first, written, dtype=np.uint64)
    slot = (number & np.uint64(capacity - 1)).astype(np.int64)
    # Copy, then look at the sequence again: whoever was overtaken meanwhile is torn.
    before = ring["sequence"][slot]
    copy = ring[slot]
    after = ring["sequence"][slot]
    whole = (before == number + np.uint64(1)) & (after == before)
    return Trace(
        path=path,
        clock="virtual" if int(head["clock_kind"][0]) == 1 else "realtime",
        seed=int(head["seed"][0]),
        start_ns=int(head["start_ns"][0]),
        written=written,
        records=copy if whole.all() else copy[whole],
        overwritten=first,
        torn=int(np.count_nonzero(~whole)),
    )


def _checked_capacity(path: Path, head: NDArray[Any], size: int) -> int:
    magic, version = int(head["magic"][0]), int(head["version"][0])
    if magic != MAGIC:
        raise TraceError("not a trace: the magic is wrong", where=str(path), do="give another file")
    if version != VERSION:
        raise TraceError(
            f"trace version {version}, this reader knows {VERSION}",
            where=str(path),
            do="use the hal-lab that wrote it",
        )
    if (int(head["header_bytes"][0]), int(head["record_bytes"][0])) != (HEADER_BYTES, RECORD_BYTES):
        raise TraceError("record sizes are not those of version 1", where=str(path))
    capacity = int(head["capacity"][0])
    if capacity == 0 or capacity > MAX_CAPACITY or capacity & (capacity - 1):
        raise TraceError(f"a ring of {capacity} records cannot be", where=str(path))
    if size < HEADER_BYTES + capacity * RECORD_BYTES:
        raise TraceError(
            f"truncated: {size} bytes for {capacity} records",
            where=str(path),
            do="copy the whole file",
        )
    return capacity


def driver_ns(records: Records) -> NDArray[np.int64]:
    """Time that the driver took in each cycle.

    Parameters
    ----------
    records
        Shape (n,).

    Returns
    -------
    ndarray of int64, shape (n,)
        Nanoseconds, all operations and the zero timestamp.
    """
    total = records["op_ns"].astype(np.int64).sum(axis=1) + records["zero_ns"].astype(np.int64)
    return np.asarray(total, dtype=np.int64)
