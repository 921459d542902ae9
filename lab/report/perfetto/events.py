"""What a track holds: slices, instants and counters, without a word about the file format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LATEST_NS = (1 << 62) - 1
"""Times beyond are cut to it: Perfetto's are signed, and a record of nonsense must not wrap."""

TIME_NS = "ns"
"""The unit of counters that Perfetto shows as a time."""


class Kind(IntEnum):
    """What happens: the numbers are those of ``TrackEvent.Type``."""

    BEGIN = 1
    END = 2
    INSTANT = 3
    COUNTER = 4


class Event(NamedTuple):
    """Something on a track.

    Attributes
    ----------
    at_ns
        When; never before the event before it on the same track.
    kind
        Slices are balanced and nested: an END ends the slice that began last.
    name
        Of a slice or an instant; empty for the others.
    arguments
        Names and values, shown when it is clicked.
    flows
        Arrows connect all events that carry the same number.
    values
        A COUNTER has one; any other event one for each of `Track.counters`, or none.
    """

    at_ns: int
    kind: Kind
    name: str = ""
    arguments: tuple[tuple[str, int | str], ...] = ()
    flows: tuple[int, ...] = ()
    values: tuple[int, ...] = ()


@dataclass(frozen=True)
class Counter:
    """A curve beside a track, whose values come with the events of the track.

    Attributes
    ----------
    name
        What is counted.
    unit
        `TIME_NS`, ``"frames"``, ...
    """

    name: str
    unit: str


@dataclass(frozen=True)
class Track:
    """A line of the timeline.

    Attributes
    ----------
    name
        Siblings of one name are drawn as one track: that is how overlapping slices are shown.
    events
        In the order of time. It may be a generator: it is gone through once.
    children
        Tracks below, in the order in which they are shown.
    unit
        Of a track that is a counter itself; empty for slices and instants.
    counters
        Shown above the children.
    description
        A sentence for whoever asks what the track is.
    """

    name: str
    events: Iterable[Event] = ()
    children: tuple[Track, ...] = ()
    unit: str = ""
    counters: tuple[Counter, ...] = ()
    description: str = ""


def as_ns(column: NDArray[Any]) -> NDArray[np.int64]:
    """Times as signed numbers that can be subtracted, 0 to `LATEST_NS`.

    Parameters
    ----------
    column
        Any integers, nanoseconds.

    Returns
    -------
    ndarray of int64
        The same shape.
    """
    if column.dtype.kind == "u":
        column = np.minimum(column, np.uint64(LATEST_NS))
    return np.asarray(np.clip(column.astype(np.int64), 0, LATEST_NS), dtype=np.int64)
