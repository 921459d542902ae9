"""How a night goes on, on a terminal: what runs, what was found, how long it will take.

A table that is drawn anew where there is a terminal; plain lines elsewhere; nothing when quiet.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Self, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lab.night.cases.base import Case
from lab.report.terminal import STYLES, number
from lab.results import Result, Verdict

_LAST_SHOWN = 8


class NightProgress:
    """Shows a night; leaving it leaves the last lines where they are.

    Parameters
    ----------
    cases
        All that will be run.
    jobs
        Runs at a time.
    quiet
        Say nothing.
    stream
        Where to; None: standard error.

    Attributes
    ----------
    done
        Runs that have ended.
    glitches
        So far.
    """

    def __init__(
        self, cases: Sequence[Case], jobs: int, *, quiet: bool = False, stream: TextIO | None = None
    ) -> None:
        self._cases = list(cases)
        self._jobs = jobs
        self._quiet = quiet
        self._stream = stream or sys.stderr
        self._console = Console(file=self._stream)
        self._lock = threading.Lock()
        self._running: dict[int, tuple[Case, float]] = {}
        self._last: list[tuple[str, Result, float]] = []
        self._began = time.monotonic()
        self._ended: set[int] = set()
        self.done = 0
        self.glitches = 0
        self.audio_s = 0.0
        self.verdicts: Counter[Verdict] = Counter()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if not self._quiet and self._console.is_interactive:
            self._live = Live(
                get_renderable=self.table, console=self._console, refresh_per_second=4
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    # ---- what is told to it --------------------------------------------------------------------

    def begun(self, case: Case) -> None:
        """A run begins."""
        with self._lock:
            self._running[id(case)] = (case, time.monotonic())

    def ended(self, case: Case, results: Sequence[Result], real_s: float) -> None:
        """It has ended."""
        with self._lock:
            self._running.pop(id(case), None)
            self._ended.add(id(case))
            self.done += 1
            for result in results:
                self.verdicts[result.verdict] += 1
                self.glitches += result.glitch_count
                self.audio_s += result.audio_s
                self._last.append((case.title, result, real_s))
            del self._last[:-_LAST_SHOWN]
        if self._live is None and not self._quiet:
            self._print_line(case, results, real_s)

    # ---- what it shows -------------------------------------------------------------------------

    def left_s(self) -> float:
        """About how long the rest takes: what was expected of it, by how well that held so far."""
        spent = time.monotonic() - self._began
        done = sum(self._cost(case) for case in self._cases if id(case) in self._ended)
        rest = sum(self._cost(case) for case in self._cases if id(case) not in self._ended)
        return rest * (spent / done if done > 0 else 1.0)

    def _cost(self, case: Case) -> float:
        return case.expected_s / (1 if case.alone else self._jobs)

    def table(self) -> Group:
        """What is drawn."""
        with self._lock:
            table = Table(box=None, pad_edge=False)
            table.add_column("run", ratio=1)
            table.add_column("verdict")
            table.add_column("x real time", justify="right")
            table.add_column("glitches", justify="right")
            for title, result, real_s in self._last:
                table.add_row(
                    Text(title),
                    Text(result.verdict.value, style=STYLES[result.verdict]),
                    _speed(result.audio_s, real_s),
                    number(result.glitch_count),
                )
            for case, since in self._running.values():
                now = f"runs, {time.monotonic() - since:.0f} s"
                table.add_row(Text(case.title, style="bold"), Text(now, style="cyan"), "", "")
            return Group(table, Text(self.summary()))

    def summary(self) -> str:
        """One line: how far it is."""
        spent = time.monotonic() - self._began
        told = ", ".join(f"{count} {verdict.value}" for verdict, count in self.verdicts.items())
        speed = number(round(self.audio_s / spent)) if spent > 0 else "0"
        return (
            f"{self.done} of {len(self._cases)} runs: {told or 'none has ended'}; "
            f"{number(self.glitches)} glitches; {speed} x real time; about "
            f"{minutes(self.left_s())} left"
        )

    def _print_line(self, case: Case, results: Sequence[Result], real_s: float) -> None:
        verdicts = Counter(result.verdict.value for result in results)
        told = ", ".join(f"{n} {v}" if n > 1 else v for v, n in verdicts.items()) or "nothing"
        bad = next((r.reason for r in results if r.verdict is Verdict.FAIL), "")
        line = f"{self.done}/{len(self._cases)} {case.title}: {told}, {real_s:.1f} s"
        print(f"{line}: {bad}" if bad else line, file=self._stream, flush=True)


def _speed(audio_s: float, real_s: float) -> str:
    """How many times as fast as real time; empty of what has no audio."""
    if not audio_s or real_s <= 0:
        return ""
    speed = audio_s / real_s
    return f"{speed:.1f}" if speed < 100 else f"{speed:,.0f}"


def minutes(seconds: float) -> str:
    """A time as people read it: ``"45 s"``, ``"3 min 20 s"``, ``"2 h 5 min"``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
