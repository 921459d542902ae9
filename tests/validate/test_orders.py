"""The graph of what clients may do, and walks through it: nothing here calls a driver."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.validate.orders import (
    MOST_STARTS,
    Belief,
    Client,
    Event,
    State,
    Step,
    is_legal,
    is_running,
    outcomes,
    steps_from,
    way_to_new,
)

CLIENTS = [Client(added, starts) for added in (False, True) for starts in range(MOST_STARTS + 1)]
NOBODY = (Client(), Client())
ADD, REMOVE, START, STOP = (0, Event.ADD), (0, Event.REMOVE), (0, Event.START), (0, Event.STOP)


def after(*steps: tuple[Step, bool, bool]) -> Belief:
    """What is believed after steps, each with whether it succeeded and whether IO ran then."""
    belief = Belief.of(*NOBODY)
    for step, ok, runs in steps:
        belief = belief.after(step, ok=ok).seen(runs=runs)
    return belief


def walked(*, legal_only: bool, lenient: bool = False) -> dict[tuple[State, Step], State | None]:
    """All that a driver was asked which is strict, or takes the last outcome each time."""
    state: State = NOBODY
    tried: dict[tuple[State, Step], State | None] = {}
    while steps := way_to_new(state, tried, legal_only=legal_only):
        for step in steps:
            who, event = step
            _, client = outcomes(state[who], event)[-1 if lenient else 0]
            there = (*state[:who], client, *state[who + 1 :])
            tried[state, step] = there
            state = there
        assert len(tried) < 1000, "it does not end"
    return tried


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_what_is_legal_has_to_succeed_and_what_is_not_may_be_refused(client: Client) -> None:
    for event in Event:
        successes = {ok for ok, _ in outcomes(client, event)}
        if is_legal(client, event):
            assert successes == {True}
        else:
            assert (False, client) in outcomes(client, event)


def test_a_start_counts_until_it_is_stopped() -> None:
    twice = after((ADD, True, False), (START, True, True), (START, True, True))
    assert twice.likely()[0] == Client(True, 2)
    assert twice.after(STOP, ok=True).seen(runs=True).states
    assert not twice.after(STOP, ok=True).seen(runs=False).states, "the first stop ended it"
    assert not twice.after(STOP, ok=False).states, "a legal stop was refused"


def test_who_goes_while_running_may_take_its_io_along_or_leave_it_and_no_more() -> None:
    goes = after((ADD, True, False), (START, True, True)).after(REMOVE, ok=True)
    assert {state[0] for state in goes.states} == {Client(), Client(False, 1)}
    left = goes.seen(runs=True)
    assert left.after(STOP, ok=True).seen(runs=False).states
    assert not left.after(STOP, ok=False).states, "nobody could ever stop it"


def test_a_stop_without_start_must_not_stop_another_client() -> None:
    other: Step = (1, Event.START)
    runs = after(((1, Event.ADD), True, False), (other, True, True), (ADD, True, True))
    for ok in (False, True):
        assert runs.after(STOP, ok=ok).seen(runs=True).states
        assert not runs.after(STOP, ok=ok).seen(runs=False).states


@pytest.mark.parametrize("legal_only", [True, False])
def test_a_walk_tries_every_step_of_the_first_client_wherever_it_comes(legal_only: bool) -> None:
    tried = walked(legal_only=legal_only)
    for state in {state for state, _ in tried} | {there for there in tried.values() if there}:
        for step in steps_from(state, legal_only=legal_only):
            assert step[0] != 0 or (state, step) in tried
    assert any(is_running(state) and step == ADD for state, step in tried)


def test_a_legal_walk_has_nothing_that_a_host_does_not_do() -> None:
    assert all(is_legal(state[step[0]], step[1]) for state, step in walked(legal_only=True))
    assert not all(is_legal(state[step[0]], step[1]) for state, step in walked(legal_only=False))


def test_a_lenient_driver_is_asked_more_and_the_walk_ends() -> None:
    lenient = walked(legal_only=False, lenient=True)
    started_without_coming = Client(False, 1)
    assert any(state[0] == started_without_coming for state, _ in lenient)


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(Event)), max_size=40))
def test_a_strict_driver_is_never_thought_to_be_wrong(steps: list[Step]) -> None:
    state: State = NOBODY
    belief = Belief.of(*NOBODY)
    for who, event in steps:
        if event is Event.START and state[who].starts == MOST_STARTS:
            continue
        ok, client = outcomes(state[who], event)[0]
        state = (*state[:who], client, *state[who + 1 :])
        belief = belief.after((who, event), ok=ok).seen(runs=is_running(state))
        assert state in belief.states
