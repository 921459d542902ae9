"""What grows with each round of the same work: leaks, told from what is merely kept.

A host that was started with `HostOptions.exact_memory` is asked for its resources after each of
several equal rounds (`Host.resources`). What the
first rounds allocate for good, such as caches, is no leak; what every later round adds is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.errors import UsageError
from lab.host.models import Resources

WARM_UP = 2
"""Rounds whose growth says nothing."""

UNITS = {
    "allocated_bytes": "bytes of memory",
    "cf_objects": "Core Foundation objects",
    "descriptors": "file descriptors",
    "threads": "threads",
    "mappings": "mappings",
}


@dataclass(frozen=True)
class Leak:
    """One resource that each round took and did not give back.

    Attributes
    ----------
    resource
        Field of `Resources`.
    per_round
        Growth, at the median.
    rounds
        Looked at.
    """

    resource: str
    per_round: float
    rounds: int

    def sentence(self) -> str:
        """In words, one line."""
        return f"each round leaks {self.per_round:g} {UNITS[self.resource]} ({self.rounds} rounds)"


def find_leaks(after: Sequence[Resources]) -> list[Leak]:
    """Resources that grow with every round.

    Parameters
    ----------
    after
        What was held after each round, in order; at least `WARM_UP` + 3.

    Returns
    -------
    list of Leak
        Those that grew in more than half of the rounds after the first `WARM_UP`, and not back in
        the others; none for resources that cannot be told.

    Raises
    ------
    UsageError
        Too few rounds to tell growth from warming up.
    """
    if len(after) < WARM_UP + 3:
        raise UsageError(f"leaks: {len(after)} rounds; at least {WARM_UP + 3} are needed")
    leaks = []
    for resource in UNITS:
        held = [getattr(moment, resource) for moment in after[WARM_UP:]]
        if any(value is None for value in held):
            continue
        growth = np.diff(np.asarray(held, dtype=np.int64))
        per_round = float(np.median(growth))
        if per_round > 0 and held[-1] - held[0] >= per_round * len(growth) / 2:
            leaks.append(Leak(resource, per_round, len(growth)))
    return leaks
