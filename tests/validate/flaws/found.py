"""A row of the tables: which check finds which flaw, how, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from lab.validate.outcome import Status

CRASHED, FAILED, TIMEOUT, WARNING = Status.CRASHED, Status.FAILED, Status.TIMEOUT, Status.WARNING


@dataclass(frozen=True)
class Found:
    """A check that finds a flaw.

    Attributes
    ----------
    flaw, check
        Their names.
    status
        What comes of it.
    word
        Of the reason (the first line of the evidence), or the entry point that it ended in.
    """

    flaw: str
    check: str
    status: Status
    word: str

    def __str__(self) -> str:
        return f"{self.flaw}={self.check}"
