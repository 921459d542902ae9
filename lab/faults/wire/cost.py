"""What an event may cost on Bunghole's wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.faults.damage import Failure

BACKOFF_S = 1.0
BACK_S = BACKOFF_S + 1.0
"""From when the host can be reached until audio is there: the driver's backoff, and a second."""
HALF_OPEN_S = {"v1": 10.0, "v2": 3.0}
"""How long a driver waits for a host from which it hears nothing."""

INPUT_GAP = frozenset({"dry", "silence", "cuts"})
RECONNECT = (
    frozenset(
        {"unconnected", "lost", "connections", "closings", "discontinuities", "mic_connections"}
    )
    | INPUT_GAP
)
"""Of a connection that ends and comes back, in both directions."""
HELD_UP = (
    frozenset({"late", "ring_full", "lost", "discontinuities", "overflow", "mic_lost"}) | INPUT_GAP
)
"""Of a host that does not take what comes, or does not send: its microphone drops what waits."""
AWAY = (
    frozenset(
        {"skipped_cycles", "late_wakes", "discontinuities", "late", "ring_full", "lost", "overflow"}
    )
    | INPUT_GAP
)
"""Of IO threads that are not there: the microphone goes on meanwhile."""
IO_STOPPED = frozenset({"discontinuities", "late_wakes", "overflow"}) | INPUT_GAP


@dataclass(frozen=True)
class Cost:
    """What may happen until audio has settled again.

    Attributes
    ----------
    may
        Counts that may go up; the others may not.
    back_s
        From now on, until both directions carry audio again.
    old_audio
        Whether packets may arrive late, for something kept them.
    exact
        Counts that have to go up by so much, when nothing else happens.
    """

    may: frozenset[str] = frozenset()
    back_s: float = 0.0
    old_audio: bool = False
    exact: dict[str, int] = field(default_factory=dict)


NOTHING = Cost()


@dataclass
class Performed:
    """What came of an event.

    Attributes
    ----------
    result
        Numbers and words, the same at each run.
    cost
        What it may cost.
    failure
        What was wrong at once.
    skipped
        Why it was not carried out; empty when it was.
    """

    result: dict[str, Any] = field(default_factory=dict)
    cost: Cost = NOTHING
    failure: Failure | None = None
    skipped: str = ""
