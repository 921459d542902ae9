"""Rare states of the wire that a soak should have been in: its "sometimes" marks.

They are read from the journal of a run: what events did, and what host, driver and simulated
coreaudiod counted in each stretch. So a run that is made again has the same marks, and one whose
journal was kept can be asked for them later.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.faults.schedule import parse_event

LONGEST_FRAMES, SHORTEST_FRAMES = 8_192, 16


@dataclass(frozen=True)
class Mark:
    """One of them.

    Attributes
    ----------
    text
        What was the case.
    faults
        Events that can lead there, any of them; without all of these it cannot be reached.
    """

    text: str
    faults: frozenset[str]


def _mark(text: str, *faults: str) -> Mark:
    return Mark(text, frozenset(faults))


_STALLS = ("reader-stall", "transport-stall", "reader-slow")
_ENDINGS = ("disconnect", "half-open", "reader-detach", "reader-attach", "old-host")
_STALLED_OR_ENDED = (*_STALLS, *_ENDINGS)

WIRE_MARKS: dict[str, Mark] = {
    "output-reconnected": _mark(
        "a connection of the output ended, and audio went over a new one", *_ENDINGS, *_STALLS
    ),
    "microphone-reconnected": _mark(
        "a connection of the microphone ended, and audio came over a new one",
        *_ENDINGS,
        *_STALLS,
        "bad-frame",
    ),
    "burst-dropped-on-connect": _mark(
        "what was played while nobody listened was dropped, not sent to who came", *_ENDINGS
    ),
    "half-open-noticed": _mark("the driver gave a host up that said nothing", "half-open"),
    "peer-never-reads": _mark("the driver gave a host up that took no byte for 2 s", *_STALLS),
    "late-dropped": _mark("what a host did not take was dropped, the oldest first", *_STALLS),
    "late-but-kept": _mark("a host stood still, and nothing was dropped for it", *_STALLS),
    "loss-counted": _mark("the host knew by numbers what was lost on the way", "loss"),
    "output-concealed": _mark("the host made up for packets that were lost", "loss"),
    "microphone-concealed": _mark(
        "the driver made up for packets that were lost", "loss", "reorder", "corrupt"
    ),
    "late-packet-left-out": _mark(
        "a packet of the microphone came too late, or twice, and was left out", "reorder", "repeat"
    ),
    "bad-frame-refused": _mark("the driver closed at a frame that none may be", "bad-frame"),
    "input-ran-dry": _mark(
        "the input had no audio, and was silent", *_STALLED_OR_ENDED, "bad-frame", "loss", "drift"
    ),
    "latency-recovered": _mark(
        "the input had too much, and cut its latency",
        *_STALLS,
        *("repeat", "drift", "late-wake", "stall", "lose-cycles"),
    ),
    "v1-fallback": _mark("a driver that spoke v2 went on in v1, for its host is old", "old-host"),
    "v2-again": _mark("a driver that spoke v1 went on in v2", "old-host"),
    "fault-in-v1": _mark("a connection of v1 ended, and was made again in v1", "old-host"),
    "storm-unheard": _mark(
        "IO was stopped and started many times while the host stood still or heard nothing",
        "start-stop-storm",
    ),
    "restart-while-away": _mark(
        "the daemon was replaced while nobody listened, or the host stood still", "restart"
    ),
    "sleep-while-away": _mark("IO slept while nobody listened", "sleep-wake"),
    "longest-block": _mark(f"{LONGEST_FRAMES} frames a cycle", "buffer-frames"),
    "shortest-block": _mark(f"{SHORTEST_FRAMES} frames a cycle", "buffer-frames"),
    "three-faults-at-once": _mark("three faults before audio had settled again"),
}

_NEED_ANOTHER = {
    "fault-in-v1": frozenset(_STALLED_OR_ENDED) - {"old-host"},
    "storm-unheard": frozenset({*_STALLS, "half-open", "reader-detach"}),
    "restart-while-away": frozenset({*_STALLS, "reader-detach"}),
    "sleep-while-away": frozenset({"reader-detach"}),
}
"""Marks of two faults at once: one of these as well."""


def marks_that_apply(faults: Sequence[str]) -> dict[str, str]:
    """Marks that a soak with these faults can reach.

    Parameters
    ----------
    faults
        Names of events that may be switched on.

    Returns
    -------
    dict
        Names and what they mean, in the order of the reference.
    """
    on = frozenset(faults)
    return {
        name: mark.text
        for name, mark in WIRE_MARKS.items()
        if on
        and (not mark.faults or mark.faults & on)
        and (name not in _NEED_ANOTHER or _NEED_ANOTHER[name] & on)
    }


@dataclass
class _Stretch:
    """Events, and what was counted from the first of them until audio had settled.

    `packets_with_times` are those of v2.
    """

    events: list[Any]
    counts: Mapping[str, int]
    packets_with_times: int = 0

    def count(self, name: str) -> int:
        return self.counts.get(name, 0)

    def has(self, *names: str) -> bool:
        return any(event.name in names for event in self.events)


def _stretches(journal: Sequence[str]) -> Iterator[_Stretch]:
    """What belongs together, in its order; a journal that ends early ends here, too."""
    events: list[Any] = []
    waiting: _Stretch | None = None
    for line in map(json.loads, journal):
        match line:
            case [int(), dict() as event, dict(), str() as skipped]:
                if not skipped:
                    events.append(parse_event(event))
            case [int(), int(), dict() as counts, str()]:
                waiting, events = _Stretch(events, counts), []
            case [int() as packets, int(), int()] if waiting is not None:
                waiting.packets_with_times = packets
                yield waiting
                waiting = None


_SEEN: dict[str, Callable[[_Stretch], bool]] = {
    "output-reconnected": lambda s: s.count("connections") > 0 and s.count("packets") > 0,
    "microphone-reconnected": lambda s: (
        s.count("mic_connections") > 0 and s.count("mic_packets") > 0
    ),
    "burst-dropped-on-connect": lambda s: (
        s.count("connections") > 0 and s.count("unconnected") > 0 and s.count("packets") > 0
    ),
    "half-open-noticed": lambda s: (
        s.has("half-open") and s.count("deadlines") + s.count("mic_deadlines") > 0
    ),
    # Nothing else lets a driver that plays miss a deadline.
    "peer-never-reads": lambda s: (
        s.has(*_STALLS) and not s.has("half-open") and s.count("deadlines") > 0
    ),
    "late-dropped": lambda s: s.has(*_STALLS) and s.count("late") > 0,
    "late-but-kept": lambda s: (
        s.has(*_STALLS) and not s.has(*_ENDINGS) and not s.count("late") + s.count("connections")
    ),
    "loss-counted": lambda s: s.has("loss") and s.count("lost") > 0 and s.count("lost_on_way") > 0,
    "output-concealed": lambda s: s.count("concealed") > 0,
    "microphone-concealed": lambda s: s.count("mic_concealed") > 0,
    "late-packet-left-out": lambda s: s.count("mic_out_of_order") > 0,
    "bad-frame-refused": lambda s: s.has("bad-frame") and s.count("mic_protocol_errors") > 0,
    "input-ran-dry": lambda s: bool(s.events) and s.count("dry") > 0,
    "latency-recovered": lambda s: s.count("cuts") > 0,
    "longest-block": lambda s: _sets_frames(s, LONGEST_FRAMES),
    "shortest-block": lambda s: _sets_frames(s, SHORTEST_FRAMES),
    "three-faults-at-once": lambda s: len(s.events) >= 3,
}
"""What one stretch shows by itself."""


def _sets_frames(stretch: _Stretch, frames: int) -> bool:
    return any(e.name == "buffer-frames" and e.frames == frames for e in stretch.events)


def marks_of(journal: Sequence[str]) -> Counter[str]:
    """The marks that a run has reached.

    Parameters
    ----------
    journal
        Of a run on the wire (`lab.faults.run.Outcome`).

    Returns
    -------
    Counter
        How often, by name; those that were not reached are missing.
    """
    reached: Counter[str] = Counter()
    wire, away = "", _Away()
    for stretch in _stretches(journal):
        reached.update(name for name, is_seen in _SEEN.items() if is_seen(stretch))
        reached.update(away.seen(stretch.events))
        # Audio of v1 has no times; a stretch in which the wire changes has some that do.
        now = "" if not stretch.count("packets") else "v2" if stretch.packets_with_times else "v1"
        if wire and now and now != wire:
            reached["v2-again" if now == "v2" else "v1-fallback"] += 1
        reached["fault-in-v1"] += now == wire == "v1" and stretch.count("connections") > 0
        wire = now or wire
    return +reached


class _Away:
    """Whether the other end is there and listens, event by event."""

    def __init__(self) -> None:
        self._detached = self._unheard = False

    def seen(self, events: Sequence[Any]) -> Iterator[str]:
        """What happened meanwhile; a stretch without events is one in which audio had settled."""
        self._unheard = self._unheard and bool(events)
        for event in events:
            away = self._detached or self._unheard
            if away and event.name == "start-stop-storm" and event.who == "player":
                yield "storm-unheard"
            if away and event.name == "restart":
                yield "restart-while-away"
            if self._detached and event.name == "sleep-wake":
                yield "sleep-while-away"
            if event.name in ("restart", "reader-attach"):
                self._detached = self._unheard = False
            self._detached = self._detached or event.name == "reader-detach"
            self._unheard = self._unheard or event.name in (*_STALLS, "half-open")
