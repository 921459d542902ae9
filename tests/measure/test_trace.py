"""Reading a trace file, finished, live, or damaged."""

from __future__ import annotations

import re
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.errors import TraceError
from lab.measure.cycles import summarise_cycles
from lab.measure.trace import HEADER, RECORD, CycleFlag, Operation, driver_ns, read_trace
from tests.support.fake_trace import records, write_trace

ROOT = Path(__file__).resolve().parents[2]


def test_records_come_back_in_order(tmp_path: Path) -> None:
    write_trace(tmp_path / "t", records(10))
    trace = read_trace(tmp_path / "t")
    assert trace.records["cycle"].tolist() == list(range(1, 11))
    assert (trace.clock, trace.seed, trace.overwritten, trace.torn) == ("virtual", 7, 0, 0)


def test_a_ring_that_went_round_gives_the_newest_oldest_first(tmp_path: Path) -> None:
    write_trace(tmp_path / "t", records(100), clock_kind=0)
    trace = read_trace(tmp_path / "t")
    assert trace.records["cycle"].tolist() == list(range(37, 101))
    assert (trace.clock, trace.written, trace.overwritten) == ("realtime", 100, 36)


def test_a_record_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    made = records(10)
    made["sequence"][4] = 0
    write_trace(tmp_path / "t", made)
    trace = read_trace(tmp_path / "t")
    assert trace.torn == 1
    assert 5 not in trace.records["cycle"]


def test_an_old_record_in_the_slot_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    made = records(70)
    made["sequence"][69] = 6  # what the slot held one round before
    write_trace(tmp_path / "t", made)
    assert read_trace(tmp_path / "t").torn == 1


def test_devices_can_be_told_apart(tmp_path: Path) -> None:
    write_trace(tmp_path / "t", records(10, device=np.arange(10) % 2))
    assert len(read_trace(tmp_path / "t").of_device(1)) == 5


@pytest.mark.parametrize(
    ("offset", "value", "said"),
    [
        (0, b"x", "magic"),
        (8, struct.pack("<I", 9), "version 9"),
        (16, struct.pack("<I", 64), "record sizes"),
        (24, struct.pack("<Q", 0), "0 records"),
        (24, struct.pack("<Q", 65), "65 records"),
        (24, struct.pack("<Q", 128), "truncated"),
        (24, struct.pack("<Q", 1 << 60), "cannot be"),
    ],
)
def test_a_damaged_header_is_one_line(tmp_path: Path, offset: int, value: bytes, said: str) -> None:
    path = tmp_path / "t"
    write_trace(path, records(3))
    image = bytearray(path.read_bytes())
    image[offset : offset + len(value)] = value
    path.write_bytes(image)
    with pytest.raises(TraceError, match=re.escape(said)):
        read_trace(path)


def test_a_file_that_is_too_short_or_absent_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"HTRACE1\0")
    with pytest.raises(TraceError, match="8 bytes"):
        read_trace(tmp_path / "t")
    with pytest.raises(TraceError, match="No such file"):
        read_trace(tmp_path / "none")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=64), at=st.integers(0, 255))
def test_no_header_crashes_the_reader(tmp_path: Path, data: bytes, at: int) -> None:
    path = tmp_path / "t"
    write_trace(path, records(3))
    image = bytearray(path.read_bytes())
    image[at : at + len(data)] = data
    path.write_bytes(image)
    with suppress(TraceError):
        read_trace(path)


def test_the_layout_is_that_of_the_header_file() -> None:
    source = (ROOT / "sim/host/include/halsim/trace.h").read_text(encoding="utf-8")
    sizes = {"uint64_t": 8, "uint32_t": 4, "double": 8, "uint8_t": 1}
    for struct_name, dtype in (
        ("halsim_trace_header", HEADER),
        ("halsim_trace_record", RECORD),
    ):
        body = source.split(f"struct {struct_name} {{", 1)[1].split("\n};", 1)[0]
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        offset = 0
        for kind, name in re.findall(r"(\w+)\s+(\w+)(?:\[[^\]]*\])?;", body):
            if name == "reserved":
                break
            offset = -(-offset // sizes[kind]) * sizes[kind]
            assert dtype.fields is not None
            assert dtype.fields[name][1] == offset, name
            offset += sizes[kind] * (len(Operation) if name == "op_ns" else 1)
    flags = re.findall(r"HALSIM_CYCLE_(\w+) = 1u << (\d+)", source)
    assert {name: 1 << int(bit) for name, bit in flags} == {
        str(flag.name): flag.value for flag in CycleFlag
    }
    operations = re.findall(r"HALSIM_OP_(\w+) = (\d+)", source)
    assert {name: int(value) for name, value in operations if name != "COUNT"} == {
        operation.name: operation.value for operation in Operation
    }


def test_cycles_are_summed_up() -> None:
    made = records(10, skipped_cycles=[0] * 9 + [3])
    made["flags"][2] = CycleFlag.LATE_WAKE | CycleFlag.OVERLOAD
    made["woke_ns"][2] += 5_000_000
    made["flags"][3] = CycleFlag.TIMESTAMP_BACK
    made["flags"][4] = CycleFlag.TIMESTAMP_JUMP | CycleFlag.CLOCK_STEP
    found = summarise_cycles(made)
    assert (found.cycles, found.frames) == (10, 4_800)
    assert (found.late_wakes, found.overloads, found.skipped_cycles) == (1, 1, 3)
    assert (found.timestamp_jumps, found.clock_steps, found.driver_errors) == (1, 1, 0)
    assert found.wake_error.p50_us == 50
    assert found.wake_error.max_us == 5_050
    assert driver_ns(made).tolist() == [500] * 10


def test_no_cycles_are_no_error() -> None:
    assert summarise_cycles(records(0)).cycles == 0
