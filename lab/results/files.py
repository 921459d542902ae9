"""Results as files of JSON. A reader refuses what it does not know instead of guessing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lab.errors import LabError
from lab.results.records import SCHEMA_VERSION, Result


def save_result(result: Result, path: Path) -> None:
    """Write a result as JSON.

    Parameters
    ----------
    result
        The record.
    path
        Replaced when it exists.
    """
    path.write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_result(path: Path) -> Result:
    """Read a result.

    Parameters
    ----------
    path
        Of the JSON.

    Returns
    -------
    Result

    Raises
    ------
    LabError
        When it is not one, or of a version that is not known.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LabError(f"the result cannot be read ({error.strerror})", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise _no_result(str(path), "not UTF-8") from error
    return read_result(text, where=str(path))


def read_result(text: str, *, where: str = "") -> Result:
    """Read a result of this version, or of an older one.

    Parameters
    ----------
    text
        JSON.
    where
        Where it came from, for messages.

    Returns
    -------
    Result
        As a result of this version.

    Raises
    ------
    LabError
        When it is not one, or of a version that is not known.
    """
    try:
        told = json.loads(text)
    except ValueError as error:
        raise _no_result(where, "not JSON") from error
    if not isinstance(told, dict):
        raise _no_result(where, "not an object")
    version = told.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise LabError(
            f"a result of version {version}; this hal-lab knows up to {SCHEMA_VERSION}",
            where=where,
            do="update hal-lab",
        )
    try:
        return Result.model_validate(_brought_up(told))
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise _no_result(where, what) from error


def _brought_up(told: dict[str, Any]) -> dict[str, Any]:
    """Version 1 lacked what version 2 has, all of which may be absent."""
    return told | {"schema_version": 2} if told.get("schema_version") == 1 else told


def _no_result(where: str, what: str) -> LabError:
    return LabError(
        f"not a result of version {SCHEMA_VERSION} ({what})",
        where=where,
        do="use the hal-lab that wrote it",
    )
