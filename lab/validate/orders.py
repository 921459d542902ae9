"""What clients of a device may do, in any order, and what may come of it.

A graph: each node is what a client has done so far, each edge an outcome that is legal. Where more
than one is (an order that no host uses may be refused or taken), the driver chooses, and all nodes
in which it may be are kept: `Belief`. Nothing here calls a driver.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

MOST_STARTS = 2
"""More of them, for one client, show nothing new."""


class Event(StrEnum):
    """A call that is made for a client."""

    ADD = "AddDeviceClient"
    REMOVE = "RemoveDeviceClient"
    START = "StartIO"
    STOP = "StopIO"


@dataclass(frozen=True, order=True)
class Client:
    """What a client has done.

    Attributes
    ----------
    added
        It has come, and not gone.
    starts
        How often it has started more than it has stopped.
    """

    added: bool = False
    starts: int = 0

    def __str__(self) -> str:
        times = ("is stopped", "has started", "has started twice")
        return f"{'was added' if self.added else 'is not there'} and {times[self.starts]}"


State = tuple[Client, ...]
"""Of all clients of a device."""
Step = tuple[int, Event]
"""Which client does what."""


def is_legal(client: Client, event: Event) -> bool:
    """Whether a host does that: then it has to succeed."""
    match event:
        case Event.ADD:
            return not client.added
        case Event.REMOVE:
            return client.added and client.starts == 0
        case Event.START:
            return client.added
        case Event.STOP:
            return client.starts > 0


def outcomes(client: Client, event: Event) -> tuple[tuple[bool, Client], ...]:
    """What may come of it.

    Returns
    -------
    tuple of (bool, Client)
        Whether it succeeds, and what the client is then; what a strict driver does comes first.
    """
    refused = (False, client)
    taken = (True, client)  # and nothing changes
    match event:
        case Event.ADD if client.added:
            return refused, taken
        case Event.ADD:
            return ((True, Client(True, client.starts)),)
        case Event.REMOVE if not client.added:
            return refused, taken, (True, Client())
        case Event.REMOVE if client.starts:
            # Its IO goes with it, or stays until it is stopped.
            return (True, Client()), (True, Client(False, client.starts)), refused
        case Event.REMOVE:
            return ((True, Client()),)
        case Event.START:
            started = (True, Client(client.added, client.starts + 1))
            return (started,) if client.added else (refused, started)
        case Event.STOP if client.starts:
            return ((True, Client(client.added, client.starts - 1)),)
        case Event.STOP:
            return refused, taken


@dataclass(frozen=True)
class Belief:
    """States in which a device may be; none: what it did was not legal."""

    states: frozenset[State]

    @classmethod
    def of(cls, *clients: Client) -> Belief:
        """Just one."""
        return cls(frozenset({clients}))

    def after(self, step: Step, *, ok: bool) -> Belief:
        """When a step succeeded, or did not."""
        who, event = step
        return Belief(
            frozenset(
                (*state[:who], client, *state[who + 1 :])
                for state in self.states
                for success, client in outcomes(state[who], event)
                if success is ok
            )
        )

    def seen(self, *, runs: bool) -> Belief:
        """When IO is seen to run, or to stand still."""
        return Belief(frozenset(state for state in self.states if is_running(state) is runs))

    def likely(self) -> State:
        """One of them, always the same."""
        return min(self.states)


def is_running(state: State) -> bool:
    """IO runs while one client has started."""
    return any(client.starts > 0 for client in state)


def steps_from(state: State, *, legal_only: bool) -> list[Step]:
    """Steps that are worth taking."""
    return [
        (who, event)
        for who, event in product(range(len(state)), Event)
        if not (event is Event.START and state[who].starts == MOST_STARTS)
        and (is_legal(state[who], event) or not legal_only)
    ]


Tried = Mapping[tuple[State, Step], State | None]
"""Edges that were tried, and where they led; None: somewhere of which nothing is known."""


def way_to_new(state: State, tried: Tried, *, legal_only: bool) -> list[Step]:
    """The shortest way to a step of the first client that was not tried yet.

    Parameters
    ----------
    state
        Where it begins.
    tried
        What is known; where nothing is, the driver is thought to be strict.
    legal_only
        Only what a host does.

    Returns
    -------
    list of Step
        The new one comes last. Empty: all that can be reached was tried.
    """
    came: dict[State, list[Step]] = {state: []}
    waiting = deque([state])
    while waiting:
        here = waiting.popleft()
        for step in steps_from(here, legal_only=legal_only):
            who, event = step
            if who == 0 and (here, step) not in tried:
                return [*came[here], step]
            client = outcomes(here[who], event)[0][1]
            there = tried.get((here, step), (*here[:who], client, *here[who + 1 :]))
            if there is not None and there not in came:
                came[there] = [*came[here], step]
                waiting.append(there)
    return []
