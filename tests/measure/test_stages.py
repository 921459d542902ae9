"""Stage by stage: where the time of a packet goes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from lab.measure.stages import MISSING, LatencyFloor, PacketTimes, StageReport, measure_stages

MS = 1_000_000
SPENT_MS = (21, 1, 2, 1, 22)


def times_of(spent: NDArray[np.int64], begin: int = 1_000 * MS) -> PacketTimes:
    """Packets every 20 ms; `spent` has the shape (packets, 5), ns."""
    captured = begin + 20 * MS * np.arange(len(spent), dtype=np.int64)
    at = captured[:, np.newaxis] + np.cumsum(spent, axis=1)
    return PacketTimes(captured, *(at[:, stage].copy() for stage in range(5)))


def even(packets: int = 100) -> NDArray[np.int64]:
    return np.tile(np.array(SPENT_MS, dtype=np.int64) * MS, (packets, 1))


def test_each_stage_gets_its_own_time_and_the_total_their_sum() -> None:
    report = measure_stages(times_of(even()), offset_uncertainty_ns=0)
    assert [stage.name for stage in report.stages] == [
        "packet",
        "encode",
        "wire",
        "decode",
        "playout",
    ]
    assert [stage.p50_us for stage in report.stages] == pytest.approx(
        [1e3 * ms for ms in SPENT_MS], rel=1e-3
    )
    assert report.total.p50_us == pytest.approx(47_000, rel=1e-3)
    assert report.possible


def test_the_floor_is_a_packet_the_look_ahead_and_a_period() -> None:
    assert LatencyFloor().ns == 36_500_000
    assert LatencyFloor(period_frames=512).ns == round((960 + 312 + 512) / 48_000 * 1e9)
    report = measure_stages(times_of(even()), offset_uncertainty_ns=0)
    assert report.over_floor_p50_us == pytest.approx(10_500, abs=50)


@settings(max_examples=12)
@given(
    spent=arrays(
        np.int64, st.tuples(st.integers(1, 30), st.just(5)), elements=st.integers(0, 10**9)
    )
)
def test_percentiles_are_those_of_the_array_to_three_digits(spent: NDArray[np.int64]) -> None:
    report = measure_stages(times_of(spent), offset_uncertainty_ns=0)
    for number, stage in enumerate(report.stages):
        exact = np.sort(spent[:, number])
        for share, shown in ((0.5, stage.p50_us), (0.99, stage.p99_us)):
            # HdrHistogram rounds the rank to the nearest one.
            rank = max(1, int(share * len(exact) + 0.5)) - 1
            assert shown * 1e3 == pytest.approx(int(exact[rank]), rel=2e-3, abs=2)
        assert stage.max_us * 1e3 == pytest.approx(int(exact[-1]))


def test_a_packet_that_arrives_before_it_was_sent_is_reported_beyond_the_uncertainty_only() -> None:
    spent = even()
    spent[7, 2] = -300_000
    spent[9, 2] = -100_000
    report = measure_stages(times_of(spent), offset_uncertainty_ns=200_000)
    wire = report.stages[2]
    assert (wire.clamped, wire.impossible, wire.count) == (1, 1, 99)
    assert wire.uncertainty_us == 200.0
    assert [(one.stage, one.packet, one.early_ns) for one in report.disorders] == [
        ("wire", 7, 300_000)
    ]
    assert "packet 7: wire ends 300.0 us before it begins" in str(report.disorders[0])
    assert not report.possible


def test_the_uncertainty_of_the_offset_excuses_nothing_that_one_clock_timed() -> None:
    spent = even()
    spent[3, 3] = -1
    report = measure_stages(times_of(spent), offset_uncertainty_ns=10 * MS)
    assert report.stages[3].impossible == 1
    assert report.disorders[0].stage == "decode"


def test_a_total_below_the_floor_is_counted() -> None:
    spent = even()
    spent[5] = 1 * MS
    report = measure_stages(times_of(spent), offset_uncertainty_ns=MS)
    assert report.below_floor == 1
    assert not report.possible


def test_lost_packets_count_as_lost_and_in_the_stages_they_reached() -> None:
    times = times_of(even(10))
    for late in (times.received, times.decoded, times.played):
        late[[2, 4]] = MISSING
    report = measure_stages(times, offset_uncertainty_ns=0)
    assert (report.lost, report.stages[1].count, report.stages[2].count) == (2, 10, 8)
    assert report.total.count == 8


def test_no_packet_at_all_gives_a_report_of_nothing() -> None:
    report: StageReport = measure_stages(times_of(even(0)), offset_uncertainty_ns=0)
    assert (report.packets, report.total.count, report.total.p99_us) == (0, 0, 0.0)


def test_histograms_of_two_runs_can_be_added() -> None:
    one = measure_stages(times_of(even(10)), offset_uncertainty_ns=0).total.histogram
    other = measure_stages(times_of(even(30) * 2), offset_uncertainty_ns=0).total.histogram
    one.add(other)
    assert one.get_total_count() == 40
    assert one.get_value_at_percentile(90) == pytest.approx(94 * MS, rel=1e-3)


def test_times_of_different_lengths_are_refused() -> None:
    row = np.zeros(3, dtype=np.int64)
    with pytest.raises(ValueError, match="six times per packet"):
        PacketTimes(row, row, row, row, row, row[:2])
    with pytest.raises(ValueError, match="not negative"):
        measure_stages(times_of(even(1)), offset_uncertainty_ns=-1)
