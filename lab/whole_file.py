"""Files that are there whole or not at all: written beside, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError

BESIDE = ".writing"
"""Ends the name of a file that is being written; its process is in it, so that two don't meet."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name beside `path`, for a file that takes its place when all went well, and goes when not.

    Parameters
    ----------
    path
        Replaced when it exists; as it was before when writing fails.

    Yields
    ------
    Path
        In the same folder: renaming takes one step there, and needs no room.

    Raises
    ------
    OSError
        As it came.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}{BESIDE}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, text: str, *, what: str = "") -> None:
    """Write a text as UTF-8, whole or not at all.

    Parameters
    ----------
    path
        Replaced when it exists.
    text
        All of it.
    what
        What it is, for the message: ``"the heat map"``.

    Raises
    ------
    LabError
        When there is no room for it, or no permission.
    """
    try:
        with whole_file(path) as beside:
            beside.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise not_written(path, error, what=what) from error


def not_written(path: Path, error: OSError, *, what: str = "") -> LabError:
    """One line about a file that could not be written.

    Parameters
    ----------
    path
        Of the file.
    error
        Why.
    what
        What it is; empty: its name says it.

    Returns
    -------
    LabError
        To be raised.
    """
    told = f"{what} cannot be written" if what else "cannot be written"
    return LabError(
        f"{told} ({error.strerror or error})",
        where=str(path),
        do="make room, or choose another place",
    )
