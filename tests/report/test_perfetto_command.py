"""``hal-lab trace --perfetto``, and the trace of a real run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from lab.cli import main
from lab.errors import MissingError
from lab.host.locate import find_driver, find_native_library
from lab.measure.trace import HEADER_BYTES, RECORD_BYTES, CycleFlag
from lab.play.judge import judge_play
from lab.play.names import release, unique_shm_name
from lab.play.run import play
from lab.play.settings import PlaySettings
from lab.play.signals import write_signal
from lab.report.perfetto import write_run
from lab.results import Glitch, Result, save_result
from tests.support.fake_trace import records, write_trace
from tests.support.perfetto_back import Timeline

Said = pytest.CaptureFixture[str]


def test_a_trace_becomes_one_for_perfetto(tmp_path: Path, capsys: Said) -> None:
    made = records(40)
    made["flags"][7] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    write_trace(tmp_path / "io.trace", made, clock_kind=0)
    out = tmp_path / "out.pftrace"
    assert main(["trace", str(tmp_path / "io.trace"), "--perfetto", str(out)]) == 0
    seen = Timeline(out)
    assert f"{out}: " in capsys.readouterr().out
    assert seen.root == "io.trace"
    assert len(seen.one("IO thread").outer) == 40
    assert [one.name for one in seen.one("glitches").instants] == ["late-cycle: machine"]


def test_the_glitches_of_its_result_come_along(tmp_path: Path) -> None:
    made = records(100)  # the ring holds the last 64
    write_trace(tmp_path / "io.trace", made)
    lost = Glitch(kind="lost", position_frame=480 * 50, frames=480, cause="driver-logic")
    result = Result(scenario="play", seed=3, glitches=[lost], glitch_count=1)
    save_result(result, tmp_path / "result.json")
    out = tmp_path / "out.pftrace"
    told = ["--perfetto", str(out), "--result", str(tmp_path / "result.json")]
    assert main(["trace", str(tmp_path / "io.trace"), *told]) == 0
    seen = Timeline(out)
    assert seen.root == result.key
    (shown,) = seen.one("glitches").instants
    (blamed,) = [one for one in seen.one("IO thread").outer if one.flows]
    assert shown.name == "lost: driver-logic"
    assert blamed.arguments["cycle"] == 51
    assert blamed.flows == shown.flows


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "the trace cannot be opened"),
        (b"x" * 1_000, "not a trace: the magic is wrong"),
        (b"", "not a trace: 0 bytes"),
        ("cut", "truncated: "),
    ],
)
def test_what_is_no_trace_is_one_line_and_leaves_no_file(
    tmp_path: Path, capsys: Said, data: bytes | str | None, why: str
) -> None:
    path = tmp_path / "io.trace"
    if data == "cut":
        write_trace(path, records(64))
        path.write_bytes(path.read_bytes()[: HEADER_BYTES + 10 * RECORD_BYTES + 7])
    elif isinstance(data, bytes):
        path.write_bytes(data)
    before = sorted(tmp_path.iterdir())
    assert main(["trace", str(path), "--perfetto", str(tmp_path / "out.pftrace")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert why in said.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: Said) -> None:
    write_trace(tmp_path / "io.trace", records(3))
    for out, code in ((tmp_path / "no" / "out", 1), (tmp_path, 1), (tmp_path / "io.trace", 2)):
        assert main(["trace", str(tmp_path / "io.trace"), "--perfetto", str(out)]) == code
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["io.trace"]
    assert main(["trace", str(tmp_path / "io.trace")]) == 0
    assert main(["trace", str(tmp_path / "io.trace"), "--result", "r.json"]) == 2
    assert "add --perfetto OUT" in capsys.readouterr().err


def test_without_the_package_one_line_says_what_to_install(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "perfetto"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "perfetto", None)
    write_trace(tmp_path / "io.trace", records(3))
    out = tmp_path / "out.pftrace"
    assert main(["trace", str(tmp_path / "io.trace"), "--perfetto", str(out)]) == 3
    said = capsys.readouterr().err
    assert said == (
        "hal-lab: a Perfetto trace needs the Python package perfetto; "
        "pip install 'hal-lab[nightly]'\n"
    )
    assert [one.name for one in tmp_path.iterdir()] == ["io.trace"]


def played(tmp_path: Path, clock: Literal["realtime", "virtual"], **told: Any) -> Timeline:
    """A second of noise through Gecko Sink, judged, written, and read back."""
    try:
        find_native_library()
        find_driver("GeckoAudioDevice")
    except MissingError as error:
        pytest.skip(str(error))
    name = unique_shm_name()
    settings = PlaySettings(
        file=write_signal("noise", tmp_path, 1.0),
        folder=tmp_path,
        shm_name=name,
        clock=clock,
        seconds=1.0,
        **told,
    )
    try:
        facts = play(settings, progress=lambda _played, _all: None, stop=lambda: False)
    finally:
        release(name)
    result = judge_play(settings, facts, fitness=None, duration_s=1.0)
    write_run(tmp_path / "out.pftrace", facts, result)
    seen = Timeline(tmp_path / "out.pftrace")
    io = seen.one("IO thread")
    assert seen.root == result.key
    assert io.parent == facts.device.name
    assert len(io.outer) == len(facts.records) >= 100
    assert len(seen.one("glitches").instants) == len(result.glitches)
    spent = sum(one.end_ns - one.begin_ns for one in io.slices if one.name == "WriteMix")
    assert 0 < spent <= int(facts.records["op_ns"].astype(np.int64).sum())
    if clock == "realtime":
        assert len(seen.all_slices("reader")) == len(facts.arrivals) > 0
    return seen


def test_a_run_in_virtual_time_has_a_slice_per_cycle(tmp_path: Path) -> None:
    seen = played(tmp_path, "virtual")
    begins = [one.begin_ns for one in seen.one("IO thread").outer]
    assert set(np.diff(begins).tolist()) <= {9_999_999, 10_000_000, 10_000_001}
    assert seen.named("reader") == []


def test_a_run_in_real_time_has_its_reader_and_its_ring(tmp_path: Path) -> None:
    seen = played(tmp_path, "realtime")
    (ring,) = [one for one in seen.lines.values() if one.name.startswith("ring fill")]
    assert ring.name == "ring fill (it holds 65536)"
    assert max(value for _, value in ring.values) >= 480
    assert ring.values[-1][1] == 0
