"""``hal-lab version``."""

from __future__ import annotations

import platform
import sys

import typer

from lab import __version__
from lab.errors import MissingError
from lab.host.locate import find_daemon


def version_command() -> None:
    """Print the versions of the lab, of Python, and where coreaudiod-sim is."""
    typer.echo(f"hal-lab {__version__}")
    typer.echo(f"python  {platform.python_version()} ({sys.executable})")
    try:
        typer.echo(f"daemon  {find_daemon()}")
    except MissingError as error:
        typer.echo(f"daemon  none: {error}")
