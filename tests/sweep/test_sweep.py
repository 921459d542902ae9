"""A sweep: what is missing is made, what comes is kept, and whatever ends it ends it well."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.history.history import History
from lab.results import DriverIdentity, Result, Verdict
from lab.sweep import keep
from lab.sweep.grid import Grid
from lab.sweep.heat import axes_of, heat_table
from lab.sweep.keep import Keeper
from lab.sweep.perform import Done
from lab.sweep.pool import Pool
from lab.sweep.progress import SweepProgress, summary
from lab.sweep.run import Swept, sweep
from lab.sweep.task import SCENARIO, Task
from tests.sweep.support import Seen, grid_of

NIGHT = "2026-11-22-sweep"


class FakePool(Pool):
    """Answers at once; `answer` may say something else than a result."""

    def __init__(
        self, *, sha256: str = "a" * 64, answer: Callable[[Task], Done | None] = lambda _: None
    ) -> None:
        self.made: list[Task] = []
        self._ready: list[Task] = []
        self._sha256, self._answer = sha256, answer

    def close(self) -> None:
        """Nothing to do."""

    @property
    def capacity(self) -> int:
        return 3

    def fingerprint(self, driver: str) -> str:
        assert driver
        return self._sha256

    def submit(self, task: Task) -> None:
        self._ready.append(task)
        assert len(self._ready) <= self.capacity

    def take(self, timeout_s: float) -> list[Done]:
        assert timeout_s > 0
        task = self._ready.pop()
        self.made.append(task)
        return [self._answer(task) or Done(task.id, result=self.result(task).model_dump_json())]

    def result(self, task: Task) -> Result:
        """With a glitch where the ring is small."""
        return Result(
            scenario=SCENARIO,
            parameters=task.parameters(),
            driver=DriverIdentity(path="x", sha256=self._sha256, name=task.driver_name),
            seed=task.seed,
            glitch_count=int(task.value("ring_frames") < 2000),
            audio_s=5.0,
        )


def _sweep(
    grid: Grid,
    pool: FakePool,
    root: Path | None,
    *,
    again: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Swept, Seen]:
    seen = Seen()
    with Keeper(None if root is None else str(root), NIGHT) as keeper:
        return sweep(grid, pool, keeper, again=again, stop=stop, watcher=seen), seen


def test_results_are_in_the_history_each_once(tmp_path: Path) -> None:
    grid = grid_of("ring=1024,4096", seeds=4)
    swept, seen = _sweep(grid, FakePool(), tmp_path)
    assert (swept.made, swept.there, swept.stopped) == (8, 0, False)
    assert seen.begun_with == [(8, 0)]
    with History(tmp_path) as history:
        kept = history.results(NIGHT)
    assert {result.id for result in kept} == {task.id for task in grid.tasks()}
    assert len(kept) == 8


def test_only_what_is_missing_is_made_and_all_of_it_is_counted(tmp_path: Path) -> None:
    _sweep(grid_of("ring=1024", seeds=3), FakePool(), tmp_path)
    pool = FakePool()
    swept, seen = _sweep(grid_of("ring=1024,4096", seeds=4), pool, tmp_path)
    assert len(pool.made) == 5
    assert seen.begun_with == [(8, 3)]
    assert {cell.runs for cell in swept.cells.values()} == {4}
    assert sorted(cell.glitched for cell in swept.cells.values()) == [0, 4]


def test_another_build_of_the_driver_is_run_anew(tmp_path: Path) -> None:
    grid = grid_of("ring=1024", seeds=3)
    _sweep(grid, FakePool(), tmp_path)
    swept, _ = _sweep(grid, FakePool(sha256="b" * 64), tmp_path)
    assert (swept.there, swept.made) == (0, 3)


def test_again_makes_all_and_the_history_still_has_each_once(tmp_path: Path) -> None:
    grid = grid_of("ring=1024", seeds=3)
    _sweep(grid, FakePool(), tmp_path)
    swept, _ = _sweep(grid, FakePool(), tmp_path, again=True)
    assert swept.made == 3
    with History(tmp_path) as history:
        assert len(history.results(NIGHT)) == 3


def test_a_stop_keeps_what_was_made_and_the_next_sweep_makes_the_rest(tmp_path: Path) -> None:
    grid = grid_of("ring=1024", seeds=10)
    pool = FakePool()
    swept, _ = _sweep(grid, pool, tmp_path, stop=lambda: len(pool.made) >= 4)
    assert swept.stopped
    # What was under way has come back as well.
    assert swept.made == len(pool.made) == 6
    rest, _ = _sweep(grid, FakePool(), tmp_path)
    assert (rest.there, rest.made, rest.stopped) == (6, 4, False)


def test_an_end_with_an_error_keeps_what_had_come(tmp_path: Path) -> None:
    pool = FakePool(
        answer=lambda t: Done(t.id, error="no host", fatal=True) if t.seed == 5 else None
    )
    with pytest.raises(LabError, match="no host"):
        _sweep(grid_of("ring=1024", seeds=10), pool, tmp_path)
    with History(tmp_path) as history:
        assert len(history.results(NIGHT)) == len(pool.made) - 1 > 0


def test_a_run_that_could_not_be_made_is_no_result_and_is_made_the_next_time(
    tmp_path: Path,
) -> None:
    grid = grid_of("ring=1024", seeds=4)
    pool = FakePool(answer=lambda task: Done(task.id, error="died") if task.seed == 2 else None)
    swept, _ = _sweep(grid, pool, tmp_path)
    assert swept.errors == {"died": 1}
    assert not swept.stopped
    rest, _ = _sweep(grid, FakePool(), tmp_path)
    assert (rest.there, rest.made) == (3, 1)


def test_a_driver_that_failed_is_told(tmp_path: Path) -> None:
    pool = FakePool()

    def bad(task: Task) -> Done | None:
        failed = pool.result(task).model_copy(
            update={"verdict": Verdict.FAIL, "reason": "frames-lost: 1 frame"}
        )
        return Done(task.id, result=failed.model_dump_json()) if task.seed == 1 else None

    pool._answer = bad
    swept, _ = _sweep(grid_of("ring=1024", seeds=3), pool, None)
    assert swept.failed_count == 1
    assert [result.seed for result in swept.failed] == [1]


def test_batches_are_files_and_none_is_written_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "BATCH_RESULTS", 4)
    _sweep(grid_of("ring=1024", seeds=10), FakePool(), tmp_path)
    assert len(list((tmp_path / NIGHT).glob("*.parquet"))) == 3
    _sweep(grid_of("ring=1024", seeds=10), FakePool(), tmp_path)
    assert len(list((tmp_path / NIGHT).glob("*.parquet"))) == 3


def test_a_history_that_cannot_be_written_is_found_before_the_first_run(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.write_text("x")
    with pytest.raises(LabError, match="the history cannot be written"):
        Keeper(str(file), NIGHT)
    with pytest.raises(LabError, match="the history cannot be written"):
        Keeper(str(file / "below"), NIGHT)
    assert file.read_text() == "x"


def test_the_try_leaves_nothing_behind(tmp_path: Path) -> None:
    Keeper(str(tmp_path / "h"), NIGHT).close()
    assert not list((tmp_path / "h").iterdir())


def test_cells_of_the_heat_map_add_up_what_else_varies(tmp_path: Path) -> None:
    grid = grid_of("ring=1024,4096", "jitter=1,2", "ppm=-100,100", seeds=3)
    swept, _ = _sweep(grid, FakePool(), None)
    assert axes_of(grid, None, None) == ("ring_frames", "jitter_ms")
    assert axes_of(grid, "ppm", None) == ("ppm", "ring_frames")
    table = heat_table(grid, swept, "ring_frames", "jitter_ms")
    assert table.columns == (Decimal(1024), Decimal(4096))
    assert {at: (c.hits, c.runs) for at, c in table.cells.items()} == {
        (0, 0): (6, 6),
        (0, 1): (6, 6),
        (1, 0): (0, 6),
        (1, 1): (0, 6),
    }
    assert "all values of ppm together" in table.svg(grid)


def test_progress_off_a_terminal_is_plain_lines_and_quiet_is_none(tmp_path: Path) -> None:
    grid = grid_of("ring=1024", seeds=3)
    _sweep(grid, FakePool(), tmp_path)
    for quiet in (False, True):
        stream = io.StringIO()
        with (
            Keeper(str(tmp_path), NIGHT) as keeper,
            SweepProgress(quiet=quiet, stream=stream, line_s=0.0) as progress,
        ):
            sweep(
                grid_of("ring=1024", seeds=6 if quiet else 5),
                FakePool(),
                keeper,
                stop=lambda: False,
                watcher=progress,
            )
        lines = stream.getvalue().splitlines()
        assert "\x1b" not in stream.getvalue()
        if quiet:
            assert lines == []
        else:
            assert lines[0] == "3 of 5 runs are in the history already"
            assert lines[-1].startswith("5 of 5 runs; 2 of 2 made now with a glitch")


def test_the_summary_says_what_went_wrong() -> None:
    swept = Swept(total=10, there=2, made=3, errors={"died": 1}, failed_count=1, real_s=4.0)
    line = summary(swept)
    assert line.startswith("6 of 10 runs; 0 of 3 made now with a glitch; 1 could not be made")
    assert "1 in which the driver failed" in line
    assert "about 4 s left" in line
