"""Folders that a command is told to write to."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lab.errors import LabError


def make_folder(folder: Path, option: str) -> None:
    """Make a folder, and see that it can be written to: better known before an hour was run.

    Parameters
    ----------
    folder
        May be there already.
    option
        That named it, for messages.

    Raises
    ------
    LabError
        When it cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused("the folder cannot be made", error, folder, option) from error
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _refused("nothing can be written to the folder", error, folder, option) from error


def _refused(what: str, error: OSError, folder: Path, option: str) -> LabError:
    return LabError(
        f"{what} ({error.strerror})", where=str(folder), do=f"choose another one ({option})"
    )
