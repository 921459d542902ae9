"""JSON Lines: a head, a line for each check as soon as it is done, a summary.

Whoever ends the validation half-way leaves lines that can be read, without the summary.
"""

from __future__ import annotations

from pathlib import Path

from lab.closing import Closing
from lab.errors import LabError, as_lab_error
from lab.validate.outcome import Head, Outcome, Summary


class JsonLines(Closing):
    """Writes the file.

    Parameters
    ----------
    path
        Replaced, if it is there.

    Raises
    ------
    LabError
        When it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise as_lab_error(error) from error

    def add(self, record: Head | Outcome | Summary) -> None:
        """One more line; it is in the file when this returns, and before that no part of it."""
        data = record.model_dump_json().encode() + b"\n"
        while data:
            data = data[self._file.write(data) :]  # all of it at once, unless the disk is full

    def close(self) -> None:
        """May be called twice."""
        self._file.close()


def read_lines(path: Path) -> tuple[Head, list[Outcome], Summary | None]:
    """Read the file.

    Returns
    -------
    head, outcomes, summary
        The summary is None when the validation was not finished.

    Raises
    ------
    LabError
        When it is none, or of a version that this reader does not know.
    """
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]  # what has no end is not a line yet
    try:
        head = Head.model_validate_json(lines[0])
        rest = lines[1:]
        ended = bool(rest) and '"kind":"summary"' in rest[-1]
        summary = Summary.model_validate_json(rest.pop()) if ended else None
        return head, [Outcome.model_validate_json(line) for line in rest], summary
    except (ValueError, IndexError) as error:
        raise LabError("this is no validation", where=str(path), do="run it again") from error
