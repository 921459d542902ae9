"""``hal-lab soak``: days of audio in minutes, with faults, every sample checked."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lab.commands.folders import make_folder
from lab.commands.play import LayoutChoice, stop_flag
from lab.errors import UsageError
from lab.faults.far_end import Choice, choose_far_end, fit_for
from lab.faults.marks import MARKS
from lab.faults.replay import write_case
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup
from lab.faults.shrink import RUNS_MAX, Shrunk, shrink
from lab.faults.soak import NOT_DETERMINISTIC, SoakReport, SoakSettings, confirm, soak
from lab.faults.swarm import chosen_faults
from lab.faults.wire.marks import marks_that_apply
from lab.faults.zero_timestamps import ClockFigures
from lab.host.locate import DEFAULT_DRIVER, find_driver
from lab.play.environment import read_pairs
from lab.play.names import sweep_leftovers
from lab.report.console import Output
from lab.report.terminal import number


class FarEndChoice(StrEnum):
    """Values of ``--far-end``."""

    AUTO = "auto"
    GECKO = "gecko"
    INPUT = "input"
    BUNGHOLE = "bunghole"


EXIT_STOPPED = 130
CYCLES_PER_S = 100
"""At 48 kHz and 480 frames, where a run begins."""
_ALIASES = {"gecko": DEFAULT_DRIVER}


def soak_command(
    driver: Annotated[
        str, typer.Option(help='Bundle to soak: a path, or the name of a built one; "Gecko".')
    ] = "Gecko",
    hours: Annotated[
        float, typer.Option(help="Of audio, all runs together; at 48 kHz, 480 frames a cycle.")
    ] = 1.0,
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same schedules, and the same hash.")
    ] = 0,
    faults: Annotated[
        str,
        typer.Option(
            help="What may go wrong: names with commas in between, groups (host, clients, device, "
            "reader, transport, memory, wire), all, none."
        ),
    ] = "none",
    layout: Annotated[
        LayoutChoice,
        typer.Option(
            help="Of Gecko Sink's shared memory; or the wire that Bunghole's host speaks."
        ),
    ] = LayoutChoice.V2,
    far_end: Annotated[
        FarEndChoice,
        typer.Option(
            help="How the driver is heard: through Gecko Sink's shared memory (gecko), through its "
            "own input, to which it loops its output back (input), or over Bunghole's wire, by a "
            "host inside the simulator (bunghole); auto looks."
        ),
    ] = FarEndChoice.AUTO,
    runs: Annotated[
        int | None,
        typer.Option(
            help="Cut the hours into so many runs, each with a schedule of its own.",
            show_default="1 without faults, else one an hour",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Runs at a time.", show_default="2, or 1 on one core")
    ] = None,
    twice: Annotated[
        int, typer.Option(help="Per cent of the runs that are made twice and must agree.")
    ] = 5,
    schedule_seed: Annotated[
        int, typer.Option(help="Order of the driver's threads (--schedule of coreaudiod-sim).")
    ] = 0,
    schedules: Annotated[
        int,
        typer.Option(
            help="How many orders of the driver's threads are tried, from --schedule-seed on: at "
            "least one run each."
        ),
    ] = 1,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Environment of the driver; kept in the .replay.",
            show_default=False,
        ),
    ] = None,
    shrink_runs: Annotated[
        int, typer.Option(help="A failing schedule is made small in at most so many runs; 0: not.")
    ] = RUNS_MAX,
    into: Annotated[
        Path | None,
        typer.Option(
            help="Folder for soak.json, and for the .replay and its test when a run fails.",
            show_default="this folder, and only when a run fails",
        ),
    ] = None,
) -> int:
    """Run a driver for hours of virtual time, with faults, and check every sample.

    The driver is loaded into a simulated coreaudiod; a client plays PCM that numbers itself, and a
    reader inside the host checks every frame behind the driver's shared memory. A driver without
    such memory is heard through its own input, when it loops its output back to it: how long that
    takes is learnt, and then has to stay so. Bunghole is heard over its wire: a host inside the
    simulator hears each packet, and sends a microphone. Faults come from a seed: each run has a
    random half of those named switched on. What each may cost is fixed
    (docs/reference/fault-schedule.md); anything beyond that is a failure. So are zero timestamps
    of the driver that do not hold, whatever the lab does to the clocks; and a run that is not the
    same when it is made again: then the first event of the host that differs is named.

    \b
    A failing schedule is made small, and written as
      NAME.replay     for hal-lab replay
      test_NAME.py    for pytest
      NAME.events     what the host observed, if the run is short: hal-lab replay compares with it

    The last line has the hash of everything that was observed: the same command gives the same
    hash on any machine. Virtual time does not hear the machine's noise.

    \b
    Examples
      hal-lab soak --hours 24
      hal-lab soak --hours 24 --seed 7 --faults all --layout v1
      hal-lab soak --driver My.driver --faults stall,rate,restart --runs 100 --into found
      hal-lab soak --driver My.driver --hours 1 --schedules 50
      hal-lab soak --driver Bunghole --hours 3 --faults all --layout v1
      hal-lab soak --driver Loopback.driver --far-end input --faults host,clients,device

    Exit status: 0 passed; 1 a run failed; 2 wrong command line; 130 stopped by Ctrl-C, after what
    was done so far has been told.
    """  # noqa: D301  (click's mark for a paragraph that is not wrapped)
    names = chosen_faults(faults)
    _check(
        hours=hours,
        seed=seed,
        runs=runs,
        jobs=jobs,
        twice=twice,
        shrink_runs=shrink_runs,
        schedules=schedules,
    )
    total = round(hours * 3600 * CYCLES_PER_S)
    count = max(runs or (max(1, math.ceil(hours)) if names else 1), schedules)
    bundle = _ALIASES.get(driver.lower(), driver)
    environment = read_pairs(set_ or [])
    word: Literal["v1", "v2"] = "v1" if layout is LayoutChoice.V1 else "v2"
    heard = choose_far_end(far_end.value, find_driver(bundle), layout=word, environment=environment)
    names, left_out = fit_for(heard.kind, names)
    setup = Setup(
        driver=bundle,
        layout=word,
        far_end=heard.kind,
        cycles=max(1, total // count),
        schedule_seed=schedule_seed,
        environment=environment,
    )
    settings = SoakSettings(
        setup=setup,
        runs=count,
        seed=seed,
        faults=names,
        jobs=jobs or min(2, os.cpu_count() or 1),
        twice_percent=twice,
        schedules=schedules,
    )
    if into is not None:
        make_folder(into, "--into")
    sweep_leftovers()
    out = Output()
    _tell_far_end(out, heard, left_out)
    with stop_flag() as stopped:
        with _bar(f"soak {bundle}", setup.cycles * count) as progress:
            report = soak(settings, stop=stopped, progress=progress)
        small = None
        if report.failure is not None and shrink_runs and not stopped():
            small = _make_small(settings, report, shrink_runs, stopped)
    _tell(out, settings, report)
    if report.failure is not None:
        _tell_failure(out, report, small, into or Path())
    if into is not None:
        path = into / "soak.json"
        told = as_json(settings, report) | {"left_out": left_out}
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    out.print(last_line(settings, report), soft_wrap=True, highlight=False)
    if report.failure is not None:
        return 1
    return EXIT_STOPPED if report.interrupted else 0


# ---- what is told --------------------------------------------------------------------------------


def marks_for(settings: SoakSettings) -> dict[str, str]:
    """Rare states that a soak can be in.

    Parameters
    ----------
    settings
        Of the soak.

    Returns
    -------
    dict
        Names and what they mean: over Bunghole's wire those that its faults can lead to, else all
        that there are.
    """
    return marks_that_apply(settings.faults) if settings.setup.far_end == "bunghole" else MARKS


def last_line(settings: SoakSettings, report: SoakReport) -> str:
    """The whole soak on one line.

    Parameters
    ----------
    settings, report
        Of the soak.

    Returns
    -------
    str
    """
    marks = report.counted("marks")
    speed = report.simulated_s / report.real_s if report.real_s else 0.0
    verdict = "failed" if report.failure else "stopped" if report.interrupted else "passed"
    parts = [
        f"hash {report.hash[:16] or 'none'}",
        f"{number(report.cycles)} cycles",
        f"{number(report.frames_verified)} frames verified",
        f"{number(round(speed))} x real time",
        f"{number(report.counted('injected').total())} faults",
        f"{len(marks)} of {len(marks_for(settings))} marks",
    ]
    return f"{verdict}: " + ", ".join(parts)


def as_json(settings: SoakSettings, report: SoakReport) -> dict[str, Any]:
    """The report as it is kept.

    Parameters
    ----------
    settings, report
        Of the soak.

    Returns
    -------
    dict
    """
    ordered = [report.outcomes[run] for run in sorted(report.outcomes)]
    memory = [
        {
            "heap_bytes": [o.memory_start.heap_bytes, o.memory_end.heap_bytes],
            "resident_bytes": [o.memory_start.resident_bytes, o.memory_end.resident_bytes],
        }
        for o in ordered
        if o.memory_start is not None and o.memory_end is not None
    ]
    return {
        "hash": report.hash,
        "failure": None if report.failure is None else asdict(report.failure),
        "failed_run": report.failed_run,
        "host_report": next((o.host_report for o in ordered if o.host_report), {}),
        "interrupted": report.interrupted,
        "seed": settings.seed,
        "setup": settings.setup.model_dump(),
        "faults": list(settings.faults),
        "runs": settings.runs,
        "repeated": report.repeated,
        "cycles": report.cycles,
        "frames_verified": report.frames_verified,
        "simulated_s": report.simulated_s,
        "real_s": report.real_s,
        "injected": dict(report.counted("injected")),
        "latencies": [
            {"frames": frames, "rate": rate, "latency_frames": latency}
            for (frames, rate), latency in sorted(report.latencies.items())
        ],
        "skipped": dict(report.counted("skipped")),
        "zero_timestamps": _clocks_as_json(report.clocks),
        "marks": {mark: report.counted("marks")[mark] for mark in marks_for(settings)},
        "memory_start_end": memory,
        "run_hashes": [outcome.hash for outcome in ordered],
    }


_WHY_LEFT_OUT = {
    "gecko": "they need Bunghole's wire",
    "input": "they need Gecko's shared memory",
    "bunghole": "they happen to shared memory, or to formats",
}


def _clocks_as_json(clocks: ClockFigures) -> dict[str, Any]:
    # asdict() makes another Counter of a Counter.
    figures = {f.name: getattr(clocks, f.name) for f in fields(clocks)}
    return figures | {"excused": dict(clocks.excused)}


def _tell_far_end(out: Console, heard: Choice, left_out: list[str]) -> None:
    names = {
        "gecko": "Gecko's shared memory",
        "input": "the driver's own input",
        "bunghole": "Bunghole's wire",
    }
    out.print(f"far end: {names[heard.kind]} ({heard.reason})", soft_wrap=True, highlight=False)
    if left_out:
        out.print(
            f"left out, {_WHY_LEFT_OUT[heard.kind]}: {', '.join(left_out)}",
            soft_wrap=True,
            highlight=False,
        )


def _tell(out: Console, settings: SoakSettings, report: SoakReport) -> None:
    injected = report.counted("injected")
    if injected:
        told = ", ".join(f"{name} {times}" for name, times in sorted(injected.items()))
        out.print(f"faults: {told}", soft_wrap=True, highlight=False)
    for (frames, rate), latency in sorted(report.latencies.items()):
        out.print(
            f"learnt: heard {latency} frames after it was played, at {frames} frames a cycle and "
            f"{rate} Hz",
            soft_wrap=True,
            highlight=False,
        )
    _tell_clocks(out, report.clocks)
    for reason, times in sorted(report.counted("skipped").items()):
        out.print(f"not done: {reason} ({times} times)", soft_wrap=True, highlight=False)
    if settings.faults:
        marks, every = report.counted("marks"), marks_for(settings)
        reached = ", ".join(f"{mark} {marks[mark]}" for mark in every if marks[mark]) or "none"
        missed = ", ".join(mark for mark in every if not marks[mark]) or "none"
        out.print(f"sometimes, reached: {reached}", soft_wrap=True, highlight=False)
        out.print(f"sometimes, never reached: {missed}", soft_wrap=True, highlight=False)
    grown = [
        (o.memory_start.resident_bytes or 0, o.memory_end.resident_bytes or 0)
        for o in report.outcomes.values()
        if o.memory_start is not None and o.memory_end is not None
    ]
    if grown:
        start, end = max(grown, key=lambda pair: pair[1] - pair[0])
        out.print(
            f"memory of the host: {start / 2**20:.1f} MiB at the start, {end / 2**20:.1f} MiB at "
            "the end, where it grew most",
            highlight=False,
        )
    if report.repeated:
        out.print(f"made twice: {len(report.repeated)} of {len(report.outcomes)} runs")


def _tell_clocks(out: Console, clocks: ClockFigures) -> None:
    """The figures of the driver's zero timestamps, and what was not held against it."""
    if not clocks.different:
        return
    said = f"zero timestamps: {number(clocks.different)}"
    if clocks.lines:
        said += (
            f"; at most {clocks.rate_ppm:.3f} ppm off nominal, jitter p99 "
            f"{clocks.jitter_p99_ns / 1e3:.3f} us, step {clocks.step_max_ns / 1e3:.3f} us in "
            f"{number(clocks.lines)} time lines"
        )
    out.print(said, soft_wrap=True, highlight=False)
    for reason, times in sorted(clocks.excused.items()):
        out.print(
            f"zero timestamps, not held against the driver: {reason} ({times} times)",
            soft_wrap=True,
            highlight=False,
        )


