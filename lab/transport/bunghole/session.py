"""What happens on one connection, apart from its socket.

A session is told what came and what time it is, and answers through its `Link`. All calls come from
one thread. That makes it testable by hand, in virtual time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from lab.transport.bunghole.outbox import Outbox

NEVER_NS = 1 << 62


class Ending(StrEnum):
    """Why a connection is over."""

    PEER_CLOSED = "peer-closed"
    PEER_RESET = "peer-reset"
    PROTOCOL = "protocol-error"
    TRUNCATED = "truncated-frame"
    UNFINISHED = "unfinished-frame"
    HALF_OPEN = "half-open"
    NOT_READING = "peer-does-not-read"
    REPLACED = "replaced-by-newer"
    GAVE_WAY = "silent-gave-way"
    NO_ROOM = "too-many-connections"
    INTERNAL = "internal-error"
    CUT = "cut-on-purpose"
    STOPPED = "stopped"


class Link(Protocol):
    """A session's connection."""

    @property
    def outbox(self) -> Outbox:
        """What is to be sent. It is looked at after each call."""

    @property
    def peer(self) -> str:
        """Whose connection this is, as log lines and results name it."""

    def close(self, ending: Ending) -> None:
        """End the connection after this call. What was queued is thrown away."""

    def rest(self) -> None:
        """Do not read from this peer for a while: it is too fast."""


class Session(Protocol):
    """One connection's affairs."""

    gives_way: bool
    """Nothing was heard for so long that another peer may have the place."""

    def opened(self, link: Link, now_ns: int) -> None:
        """The connection is there."""

    def received(self, data: bytes, now_ns: int) -> None:
        """Bytes came."""

    def due_ns(self) -> int:
        """When `tick` wants to be called at the latest; `NEVER_NS` when that is all the same."""

    def tick(self, now_ns: int) -> None:
        """Time has passed. May be called at any time."""

    def closed(self, ending: Ending, now_ns: int) -> None:
        """It is over. `Ending.PEER_CLOSED` may have been in the middle of a frame."""
