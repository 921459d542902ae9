"""Changes that belong together are told once: a machine that becomes slow is not forty regressions.

What moves many wall-clock series in the same direction at the same time is one event, whose likely
cause is what they share: the machine. Each night's changes are joined to the events of the nights
before; only a new event is an alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.statistics.series import Change

NEAR_NIGHTS = 10
"""Onsets of noisy series are known to some nights only, and a mood takes some to come."""


@dataclass(frozen=True)
class Event:
    """Changes with one probable cause.

    Attributes
    ----------
    changes
        At least one, the earliest onset first; each with whatever names its series.
    """

    changes: tuple[tuple[str, Change], ...]

    @property
    def since(self) -> str:
        """The earliest onset."""
        return self.changes[0][1].since

    @property
    def shared(self) -> bool:
        """More than one series: look at the machine, or at what they have in common, first."""
        return len(self.changes) > 1


def group(changes: Iterable[tuple[str, Change]], nights: Sequence[str]) -> tuple[Event, ...]:
    """Join changes to events.

    Parameters
    ----------
    changes
        Name of the series and its change: tonight's, and those of the nights before.
    nights
        Names of all nights, ascending, so that distances are known.

    Returns
    -------
    tuple of Event
        Changes of wall-clock series are joined when they go the same way (up or down) and their
        onsets are at most `NEAR_NIGHTS` nights from one another, directly or through a third.
        All others are events of their own.
    """
    place = {night: number for number, night in enumerate(nights)}
    ascending = sorted(changes, key=lambda named: (place.get(named[1].since, -1), named[0]))
    found: list[list[tuple[str, Change]]] = []
    open_event: dict[bool, list[tuple[str, Change]]] = {}
    for name, change in ascending:
        if not change.wall_clock:
            found.append([(name, change)])
            continue
        up = change.after > change.before
        event = open_event.get(up)
        at = place.get(change.since, -1)
        if event is not None and at - place.get(event[-1][1].since, -1) <= NEAR_NIGHTS:
            event.append((name, change))
            continue
        open_event[up] = [(name, change)]
        found.append(open_event[up])
    return tuple(Event(tuple(event)) for event in found)
