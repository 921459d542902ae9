"""``hal-lab replay``: run a failing schedule again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.commands.play import stop_flag
from lab.faults.replay import replay
from lab.play.names import sweep_leftovers
from lab.report.console import Output

EXIT_STOPPED = 130


def replay_command(
    file: Annotated[Path, typer.Argument(help="The .replay that hal-lab soak has written.")],
    driver: Annotated[
        str | None,
        typer.Option(
            help="Bundle to run it on: a path, or the name of a built one.",
            show_default="the one in the file",
        ),
    ] = None,
) -> int:
    """Run a failing schedule again, and say whether it still fails.

    The file holds all that it takes: driver, seeds, layout, length, the events, and the failure
    that is expected. The same driver gives the same failure, to the last observation; a repaired
    one passes. A run that is not the recorded one says where it leaves it: the first call or
    samples that differ, with both values, when the event log (.events) lies beside the file, else
    between which checkpoints.

    Exit status: 0 it passed; 1 it failed, as expected or in another way (the line says which);
    2 the file cannot be used.
    """
    sweep_leftovers()
    out = Output()
    with stop_flag() as stopped:
        found = replay(file, driver=driver, stop=stopped)
    if found.outcome.interrupted:
        out.print("stopped")
        return EXIT_STOPPED
    out.print(f"{file.name}: {found.verdict()}", soft_wrap=True, highlight=False, markup=False)
    return 0 if found.outcome.failure is None else 1
