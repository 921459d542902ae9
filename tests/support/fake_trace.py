"""Trace records and files, made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lab.measure.trace import HEADER, HEADER_BYTES, MAGIC, RECORD, Records

PERIOD_NS = 10_000_000


def records(count: int, **columns: Any) -> Records:
    """Cycles of 480 frames, 10 ms apart, all in good order; `columns` overrides."""
    made = np.zeros(count, dtype=RECORD)
    number = np.arange(count, dtype=np.uint64)
    made["sequence"] = number + 1
    made["cycle"] = number + 1
    made["scheduled_ns"] = 1_000_000_000 + number * PERIOD_NS
    made["woke_ns"] = made["scheduled_ns"] + 50_000
    made["done_ns"] = made["woke_ns"] + 20_000
    made["frames"] = 480
    made["clients"] = 1
    made["rate_scalar"] = 1.0
    made["op_ns"][:, 7] = 500
    made["host_ns"] = 1_000
    for name, value in columns.items():
        made[name] = value
    return made


def write_trace(path: Path, made: Records, *, capacity: int = 64, clock_kind: int = 1) -> None:
    """A trace file as the host leaves it: the ring holds the last `capacity` records."""
    header = np.zeros(1, dtype=HEADER)
    header["magic"], header["version"] = MAGIC, 1
    header["header_bytes"], header["record_bytes"] = HEADER_BYTES, RECORD.itemsize
    header["clock_kind"], header["capacity"], header["written"] = clock_kind, capacity, len(made)
    header["seed"], header["start_ns"] = 7, 1_000_000_000
    header["timebase_numer"] = header["timebase_denom"] = 1
    ring = np.zeros(capacity, dtype=RECORD)
    for number, record in enumerate(made):
        ring[number % capacity] = record
    path.write_bytes(header.tobytes() + ring.tobytes())
