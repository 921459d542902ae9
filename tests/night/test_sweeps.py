"""The newest sweeps are read back from the history as they were made."""

from __future__ import annotations

import json
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.cli_app import run
from lab.history.history import History
from lab.history.store import Store
from lab.night.record import Sweep
from lab.night.sweeps import CELLS_MAX, axes_to_draw, newest_sweeps, spread, sweeps_of
from lab.night.write import PAGE, SUMMARY, read_night
from lab.report.heat_map import COLUMNS_MAX, ROWS_MAX
from lab.results import DriverIdentity, Glitch, Result, Verdict
from lab.sweep.grid import make_grid
from lab.sweep.parameters import PARAMETERS
from lab.sweep.task import SCENARIO, Frame, Task

ENVIRONMENT = (("GECKO_SHM_NAME", "/a b"),)


def made(task: Task, *, glitches: int = 0, sha256: str = "a" * 64, **more: Any) -> Result:
    """What `lab.sweep.perform` makes of a run."""
    told = {
        "scenario": SCENARIO,
        "parameters": task.parameters(),
        "driver": DriverIdentity(path="/x", sha256=sha256, name=task.driver_name),
        "seed": task.seed,
        "command": task.command(),
        "glitches": [
            Glitch(kind="lost", position_frame=-1, frames=3, cause="reader-late")
            for _ in range(glitches)
        ],
        "glitch_count": glitches,
    }
    return Result.model_validate(told | more)


def tasks(*over: str, seeds: int = 2, frame: Frame | None = None) -> list[Task]:
    grid = make_grid(over, frame=frame or Frame(), seeds=seeds, first_seed=7)
    return list(grid.tasks())


def keep(root: Path, night: str, results: list[Result]) -> None:
    Store(root).write(night, results)


def sweeps(root: Path, night: str = "2026-11-22") -> list[Sweep]:
    with History(root) as history:
        return newest_sweeps(history, night)


def test_runs_are_added_up_by_ring_and_jitter_and_told_with_the_grid(tmp_path: Path) -> None:
    frame = Frame(driver="build/My.driver", late_wake_ups=3, environment=ENVIRONMENT)
    grid = tasks("ring=1024,4096", "jitter=0,2.5", "ppm=-100,100", seeds=3, frame=frame)
    results = [
        made(task, glitches=2)
        if task.value("jitter_ms") and task.value("ring_frames") == 1024
        else made(task)
        for task in grid
    ]
    keep(tmp_path, "2026-11-20-sweep", results)
    (sweep,) = sweeps(tmp_path)
    assert (sweep.night, sweep.driver, sweep.sha256) == ("2026-11-20-sweep", "My", "a" * 64)
    assert (sweep.x, sweep.columns) == ("ring_frames", ["1024", "4096"])
    assert (sweep.y, sweep.rows) == ("jitter_ms", ["0", "2.5"])
    cells = {(cell.column, cell.row): (cell.glitched, cell.runs) for cell in sweep.cells}
    assert cells == {(0, 0): (0, 6), (1, 0): (0, 6), (0, 1): (6, 6), (1, 1): (0, 6)}
    assert (sweep.runs, sweep.glitched, sweep.failed, sweep.seeds) == (24, 6, 0, 3)
    assert sweep.others == {"ppm": ["-100", "100"]}
    assert shlex.split(sweep.command) == [
        *("hal-lab", "sweep", "--driver", "build/My.driver", "--layout", "v2"),
        *("--late-wake-ups", "3", "--over", "ring_frames=1024,4096", "--over", "ppm=-100,100"),
        *("--over", "jitter_ms=0,2.5", "--set", "GECKO_SHM_NAME=/a b"),
        *("--first-seed", "7", "--seeds", "3"),
    ]


def test_the_command_asks_for_the_very_runs_that_are_there(tmp_path: Path) -> None:
    frame = Frame(layout="v1", environment=ENVIRONMENT)
    grid = tasks("ring=1000,2000", "load=0,50", seeds=2, frame=frame)
    keep(tmp_path, "2026-11-20-sweep", [made(task) for task in grid])
    (sweep,) = sweeps(tmp_path)
    words = shlex.split(sweep.command)
    told = {word: words[at + 1] for at, word in enumerate(words) if word.startswith("--")}
    again = make_grid(
        [words[at + 1] for at, word in enumerate(words) if word == "--over"],
        frame=Frame(
            driver=told["--driver"],
            layout="v1" if told["--layout"] == "v1" else "v2",
            late_wake_ups=int(told["--late-wake-ups"]),
            environment=ENVIRONMENT,
        ),
        seeds=int(told["--seeds"]),
        first_seed=int(told["--first-seed"]),
    )
    assert {task.id for task in again.tasks()} == {task.id for task in grid}


