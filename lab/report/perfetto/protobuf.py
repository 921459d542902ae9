"""Tracks as packets of a Perfetto trace.

What keeps it small, per sequence of packets: each name is written once and has a number from then
on (interned data); the track is a default of its sequence; and a time is the difference from the
time before. Read about them in the comments of Perfetto's ``protos/perfetto/trace``:
``track_event/track_event.proto``, ``interned_data/interned_data.proto``,
``trace_packet_defaults.proto`` and ``clock_snapshot.proto``.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, BinaryIO, NamedTuple

from lab.errors import MissingError
from lab.report.perfetto.events import TIME_NS, Event, Kind, Track

CLOCK_DELTA = 64
"""The first of the numbers that clocks of a sequence may have."""

_BATCH = 2_000
"""Packets that are written at once. A trace behind a trace is one trace."""


_MOST = (1 << 64) - 1


def perfetto_messages() -> Any:
    """The messages of Perfetto, in Python.

    Raises
    ------
    MissingError
        When the package is not installed.
    """
    try:
        from perfetto.protos.perfetto.trace import perfetto_trace_pb2
    except ImportError as error:
        raise MissingError(
            "a Perfetto trace needs the Python package perfetto",
            do="pip install 'hal-lab[nightly]'",
        ) from error
    return perfetto_trace_pb2


class _Timed(NamedTuple):
    """An event and its sequence, in the order in which they are written."""

    at_ns: int
    sequence: _Sequence
    event: Event


class TraceWriter:
    """Writes tracks to a file as they come: memory does not grow with them.

    Parameters
    ----------
    file
        Opened for writing bytes.

    Attributes
    ----------
    events
        Written so far.

    Raises
    ------
    MissingError
        When the package perfetto is not installed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.events = 0
        self._messages = perfetto_messages()
        self._file = file
        self._batch = self._messages.Trace()
        self._waiting = 0
        self._next_uuid = 1
        self._sequences: list[tuple[_Sequence, Track]] = []

    def write(self, root: Track) -> None:
        """Write a track and all below it, in the order of time; once.

        Parameters
        ----------
        root
            Its name is that of the run.
        """
        self._describe(root, parent=0, rank=0)
        streams = [_timed(sequence, track) for sequence, track in self._sequences]
        for timed in heapq.merge(*streams, key=attrgetter("at_ns")):
            if not timed.sequence.is_open:
                timed.sequence.open(self._packet(), timed.at_ns)
            timed.sequence.write(self._packet(), timed.event)
            self.events += 1
        self._flush()

    def _describe(self, track: Track, *, parent: int, rank: int) -> None:
        uuid = self._descriptor(track.name, parent, rank, track.unit, track.description)
        counters = [
            self._descriptor(one.name, uuid, number, one.unit, "")
            for number, one in enumerate(track.counters)
        ]
        number = len(self._sequences) + 1
        self._sequences.append((_Sequence(self._messages, number, uuid, counters), track))
        for number, child in enumerate(track.children, start=len(counters)):
            self._describe(child, parent=uuid, rank=number)

    def _descriptor(self, name: str, parent: int, rank: int, unit: str, description: str) -> int:
        uuid = self._next_uuid
        self._next_uuid += 1
        made = self._packet().track_descriptor
        made.uuid, made.name, made.sibling_order_rank = uuid, name, rank
        made.child_ordering = made.EXPLICIT
        if parent:
            made.parent_uuid = parent
        if description:
            made.description = description
        if unit == TIME_NS:
            made.counter.unit = made.counter.UNIT_TIME_NS
        elif unit:
            made.counter.unit_name = unit
        return uuid

    def _packet(self) -> Any:
        if self._waiting == _BATCH:
            self._flush()
        self._waiting += 1
        return self._batch.packet.add()

    def _flush(self) -> None:
        self._file.write(self._batch.SerializeToString())
        # A new one: what is cleared keeps its memory.
        self._batch = self._messages.Trace()
        self._waiting = 0


def _timed(sequence: _Sequence, track: Track) -> Iterator[_Timed]:
    for event in track.events:
        yield _Timed(event.at_ns, sequence, event)


class _Sequence:
    """Packets that share names, defaults and a clock: those of one track."""

    def __init__(self, messages: Any, number: int, uuid: int, counters: list[int]) -> None:
        self.is_open = False
        self._messages = messages
        self._number = number
        self._uuid = uuid
        self._counters = counters
        self._now_ns = 0
        self._names: dict[str, int] = {}
        self._argument_names: dict[str, int] = {}
        self._strings: dict[str, int] = {}

    def open(self, packet: Any, at_ns: int) -> None:
        """Say which clock and which track the packets that follow are of."""
        packet.trusted_packet_sequence_id = self._number
        packet.sequence_flags = packet.SEQ_INCREMENTAL_STATE_CLEARED
        snapshot = packet.clock_snapshot
        snapshot.primary_trace_clock = self._messages.BUILTIN_CLOCK_MONOTONIC
        snapshot.clocks.add(clock_id=self._messages.BUILTIN_CLOCK_MONOTONIC, timestamp=at_ns)
        snapshot.clocks.add(clock_id=CLOCK_DELTA, timestamp=at_ns, is_incremental=True)
        defaults = packet.trace_packet_defaults
        defaults.timestamp_clock_id = CLOCK_DELTA
        defaults.track_event_defaults.track_uuid = self._uuid
        defaults.track_event_defaults.extra_counter_track_uuids.extend(self._counters)
        self._now_ns = at_ns
        self.is_open = True

    def write(self, packet: Any, event: Event) -> None:
        """Write an event into an empty packet."""
        if event.at_ns < self._now_ns:
            raise ValueError(f"an event at {event.at_ns} ns behind one at {self._now_ns} ns")
        packet.timestamp = event.at_ns - self._now_ns
        self._now_ns = event.at_ns
        packet.trusted_packet_sequence_id = self._number
        packet.sequence_flags = packet.SEQ_NEEDS_INCREMENTAL_STATE
        made = packet.track_event
        made.type = int(event.kind)
        if event.kind is Kind.COUNTER:
            made.counter_value = event.values[0]
        elif event.values:
            made.extra_counter_values.extend(event.values)
        if event.name:
            made.name_iid = self._intern(packet, "event_names", self._names, event.name)
        for name, value in event.arguments:
            self._argue(packet, name, value)
        if event.flows:
            made.flow_ids.extend(event.flows)

    def _argue(self, packet: Any, name: str, value: int | str) -> None:
        told = packet.track_event.debug_annotations.add()
        told.name_iid = self._intern(packet, "debug_annotation_names", self._argument_names, name)
        if isinstance(value, str):
            told.string_value_iid = self._intern(
                packet, "debug_annotation_string_values", self._strings, value
            )
        elif value < 0:
            told.int_value = value
        else:
            told.uint_value = min(value, _MOST)

    def _intern(self, packet: Any, table: str, known: dict[str, int], text: str) -> int:
        number = known.get(text)
        if number is None:
            number = known[text] = len(known) + 1
            row = getattr(packet.interned_data, table).add()
            row.iid = number
            if table == "debug_annotation_string_values":
                row.str = text.encode()
            else:
                row.name = text
        return number
