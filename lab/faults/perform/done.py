"""What comes of an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lab.faults.damage import NOTHING, Allowance, Failure
from lab.faults.events import Event
from lab.faults.rig import Rig


@dataclass
class Done:
    """What came of an event.

    Attributes
    ----------
    result
        What the host answered: numbers and words, the same at each run.
    allowed
        What it may cost.
    failure
        What was wrong at once, without waiting for the check.
    skipped
        Why it was not carried out; empty when it was.
    """

    result: dict[str, Any] = field(default_factory=dict)
    allowed: Allowance = NOTHING
    failure: Failure | None = None
    skipped: str = ""


Performers = dict[type[Event], Callable[[Rig, Any], Done]]
"""Which function carries an event out."""