def test_the_newest_at_or_before_the_night_counts_and_none_is_none(tmp_path: Path) -> None:
    assert sweeps(tmp_path) == []
    one = [made(task) for task in tasks("ring=1024,4096")]
    keep(tmp_path, "2026-11-21", [made(tasks("ring=1024")[0], scenario="play")])
    assert sweeps(tmp_path) == []
    for date in ("2026-11-19", "2026-11-21", "2026-11-23"):
        keep(tmp_path, f"{date}-sweep", one)
    assert [s.night for s in sweeps(tmp_path, "2026-11-22")] == ["2026-11-21-sweep"]
    assert [s.night for s in sweeps(tmp_path, "2026-11-23-evening")] == ["2026-11-23-sweep"]
    assert sweeps(tmp_path, "2026-11-18") == []


def test_a_night_of_sweeps_without_one_run_gives_way_to_the_one_before(tmp_path: Path) -> None:
    (task,) = tasks("ring=1024", seeds=1)
    keep(tmp_path, "2026-11-19-sweep", [made(task)])
    keep(tmp_path, "2026-11-20-sweep", [made(task, verdict=Verdict.SKIPPED)])
    keep(tmp_path, "2026-11-21-sweep", [made(task, parameters={"ring_frames": "many"})])
    assert [s.night for s in sweeps(tmp_path)] == ["2026-11-19-sweep"]


def test_builds_and_set_ups_are_not_mixed_and_the_last_written_comes_first(tmp_path: Path) -> None:
    grid = tasks("ring=1024,4096", "jitter=0,20")
    night = "2026-11-22-sweep"
    keep(tmp_path, night, [made(task, sha256="b" * 64) for task in grid[:4]])
    keep(tmp_path, night, [made(task, glitches=1, sha256="c" * 64) for task in grid[4:]])
    slow = tasks("ring=1024,4096", frame=Frame(layout="v1"))
    failed = [made(task, verdict=Verdict.FAIL) for task in slow]
    keep(tmp_path, night, failed)
    told = [(s.sha256[0], s.runs, s.glitched, s.failed) for s in sweeps(tmp_path)]
    assert told == [("a", 4, 0, 4), ("c", 4, 4, 0), ("b", 4, 0, 0)]


def test_one_parameter_and_one_point_can_be_drawn_as_well(tmp_path: Path) -> None:
    keep(tmp_path, "2026-11-20-sweep", [made(task) for task in tasks("load=0,50,90")])
    (sweep,) = sweeps(tmp_path)
    assert (sweep.x, sweep.columns) == ("load_percent", ["0", "50", "90"])
    assert (sweep.y, sweep.rows) == ("ring_frames", ["16384"])
    keep(tmp_path, "2026-11-21-sweep", [made(task) for task in tasks("ring=16384")])
    (sweep,) = sweeps(tmp_path)
    assert (sweep.columns, sweep.rows) == (["16384"], ["0"])
    assert "--over ring_frames=16384" in sweep.command


def row(point: dict[str, str], **more: Any) -> dict[str, Any]:
    whole = {name: str(parameter.default) for name, parameter in PARAMETERS.items()}
    told = whole | {"layout": "v2", "late_wake_ups": "10"} | point
    return {
        "parameters": json.dumps(told),
        "driver": "Mine",
        "sha256": "",
        "command": "hal-lab sweep --driver Mine",
        "seeds": [0],
        "runs": 1,
        "glitched": 1,
        "failed": 0,
        "written_at": "2026",
    } | more


def test_what_is_too_large_to_draw_is_thinned_out_and_counted() -> None:
    rows = [
        row({"ring_frames": str(256 + at), "jitter_ms": str(jitter)})
        for at in range(100)
        for jitter in range(50)
    ]
    (sweep,) = sweeps_of("n-sweep", rows)
    assert (len(sweep.columns), sweep.columns_left_out) == (COLUMNS_MAX, 100 - COLUMNS_MAX)
    assert (len(sweep.rows), sweep.rows_left_out) == (ROWS_MAX, 50 - ROWS_MAX)
    assert (sweep.columns[0], sweep.columns[-1], sweep.rows[-1]) == ("256", "355", "49")
    assert sweep.runs == 5_000
    assert sum(cell.runs for cell in sweep.cells) == COLUMNS_MAX * ROWS_MAX


