"""A sweep as one result of a night, and its runs where the page looks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cli_app import run
from lab.errors import LabError
from lab.history.history import History
from lab.history.store import SWEEP
from lab.night.cases.base import Place, Subject
from lab.night.cases.sweep import SCENARIO, SHARE, SweepCase, perform_sweep
from lab.night.judge import measured
from lab.night.write import read_night
from lab.results import Result, Verdict
from lab.sweep.grid import make_grid
from lab.sweep.task import Frame

pytestmark = pytest.mark.native

NIGHT = "2026-11-22"
MATRIX = """
[driver.Mine]
bundle = "GeckoAudioDevice"
[[sweep]]
drivers = ["Mine"]
over = { ring_frames = [1024, 16384], jitter_ms = [0, 50] }
seeds = 2
"""


def case_of(
    *over: str, driver: str = "GeckoAudioDevice", history: str = "", **environment: str
) -> SweepCase:
    frame = Frame(driver, environment=tuple(sorted(environment.items())))
    grid = make_grid(over, frame=frame, seeds=3, first_seed=0)
    return SweepCase(Subject("Mine", driver, environment), grid, f"{NIGHT}{SWEEP}", history)


def performed(case: SweepCase, folder: Path) -> Result:
    return perform_sweep(case, Place(folder, "sweep"))


def test_a_night_with_a_sweep_shows_its_map_and_the_same_again_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MATRIX)
    words = ["--matrix", str(tmp_path / "m.toml"), "--into", str(tmp_path / "nights"), "--quiet"]
    words += ["--history", str(tmp_path / "history")]
    seen = []
    for date in ("2026-11-21", NIGHT):
        assert run(["nightly", "--night", date, *words]) == 0
        night = read_night(tmp_path / "nights" / date)
        seen.append(night)
        (result,) = night.results
        assert (result.scenario, result.verdict) == (SCENARIO, Verdict.PASS)
        assert result.driver is not None
        assert result.driver.name == "Mine"
        told = {m.name: m.value for m in result.measurements}
        assert told == {"runs": 8, "runs-that-failed": 0, SHARE: 25}
        assert night.changes == []
        (sweep,) = night.sweeps
        assert sweep.night == f"{date}{SWEEP}"
        assert (sweep.runs, sweep.glitched) == (8, 2)
        assert sweep.command == result.command
    assert [night.previous for night in seen] == ["", "2026-11-21"]
    # A driver that forgives less is seen: the share is compared, and exact.
    assert SHARE in [m.name for m in measured(seen[1].results[0])]
    with History(tmp_path / "history") as history:
        assert len(history.results(f"{NIGHT}{SWEEP}")) == 8
        assert len(history.results(NIGHT)) == 1


def test_a_driver_that_fails_in_a_run_fails_the_sweep_with_that_runs_command(
    tmp_path: Path,
) -> None:
    fault = {"LAPSE_FAULT": "drops-frame-at-wrap-after-stall"}
    case = case_of("ring=1024", "host_jitter=0,30", driver="Lapse", **fault)
    result = performed(case, tmp_path)
    assert result.verdict is Verdict.FAIL
    assert result.reason.startswith("the driver failed in ")
    assert result.value_of("runs-that-failed") > 0
    assert "--over host_jitter_ms=30" in result.command
    assert "--seeds 1" in result.command
    assert run(result.command.split()[1:]) == 1


def test_a_sweep_that_is_stopped_is_skipped_and_keeps_what_it_made(tmp_path: Path) -> None:
    looks = iter([False] * 4 + [True] * 1_000)
    case = case_of("ring=1024:16384:x2", "jitter=0,20", history=str(tmp_path / "history"))
    result = perform_sweep(case, Place(tmp_path, "sweep", lambda: next(looks)))
    assert result.verdict is Verdict.SKIPPED
    made = result.value_of("runs")
    assert 0 < made < case.grid.size
    with History(tmp_path / "history") as history:
        assert len(history.results(case.night)) == made


def test_what_cannot_be_kept_or_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="the history cannot be written"):
        performed(case_of("ring=1024", history=str(tmp_path / "file")), tmp_path)
    with pytest.raises(LabError, match="NoSuchDriver"):
        performed(case_of("ring=1024", driver="NoSuchDriver"), tmp_path)
    with pytest.raises(LabError, match=r"no shared memory that could be read: Null\.driver"):
        performed(case_of("ring=1024", driver="Null"), tmp_path)
