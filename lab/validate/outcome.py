"""What came of a check, and of a whole validation; the JSON form is versioned."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1


class Status(StrEnum):
    """How a check ended."""

    SUCCESS = "success"
    WARNING = "warning"
    """What is recommended, or optional and there, is not as it should be."""
    FAILED = "failed"
    CRASHED = "crashed"
    """The driver took its process with it."""
    TIMEOUT = "timeout"
    """The driver did not return from a call, or the check did not end in its time."""
    SKIPPED = "skipped"
    """There is nothing to check: the driver, or this machine, lacks what it is about."""
    ERROR = "error"
    """The check itself is at fault, or the simulator, or the machine: nothing is known."""

    @property
    def is_drivers_fault(self) -> bool:
        """Whether a driver with it does not pass."""
        return self in {Status.FAILED, Status.CRASHED, Status.TIMEOUT}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Ending(_Record):
    """How the driver's process ended.

    Attributes
    ----------
    signal
        ``"SIGSEGV"``, ...; empty for a hang.
    entry_point
        The function of the interface that the driver was in; ``"?"`` for none.
    backtrace
        A line per frame, innermost first.
    last_calls
        Into the driver, oldest first.
    """

    signal: str = ""
    entry_point: str = "?"
    backtrace: tuple[str, ...] = ()
    last_calls: tuple[str, ...] = ()


class Outcome(_Record):
    """What came of one check.

    Attributes
    ----------
    check
        Its id.
    status
        How it ended.
    evidence
        What was done, what came, what should have come: one line each, the reason first. Empty for
        a success.
    notes
        What is good to know.
    seconds
        Of real time.
    ending
        Of a driver that crashed or hung.
    """

    kind: Literal["check"] = "check"
    check: str
    status: Status
    evidence: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    ending: Ending | None = None


class Head(_Record):
    """What is validated, and how: the first line of the JSON form.

    Attributes
    ----------
    schema_version
        Of all lines of the file.
    lab_version
        Of hal-lab.
    bundle, sha256
        Path of the driver, and the hash of its files.
    profile
        Which macOS is played.
    strictness
        Checks up to this one are run.
    seed
        Of everything random.
    checks
        Ids, in the order in which they begin.
    """

    kind: Literal["validation"] = "validation"
    schema_version: int = SCHEMA_VERSION
    lab_version: str
    bundle: str
    sha256: str
    profile: str
    strictness: int
    seed: int
    checks: tuple[str, ...]


class Summary(_Record):
    """The last line of the JSON form: without it the validation was not finished.

    Attributes
    ----------
    counts
        Of checks, by status.
    seconds
        Of real time.
    exit_code
        0: the driver passes; 1: it does not; 2: nothing can be said.
    """

    kind: Literal["summary"] = "summary"
    counts: dict[str, int]
    seconds: float
    exit_code: int


def summary_of(outcomes: list[Outcome], seconds: float) -> Summary:
    """Count, and judge.

    Parameters
    ----------
    outcomes
        All there are; of none nothing can be said.
    seconds
        Of the whole.
    """
    counts = Counter(outcome.status for outcome in outcomes)
    if any(status.is_drivers_fault for status in counts):
        code = 1
    elif counts[Status.ERROR] or not counts:
        code = 2
    else:
        code = 0
    ordered = {status.value: counts[status] for status in Status if counts[status]}
    return Summary(counts=ordered, seconds=seconds, exit_code=code)