def test_many_sweeps_of_a_night_have_no_more_cells_than_a_page_has_room_for() -> None:
    rows = [
        row({"ring_frames": str(1_024 + at), "ppm": str(ppm)}, driver=f"Driver {n}")
        for n in range(9)
        for at in range(20)
        for ppm in range(20)
    ]
    kept = sweeps_of("n-sweep", rows)
    assert 1 <= len(kept) < 9
    assert sum(len(s.columns) * len(s.rows) for s in kept) <= CELLS_MAX


@pytest.mark.parametrize("command", ["", "hal-lab sweep", "hal-lab 'sweep", "hal-lab --driver"])
def test_without_a_driver_in_the_runs_commands_there_is_no_command(command: str) -> None:
    (sweep,) = sweeps_of("n-sweep", [row({}, command=command)])
    assert sweep.command == ""


@pytest.mark.parametrize("value", ["", "NaN", "1e999999999", "ten", "Infinity"])
def test_a_value_that_is_no_number_of_a_grid_leaves_its_run_out(value: str) -> None:
    rows = [row({"jitter_ms": value}), row({})]
    (sweep,) = sweeps_of("n-sweep", rows)
    assert sweep.runs == 1


def test_ring_and_jitter_come_before_others() -> None:
    assert axes_to_draw(["period_frames", "jitter_ms", "ring_frames"]) == (
        "ring_frames",
        "jitter_ms",
    )
    assert axes_to_draw(["ppm", "jitter_ms"]) == ("jitter_ms", "ppm")
    assert axes_to_draw(["ppm", "load_percent"]) == ("ppm", "load_percent")
    assert axes_to_draw(["ppm"]) == ("ppm", "ring_frames")
    assert axes_to_draw([]) == ("ring_frames", "jitter_ms")


@given(st.sets(st.integers(0, 10**6), min_size=1, max_size=300), st.integers(2, 40))
def test_a_spread_keeps_both_ends_and_the_order(values: set[int], most: int) -> None:
    ordered = [Decimal(value) for value in sorted(values)]
    chosen = spread(ordered, most)
    assert len(chosen) == min(len(ordered), most)
    assert (chosen[0], chosen[-1]) == (ordered[0], ordered[-1])
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(ordered)


MATRIX = """
[driver.Lapse]
bundle = "Lapse"
[[play]]
drivers = ["Lapse"]
seconds = 1
"""


@pytest.mark.native
def test_what_hal_lab_sweep_found_is_on_the_page_of_the_next_night(tmp_path: Path) -> None:
    kept = ["--history", str(tmp_path / "history")]
    (tmp_path / "tiny.toml").write_text(MATRIX)
    words = ["--over", "ring=1024,16384", "--over", "jitter=0,50", "--seeds", "2", "--jobs", "1"]
    assert run(["sweep", *words, "--quiet", "--night", "2026-11-20-sweep", *kept]) == 0
    again = ["--matrix", str(tmp_path / "tiny.toml"), "--into", str(tmp_path / "nights"), "--quiet"]
    assert run(["nightly", "--night", "2026-11-22", *again, *kept]) == 0
    folder = tmp_path / "nights" / "2026-11-22"
    (sweep,) = read_night(folder).sweeps
    assert (sweep.night, sweep.driver, sweep.runs) == ("2026-11-20-sweep", "GeckoAudioDevice", 8)
    shares = {(c.column, c.row): c.glitched / c.runs for c in sweep.cells}
    assert shares == {(0, 0): 0, (1, 0): 0, (0, 1): 1, (1, 1): 0}
    assert 'class="hal-heat"' in (folder / PAGE).read_text(encoding="utf-8")
    assert "## Sweep 2026-11-20-sweep" in (folder / SUMMARY).read_text(encoding="utf-8")
    # What the page says makes the same runs: they are all there already.
    line = [*shlex.split(sweep.command)[1:], "--night", "2026-11-20-sweep", "--quiet", *kept]
    with History(tmp_path / "history") as history:
        before = history.ask("select count(*) as n from results").to_pylist()
    assert run(line) == 0
    with History(tmp_path / "history") as history:
        assert history.ask("select count(*) as n from results").to_pylist() == before
