"""How a sweep goes on: one line that is drawn anew on a terminal, plain lines now and then else."""

from __future__ import annotations

import sys
import time
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from lab.report.progress import minutes
from lab.report.terminal import number
from lab.sweep.run import Swept

LINE_S = 10.0
"""Between plain lines."""


class SweepProgress:
    """Shows a sweep.

    Parameters
    ----------
    quiet
        Say nothing.
    stream
        Where to; None: standard error.
    line_s
        As `LINE_S`.
    """

    def __init__(
        self, *, quiet: bool = False, stream: TextIO | None = None, line_s: float = LINE_S
    ) -> None:
        self._stream = stream or sys.stderr
        self._console = Console(file=self._stream)
        self._quiet, self._line_s = quiet, line_s
        self._last = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if not self._quiet and self._console.is_interactive:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def begun(self, total: int, there: int) -> None:
        """So many runs are asked for, and so many of them are there already."""
        if there and not self._quiet:
            self._print(f"{number(there)} of {number(total)} runs are in the history already")

    def went_on(self, swept: Swept, waiting_for: str) -> None:
        """Tell, unless it was told a moment ago."""
        line = summary(swept) + (f"; {waiting_for}" if waiting_for else "")
        if self._live is not None:
            self._live.update(Text(line))
        elif not self._quiet and time.monotonic() - self._last >= self._line_s:
            self._last = time.monotonic()
            self._print(line)

    def _print(self, line: str) -> None:
        if self._live is not None:
            self._console.print(Text(line))
        else:
            print(line, file=self._stream, flush=True)


def summary(swept: Swept) -> str:
    """One line: how far it is.

    Parameters
    ----------
    swept
        So far.

    Returns
    -------
    str
    """
    ended = swept.made + swept.not_made
    left = swept.total - swept.there - ended
    told = f"{number(swept.there + ended)} of {number(swept.total)} runs"
    parts = [told, f"{number(swept.glitched)} of {number(swept.made)} made now with a glitch"]
    if swept.not_made:
        parts.append(f"{number(swept.not_made)} could not be made")
    if swept.failed_count:
        parts.append(f"{number(swept.failed_count)} in which the driver failed")
    if swept.real_s > 0 and ended:
        parts.append(f"{number(round(swept.audio_s / swept.real_s))} x real time")
        if left:
            parts.append(f"about {minutes(left * swept.real_s / ended)} left")
    return "; ".join(parts)
