"""Nights that are written stay, whatever happens to the others."""

from __future__ import annotations

import errno
import math
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import LabError, UsageError
from lab.history.history import History
from lab.history.store import Store
from lab.history.table import SCHEMA, VERSION_KEY, from_table, to_table
from lab.results import DriverIdentity, Glitch, Histogram, Measurement, Result, Verdict
from tests.support.fitness import fitness

NIGHT = "2026-11-22"


def result(scenario: str = "play", **more: Any) -> Result:
    """With something in every column."""
    return Result.model_validate(
        {
            "scenario": scenario,
            "parameters": {"signal": "sine"},
            "driver": DriverIdentity(path="/x/My.driver", sha256="a" * 64, bundle_id="com.x"),
            "profile": "macos-26",
            "seed": 2**64 - 1,
            "audio_s": 10.0,
            "fitness": fitness("it sleeps"),
            "measurements": [
                Measurement(name="late-cycles", value=3, kind="count", limit=0),
                Measurement(name="latency-p99", value=1.5, unit="us", margin=0.1, better="higher"),
            ],
            "glitches": [
                Glitch(kind="lost", position_frame=480, frames=3, cause="machine", clip="g0")
            ],
            "glitch_count": 7,
            "verdict": Verdict.FAIL,
            "reason": "late-cycles 3, limit <= 0",
            "histograms": [Histogram(name="latency", unit="us", encoded="HISTFAAA", period=10_000)],
            "coverage": {"DoIOOperation:rite": 100},
            "artefacts": {"g0": "g0.wav"},
            **more,
        }
    )


def test_a_result_comes_back_from_a_night_as_it_was(tmp_path: Path) -> None:
    written = [result(), result("bare", driver=None, fitness=None, measurements=[], glitches=[])]
    with History(tmp_path) as history:
        assert history.nights == []
        history.write(NIGHT, written)
        assert sorted(history.results(NIGHT), key=lambda r: r.scenario == "bare") == written
        assert (history.nights, history.complaints) == ([NIGHT], [])


names = st.text(max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=50)
@given(
    names,
    st.dictionaries(names, names, max_size=3),
    st.dictionaries(names, st.integers(0, 2**62), max_size=3),
    st.lists(st.tuples(names, numbers, st.none() | numbers), max_size=4),
    st.integers(0, 2**64 - 1),
)
def test_whatever_a_result_holds_its_row_holds(
    scenario: str,
    parameters: dict[str, str],
    coverage: dict[str, int],
    measured: list[tuple[str, float, float | None]],
    seed: int,
) -> None:
    one = Result(
        scenario=scenario,
        parameters=parameters,
        coverage=coverage,
        seed=seed,
        measurements=[Measurement(name=n, value=v, limit=limit) for n, v, limit in measured],
    )
    assert from_table(to_table(NIGHT, [one])) == [one]


def test_the_views_say_what_was_measured_and_heard(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.write(NIGHT, [result()])
        rows = history.ask("select * from measurements order by name").to_pylist()
        assert [row["name"] for row in rows] == ["late-cycles", "latency-p99"]
        assert rows[0] == rows[0] | {
            "night": NIGHT,
            "driver": "My",
            "sha256": "a" * 64,
            "fit": False,
            "value": 3.0,
            "kind": "count",
            "limit": 0.0,
            "verdict": "fail",
        }
        [glitch] = history.ask("select * from glitches where kind = ?", ["lost"]).to_pylist()
        assert (glitch["cause"], glitch["frames"], glitch["clip"]) == ("machine", 3, "g0")


def test_a_run_that_is_made_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.write(NIGHT, [result(verdict=Verdict.FAIL), result("other")])
        history.write(NIGHT, [result(verdict=Verdict.PASS)])
        verdicts = {r.scenario: r.verdict for r in history.results(NIGHT)}
        assert verdicts == {"play": Verdict.PASS, "other": Verdict.FAIL}
        # In another night it is another one.
        history.write("2026-11-23", [result()])
        assert len(history.ask("select * from results")) == 3


def _write_many(root: str, writer: int) -> None:
    store = Store(root)
    for n in range(20):
        store.write(NIGHT, [result(f"writer-{writer}-{n}")])


def test_two_writers_at_once_lose_no_row(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(str(tmp_path), n)) for n in range(2)]
    for writer in writers:
        writer.start()
    # A reader sees each file whole, or not yet.
    with History(tmp_path) as history:
        while any(writer.is_alive() for writer in writers):
            history.refresh()
            history.ask("select count(*) from results")
        for writer in writers:
            writer.join()
            assert writer.exitcode == 0
        history.refresh()
        assert len(history.results(NIGHT)) == 40
        assert history.complaints == []


# ---- what is broken ------------------------------------------------------------------------------


def only_file(root: Path, night: str = NIGHT) -> Path:
    [file] = (root / night).glob("*.parquet")
    return file


