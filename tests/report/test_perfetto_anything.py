"""Any records, arrivals, packets and glitches make a trace that can be drawn."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from lab.measure.blame import Cause
from lab.measure.stages import PacketTimes
from lab.measure.trace import RECORD
from lab.report.perfetto import write_perfetto
from lab.report.perfetto.lanes import MOST_LANES, share_out
from lab.report.perfetto.ring import ring_fill
from lab.results import Glitch
from lab.transport.recording import ARRIVAL
from tests.support.fake_trace import records
from tests.support.perfetto_back import Timeline

MOST = (1 << 63) - 1


def tables(dtype: np.dtype[Any]) -> st.SearchStrategy[NDArray[Any]]:
    """Any bytes that are a whole number of rows."""
    rows = st.integers(0, 12).flatmap(
        lambda n: st.binary(min_size=n * dtype.itemsize, max_size=n * dtype.itemsize)
    )
    return rows.map(lambda data: np.frombuffer(data, dtype=dtype))


@st.composite
def nearly(draw: st.DrawFn) -> NDArray[Any]:
    """Cycles in good order, some of whose times and flags are anything near."""
    made = records(draw(st.integers(1, 12)))
    for name in ("scheduled_ns", "woke_ns", "done_ns"):
        off = draw(arrays.arrays(np.int64, len(made), elements=st.integers(-(10**8), 10**8)))
        made[name] = (made[name].astype(np.int64) + off).astype(np.uint64)
    made["flags"] = draw(arrays.arrays(np.uint32, len(made), elements=st.integers(0, 1023)))
    made["device"] = draw(arrays.arrays(np.uint32, len(made), elements=st.integers(0, 2)))
    return made


@st.composite
def packet_times(draw: st.DrawFn) -> PacketTimes:
    count = draw(st.integers(0, 8))
    columns = [
        draw(arrays.arrays(np.int64, count, elements=st.integers(-1, 10**10))) for _ in range(6)
    ]
    return PacketTimes(*columns)


GLITCHES = st.builds(
    Glitch,
    kind=st.sampled_from(["lost", "duplicate", "underrun", "late-cycle", "ö"]),
    position_frame=st.integers(-1, 1 << 62),
    frames=st.integers(0, 1 << 40),
    cause=st.sampled_from([cause.id for cause in Cause]),
    at_ns=st.integers(-1, MOST),
    cycle=st.integers(-1, 100),
)


@given(
    made=st.one_of(tables(RECORD), nearly()),
    rows=tables(ARRIVAL),
    packets=packet_times(),
    glitches=st.one_of(st.none(), st.lists(GLITCHES, max_size=6)),
    clock=st.sampled_from(["realtime", "virtual"]),
)
def test_slices_are_balanced_times_ascend_and_names_are_written_once(
    made: NDArray[Any],
    rows: NDArray[Any],
    packets: PacketTimes,
    glitches: list[Glitch] | None,
    clock: Literal["realtime", "virtual"],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t"
        write_perfetto(
            path,
            records=made,
            sample_rate=48_000.0,
            title="any",
            glitches=glitches,
            arrivals=rows,
            packets=packets,
            clock=clock,
        )
        # What reads it back refuses all else.
        seen = Timeline(path)
    cycles = [one for line in seen.named("IO thread") for one in line.outer]
    assert len(cycles) == len(made)
    assert len(seen.all_slices("reader")) == len(rows)
    assert len(seen.all_slices("encode")) == np.count_nonzero(packets.encoded != -1)
    for line in seen.lines.values():
        ends = [one.end_ns for one in line.outer]
        begins = [one.begin_ns for one in line.outer]
        assert all(end <= begin for end, begin in zip(ends, begins[1:], strict=False))
    if glitches is not None and len(made):
        assert sum(len(line.instants) for line in seen.named("glitches")) == len(glitches)
        drawn = {flow for line in seen.lines.values() for one in line.slices for flow in one.flows}
        for line in seen.named("glitches"):
            assert all(set(one.flows) <= drawn for one in line.instants)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=80))
def test_slices_of_a_lane_do_not_overlap_as_long_as_there_are_lanes(
    spans: list[tuple[int, int]],
) -> None:
    spans = sorted((begin, begin + length) for begin, length in spans)
    begin = np.array([one[0] for one in spans], dtype=np.int64)
    end = np.array([one[1] for one in spans], dtype=np.int64)
    lane = share_out(begin, end)
    depth = max((int(np.sum((begin <= at) & (end > at))) for at in begin.tolist()), default=0)
    assert lane.max(initial=-1) < MOST_LANES
    if depth < MOST_LANES:
        for number in range(MOST_LANES):
            own = np.flatnonzero(lane == number)
            assert np.all(end[own][:-1] <= begin[own][1:])


@given(made=nearly(), rows=tables(ARRIVAL))
def test_a_ring_never_holds_less_than_nothing(made: NDArray[Any], rows: NDArray[Any]) -> None:
    at_ns, fill = ring_fill(made, rows)
    assert np.all(np.diff(at_ns) >= 0)
    assert np.all(fill >= 0)
    assert len(fill) == len(made) + len(rows)
