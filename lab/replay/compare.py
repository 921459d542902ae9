"""Where two runs part: first to a window of cycles, by checkpoints, then to one event, by logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.errors import LabError
from lab.replay.events import EVENT, EventLog, Events, Observed, describe, fourcc, verb
from lab.replay.values import different_values

Checkpoints = Sequence[tuple[int, str]]
"""(cycles done, rolling hash then), in order, as ``fingerprint.read`` gives them."""

_IDENTITY = ("kind", "plugin", "object", "client", "code", "detail")


@dataclass(frozen=True)
class Window:
    """Cycles of which both runs have to be logged.

    Attributes
    ----------
    first_cycle, last_cycle
        Both included; 0 is what came before the first cycle, a `last_cycle` of None the end.
    """

    first_cycle: int
    last_cycle: int | None


@dataclass(frozen=True)
class Difference:
    """The first event that is not the same.

    Attributes
    ----------
    index
        Place in the logs, from 0.
    sequence, cycle, time_ns
        Of run A's event, or of run B's where A has ended; the time is since the begin of the
        fingerprint, nanoseconds.
    what
        What differs, for people.
    """

    index: int
    sequence: int
    cycle: int
    time_ns: int
    what: str

    @property
    def sentence(self) -> str:
        """The same with where and when it was."""
        at = f"event {self.sequence}, cycle {self.cycle}, at {self.time_ns / 1e9:.6f} s"
        return f"{at}: {self.what}"


def narrow(checkpoints_a: Checkpoints, checkpoints_b: Checkpoints) -> Window | None:
    """Find the cycles within which two runs part.

    Checkpoints of the two need not stand at the same cycles; those that both have count. As the
    hash rolls, runs that differ once differ from then on.

    Returns
    -------
    Window or None
        None when all checkpoints that both have agree and neither run has later ones: what then
        differs came after the last, if anything. A window without an end when they agree and one
        goes on for longer.
    """
    of_b = dict(checkpoints_b)
    last_equal = 0
    for cycle, digest in checkpoints_a:
        other = of_b.get(cycle)
        if other is None:
            continue
        if other != digest:
            return Window(last_equal, cycle)
        last_equal = cycle
    ends = [points[-1][0] if points else 0 for points in (checkpoints_a, checkpoints_b)]
    return None if ends == [last_equal, last_equal] else Window(last_equal, None)


def first_difference(a: EventLog, b: EventLog) -> Difference | None:
    """Name what differs first between two runs, in one sentence.

    Parameters
    ----------
    a, b
        Logs of the same window of cycles.

    Returns
    -------
    Difference or None
        None when all events are the same.

    Raises
    ------
    LabError
        When the logs cannot be compared: of different windows, of different versions of the
        fingerprint, or full before they differ.
    """
    _check_comparable(a, b)
    common = min(len(a.events), len(b.events))
    differs = np.zeros(common, dtype=bool)
    for name in (name for name in EVENT.names or () if name != "values"):
        differs |= a.events[name][:common] != b.events[name][:common]
    places = np.flatnonzero(differs)
    if len(places):
        index = int(places[0])
        return _named(a, b, index, _sentence(a, b, index))
    if len(a.events) == len(b.events) and not (a.dropped or b.dropped):
        return None
    if (a.dropped and common == len(a.events)) or (b.dropped and common == len(b.events)):
        raise LabError(
            f"the logs are full after {common} equal events",
            where=f"{a.path}, {b.path}",
            do="log fewer cycles, or give the log more capacity",
        )
    longer, name = (a, "B") if len(a.events) > common else (b, "A")
    other = "A" if name == "B" else "B"
    return _named(a, b, common, f"run {name} ends where run {other} {verb(longer.events[common])}")


def _check_comparable(a: EventLog, b: EventLog) -> None:
    where = f"{a.path}, {b.path}"
    if a.version != b.version:
        raise LabError(
            f"fingerprints of version {a.version} and {b.version} have nothing in common",
            where=where,
            do="run both with the same hal-lab",
        )
    if (a.first_cycle, a.last_cycle) != (b.first_cycle, b.last_cycle):
        raise LabError(
            f"the logs are of cycles {a.first_cycle} to {a.last_cycle} and of {b.first_cycle} to "
            f"{b.last_cycle}",
            where=where,
            do="log the same window in both runs",
        )


def _named(a: EventLog, b: EventLog, index: int, what: str) -> Difference:
    log = a if index < len(a.events) else b
    event = log.events[index]
    time_ns = int(event["time_ns"]) - log.start_ns
    sequence, cycle = int(event["sequence"]), int(event["cycle"])
    return Difference(index, sequence, cycle, time_ns, what)


def _sentence(a: EventLog, b: EventLog, index: int) -> str:
    one, two = a.events[index], b.events[index]
    if any(one[name] != two[name] for name in _IDENTITY):
        return f"run A {verb(one)} where run B {verb(two)}"
    words = describe(one)
    if one["cycle"] != two["cycle"]:
        return f"{words} comes in cycle {one['cycle']} in run A, {two['cycle']} in run B"
    if one["time_ns"] != two["time_ns"]:
        later = (int(two["time_ns"]) - b.start_ns) / 1e9
        return f"{words} comes at another time in run B, at {later:.6f} s"
    if one["status"] != two["status"]:
        answers = " in run A, ".join(_answer(event) for event in (one, two))
        return f"{words} answers {answers} in run B"
    if one["data"] != two["data"]:
        values = different_values(a, b, index)
        if words.startswith("the samples"):
            return f"{words} differ{': ' if values else ''}{values}"
        return f"{words}: {values or 'its data differ'}"
    return f"{words} is the same, but the runs have differed before: log from an earlier cycle on"


def _answer(event: np.void) -> str:
    status = int(event["status"])
    if event["kind"] == Observed.HasProperty:
        return "yes" if status else "no"
    return "0" if status == 0 else fourcc(status & 0xFFFFFFFF)


def events_of(events: Events, kind: Observed) -> Events:
    """Those of one kind, shape (n,), dtype `EVENT`."""
    chosen: Events = events[events["kind"] == kind]
    return chosen