@pytest.mark.parametrize("keep", [0, 3, 100, -1])
def test_a_night_that_is_half_written_is_set_aside_and_the_others_stay(
    tmp_path: Path, keep: int
) -> None:
    with History(tmp_path) as history:
        history.write(NIGHT, [result()])
        history.write("2026-11-23", [result()])
    broken = only_file(tmp_path)
    broken.write_bytes(broken.read_bytes()[:keep])
    with History(tmp_path) as history:
        assert history.nights == ["2026-11-23"]
        assert len(history.results("2026-11-23")) == 1
        [complaint] = history.complaints
        assert f"{broken.name}.aside" in complaint
        assert "\n" not in complaint
    assert not broken.exists()
    with History(tmp_path) as history:
        assert history.complaints == []


def test_a_file_that_is_broken_behind_its_footer_is_set_aside_when_it_is_asked(
    tmp_path: Path,
) -> None:
    with History(tmp_path) as history:
        history.write(NIGHT, [result()])
        history.write("2026-11-23", [result()])
    broken = only_file(tmp_path)
    data = bytearray(broken.read_bytes())
    footer = int.from_bytes(data[-8:-4], "little")
    pages = slice(4, len(data) - 8 - footer)
    data[pages] = b"\xff" * len(data[pages])
    broken.write_bytes(data)
    with History(tmp_path) as history:
        assert history.nights == [NIGHT, "2026-11-23"]
        rows = history.ask("select night, scenario, key from results").to_pylist()
        assert [row["night"] for row in rows] == ["2026-11-23"]
        assert "set aside" in history.complaints[0]


def test_a_night_of_a_newer_schema_is_left_out_and_left_alone(tmp_path: Path) -> None:
    table = to_table(NIGHT, [result()]).replace_schema_metadata({VERSION_KEY: b"99"})
    (tmp_path / NIGHT).mkdir()
    pq.write_table(table, tmp_path / NIGHT / "new.parquet")
    with History(tmp_path) as history:
        assert history.nights == []
        [complaint] = history.complaints
        assert "of schema 99" in complaint
        assert "Update hal-lab" in complaint
    assert (tmp_path / NIGHT / "new.parquet").exists()


def test_a_night_of_the_first_schema_is_read_beside_those_of_this(tmp_path: Path) -> None:
    """Version 1 of the record had no parameters, kinds, attempts, clips, names of drivers."""
    rows = to_table(NIGHT, [result(parameters={})]).to_pylist(maps_as_pydicts="strict")
    new = {"parameters", "attempt", "command", "audio_s", "histograms", "coverage"}
    lacking = {"kind", "clip", "cycle"}

    def of_v1(kind: pa.DataType) -> pa.DataType:
        fields = [kind.value_type.field(i) for i in range(kind.value_type.num_fields)]
        kept = [f for f in fields if f.name not in lacking or fields[0].name == "kind"]
        return pa.list_(pa.struct([f for f in kept if f.name not in {"clip", "cycle"}]))

    schema = pa.schema(
        [
            field.with_type(of_v1(field.type)) if pa.types.is_list(field.type) else field
            for field in SCHEMA
            if field.name not in new
        ],
        metadata={VERSION_KEY: b"1"},
    )
    (tmp_path / NIGHT).mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / NIGHT / "old.parquet")
    with History(tmp_path) as history:
        history.write("2026-11-23", [result()])
        [old] = history.results(NIGHT)
        assert old.measurements[0].kind == "scalar"
        assert old.glitches[0].clip == ""
        assert old.value_of("late-cycles") == 3
        assert len(history.ask("select * from measurements")) == 4
        assert history.complaints == []


def test_a_disk_that_is_full_is_one_line_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.write(NIGHT, [result()])
    before = sorted(tmp_path.rglob("*"))

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LabError, match=r"cannot be written \(No space left.*make room"):
        store.write(NIGHT, [result("more")])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("night", ["", "tonight", "2026-11-2", "../2026-11-22", "2026-11-22/x"])
def test_what_is_no_night_is_refused(tmp_path: Path, night: str) -> None:
    with pytest.raises(UsageError, match=r"no night.*write a date"):
        Store(tmp_path).write(night, [result()])
    assert list(tmp_path.iterdir()) == []


def test_a_question_that_is_none_is_one_line(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        for query in ("selec 1", "select nothing_such from results", "select * from nowhere"):
            with pytest.raises(UsageError) as caught:
                history.ask(query)
            assert "\n" not in str(caught.value)
        with pytest.raises(UsageError, match=r"no such night.*there is none"):
            history.results(NIGHT)


def test_a_place_that_is_no_folder_of_this_machine_holds_nights_as_well() -> None:
    """The memory file system of file system stands for a bucket: no rename, no folders."""
    root = f"memory://nights-{os.getpid()}"
    first = result()  # once: it has a time in it
    with History(root) as history:
        history.write(NIGHT, [first])
        history.write("2026-11-23", [result(seed=3)])
        assert len(history.ask("select * from measurements")) == 4
    with History(root) as again:
        assert again.nights == [NIGHT, "2026-11-23"]
        assert again.results(NIGHT) == [first]
        again.store.filesystem.pipe_file(f"{again.store.root}/{NIGHT}/x.parquet", b"PAR1")
        again.refresh()
        assert "set aside" in again.complaints[0]


def test_a_place_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="no such kind of place"):
        Store("gopher://x/y")


def test_numbers_that_are_none_never_reach_the_table() -> None:
    with pytest.raises(ValueError, match="finite"):
        result(measurements=[{"name": "x", "value": math.nan}])
