"""A history's figures as a file that other programs read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.history.history import History
from lab.whole_file import not_written, whole_file

VIEWS = ("measurements", "glitches", "results")


def export(history: History, view: str, path: Path) -> int:
    """Write a view as CSV, JSON Lines or Parquet, by the name of the file.

    Parameters
    ----------
    history
        To ask.
    view
        One of `VIEWS`.
    path
        ``.csv``, ``.jsonl`` or ``.parquet``; replaced when it exists, whole or not at all. CSV is
        for the flat views: ``measurements`` is what otava and its like read.

    Returns
    -------
    int
        Rows.

    Raises
    ------
    UsageError
        When there is no such view or kind of file.
    LabError
        When it cannot be written.
    """
    if view not in VIEWS:
        raise UsageError("no such view", where=view, do=f"choose one of {', '.join(VIEWS)}")
    write = _writers().get(path.suffix)
    if write is None:
        kinds = ", ".join(_writers())
        raise UsageError("no such kind of file", where=str(path), do=f"end its name with {kinds}")
    if path.suffix == ".csv" and view == "results":
        raise UsageError("results hold lists, CSV does not", do="export to .jsonl or .parquet")
    table = history.ask(f"select * from {view} order by night, id")  # noqa: S608  (of VIEWS)
    try:
        with whole_file(path) as beside:
            write(table, beside)
    except OSError as error:
        raise not_written(path, error) from error
    return int(table.num_rows)


def _writers() -> dict[str, Callable[[Any, Path], None]]:
    return {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}


def _csv(table: Any, path: Path) -> None:
    import pyarrow.csv

    with path.open("wb") as file:
        pyarrow.csv.write_csv(table, file)


def _jsonl(table: Any, path: Path) -> None:
    import json

    with path.open("w", encoding="utf-8") as file:
        for row in table.to_pylist(maps_as_pydicts="strict"):
            file.write(json.dumps(row) + "\n")


def _parquet(table: Any, path: Path) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(table, path)
