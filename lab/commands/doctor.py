"""``hal-lab doctor``: the same as ``python -m lab.doctor``."""

from __future__ import annotations

import typer

from lab.doctor.__main__ import main


def doctor_command(context: typer.Context) -> int:
    """Name what this machine lacks, with the line that installs it (--install does it)."""
    try:
        return main(context.args)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 2
