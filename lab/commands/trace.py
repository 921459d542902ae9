"""``hal-lab trace``: what a trace file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from lab.errors import UsageError
from lab.measure.blame import SENTENCES, blame_cycles, count_causes
from lab.measure.cycles import summarise_cycles
from lab.measure.latency import LatencySummary
from lab.measure.trace import Trace, read_trace
from lab.report.console import Output
from lab.report.perfetto import Written, write_perfetto
from lab.report.terminal import measurement_table
from lab.results import Measurement, Result, load_result


def trace_command(
    file: Annotated[Path, typer.Argument(help="A trace file, finished or still being written.")],
    perfetto: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            help="Also write it as a Perfetto trace, for ui.perfetto.dev: out.pftrace, or "
            "out.pftrace.gz for a smaller one.",
            show_default=False,
        ),
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option(
            help="The result.json of the same run: its glitches go into the Perfetto trace.",
            show_default="the cycles that did damage",
        ),
    ] = None,
) -> None:
    """Sum up the IO cycles of a trace: how many, how late, how long, whose fault."""
    if result is not None and perfetto is None:
        raise UsageError("--result is for a Perfetto trace", do="add --perfetto OUT")
    trace = read_trace(file)
    judged = None if result is None else load_result(result)
    console = Output()
    console.print(
        f"{trace.path}: {trace.clock} clock, seed {trace.seed}, {trace.written} cycles written, "
        f"{trace.overwritten} of them no longer in the ring, {trace.torn} torn",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    for device in np.unique(trace.records["device"]).tolist():
        title = f"device {device}"
        console.print(measurement_table(rows_of(trace, device), title=title))
        causes = count_causes(blame_cycles(trace.of_device(device)))
        for cause, count in causes.items():
            console.print(f"{count} x {cause.id}: {SENTENCES[cause]}", highlight=False)
    if perfetto is not None:
        written = _write_perfetto(trace, perfetto, judged)
        console.print(
            f"{written.path}: {written.events} events, {written.file_bytes} bytes, for "
            "ui.perfetto.dev",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )


def _write_perfetto(trace: Trace, path: Path, judged: Result | None) -> Written:
    if path.exists() and path.samefile(trace.path):
        raise UsageError("--perfetto would replace the trace itself", where=str(path))
    # Every cycle of a run has the same frames: so many were played in those that are gone.
    gone = trace.overwritten * int(trace.records["frames"][0]) if len(trace.records) else 0
    return write_perfetto(
        path,
        records=trace.records,
        sample_rate=0.0,
        title=trace.path.name if judged is None else judged.key,
        glitches=None if judged is None else judged.glitches,
        clock=trace.clock,
        first_frame=gone,
    )


def rows_of(trace: Trace, device: int) -> list[Measurement]:
    """The rows of one device's table.

    Parameters
    ----------
    trace
        A snapshot.
    device
        Index in the host.

    Returns
    -------
    list of Measurement
    """
    summary = summarise_cycles(trace.of_device(device))
    rows = [
        Measurement(name="cycles", value=summary.cycles),
        Measurement(name="frames", value=summary.frames, unit="frames"),
        Measurement(name="late-wake-ups", value=summary.late_wakes),
        Measurement(name="cycles-over-the-drivers-budget", value=summary.over_budget),
        Measurement(name="overloads", value=summary.overloads),
        Measurement(name="skipped-cycles", value=summary.skipped_cycles),
        Measurement(name="driver-errors", value=summary.driver_errors),
        Measurement(name="timestamp-jumps", value=summary.timestamp_jumps),
        Measurement(name="steps-of-a-clock-model", value=summary.clock_steps),
        Measurement(name="new-seeds", value=summary.seed_changes),
    ]
    for name, times in (
        ("wake-up-error", summary.wake_error),
        ("driver-time", summary.driver),
        ("host-time", summary.host),
    ):
        rows += _percentiles(name, times)
    return rows


def _percentiles(name: str, times: LatencySummary) -> list[Measurement]:
    return [
        Measurement(name=f"{name}-p50", value=times.p50_us, unit="us"),
        Measurement(name=f"{name}-p99", value=times.p99_us, unit="us"),
        Measurement(name=f"{name}-max", value=times.max_us, unit="us"),
    ]
