"""Where in a TOML file something stands: the standard library's reader does not say."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TABLE = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+))*)\s*="""
)

Path = tuple[str, ...]


def lines_of_keys(text: str) -> dict[Path, int]:
    """The line of each table and key.

    Parameters
    ----------
    text
        A TOML document. Keys within inline tables are not looked for.

    Returns
    -------
    dict
        Path of the key to its line, counted from 1; the first one where it stands twice.
    """
    found: dict[Path, int] = {(): 1}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _parts(header[1])
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def line_of(path: Sequence[object], lines: dict[Path, int]) -> int:
    """The line of the nearest thing around `path` that stands on one.

    Returns
    -------
    int
        Counted from 1; 1 for the document as a whole.
    """
    wanted = tuple(str(part) for part in path)
    while wanted not in lines and wanted:
        wanted = wanted[:-1]
    return lines.get(wanted, 1)


def _parts(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
