"""From a far end's table to the times of stages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.measure.packet_times import time_packets
from lab.measure.stages import measure_stages
from lab.transport.bunghole.recording import PACKET, PacketFlag
from lab.transport.bunghole.stream import Offset
from lab.transport.bunghole.wire import AudioFlag

MS = 1_000_000
GUEST_AHEAD_NS = 5_000_000_000


def table(count: int = 50) -> NDArray[Any]:
    """Packets every 20 ms: 11 ms to fill, 1 to encode, 2 on the wire, 1 to decode."""
    rows = np.zeros(count, dtype=PACKET)
    captured = 1_000 * MS + 20 * MS * np.arange(count)
    rows["frames"] = 960
    rows["sequence"] = np.arange(count)
    for name, after_ms in (("captured", 0), ("encoded", 11), ("sent", 12)):
        rows[f"{name}_ns"] = captured + after_ms * MS + GUEST_AHEAD_NS
    rows["received_ns"] = captured + 14 * MS
    rows["decoded_ns"] = captured + 15 * MS
    return rows


CLOCK = Offset(offset_ns=GUEST_AHEAD_NS, uncertainty_ns=100_000, exchanges=5)


def test_the_sender_s_times_are_brought_onto_this_clock() -> None:
    times, playout, uncertainty = time_packets(table(), CLOCK)
    report = measure_stages(times, offset_uncertainty_ns=uncertainty)
    spent_ms = [round(stage.p50_us / 1e3, 1) for stage in report.stages]
    assert spent_ms == [11, 1, 2, 1, 16.5]
    assert uncertainty == 100_000
    assert playout.underruns == 0
    assert report.disorders == ()
    # 15 ms until it was decoded, 10 of waiting, 6.5 of look-ahead.
    assert round(report.total.p50_us / 1e3, 1) == 31.5


def test_a_wrong_offset_shows_as_what_cannot_be() -> None:
    wrong = Offset(offset_ns=GUEST_AHEAD_NS - 10 * MS, uncertainty_ns=100_000, exchanges=5)
    times, _, uncertainty = time_packets(table(), wrong)
    report = measure_stages(times, offset_uncertainty_ns=uncertainty)
    assert not report.possible


def test_packets_without_times_are_played_but_not_timed() -> None:
    rows = table(6)
    rows["flags"][1] = PacketFlag.V1
    rows["flags"][2] = PacketFlag.CONCEALED
    rows["flags"][3] = PacketFlag.UNDECODABLE
    rows["frames"][3] = 0
    times, playout, _ = time_packets(rows, CLOCK)
    assert len(times.captured) == 3
    assert len(playout.played_ns) == 5


def test_silence_between_runs_of_io_is_no_underrun() -> None:
    rows = table(10)
    for name in ("captured_ns", "encoded_ns", "sent_ns", "received_ns", "decoded_ns"):
        rows[name][5:] += 3_000 * MS
    assert time_packets(rows, CLOCK)[1].underruns == 1
    rows["flags"][5] = AudioFlag.DISCONTINUITY
    assert time_packets(rows, CLOCK)[1].underruns == 0


def test_an_empty_table_has_no_times() -> None:
    times, playout, uncertainty = time_packets(np.empty(0, dtype=PACKET), None)
    assert len(times.captured) == len(playout.played_ns) == uncertainty == 0
