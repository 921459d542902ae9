"""The smallest schedule that still fails in the same way.

Delta debugging (Zeller and Hildebrandt, 2002) over the events, then their times, then their
amounts; every candidate is a run. The number of runs is bounded, and what is left when it is used
up is the answer. Hypothesis shrinks as well, but through its own generator; a schedule that a user
wrote, or a soak drew, has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.faults.events import At, Event
from lab.faults.outcome import Outcome
from lab.faults.reader_running import WARM_UP_CYCLES
from lab.faults.schedule import Setup, parse_event

RUNS_MAX = 160
_TAIL_CYCLES = 16

Run = Callable[[Setup, Sequence[Event]], Outcome]


@dataclass
class Shrunk:
    """What is left.

    Attributes
    ----------
    setup, events
        Of the smallest failing run.
    outcome
        Of it.
    runs
        How many it took.
    exhausted
        Whether the bound ended it, and not that nothing more could be left out.
    """

    setup: Setup
    events: list[Event]
    outcome: Outcome
    runs: int = 0
    exhausted: bool = False


class _OutOfRuns(Exception):  # noqa: N818
    pass


def shrink(
    setup: Setup,
    events: Sequence[Event],
    outcome: Outcome,
    run: Run,
    *,
    runs_max: int = RUNS_MAX,
    progress: Callable[[int, int], None] = lambda _runs, _events: None,
) -> Shrunk:
    """Make a failing schedule small.

    Parameters
    ----------
    setup, events
        That failed.
    outcome
        How.
    run
        Carries a candidate out.
    runs_max
        At most so many candidates.
    progress
        Told the runs so far, and how many events are left.

    Returns
    -------
    Shrunk
        Fails with the same kind of failure.
    """
    assert outcome.failure is not None
    work = _Work(Shrunk(setup, list(events), outcome), run, runs_max, progress)
    try:
        work.cut()
        size = -1
        while size != work.size():
            size = work.size()
            work.drop()
            work.move_together()
            work.lessen()
            work.cut()
            work.shorten()
    except _OutOfRuns:
        work.best.exhausted = True
    return work.best


class _Work:
    def __init__(
        self, best: Shrunk, run: Run, runs_max: int, progress: Callable[[int, int], None]
    ) -> None:
        assert best.outcome.failure is not None
        self.best = best
        self.kind = best.outcome.failure.kind
        self._run, self._runs_max, self._progress = run, runs_max, progress
        self._tried: set[str] = set()

    def size(self) -> int:
        """What is to become small: events first."""
        total = sum(sum(_numbers(event).values()) for event in self.best.events)
        return len(self.best.events) * 10**18 + total + self.best.setup.cycles

    def fails(self, setup: Setup, events: Sequence[Event]) -> bool:
        """Whether it fails as before; then it is the best so far."""
        key = repr((setup.cycles, [event.line() for event in events]))
        if key in self._tried:
            return False
        self._tried.add(key)
        if self.best.runs >= self._runs_max:
            raise _OutOfRuns
        self.best.runs += 1
        self._progress(self.best.runs, len(self.best.events))
        outcome = self._run(setup, events)
        if outcome.interrupted:
            raise _OutOfRuns
        if outcome.failure is None or outcome.failure.kind != self.kind:
            return False
        self.best.setup, self.best.events, self.best.outcome = setup, list(events), outcome
        return True

    def cut(self) -> None:
        """Nothing behind the failure."""
        failure = self.best.outcome.failure
        assert failure is not None
        end = max(WARM_UP_CYCLES + 1, failure.cycle + _TAIL_CYCLES)
        events = [e for e in self.best.events if e.at.cycle is None or e.at.cycle < end]
        if end < self.best.setup.cycles:
            self.fails(self.best.setup.model_copy(update={"cycles": end}), events)

    def shorten(self) -> None:
        """What is noticed long after the last event may be there long before."""
        last = max((e.at.cycle or 0 for e in self.best.events), default=WARM_UP_CYCLES)
        for _ in range(24):
            cycles = last + (self.best.setup.cycles - last) // 2
            if cycles <= max(last, WARM_UP_CYCLES) or not self.fails(
                self.best.setup.model_copy(update={"cycles": cycles}), self.best.events
            ):
                return

    def drop(self) -> None:
        """Leave out as many events as possible: halves, quarters, ..., single ones."""
        size = len(self.best.events)
        while size >= 1:
            at = 0
            while at < len(self.best.events):
                without = self.best.events[:at] + self.best.events[at + size :]
                if not self.fails(self.best.setup, without):
                    at += size
            size //= 2

    def move_together(self) -> None:
        """Shorten the times between events: to next to nothing, or by halves."""
        for index in range(len(self.best.events)):
            gap = self._gap(index)
            tried = sorted({0, 1, *(gap >> n for n in range(1, 20))} if gap else set())
            for shorter in tried:
                if shorter < gap and self._close_up(index, gap - shorter):
                    break

    def _gap(self, index: int) -> int:
        cycle = self.best.events[index].at.cycle
        before = WARM_UP_CYCLES if index == 0 else self.best.events[index - 1].at.cycle
        return 0 if cycle is None or before is None else max(0, cycle - before)

    def _close_up(self, index: int, by: int) -> bool:
        events = list(self.best.events)
        for i in range(index, len(events)):
            cycle = events[i].at.cycle
            if cycle is not None:
                events[i] = events[i].model_copy(update={"at": At(cycle=cycle - by)})
        setup = self.best.setup
        return self.fails(setup.model_copy(update={"cycles": setup.cycles - by}), events)

    def lessen(self) -> None:
        """Smaller amounts: the least there is, else what halving reaches."""
        for index in range(len(self.best.events)):
            for name in _numbers(self.best.events[index]):
                least = type(self.best.events[index]).amounts.get(name, (1, 0))[0]
                if not self._with(index, name, least):
                    while self._with(index, name, self._value(index, name) // 2, least=least):
                        pass

    def _value(self, index: int, name: str) -> int:
        return _numbers(self.best.events[index])[name]

    def _with(self, index: int, name: str, value: int, *, least: int = 0) -> bool:
        if value < least or value >= self._value(index, name):
            return False
        events = list(self.best.events)
        scaled: int | float = value / 1000 if name == "s" else value
        try:
            events[index] = parse_event(events[index].line() | {name: scaled})
        except ValueError:
            return False  # amounts that do not go together
        return self.fails(self.best.setup, events)


def _numbers(event: Event) -> dict[str, int]:
    """The amounts of an event as whole numbers; seconds in thousandths."""
    found = {name: int(getattr(event, name)) for name in type(event).amounts}
    if "s" in type(event).model_fields:
        found["s"] = round(getattr(event, "s") * 1000)  # noqa: B009  (not all have it)
    return found
