"""The host's IO thread: one slice per cycle, and in it what the driver did.

The trace says how long each operation took, and not when it began: they are drawn end to end from
the moment the thread ran, the zero timestamp first, in the order of the pipeline. What is left of
the slice behind them is the host's own time and that of the clients.

In virtual time no time passes within a cycle. There a slice is as long as the processor took.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from lab.measure.blame import SENTENCES, Cause, blame_cycles
from lab.measure.trace import CycleFlag, Operation, Records, driver_ns
from lab.report.perfetto.events import TIME_NS, Counter, Event, Kind, Track, as_ns

_CHUNK = 4_096
"""Records that are Python objects at a time: memory does not grow with the trace."""

_OPERATIONS = ("GetZeroTimeStamp", *(f.name.title().replace("_", "") for f in Operation))
COUNTERS = (Counter("wake-up error", TIME_NS), Counter("driver time", TIME_NS))
DESCRIPTION = {
    "realtime": "From when a cycle was due, or the thread woke, until its last operation returned. "
    "Durations of operations are measured, where they begin is not: they are drawn end to end.",
    "virtual": "In virtual time a cycle takes no time: slices are as long as the processor took, "
    "at most until the next cycle.",
}


def cycle_track(
    name: str,
    records: Records,
    *,
    clock: Literal["realtime", "virtual"],
    sample_rate: float = 0.0,
    flows: Mapping[int, Sequence[int]] | None = None,
) -> Track:
    """The track of a device's IO thread.

    Parameters
    ----------
    name
        Of the track.
    records
        Shape (n,), dtype `lab.measure.trace.RECORD`, of one device, oldest first.
    clock
        Which time they are in.
    sample_rate
        Hz; 0: not known, and deadlines are not told.
    flows
        Index of a record to the arrows that lead to it.

    Returns
    -------
    Track
        As many slices of depth 0 as records; with the counters wake-up error and driver time.
    """
    return Track(
        name=name,
        events=_events(records, clock == "virtual", sample_rate, flows or {}),
        counters=COUNTERS,
        description=DESCRIPTION[clock],
    )


def _events(
    records: Records, virtual: bool, sample_rate: float, flows: Mapping[int, Sequence[int]]
) -> Iterator[Event]:
    cause = blame_cycles(records)
    edge, frames_before = 0, -1
    for first in range(0, len(records), _CHUNK):
        part = records[first : first + _CHUNK + 1]  # one more: where the last one has to end
        taken = _Columns(part, sample_rate)
        causes = cause[first : first + _CHUNK].tolist()
        for at, why in enumerate(causes):
            scheduled, woke = taken.scheduled[at], taken.woke[at]
            begin = max(min(scheduled, woke), edge)
            woke = max(woke, begin)
            edge = max(taken.done[at], woke)
            if virtual:
                edge = max(edge, woke + taken.spent[at])
                if at + 1 < len(taken.woke):
                    due = min(taken.scheduled[at + 1], taken.woke[at + 1])
                    edge = max(woke, min(edge, due))
            told: list[tuple[str, int | str]] = [("cycle", taken.cycle[at])]
            if taken.frames[at] != frames_before:
                frames_before = taken.frames[at]
                told.append(("frames", frames_before))
            if begin != scheduled:
                told.append(("scheduled_ns", scheduled))
            if taken.flags[at] or taken.skipped[at]:
                told += taken.story(at)
            name = "cycle"
            if why:
                blamed = Cause(why)
                name = f"cycle: {blamed.id}"
                told += [("cause", blamed.id), ("why", SENTENCES[blamed])]
            yield Event(
                begin,
                Kind.BEGIN,
                name,
                tuple(told),
                tuple(flows.get(first + at, ())),
                (taken.late[at], taken.driver[at]),
            )
            if taken.flags[at] & CycleFlag.LATE_WAKE and woke > begin:
                yield Event(begin, Kind.BEGIN, "late wake")
                yield Event(woke, Kind.END)
            yield from _operations(taken.operations[at], woke, edge)
            yield Event(edge, Kind.END)


def _operations(spent: list[int], begin: int, end: int) -> Iterator[Event]:
    for name, ns in zip(_OPERATIONS, spent, strict=True):
        if ns and begin < end:
            yield Event(begin, Kind.BEGIN, name)
            begin = min(begin + ns, end)
            yield Event(begin, Kind.END)


class _Columns:
    """Some records as lists: taking fields out of a record one by one is many times slower."""

    def __init__(self, records: Records, sample_rate: float) -> None:
        def small(name: str) -> list[int]:
            column: list[int] = records[name].tolist()
            return column

        self.scheduled = as_ns(records["scheduled_ns"]).tolist()
        self.woke = as_ns(records["woke_ns"]).tolist()
        self.done = as_ns(records["done_ns"]).tolist()
        self.late = (as_ns(records["woke_ns"]) - as_ns(records["scheduled_ns"])).tolist()
        self.cycle = small("cycle")
        self.frames = small("frames")
        self.flags = small("flags")
        self.skipped = small("skipped_cycles")
        self.run_delay = small("run_delay_ns")
        self.signal = small("signal_ns")
        self.host = small("host_ns")
        operations = np.column_stack([records["zero_ns"], records["op_ns"]])
        self.operations: list[list[int]] = operations.tolist()
        driver = driver_ns(records)
        self.driver = driver.tolist()
        rest = records["signal_ns"].astype(np.int64) + records["host_ns"].astype(np.int64)
        self.spent = (driver + rest).tolist()
        self._sample_rate = sample_rate

    def story(self, at: int) -> list[tuple[str, int | str]]:
        """Everything about a cycle that is not as it should be."""
        told: list[tuple[str, int | str]] = []
        if flags := flag_names(self.flags[at]):
            told.append(("flags", flags))
        if self.skipped[at]:
            told.append(("skipped_cycles", self.skipped[at]))
        told += [("woke_late_ns", self.late[at]), ("driver_ns", self.driver[at])]
        told += [("clients_ns", self.signal[at]), ("host_ns", self.host[at])]
        if self.run_delay[at]:
            told.append(("waited_for_processor_ns", self.run_delay[at]))
        if self._sample_rate > 0:
            period = round(self.frames[at] / self._sample_rate * 1e9)
            over = self.done[at] - self.scheduled[at] - period
            if over > 0:
                told.append(("over_deadline_ns", over))
        return told


def flag_names(flags: int) -> str:
    """The flags of a record in words.

    Parameters
    ----------
    flags
        Bits of `CycleFlag`; others are left out.

    Returns
    -------
    str
        ``"late wake, overload"``; empty without any.
    """
    return ", ".join(
        one.name.lower().replace("_", " ") for one in CycleFlag if one.name and flags & one
    )