def _tell_failure(out: Console, report: SoakReport, small: Shrunk | None, folder: Path) -> None:
    assert report.failure is not None
    assert report.failed_run is not None
    out.print(
        f"run {report.failed_run} failed: {report.failure.kind}: {report.failure.sentence}",
        soft_wrap=True,
        highlight=False,
    )
    if small is None:
        return
    bound = ", when its runs were used up" if small.exhausted else ""
    out.print(
        f"made small in {small.runs} runs{bound}: {len(small.events)} events in "
        f"{small.setup.cycles} cycles",
        highlight=False,
    )
    for event in small.events:
        out.print(f"  {json.dumps(event.line())}", soft_wrap=True, highlight=False, markup=False)
    assert small.outcome.failure is not None
    name = f"{small.outcome.failure.kind}_{small.setup.driver.rpartition('/')[2]}".lower()
    for path in write_case(folder, name.removesuffix(".driver"), small):
        out.print(f"written: {path}", soft_wrap=True, highlight=False)


def _make_small(
    settings: SoakSettings, report: SoakReport, runs_max: int, stop: Callable[[], bool]
) -> Shrunk | None:
    assert report.failure is not None
    assert report.failed_run is not None
    run = report.failed_run
    setup, events = settings.setup_of(run), settings.schedule(run)
    outcome = report.outcomes[run]
    if report.failure.kind == NOT_DETERMINISTIC or not confirm(settings, report, stop=stop):
        return None  # what cannot be repeated cannot be made small
    console = Console(stderr=True)
    with console.status("making it small") as status:

        def told(runs: int, left: int) -> None:
            status.update(f"making it small: {left} events after {runs} runs")

        return shrink(
            setup,
            events,
            outcome,
            lambda candidate, chosen: run_schedule(candidate, chosen, stop=stop),
            runs_max=runs_max,
            progress=told,
        )


