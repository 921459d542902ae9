"""What came of a run of a schedule."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lab.faults.damage import Damage, Failure
from lab.faults.lives import Life
from lab.faults.zero_timestamps import ClockFigures
from lab.host.models import CoverageRow, Resources


@dataclass
class Outcome:
    """What came of a run.

    Attributes
    ----------
    hash
        Of everything that was observed, 64 hex digits: the same at each run of the same schedule.
    failure
        None when it passed.
    cycles, frames_verified
        Run, and heard to be right.
    simulated_s, real_s
        Virtual and real time.
    injected
        Events by name.
    skipped
        What could not be done, and how often.
    marks
        Rare states that were reached, and how often.
    memory_start, memory_end
        Of the first daemon after its first cycles, and of the last at the end.
    interrupted
        By Ctrl-C; then nothing is said about determinism.
    latencies
        Frames from being played to being heard, by frames of a cycle and rate; of a driver that is
        heard through its input.
    clocks
        What the driver's zero timestamps were like.
    host_report
        Last words of a daemon that has gone, with a backtrace; empty otherwise.
    journal
        What the hash is of, one line of JSON for each event and each verdict.
    lives
        Fingerprints with their checkpoints, one for each daemon that did not die.
    damaged
        Stretches in which frames were lost, or cycles left out: the cycle at their end, and all
        that was counted there. Of a driver that is heard by a reader.
    calls
        What the driver was asked in these lives; empty when it was not to be counted.
    """

    hash: str = ""
    failure: Failure | None = None
    cycles: int = 0
    frames_verified: int = 0
    simulated_s: float = 0.0
    real_s: float = 0.0
    injected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    memory_start: Resources | None = None
    memory_end: Resources | None = None
    interrupted: bool = False
    latencies: dict[tuple[int, int], int] = field(default_factory=dict)
    clocks: ClockFigures = field(default_factory=ClockFigures)
    host_report: dict[str, Any] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    damaged: list[tuple[int, Damage]] = field(default_factory=list)
    calls: list[CoverageRow] = field(default_factory=list)


class RunHash:
    """Of JSON values, one after the other; they are kept, so that two runs can be compared."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.lines: list[str] = []

    def add(self, value: Any) -> None:
        """One more value."""
        line = json.dumps(value, sort_keys=True, separators=(",", ":"))
        self.lines.append(line)
        self._hash.update(line.encode() + b"\n")

    def digest(self) -> str:
        """64 hexadecimal digits."""
        return self._hash.hexdigest()
