"""A run as a Perfetto trace, read back by the protobuf."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.errors import LabError
from lab.measure.blame import SENTENCES, Cause
from lab.measure.stages import MISSING, PacketTimes
from lab.measure.trace import CycleFlag, Operation
from lab.report.perfetto import write_perfetto
from lab.report.perfetto.cycles import flag_names
from lab.report.perfetto.events import Event, Kind, Track
from lab.report.perfetto.protobuf import TraceWriter
from lab.results import Glitch
from lab.transport.recording import ARRIVAL
from tests.support.fake_trace import PERIOD_NS, records
from tests.support.perfetto_back import Timeline

MS = 1_000_000


def arrivals(count: int, *, host: bool = True) -> NDArray[Any]:
    """The blocks of `records`, each read 0.2 ms after its cycle."""
    rows = np.zeros(count, dtype=ARRIVAL)
    made = records(count)
    rows["frames"] = 480
    rows["recorded_frame"] = rows["first_frame"] = np.arange(count) * 480
    rows["host_ns"] = made["woke_ns"].astype(np.int64) if host else -1
    rows["arrival_ns"] = made["woke_ns"].astype(np.int64) + 200_000
    rows["away_ns"] = PERIOD_NS
    return rows


def written(tmp_path: Path, **given: Any) -> Timeline:
    """What is read back of a trace of ten cycles, unless others are given."""
    path = tmp_path / "out.pftrace"
    told: dict[str, Any] = {
        "records": records(10),
        "sample_rate": 48_000.0,
        "title": "a run",
    } | given
    made = write_perfetto(path, **told)
    assert made.file_bytes == path.stat().st_size
    assert [one.name for one in tmp_path.iterdir()] == ["out.pftrace"]
    return Timeline(path)


def test_every_cycle_is_a_slice_on_the_clock_of_the_host(tmp_path: Path) -> None:
    made = records(10)
    seen = written(tmp_path, device_names={0: "Gecko Sink"}, records=made)
    io = seen.one("IO thread")
    assert (seen.root, io.parent) == ("a run", "Gecko Sink")
    assert [one.name for one in io.outer] == ["cycle"] * 10
    assert [one.begin_ns for one in io.outer] == made["scheduled_ns"].tolist()
    assert [one.end_ns for one in io.outer] == made["done_ns"].tolist()
    assert io.outer[0].arguments == {"cycle": 1, "frames": 480}
    assert io.outer[3].arguments == {"cycle": 4}


def test_operations_are_drawn_end_to_end_from_when_the_thread_ran(tmp_path: Path) -> None:
    made = records(2, zero_ns=300)
    made["op_ns"][1] = 0
    made["op_ns"][1, Operation.MIX_OUTPUT] = 700
    made["op_ns"][1, Operation.WRITE_MIX] = 900
    io = written(tmp_path, records=made).one("IO thread")
    inner = [one for one in io.slices if one.depth == 1 and one.begin_ns >= made["woke_ns"][1]]
    woke = int(made["woke_ns"][1])
    assert [(one.name, one.begin_ns - woke, one.end_ns - woke) for one in inner] == [
        ("GetZeroTimeStamp", 0, 300),
        ("MixOutput", 300, 1_000),
        ("WriteMix", 1_000, 1_900),
    ]


def test_a_cycle_that_did_damage_says_how_and_whose_fault_it_was(tmp_path: Path) -> None:
    made = records(5)
    made["flags"][2] = CycleFlag.LATE_WAKE | CycleFlag.OVERLOAD
    made["skipped_cycles"][2] = 3
    made["woke_ns"][2] = made["scheduled_ns"][2] + 12 * MS
    made["done_ns"][2] = made["woke_ns"][2] + 20_000
    made["scheduled_ns"][3:] += 30 * MS
    made["woke_ns"][3:] += 30 * MS
    made["done_ns"][3:] += 30 * MS
    io = written(tmp_path, records=made).one("IO thread")
    late = io.outer[2]
    assert late.name == "cycle: machine"
    assert late.arguments["flags"] == "late wake, overload"
    assert late.arguments["skipped_cycles"] == 3
    assert late.arguments["woke_late_ns"] == 12 * MS
    assert late.arguments["over_deadline_ns"] == 2 * MS + 20_000
    assert late.arguments["why"] == SENTENCES[Cause.MACHINE]
    (wake,) = [one for one in io.slices if one.name == "late wake"]
    assert (wake.begin_ns, wake.end_ns) == (made["scheduled_ns"][2], made["woke_ns"][2])
    assert [one.name for one in io.outer].count("cycle") == 4


def test_flags_have_the_words_of_the_reference() -> None:
    assert flag_names(0) == ""
    assert flag_names(0x3FF).split(", ") == [
        "late wake", "over budget", "overload", "timestamp jump", "seed change",
        "resync", "driver error", "lock wait", "timestamp back", "clock step",
    ]  # fmt: skip
    assert flag_names(1 << 20) == ""


def test_a_cycle_that_was_due_while_the_one_before_ran_begins_behind_it(tmp_path: Path) -> None:
    made = records(3)
    made["done_ns"][0] = made["scheduled_ns"][1] + 4 * MS
    made["woke_ns"][1] = made["done_ns"][0] + 1_000
    made["done_ns"][1] = made["woke_ns"][1] + 20_000
    io = written(tmp_path, records=made).one("IO thread")
    assert io.outer[1].begin_ns == made["done_ns"][0]
    assert io.outer[1].arguments["scheduled_ns"] == made["scheduled_ns"][1]


def test_in_virtual_time_a_cycle_is_as_long_as_the_processor_took(tmp_path: Path) -> None:
    made = records(3, zero_ns=500, signal_ns=700)
    made["woke_ns"] = made["done_ns"] = made["scheduled_ns"]
    made["op_ns"][1, Operation.WRITE_MIX] = 25 * MS
    io = written(tmp_path, records=made, clock="virtual").one("IO thread")
    assert io.outer[0].end_ns - io.outer[0].begin_ns == 500 + 500 + 700 + 1_000
    # Longer than a period: cut where the next one begins.
    assert io.outer[1].end_ns == made["scheduled_ns"][2]
    assert [one.begin_ns for one in io.outer] == made["scheduled_ns"].tolist()


def test_counters_have_units_and_the_values_of_the_trace(tmp_path: Path) -> None:
    made = records(4)
    made["woke_ns"][1] = made["scheduled_ns"][1] - 700
    seen = written(tmp_path, records=made)
    wake, driver = seen.one("wake-up error"), seen.one("driver time")
    assert [value for _, value in wake.values] == [50_000, -700, 50_000, 50_000]
    assert [value for _, value in driver.values] == [500] * 4
    assert (wake.unit, driver.unit) == ("ns", "ns")


def test_the_ring_fills_with_each_cycle_and_empties_with_each_read(tmp_path: Path) -> None:
    reads = arrivals(4)
    # The reader slept: three blocks at once, then one that is in time.
    reads["arrival_ns"][:3] = reads["arrival_ns"][2]
    seen = written(tmp_path, records=records(4), arrivals=reads, ring_frames=65_536)
    ring = seen.one("ring fill (it holds 65536)")
    assert ring.unit == "frames"
    assert [value for _, value in ring.values] == [480, 960, 1_440, 960, 480, 0, 480, 0]


def test_a_reader_that_came_late_does_not_owe_what_was_played_before(tmp_path: Path) -> None:
    seen = written(tmp_path, records=records(6), arrivals=arrivals(6)[3:])
    assert [value for _, value in seen.one("ring fill").values][-6:] == [480, 0] * 3


def test_frames_that_are_gone_from_the_trace_were_not_read_before_they_came(
    tmp_path: Path,
) -> None:
    reads = arrivals(6, host=False)
    seen = written(tmp_path, records=records(6)[2:], arrivals=reads, first_frame=960)
    assert [value for _, value in seen.one("ring fill").values][-8:] == [480, 0] * 4


def test_blocks_reach_from_their_cycle_to_the_reader(tmp_path: Path) -> None:
    reads = arrivals(4)
    reads["lost"][2] = 960
    reads["held_ns"][3] = 77_000
    seen = written(tmp_path, records=records(4), arrivals=reads)
    blocks = seen.one("reader").slices
    assert [one.end_ns - one.begin_ns for one in blocks] == [200_000] * 4
    assert [one.name for one in blocks] == ["block", "block", "block behind a loss", "block"]
    assert blocks[2].arguments["lost_frames"] == 960
    assert blocks[2].arguments["reader_away_ns"] == PERIOD_NS
    assert blocks[3].arguments["held_on_the_way_ns"] == 77_000
    latency = seen.one("latency to the reader")
    assert (latency.unit, latency.values[0][1]) == ("ns", 200_000)


def test_blocks_that_wait_together_lie_side_by_side(tmp_path: Path) -> None:
    reads = arrivals(4)
    reads["arrival_ns"] = reads["arrival_ns"][3]
    seen = written(tmp_path, records=records(4), arrivals=reads)
    assert len(seen.named("reader")) == 4
    assert [one.begin_ns for one in seen.all_slices("reader")] == reads["host_ns"].tolist()
    assert {one.end_ns for one in seen.all_slices("reader")} == {int(reads["arrival_ns"][3])}


def test_a_long_stall_does_not_make_a_thousand_tracks(tmp_path: Path) -> None:
    reads = arrivals(1_000)
    reads["arrival_ns"] = reads["arrival_ns"][-1]
    seen = written(tmp_path, records=records(1_000), arrivals=reads)
    assert len(seen.named("reader")) == 32
    assert len(seen.all_slices("reader")) == 1_000


def test_without_host_times_a_block_is_where_it_was_read(tmp_path: Path) -> None:
    reads = arrivals(3, host=False)
    seen = written(tmp_path, records=records(3), arrivals=reads)
    assert [one.begin_ns for one in seen.one("reader").slices] == reads["arrival_ns"].tolist()
    assert seen.named("latency to the reader") == []


def test_packets_go_from_stage_to_stage(tmp_path: Path) -> None:
    at = 1_000 * MS + 20 * MS * np.arange(3, dtype=np.int64)
    times = PacketTimes(
        captured=at,
        encoded=at + 20 * MS,
        sent=at + 21 * MS,
        received=np.where(np.arange(3) == 1, MISSING, at + 50 * MS),
        decoded=np.where(np.arange(3) == 1, MISSING, at + 49 * MS),
        played=np.where(np.arange(3) == 1, MISSING, at + 70 * MS),
    )
    seen = written(tmp_path, packets=times)
    (filling,) = seen.named("packet")
    assert filling.parent == "transport"
    assert [one.arguments["packet"] for one in filling.slices] == [0, 1, 2]
    wire = seen.all_slices("wire")
    assert [one.name for one in wire] == ["wire", "wire: lost", "wire"]
    assert wire[0].end_ns - wire[0].begin_ns == 29 * MS
    assert wire[0].flows == filling.slices[0].flows != filling.slices[1].flows
    (decoded, _) = seen.all_slices("decode")
    assert decoded.arguments["ends_before_it_begins_ns"] == MS
    assert len(seen.all_slices("playout")) == 2


def test_what_is_written_does_not_wait_in_memory(tmp_path: Path) -> None:
    sizes: list[int] = []
    reached: list[int] = []

    class File:
        def write(self, data: bytes) -> int:
            sizes.append(len(data))
            reached.append(at[0])
            return len(data)

    at = [0]

    def events() -> Iterator[Event]:
        for number in range(50_000):
            at[0] = number
            yield Event(number, Kind.INSTANT, "tick")

    TraceWriter(File()).write(Track("root", events()))  # type: ignore[arg-type]
    assert max(sizes) < 100_000
    assert reached[0] < 5_000


def test_a_slice_takes_less_than_three_quarters_of_what_it_takes_written_out(
    tmp_path: Path,
) -> None:
    def cycles() -> Iterator[Event]:
        for number in range(10_000):
            begin = 58_237_282_160_995 + number * PERIOD_NS
            yield Event(begin, Kind.BEGIN, "cycle")
            yield Event(begin + 40_000, Kind.END)

    path = tmp_path / "t"
    with path.open("wb") as file:
        TraceWriter(file).write(Track("root", cycles()))
    # 45 bytes are what a begin and an end take with names, tracks and times written out.
    assert path.stat().st_size / 10_000 < 32
    assert len(Timeline(path).one("root").slices) == 10_000


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([Event(1, Kind.END)], "an end without a begin"),
        ([Event(1, Kind.BEGIN, "cycle")], "never ends"),
    ],
)
def test_what_reads_traces_back_refuses_slices_that_do_not_match(
    tmp_path: Path, events: list[Event], why: str
) -> None:
    with (tmp_path / "t").open("wb") as file:
        TraceWriter(file).write(Track("root", events))
    with pytest.raises(AssertionError, match=why):
        Timeline(tmp_path / "t")


def test_an_event_before_the_one_before_it_is_a_mistake_of_ours(tmp_path: Path) -> None:
    events = [Event(2, Kind.INSTANT, "b"), Event(1, Kind.INSTANT, "a")]
    with (tmp_path / "t").open("wb") as file, pytest.raises(ValueError, match="at 1 ns behind"):
        TraceWriter(file).write(Track("root", events))


def test_a_compressed_trace_holds_the_same_and_is_the_same_each_time(tmp_path: Path) -> None:
    given: dict[str, Any] = {"records": records(50), "sample_rate": 48_000.0, "title": "a run"}
    for name in ("plain", "one.gz", "two.gz"):
        write_perfetto(tmp_path / name, **given)
    plain, one, two = ((tmp_path / name).read_bytes() for name in ("plain", "one.gz", "two.gz"))
    assert gzip.decompress(one) == plain
    assert one == two
    assert len(one) < len(plain) / 2


def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.pftrace"
    path.write_bytes(b"of yesterday")

    def full(_self: TraceWriter, _root: Track) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TraceWriter, "write", full)
    with pytest.raises(LabError, match=r"cannot be written \(No space left on device\)"):
        write_perfetto(path, records=records(3), sample_rate=48_000.0, title="")
    assert path.read_bytes() == b"of yesterday"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(LabError, match="No such file"):
        write_perfetto(tmp_path / "no" / "t", records=records(3), sample_rate=0.0, title="")


def test_a_run_without_a_cycle_is_a_trace_without_an_event(tmp_path: Path) -> None:
    seen = written(tmp_path, records=records(0), glitches=None, arrivals=arrivals(0))
    assert seen.one("IO thread").slices == []


def test_each_device_has_its_own_tracks_and_arrows(tmp_path: Path) -> None:
    made = records(8)
    made["device"] = np.arange(8) % 2
    made["flags"][4:6] = CycleFlag.DRIVER_ERROR
    seen = written(tmp_path, records=made, glitches=None, device_names={1: "Other"})
    first, second = seen.named("IO thread")
    assert (first.parent, second.parent) == ("device 0", "Other")
    assert [one.arguments["cycle"] for one in second.outer] == [2, 4, 6, 8]
    arrows = [one.instants[0].flows for one in seen.named("glitches")]
    assert arrows == [first.outer[2].flows, second.outer[2].flows]
    assert arrows[0] != arrows[1]


def test_a_driver_s_name_is_kept_whatever_is_in_it(tmp_path: Path) -> None:
    name = "<script>alert('ü')</script>"
    assert written(tmp_path, device_names={0: name}).one("IO thread").parent == name


def test_glitches_of_one_run_are_not_those_of_another_device(tmp_path: Path) -> None:
    made = records(4)
    made["device"] = np.arange(4) % 2
    lost = Glitch(kind="lost", position_frame=0, frames=480, cause="driver-logic")
    first, second = written(tmp_path, records=made, glitches=[lost]).named("glitches")
    assert (len(first.instants), len(second.instants)) == (1, 0)
