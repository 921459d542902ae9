"""Hand times that a C program has measured to pytest-benchmark, as if it had run the rounds.

pytest-benchmark times a call from Python; here a call would cost more than what is measured. So
its timer is a tape: it stands still, except that each "call" winds it on by the time of one round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class Tape:
    """A clock that moves by the recorded times only."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        """Seconds; the timer of every benchmark that plays from this tape."""
        return self._now

    def play(self, benchmark: Any, rounds_ns: Sequence[float]) -> None:
        """Enter the rounds, in nanoseconds, into pytest-benchmark's statistics."""
        left = iter(rounds_ns)

        def one_round() -> None:
            self._now += next(left) * 1e-9

        play: Callable[..., None] = benchmark.pedantic
        play(one_round, rounds=len(rounds_ns), iterations=1)


TAPE = Tape()
