"""``hal-lab sweep``: thousands of virtual runs over a grid of parameters."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from lab.commands.nightly import HISTORY
from lab.commands.play import LayoutChoice, stop_flag
from lab.errors import UsageError
from lab.history.store import SWEEP, check_night
from lab.play.environment import read_pairs
from lab.play.names import sweep_leftovers
from lab.report.console import Output
from lab.report.heat_map import percent
from lab.report.progress import minutes
from lab.report.terminal import number
from lab.sweep.grid import RUNS_MAX, Grid, GridFile, make_grid, over_of, read_grid_file
from lab.sweep.heat import HeatTable, axes_of, heat_table
from lab.sweep.keep import Keeper
from lab.sweep.pool import Pool
from lab.sweep.progress import SweepProgress
from lab.sweep.run import Swept, sweep
from lab.sweep.task import Frame
from lab.whole_file import not_written, write_whole

EXIT_STOPPED = 130
SEED_MAX = (1 << 63) - 1
_COLUMNS_SHOWN = 10
_HEAT_MAP = "the heat map"
_TOLD = 5


def sweep_command(
    file: Annotated[
        Path | None, typer.Argument(help="A grid, as TOML; options come before what it says.")
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="A parameter and its values: 1,2,3 or FROM:TO:STEP or FROM:TO:xFACTOR. There are "
            "ring_frames, period_frames, ppm, jitter_ms, load_percent, load_burst_ms, "
            "host_jitter_ms; the unit may be left out.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Runs of each point.", show_default="20")
    ] = None,
    first_seed: Annotated[int | None, typer.Option(help="Of those.", show_default="0")] = None,
    late_wake_ups: Annotated[
        int | None,
        typer.Option(help="In a run, of each kind that the point asks for.", show_default="10"),
    ] = None,
    driver: Annotated[
        str | None,
        typer.Option(
            help="A path, or the name of a built one, that writes Gecko Sink's shared memory.",
            show_default="GeckoAudioDevice",
        ),
    ] = None,
    layout: Annotated[
        LayoutChoice | None, typer.Option(help="Of that memory.", show_default="v2")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Environment of the driver.", show_default=False
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Of a Dask scheduler (tcp://host:8786), whose workers make the runs.",
            show_default="processes of this machine",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(help="Processes of this machine.", show_default="one for each core"),
    ] = None,
    history: Annotated[
        str, typer.Option(help="Where results are kept: a folder, or a URL (s3://...).")
    ] = str(HISTORY),
    no_history: Annotated[
        bool, typer.Option("--no-history", help="Keep nothing, and make every run.")
    ] = False,
    night: Annotated[
        str | None,
        typer.Option(
            help="Under which night they are kept; runs that are there are not made again.",
            show_default="today, UTC, and -sweep",
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Make runs again that are there.")] = False,
    heat_map: Annotated[
        Path | None,
        typer.Option(help="Write an SVG of the glitch probability here.", show_default=False),
    ] = None,
    x: Annotated[
        str | None,
        typer.Option(help="Parameter of its columns.", show_default="ring_frames, if it varies"),
    ] = None,
    y: Annotated[
        str | None,
        typer.Option(help="Parameter of its rows.", show_default="jitter_ms, if it varies"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the last line.")] = False,
) -> int:
    """Make a virtual run for every point of a grid and every seed; tell how probable a glitch is.

    A run plays through the driver while its reader wakes late (jitter_ms), lacks a share of its
    processor for a while (load_percent, load_burst_ms), the host wakes late (host_jitter_ms), and
    the device's clock is off (ppm). The times are drawn from the seed: exponential, with that mean.
    A glitch is a late wake-up at which the reader lost frames. That is no fault of the driver; a
    run fails only when the driver does what no late reader excuses.

    Results land in the history as they come. A run has an ID before it is made: a sweep that was
    stopped, or killed, goes on where it was when it is called again. A worker that dies loses
    nothing.

    \b
    Examples
      hal-lab sweep --over ring=1024:65536:x2 --over jitter=0,1,5,20,50 --heat-map ring.svg
      hal-lab sweep grid.toml --seeds 200 --scheduler tcp://10.0.0.7:8786
      hal-lab sweep --over period=64:1024:x2 --over load=0:90:30 --x period --y load

    Exit status: 0 all runs were made; 1 the driver failed in one, or one could not be made; 2 wrong
    command line; 3 something needed is missing; 130 stopped, with what was made kept.
    """  # noqa: D301  (click's mark for a paragraph that is not wrapped)
    told = read_grid_file(file) if file is not None else GridFile()
    frame = _frame(told, driver, layout, late_wake_ups, set_ or [])
    grid = make_grid(
        [*over_of(told.over), *(over or [])],
        frame=frame,
        seeds=_within("--seeds", _first(seeds, told.seeds), 20, 1, RUNS_MAX),
        first_seed=_within("--first-seed", _first(first_seed, told.first_seed), 0, 0, SEED_MAX),
    )
    axes = axes_of(grid, x, y)
    if heat_map is not None:
        if axes is None:
            raise UsageError(
                "a heat map needs two parameters", do="vary another one, or name it (--x, --y)"
            )
        _try_to_write(heat_map)
    name = night or f"{datetime.now(UTC).date().isoformat()}{SWEEP}"
    check_night(name)
    workers = _within("--jobs", jobs, os.cpu_count() or 1, 1, 256)
    sweep_leftovers()
    out = Output()
    if grid.left_out and not quiet:
        points = "point is" if grid.left_out == 1 else "points are"
        typer.echo(
            f"{number(grid.left_out)} {points} left out: a cycle is longer than the ring", err=True
        )
    with (
        stop_flag() as stopped,
        Keeper(None if no_history else history, name) as keeper,
        _pool(scheduler, min(workers, grid.size)) as pool,
        SweepProgress(quiet=quiet) as progress,
    ):
        swept = sweep(grid, pool, keeper, again=again, stop=stopped, watcher=progress)
    sweep_leftovers()  # of workers that were killed
    if axes is not None:
        table = heat_table(grid, swept, *axes)
        if not quiet:
            _show(out, table)
        if heat_map is not None:
            write_whole(heat_map, table.svg(grid), what=_HEAT_MAP)
    return _tell(out, grid, swept, kept="" if no_history else f"{name} of {history}")


# ---- what is asked for ---------------------------------------------------------------------------


def _frame(
    told: GridFile,
    driver: str | None,
    layout: LayoutChoice | None,
    late_wake_ups: int | None,
    set_: list[str],
) -> Frame:
    word: Literal["v1", "v2"] = told.layout or "v2"
    if layout is not None:
        word = "v1" if layout is LayoutChoice.V1 else "v2"
    environment = {**told.environment, **read_pairs(set_)}
    if "GECKO_SHM_RING_FRAMES" in environment:
        raise UsageError("--set GECKO_SHM_RING_FRAMES", do="vary the ring: --over ring_frames=4096")
    return Frame(
        driver=driver or told.driver or Frame.driver,
        layout=word,
        late_wake_ups=_within(
            "--late-wake-ups", _first(late_wake_ups, told.late_wake_ups), 10, 1, 10_000
        ),
        environment=tuple(sorted(environment.items())),
    )


def _first(*told: int | None) -> int | None:
    """The first that was said."""
    return next((value for value in told if value is not None), None)


def _within(option: str, value: int | None, default: int, low: int, high: int) -> int:
    if value is None:
        return default
    if not low <= value <= high:
        raise UsageError(f"{option} must be {low} to {high:,}")
    return value


def _pool(scheduler: str | None, jobs: int) -> Pool:
    if scheduler is not None:
        from lab.sweep.cluster import ClusterPool

        return ClusterPool(scheduler)
    from lab.sweep.local import LocalPool

    return LocalPool(jobs)


def _try_to_write(path: Path) -> None:
    """Find out now whether the heat map can be written there."""
    if path.suffix != ".svg":
        raise UsageError("a heat map is an SVG", where=str(path), do="end its name with .svg")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise not_written(path, error, what=_HEAT_MAP) from error


# ---- what is told --------------------------------------------------------------------------------


def _show(out: Output, heat: HeatTable) -> None:
    """As text, when it is narrow enough; largest row first, as it is drawn."""
    if len(heat.columns) > _COLUMNS_SHOWN or not heat.cells:
        return
    table = Table(box=None, pad_edge=False)
    out.print(f"runs with a glitch, {heat.y} down, {heat.x} across:")
    table.add_column(heat.y, justify="right")
    for value in heat.columns:
        table.add_column(f"{value:f}", justify="right")
    for row in reversed(range(len(heat.rows))):
        cells = [heat.cells.get((column, row)) for column in range(len(heat.columns))]
        figures = [percent(c.hits / c.runs) if c is not None and c.runs else "-" for c in cells]
        table.add_row(f"{heat.rows[row]:f}", *figures)
    out.print(table)


def _tell(out: Output, grid: Grid, swept: Swept, *, kept: str) -> int:
    for result in swept.failed[:_TOLD]:
        out.print(f"[red]fail[/] {escape(result.reason)}", soft_wrap=True)
        out.print(f"  again: {escape(result.command)}", soft_wrap=True, highlight=False)
    for reason, count in sorted(swept.errors.items(), key=lambda item: -item[1])[:_TOLD]:
        runs = "run" if count == 1 else "runs"
        typer.echo(f"hal-lab: {number(count)} {runs} could not be made: {reason}", err=True)
    if grid.size == 1 and swept.last is not None:
        last = swept.last
        figures = ", ".join(f"{m.name} {m.value:g}" for m in last.measurements)
        out.print(f"{last.glitch_count} glitches; {figures}", soft_wrap=True, highlight=False)
    glitched = sum(cell.glitched for cell in swept.cells.values())
    known = sum(cell.runs for cell in swept.cells.values())
    line = f"{number(glitched)} of {number(known)} runs with a glitch"
    line += f"; {number(swept.made)} made in {minutes(swept.real_s)}"
    if swept.there:
        line += f", {number(swept.there)} were there"
    if swept.failed_count:
        line += f"; the driver failed in {number(swept.failed_count)}"
    out.print(f"{line}: {kept}" if kept else line, soft_wrap=True, highlight=False, markup=False)
    if swept.stopped:
        left = swept.total - swept.there - swept.made
        told = "hal-lab: stopped"
        if kept:
            told += ", and kept what was made"
        typer.echo(f"{told}; {number(left)} of {number(swept.total)} runs are missing", err=True)
        return EXIT_STOPPED
    return 1 if swept.failed_count or swept.not_made else 0
