"""``hal-lab nightly``: run the matrix, keep the night, tell what broke and since when."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from lab.commands.folders import make_folder
from lab.commands.play import stop_flag
from lab.errors import UsageError
from lab.history.store import Store, check_night
from lab.night.matrix import Matrix, read_matrix
from lab.night.night import NightPlan, make_night
from lab.play.names import sweep_leftovers, sweep_wire_folders
from lab.report.console import Output
from lab.report.progress import NightProgress, minutes
from lab.report.terminal import STYLES
from lab.results import Verdict

EXIT_STOPPED = 130
REPORTS = Path("reports/nights")
HISTORY = Path("reports/history")


def nightly_command(
    matrix: Annotated[
        str, typer.Option(help='What is run: "full", "quick", or a TOML file of your own.')
    ] = "full",
    quick: Annotated[bool, typer.Option("--quick", help="The same as --matrix quick.")] = False,
    night: Annotated[
        str | None,
        typer.Option(
            help="Its name: a date, and a word where a day has more than one.",
            show_default="today, UTC",
        ),
    ] = None,
    into: Annotated[
        Path, typer.Option(help="Folder of the nights' pages: each gets one below it.")
    ] = REPORTS,
    history: Annotated[
        str, typer.Option(help="Where the nights' figures are kept: a folder, or a URL (s3://...).")
    ] = str(HISTORY),
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Runs in virtual time at once; those in real time run alone.",
            show_default="2, or 1 on one core",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the verdict.")] = False,
) -> int:
    """Run the matrix of drivers, macOS versions, clocks, signals and faults, and tell what changed.

    Every result is held against the nights before: exact counts of virtual time must be what they
    were; what scatters is judged by statistics that fit it, and made again before it is told.

    The page is INTO/NIGHT/index.html: one file that needs no network. Beside it are night.json,
    summary.md (for a GitHub job summary), junit.xml, the clips, traces and replays.

    \b
    Examples
      hal-lab nightly --quick
      hal-lab nightly --matrix my-driver.toml --history s3://bucket/nights

    Ctrl-C ends it in good order: what was run is a night, and says that it is not whole.

    Exit status: 0 all runs passed; 1 one failed, or something changed for the worse, or
    the night could not be kept; 2 wrong command line; 130 stopped.
    """  # noqa: D301  (click's mark for a paragraph that is not wrapped)
    name = night or datetime.now(UTC).date().isoformat()
    check_night(name)
    if jobs is not None and not 1 <= jobs <= 256:
        raise UsageError("--jobs must be 1 to 256")
    if quick and matrix not in {"full", "quick"}:
        raise UsageError("--quick and --matrix", do="name one of them")
    chosen: Matrix = read_matrix("quick" if quick else matrix)
    cases = chosen.cases(name, history=history)
    if not cases:
        raise UsageError("the matrix asks for nothing", where=chosen.name)
    Store(history)  # a place that is none is better known before an hour was run
    folder = into / name
    make_folder(folder, "--into")
    sweep_leftovers()
    sweep_wire_folders()
    plan = NightPlan(
        night=name,
        cases=cases,
        folder=folder,
        history=history,
        jobs=jobs or min(2, os.cpu_count() or 1),
        matrix=chosen.name,
        command=shlex.join(["hal-lab", *sys.argv[1:]]),
    )
    with stop_flag() as stopped, NightProgress(cases, plan.jobs, quiet=quiet) as progress:
        made = make_night(plan, stop=stopped, watcher=progress)
    out = Output()
    for line in made.drivers:
        style = STYLES[line.verdict]
        out.print(f"[{style}]{line.verdict.value}[/] {escape(line.name)}: {escape(line.sentence)}")
    for change in made.changes:
        mark = "worse" if change.is_worse else "better"
        when = "tonight" if change.since == name else f"since {change.since}"
        told = f"{mark} {when}: {change.key}: {change.sentence}"
        out.print(escape(told), soft_wrap=True, highlight=False)
        if change.is_worse and change.command:
            out.print(f"  again: {escape(change.command)}", soft_wrap=True, highlight=False)
    for complaint in made.complaints:
        typer.echo(f"hal-lab: {complaint}", err=True)
    whole = f"{len(made.results)} results in {minutes(made.duration_s)}"
    out.print(f"{whole}: {folder / 'index.html'}", soft_wrap=True, highlight=False)
    if made.stopped:
        typer.echo(f"hal-lab: {made.stopped}; {made.planned} runs were asked for", err=True)
        return EXIT_STOPPED
    failed = any(line.verdict is Verdict.FAIL for line in made.drivers)
    worse = any(change.is_worse for change in made.changes)
    return 1 if failed or worse or not made.kept else 0
