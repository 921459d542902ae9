"""Two nights side by side, figures taken elsewhere, what was told, and the command for it all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lab.cli import main
from lab.errors import UsageError
from lab.history.compare import compare
from lab.history.export import export
from lab.history.history import History
from lab.history.store import Store
from lab.history.told import keep_told, read_told
from lab.night.record import Change
from lab.results import DriverIdentity, Glitch, Measurement, Result, Verdict

FIRST, SECOND = "2026-11-21", "2026-11-22"


def result(p99: float, *, scenario: str = "play", failed: bool = False) -> Result:
    return Result(
        scenario=scenario,
        driver=DriverIdentity(path="/x/My.driver", sha256="a" * 64),
        measurements=[
            Measurement(name="latency-p99", value=p99, unit="us"),
            Measurement(name="frames-lost", value=0, unit="frames", limit=0),
        ],
        glitches=[Glitch(kind="lost", position_frame=1, frames=2, cause="machine")],
        verdict=Verdict.FAIL if failed else Verdict.PASS,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = Store(tmp_path / "nights")
    store.write(FIRST, [result(200), result(1, scenario="gone")])
    store.write(SECOND, [result(300, failed=True), result(1, scenario="new")])
    return tmp_path / "nights"


def asked(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> tuple[int, str, str]:
    code = main(["history", "--history", str(root), *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_two_nights_side_by_side_have_what_either_has(root: Path) -> None:
    with History(root) as history:
        rows = {(row.key, row.name): row for row in compare(history, FIRST, SECOND)}
    latency = rows["My, play, virtual time", "latency-p99"]
    assert (latency.before, latency.after, latency.ratio) == (200, 300, 1.5)
    lost = rows["My, play, virtual time", "frames-lost"]
    assert (lost.differs, lost.ratio, lost.limit) == (False, None, 0)
    assert rows["My, gone, virtual time", "latency-p99"].after is None
    assert rows["My, new, virtual time", "latency-p99"].before is None
    with History(root) as history, pytest.raises(UsageError, match=r"no such night: 2026-11-20"):
        compare(history, "2026-11-20", SECOND)


def test_the_figures_can_be_taken_elsewhere(root: Path, tmp_path: Path) -> None:
    with History(root) as history:
        for suffix in ("csv", "jsonl", "parquet"):
            assert export(history, "measurements", tmp_path / f"m.{suffix}") == 8
        assert export(history, "results", tmp_path / "r.jsonl") == 4
    with (tmp_path / "m.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["value"] for row in rows if row["name"] == "latency-p99"} == {"200", "300", "1"}
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert len(lines) == 8
    assert pq.read_table(tmp_path / "m.parquet").num_rows == 8
    assert {path.name for path in tmp_path.iterdir()} == {
        *("nights", "m.csv", "m.jsonl", "m.parquet", "r.jsonl")
    }


@pytest.mark.parametrize(
    ("view", "name", "said"),
    [
        ("measurement", "x.csv", "no such view: measurement; choose one of measurements"),
        ("measurements", "x.xls", r"no such kind of file: .*end its name with .csv"),
        ("results", "x.csv", "results hold lists, CSV does not"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    root: Path, tmp_path: Path, view: str, name: str, said: str
) -> None:
    with History(root) as history, pytest.raises(UsageError, match=said):
        export(history, view, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_the_command_shows_nights_answers_and_pairs(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = asked(capsys, root)
    assert code == 0
    assert FIRST in out
    assert SECOND in out
    code, out, _ = asked(capsys, root, "query", "select max(value) as most from measurements")
    assert (code, "300" in out) == (0, True)
    code, out, _ = asked(capsys, root, "compare", FIRST, SECOND)
    assert code == 0
    assert "latency p99" in out
    assert "1.5" in out
    assert "frames lost" not in out.split("My, play")[1]  # the same in both
    code, out, _ = asked(capsys, root, "export", str(tmp_path / "g.jsonl"), "--view", "glitches")
    assert (code, "4 rows" in out) == (0, True)


def test_what_the_command_cannot_do_is_one_line(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        (("query", "selec"), "Parser Error"),
        (("compare", FIRST, "2030-01-01"), "no such night: 2030-01-01"),
    ):
        code, _, err = asked(capsys, root, *words)
        assert code == 2
        assert said in err
        assert len(err.splitlines()) == 1
    code, _, err = asked(capsys, tmp_path / "nowhere")
    assert code == 2
    assert "no nights" in err
    assert "make one: hal-lab nightly" in err


def test_a_file_that_is_set_aside_is_said_and_the_rest_is_told(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / FIRST / "broken.parquet").write_bytes(b"PAR1")
    code, out, err = asked(capsys, root)
    assert code == 0
    assert SECOND in out
    assert "set aside as broken.parquet.aside" in err


# ---- what was told -------------------------------------------------------------------------------


def change(key: str) -> Change:
    return Change(
        key=key,
        driver="My",
        scenario="play",
        measurement="latency-p99",
        since=FIRST,
        sentence="latency p99 200 -> 300 us",
    )


def test_what_was_told_is_read_again_by_night(root: Path) -> None:
    store = Store(root)
    keep_told(store, SECOND, [change("b")])
    keep_told(store, FIRST, [change("a"), change("a2")])
    keep_told(store, FIRST, [])
    told = read_told(store, before="2026-11-23")
    assert [one.key for one in told] == ["a", "a2", "b"]
    assert [one.key for one in read_told(store, before=SECOND)] == ["a", "a2"]


def test_of_a_broken_file_nothing_was_told(root: Path) -> None:
    store = Store(root)
    keep_told(store, FIRST, [change("a")])
    (root / FIRST / "x.changes.jsonl").write_text('{"key": 3}\nnonsense')
    (root / SECOND / "y.changes.jsonl").write_text('{"key": "of a newer record", "more": 1}\n')
    assert [one.key for one in read_told(store, before="2026-11-23")] == ["a"]
    assert read_told(Store(root / "nowhere"), before="2026-11-23") == []
