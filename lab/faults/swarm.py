"""Schedules from a seed, by swarm testing: each run has a random subset of the faults switched on.

With all of them on at once, those that hide others would always hide them (Groce et al., Swarm
Testing, 2012; TigerBeetle's simulator does so). What is drawn, and in which order, is written down
in docs/reference/fault-schedule.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab.errors import UsageError
from lab.faults import events
from lab.faults.events import EVENT_CLASSES, GROUPS, At, Event
from lab.faults.prng import Stream

FIRST_CYCLE = 64
LAST_CYCLES = 128
"""Nothing is injected before the one, and within the other of the end."""
CYCLES_PER_EVENT = 6_000
EVENTS_MAX = 2_000
_RATES = (44_100, 48_000, 88_200, 96_000)
_FRAMES = (16, 31, 64, 128, 256, 480, 512, 1_024, 2_048, 4_096, 8_192)


def chosen_faults(text: str) -> list[str]:
    """The names in an option like ``"stall,device"``.

    Parameters
    ----------
    text
        Names of events or groups with commas in between; ``all``, ``none``.

    Returns
    -------
    list of str
        Names of events, in the order of the reference.

    Raises
    ------
    UsageError
        When a word is neither.
    """
    wanted: set[str] = set()
    for word in (part.strip() for part in text.split(",")):
        if word == "all":
            wanted |= set(EVENT_CLASSES)
        elif word in GROUPS:
            wanted |= set(GROUPS[word])
        elif word in EVENT_CLASSES:
            wanted.add(word)
        elif word != "none":
            raise UsageError(
                f'--faults: unknown fault "{word}"',
                do=f"use all, none, a group ({', '.join(GROUPS)}) or {', '.join(EVENT_CLASSES)}",
            )
    return [name for name in EVENT_CLASSES if name in wanted]


def draw_schedule(seed: int, run: int, *, cycles: int, faults: Sequence[str]) -> list[Event]:
    """The schedule of one run of a soak.

    Parameters
    ----------
    seed, run
        Of the soak, and which of its runs.
    cycles
        Length of the run.
    faults
        Names of events that may be switched on, in the order of the reference.

    Returns
    -------
    list of Event
        In the order of their cycles.
    """
    stream = Stream(seed, run)
    on = [name for name in faults if stream.chance(1, 2)]
    room = cycles - FIRST_CYCLE - LAST_CYCLES
    if faults and not on:
        on = [stream.pick(faults)]
    if not on or room <= 0:
        return []
    usual = min(EVENTS_MAX // 2, max(4, cycles // CYCLES_PER_EVENT))
    count = usual // 2 + 1 + stream.below(usual)
    places = sorted(FIRST_CYCLE + stream.below(room) for _ in range(count))
    made: list[Event] = []
    before = FIRST_CYCLE
    for place in places:
        cycle = place
        if made and stream.chance(1, 3):
            cycle = before + stream.below(4)  # faults meet
        before = cycle
        made += _draw(stream, stream.pick(on), cycle)
    last = cycles - LAST_CYCLES
    made = [event for event in made if event.at.cycle is not None and event.at.cycle < last]
    return sorted(made, key=lambda event: event.at.cycle or 0)


def _buffer_frames(stream: Stream, at: At, cycle: int) -> list[Event]:
    frames = stream.pick(_FRAMES) if stream.chance(3, 4) else 16 + stream.below(8_177)
    back = At(cycle=cycle + 1 + stream.below(2_000))
    return [events.BufferFrames(at=at, frames=frames), events.BufferFrames(at=back, frames=480)]


def _reader_detach(stream: Stream, at: At, cycle: int) -> list[Event]:
    back = At(cycle=cycle + 1 + stream.below(200))
    where = stream.pick(("newest", "oldest"))
    return [events.ReaderDetach(at=at), events.ReaderAttach(at=back, where=where)]


def _reorder(stream: Stream, at: At) -> list[Event]:
    block, pairs = stream.magnitude(1, 512), stream.magnitude(1, 8)
    return [events.Reorder(at=at, block=block, frames=2 * block * pairs)]


def _reader_slow(stream: Stream, at: At) -> list[Event]:
    seconds = stream.magnitude(1, 4_000) / 1000
    return [events.ReaderSlow(at=at, s=seconds, percent=stream.below(100))]


_DRAWN: dict[type[Event], Callable[[Stream, At, int], list[Event]]] = {
    events.BufferFrames: _buffer_frames,
    events.SleepWake: lambda stream, at, _: [
        events.SleepWake(at=at, s=stream.pick((1, 60, 3_600, 28_800)))
    ],
    events.ReaderStall: lambda stream, at, _: [
        events.ReaderStall(at=at, s=stream.magnitude(1, 4_000) / 1000)
    ],
    events.ReaderSlow: lambda stream, at, _: _reader_slow(stream, at),
    events.ReaderDetach: _reader_detach,
    events.Drift: lambda stream, at, _: [events.Drift(at=at, ppm=stream.below(401) - 200)],
    events.Reorder: lambda stream, at, _: _reorder(stream, at),
    events.TransportStall: lambda stream, at, _: [
        events.TransportStall(at=at, s=stream.magnitude(1, 2_000) / 1000)
    ],
}
"""Those whose amounts depend on each other, or that are followed by what puts them right."""


def _draw(stream: Stream, name: str, cycle: int) -> list[Event]:
    """One event, and what puts right again what it leaves behind."""
    cls = EVENT_CLASSES[name]
    at = At(cycle=cycle)
    if cls in _DRAWN:
        return _DRAWN[cls](stream, at, cycle)
    amounts = {field: stream.magnitude(least, most) for field, (least, most) in cls.amounts.items()}
    if cls in (events.ShmDelete, events.ShmRecreate):
        back = At(cycle=cycle + 1 + stream.below(400))
        how = stream.pick(("kill", "quit"))
        return [cls(at=at, **amounts), events.Restart(at=back, how=how)]
    words: dict[str, object] = {}
    if "hz" in cls.model_fields:
        words["hz"] = stream.pick(_RATES)
    if "how" in cls.model_fields:
        words["how"] = stream.pick(("kill", "quit"))
    if "who" in cls.model_fields:
        words["who"] = stream.pick(("player", "guest"))
    if "direction" in cls.model_fields:
        words["direction"] = stream.pick(("output", "input", "both"))
    if "size" in cls.model_fields and "size" not in cls.amounts:
        words["size"] = stream.pick((0, 1501, None))
    if "wire" in cls.model_fields:
        words["wire"] = stream.pick(("v1", "v2"))
    if "where" in cls.model_fields:
        words["where"] = stream.pick(("newest", "oldest"))
    return [cls.model_validate({"at": at, "what": name, **amounts, **words})]


def runs_twice(seed: int, run: int, percent: int) -> bool:
    """Whether a run is made a second time, to see that it is the same."""
    return Stream(seed, run, 1).chance(percent, 100)
