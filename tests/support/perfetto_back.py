"""Reads a Perfetto trace back by its protobuf, and refuses what a trace must not have.

It knows the format and nothing of the writer: times are added up, numbers looked up, each as the
comments in Perfetto's protos say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as messages

_TABLES = ("event_names", "debug_annotation_names", "debug_annotation_string_values")
_NEEDS = messages.TracePacket.SEQ_NEEDS_INCREMENTAL_STATE
_CLEARED = messages.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED


@dataclass
class Slice:
    """A slice, or an instant when `end_ns` is -1."""

    name: str
    begin_ns: int
    end_ns: int
    depth: int
    arguments: dict[str, int | str]
    flows: list[int]


@dataclass
class Line:
    """A track with what was on it."""

    uuid: int
    name: str
    parent: str
    unit: str
    slices: list[Slice] = field(default_factory=list)
    instants: list[Slice] = field(default_factory=list)
    values: list[tuple[int, int]] = field(default_factory=list)
    open: list[Slice] = field(default_factory=list)

    @property
    def outer(self) -> list[Slice]:
        return [one for one in self.slices if one.depth == 0]


class _Sequence:
    def __init__(self, packet: Any) -> None:
        assert packet.sequence_flags == _CLEARED
        clocks = {clock.clock_id: clock for clock in packet.clock_snapshot.clocks}
        main = packet.clock_snapshot.primary_trace_clock
        assert main == messages.BUILTIN_CLOCK_MONOTONIC
        default = packet.trace_packet_defaults.timestamp_clock_id
        assert 64 <= default < 128
        assert clocks[default].is_incremental
        assert clocks[default].timestamp == clocks[main].timestamp
        self.began_ns = self.now_ns = clocks[main].timestamp
        self.track = packet.trace_packet_defaults.track_event_defaults.track_uuid
        self.counters = list(
            packet.trace_packet_defaults.track_event_defaults.extra_counter_track_uuids
        )
        self.tables: dict[str, dict[int, str]] = {name: {} for name in _TABLES}

    def intern(self, data: Any) -> None:
        for table, known in self.tables.items():
            for row in getattr(data, table):
                text = row.str.decode() if table == _TABLES[2] else row.name
                assert row.iid not in known, f"{table}: number {row.iid} is given twice"
                assert text not in known.values(), f"{table}: {text!r} is written twice"
                known[row.iid] = text


class Timeline:
    """A trace that was read."""

    def __init__(self, path: Path) -> None:
        self.trace = messages.Trace.FromString(path.read_bytes())
        self.lines: dict[int, Line] = {}
        self.root = ""
        self._sequences: dict[int, _Sequence] = {}
        self._latest_ns = 0
        for packet in self.trace.packet:
            self._take(packet)
        for line in self.lines.values():
            assert not line.open, f"{line.name}: {line.open[-1].name} never ends"

    def named(self, name: str) -> list[Line]:
        return [line for line in self.lines.values() if line.name == name]

    def one(self, name: str) -> Line:
        (line,) = self.named(name)
        return line

    def all_slices(self, name: str) -> list[Slice]:
        """Of all tracks of a name, as the UI draws them."""
        return sorted(
            (one for line in self.named(name) for one in line.slices), key=lambda s: s.begin_ns
        )

    def _take(self, packet: Any) -> None:
        if packet.HasField("track_descriptor"):
            self._describe(packet.track_descriptor)
            return
        number = packet.trusted_packet_sequence_id
        assert number > 0
        if packet.HasField("clock_snapshot"):
            assert number not in self._sequences
            made = self._sequences[number] = _Sequence(packet)
            # The trace processor drops a snapshot in which its main clock went back.
            assert made.now_ns >= self._latest_ns
            return
        sequence = self._sequences[number]
        assert packet.sequence_flags == _NEEDS
        assert packet.timestamp < 1 << 63
        sequence.now_ns += packet.timestamp
        assert sequence.now_ns >= self._latest_ns, "times go back"
        self._latest_ns = sequence.now_ns
        sequence.intern(packet.interned_data)
        self._event(sequence, packet.track_event)

    def _describe(self, made: Any) -> None:
        assert made.uuid not in self.lines
        parent = ""
        if made.parent_uuid:
            parent = self.lines[made.parent_uuid].name
        else:
            self.root = made.name
        unit = made.counter.unit_name
        if made.counter.unit == made.counter.UNIT_TIME_NS:
            unit = "ns"
        self.lines[made.uuid] = Line(made.uuid, made.name, parent, unit)

    def _event(self, sequence: _Sequence, event: Any) -> None:
        line = self.lines[sequence.track]
        at_ns = sequence.now_ns
        for uuid, value in zip(sequence.counters, event.extra_counter_values, strict=False):
            self.lines[uuid].values.append((at_ns, value))
        if event.type == event.TYPE_COUNTER:
            assert line.unit
            line.values.append((at_ns, event.counter_value))
        elif event.type == event.TYPE_SLICE_END:
            assert line.open, f"{line.name}: an end without a begin"
            line.open.pop().end_ns = at_ns
        else:
            made = Slice(
                sequence.tables["event_names"][event.name_iid],
                at_ns,
                -1,
                len(line.open),
                dict(_arguments(sequence, event)),
                list(event.flow_ids),
            )
            if event.type == event.TYPE_INSTANT:
                line.instants.append(made)
            else:
                line.slices.append(made)
                line.open.append(made)


def _arguments(sequence: _Sequence, event: Any) -> Iterator[tuple[str, int | str]]:
    for told in event.debug_annotations:
        name = sequence.tables["debug_annotation_names"][told.name_iid]
        kind = told.WhichOneof("value")
        if kind == "string_value_iid":
            yield name, sequence.tables["debug_annotation_string_values"][told.string_value_iid]
        else:
            yield name, getattr(told, kind)