@contextmanager
def _bar(title: str, cycles: int) -> Iterator[Callable[[int], None]]:
    """Tell progress: a bar on a terminal, a line for each tenth elsewhere."""
    console = Console(stderr=True)
    if not console.is_interactive:
        tenth = 0

        def line(done: int) -> None:
            nonlocal tenth
            if done * 10 // max(1, cycles) > tenth:
                tenth = min(10, done * 10 // max(1, cycles))
                sys.stderr.write(f"{title}: {min(done, cycles):,} of {cycles:,} cycles\n")

        yield line
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} cycles"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(title, total=cycles)
        yield lambda done: bar.update(task, completed=min(done, cycles))


# ---- what is asked for ---------------------------------------------------------------------------


def _check(
    *,
    hours: float,
    seed: int,
    runs: int | None,
    jobs: int | None,
    twice: int,
    shrink_runs: int,
    schedules: int,
) -> None:
    if not (math.isfinite(hours) and 0 < hours <= 1_000_000):
        raise UsageError("--hours must be a number above 0")
    if not 0 <= seed < 1 << 64:
        raise UsageError("--seed must be 0 to 2^64 - 1")
    if runs is not None and not 1 <= runs <= 1_000_000:
        raise UsageError("--runs must be 1 to 1,000,000")
    if not 1 <= schedules <= 1_000_000:
        raise UsageError("--schedules must be 1 to 1,000,000")
    if jobs is not None and not 1 <= jobs <= 256:
        raise UsageError("--jobs must be 1 to 256")
    if not 0 <= twice <= 100:
        raise UsageError("--twice must be 0 to 100")
    if shrink_runs < 0:
        raise UsageError("--shrink-runs must be 0 or more")
