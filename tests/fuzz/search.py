"""Looking for an input on which a check fails, for a while."""

from __future__ import annotations

import mmap
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from hypothesis import HealthCheck, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

BATCH = 500
"""Inputs of one run of hypothesis, each run with a seed of its own."""
MOST_SECONDS = 5.0
"""Of processor time for one input."""
LARGEST = 1 << 20

Check = Callable[[bytes], None]


class TooLongError(Exception):
    """One input took more processor time than any should."""


@dataclass(frozen=True)
class Find:
    """An input that should have been read or refused, and was neither.

    Attributes
    ----------
    data
        The input, made as small as could be.
    said
        The error, in one line.
    why
        The error, with where it was raised.
    """

    data: bytes
    said: str
    why: str


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    inputs: int
    find: Find | None = None


class Note:
    """The input that is being looked at, in a file: it is there after a crash, too."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(8 + LARGEST))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)

    def keep(self, data: bytes) -> None:
        """Replace what was noted."""
        kept = data[:LARGEST]
        self._memory[8 : 8 + len(kept)] = kept
        self._memory[:8] = len(kept).to_bytes(8, "little")


def noted(path: Path) -> bytes:
    """What a process that is gone was looking at."""
    data = path.read_bytes()
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


def search(
    inputs: st.SearchStrategy[bytes],
    check: Check,
    *,
    seconds: float,
    note: Note | None = None,
    batch: int = BATCH,
    first_seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Try inputs until one fails or time is over; at least one batch.

    Parameters
    ----------
    inputs
        What to try.
    check
        Raises when an input is a find.
    seconds
        How long.
    note
        Keeps the input for the case of a crash.
    batch
        Inputs between two looks at the clock.
    first_seed
        Of the first batch.
    clock
        Tells seconds.

    Returns
    -------
    Outcome
    """
    end, count, number = clock() + seconds, 0, first_seed
    failing = [b""]

    def once(data: bytes) -> None:
        nonlocal count
        count += 1
        if note is not None:
            note.keep(data)
        try:
            with at_most(MOST_SECONDS):
                check(data)
        except Exception:
            failing[0] = data  # the last one is the smallest: hypothesis ends with it
            raise

    limits = settings(
        max_examples=batch,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    while number == first_seed or clock() < end:
        try:
            with warnings.catch_warnings():
                # An input is bytes, kept in a file: nobody needs its text.
                warnings.simplefilter("ignore", HypothesisWarning)
                seed(number)(limits(given(inputs)(once)))()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a find)
            said = " ".join(f"{type(error).__name__}: {error}".split())
            return Outcome(
                count, Find(failing[0], said, "".join(traceback.format_exception(error)))
            )
        number += 1
    return Outcome(count)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `TooLongError` where more processor time is taken; in a main thread."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError(f"more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
