"""Does a failing schedule become small, and does it stay a failing one?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from lab.faults.damage import Failure
from lab.faults.events import EVENT_CLASSES, At, Event, LoseCycles, Reorder, Stall
from lab.faults.outcome import Outcome
from lab.faults.schedule import Setup, check_order, parse_event
from lab.faults.shrink import Shrunk, shrink
from lab.faults.swarm import draw_schedule

SETUP = Setup(cycles=100_000)
Bug = Callable[[Sequence[Event]], int | None]
"""The cycle at which a schedule fails, or None."""


def runner(bug: Bug, *, kind: str = "frames-lost") -> Callable[[Setup, Sequence[Event]], Outcome]:
    def run(setup: Setup, events: Sequence[Event]) -> Outcome:
        cycle = bug(events)
        if cycle is None or cycle >= setup.cycles:
            return Outcome()
        return Outcome(failure=Failure(kind, "so it was", cycle))

    return run


def made_small(bug: Bug, events: Sequence[Event], *, runs_max: int = 1000) -> Shrunk:
    run = runner(bug)
    first = run(SETUP, events)
    assert first.failure is not None
    return shrink(SETUP, events, first, run, runs_max=runs_max)


def after_long_stall(events: Sequence[Event]) -> int | None:
    for event in events:
        if isinstance(event, Stall) and event.ns >= 30_000_000:
            assert event.at.cycle is not None
            return event.at.cycle + 9
    return None


def stall_then_loss(events: Sequence[Event]) -> int | None:
    stalled = False
    for event in events:
        stalled |= isinstance(event, Stall)
        if stalled and isinstance(event, LoseCycles) and event.n > 4:
            assert event.at.cycle is not None
            return event.at.cycle
    return None


def some_schedule(bug: Bug, seed: int) -> list[Event]:
    for run in range(1000):
        events = draw_schedule(
            seed, run, cycles=SETUP.cycles, faults=["stall", "lose-cycles", "late-wake", "rate"]
        )
        if bug(events) is not None:
            return events
    raise AssertionError("no schedule fails")


@given(st.integers(0, 1000))
def test_one_event_is_left_where_one_is_enough(seed: int) -> None:
    small = made_small(after_long_stall, some_schedule(after_long_stall, seed))
    assert [event.name for event in small.events] == ["stall"]
    assert isinstance(small.events[0], Stall)
    assert 30_000_000 <= small.events[0].ns < 60_000_000
    assert small.setup.cycles < 100
    assert not small.exhausted


@given(st.integers(0, 1000))
def test_two_events_are_left_where_two_are_needed_and_they_move_together(seed: int) -> None:
    small = made_small(stall_then_loss, some_schedule(stall_then_loss, seed))
    assert [event.name for event in small.events] == ["stall", "lose-cycles"]
    assert [event.at.cycle for event in small.events] == [32, 32]
    assert isinstance(small.events[1], LoseCycles)
    assert 5 <= small.events[1].n < 10
    check_order(small.events, end_cycle=small.setup.cycles)


def test_another_failure_is_not_taken_for_the_same() -> None:
    events = some_schedule(stall_then_loss, 3)
    first = Outcome(failure=Failure("frames-corrupt", "first", 90_000))
    small = shrink(SETUP, events, first, runner(stall_then_loss))
    assert small.events == events
    assert small.outcome is first


def test_the_number_of_runs_is_bounded() -> None:
    events = some_schedule(stall_then_loss, 4)
    small = made_small(stall_then_loss, events, runs_max=3)
    assert small.runs <= 3
    assert small.exhausted
    assert stall_then_loss(small.events) is not None


def test_every_kind_of_event_can_be_made_smaller() -> None:
    events = draw_schedule(11, 3, cycles=SETUP.cycles, faults=list(EVENT_CLASSES))
    small = made_small(lambda chosen: 50_000 if len(chosen) >= 5 else None, events)
    assert len(small.events) == 5
    for event in small.events:
        for name, (least, _) in type(event).amounts.items():
            assert getattr(event, name) == least


def test_amounts_that_belong_together_stay_so() -> None:
    """What is left can be written, and read again: two blocks at least."""

    def bug(events: Sequence[Event]) -> int | None:
        long = [e for e in events if isinstance(e, Reorder) and e.block >= 100]
        return (long[0].at.cycle or 0) + 9 if long else None

    small = made_small(bug, [Reorder(at=At(cycle=500), frames=4_000, block=400)])
    (left,) = small.events
    assert isinstance(left, Reorder)
    assert 100 <= left.block < 200
    assert left.frames >= 2 * left.block
    assert parse_event(left.line()) == left
