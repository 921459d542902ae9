"""What a person sees who runs `hal-lab nightly` in a terminal, and how Ctrl-C leaves it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyte", reason="pyte is not installed: pip install 'hal-lab[test]'")

from lab.history.history import History
from lab.night.write import PAGE, read_night
from lab.results import Verdict
from tests.support.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.native

NIGHT = "2026-11-22"
MATRIX = """
[driver.Mine]
bundle = "Lapse"
environment = { LAPSE_FAULT = "drops-frame-at-wrap-after-stall" }
[[play]]
drivers = ["Mine"]
seconds = 2
device_clocks.perfect = []
device_clocks.step = [{ kind = "step", at_s = 1, ns = 40_000_000 }]
[[play]]
drivers = ["Mine"]
clocks = ["realtime"]
seconds = %d
"""
SUMMARY = re.compile(
    r"(\d) of 3 runs: (\d) pass, (\d) fail; (\d) glitches; ([\d.,]+) x real time; about (.+) left"
)


def nightly(folder: Path, *more: str, seconds: int = 3, **environment: str) -> Terminal:
    (folder / "m.toml").write_text(MATRIX % seconds)
    line = [sys.executable, "-m", "lab.cli", "nightly", "--night", NIGHT, "--jobs", "1"]
    line += ["--matrix", str(folder / "m.toml"), "--into", str(folder / "nights")]
    return Terminal([*line, "--history", str(folder / "history"), *more], environment=environment)


def row_of(lines: list[str], title: str) -> str:
    """The row of a run in the table."""
    rows = [line for line in lines if line.startswith(title)]
    assert len(rows) == 1, lines
    return rows[0]


def the_last_run_is_under_way(lines: list[str]) -> bool:
    """And the whole of it is drawn: a terminal may be read in the middle of a table."""
    runs = any("realtime" in line and "runs, " in line for line in lines)
    return runs and SUMMARY.fullmatch(lines[-1]) is not None


def test_while_it_runs_one_sees_what_runs_how_fast_what_was_found_and_how_long_it_takes(
    tmp_path: Path,
) -> None:
    with nightly(tmp_path) as terminal:
        seen = terminal.watch(the_last_run_is_under_way)
        assert terminal.cursor_is_hidden()
        assert seen[0].split() == ["run", "verdict", "x", "real", "time", "glitches"]
        perfect = row_of(seen, "Mine: noise, virtual time").split()
        step = row_of(seen, "Mine: noise, device clock step, virtual time").split()
        running = row_of(seen, "Mine: noise, realtime time").split()
        assert (perfect[-3], perfect[-1]) == ("pass", "0")
        assert (step[-3], step[-1]) == ("fail", "2")
        assert re.fullmatch(r"\d+\.\d|[\d,]{3,}", perfect[-2])
        assert float(perfect[-2].replace(",", "")) > 1
        assert re.fullmatch(r"runs, \d+ s", " ".join(running[-3:]))
        told = SUMMARY.fullmatch(seen[-1])
        assert told is not None, seen
        assert told.groups()[:4] == ("2", "1", "1", "2")
        assert re.fullmatch(r"\d+ s", told[6])
        # It is drawn over itself: a table, not one below the other, and its time goes on.
        later = terminal.watch(lambda lines: the_last_run_is_under_way(lines) and lines != seen)
        assert len(later) == len(seen)
        assert terminal.wait() == 1
        seen = terminal.lines
    assert sum(line.startswith("run ") for line in seen) == 1
    told = SUMMARY.fullmatch(seen[4])
    assert told is not None, seen
    assert told[1] == "3"
    assert told[6] == "0 s"
    # Below the table, which stays: the verdict, and where the page is.
    verdict = next(line for line in seen if line.startswith("fail Mine: "))
    assert "of 3 runs failed" in verdict
    assert f"nights/{NIGHT}/index.html" in "".join(seen[-3:])
    assert not terminal.cursor_is_hidden()


def colours(graphics: set[int]) -> set[int]:
    return {n for n in graphics if 30 <= n <= 49 or 90 <= n <= 107} - {39, 49}


def test_verdicts_have_colours_and_with_no_color_there_are_none(tmp_path: Path) -> None:
    for told, environment in ((True, {}), (False, {"NO_COLOR": "1"})):
        folder = tmp_path / str(told)
        folder.mkdir()
        with nightly(folder, seconds=1, **environment) as terminal:
            assert terminal.wait() == 1
            assert bool(colours(terminal.graphics)) is told
            assert any("fail Mine" in line for line in terminal.lines)


def test_quiet_prints_no_table_and_moves_no_cursor(tmp_path: Path) -> None:
    with nightly(tmp_path, "--quiet", seconds=1) as terminal:
        assert terminal.wait() == 1
        text = b"\n".join(line.encode() for line in terminal.lines)
        assert b"x real time" not in text
        assert terminal.lines[0].startswith("fail Mine: ")
        # Colours are all that is asked of the terminal.
        assert not re.search(rb"\x1b(?!\[[0-9;]*m)", terminal.written)


def test_ctrl_c_leaves_a_night_that_is_not_whole_and_a_terminal_as_it_was(tmp_path: Path) -> None:
    with nightly(tmp_path, seconds=60) as terminal:
        terminal.watch(the_last_run_is_under_way)
        assert terminal.cursor_is_hidden()
        terminal.type(CTRL_C)
        assert terminal.wait() == 130
        assert not terminal.cursor_is_hidden()
        assert terminal.settings_are_as_before
        assert b"Traceback" not in terminal.written
        assert "hal-lab: stopped by Ctrl-C; 3 runs were asked for" in terminal.lines
    folder = tmp_path / "nights" / NIGHT
    night = read_night(folder)
    assert night.stopped == "stopped by Ctrl-C"
    assert [r.verdict for r in night.results[:2]] == [Verdict.PASS, Verdict.FAIL]
    assert "stopped by Ctrl-C" in (folder / PAGE).read_text(encoding="utf-8")
    with History(tmp_path / "history") as history:
        assert len(history.results(NIGHT)) == len(night.results)
        assert history.complaints == []
    assert not list(tmp_path.rglob("*.writing"))
