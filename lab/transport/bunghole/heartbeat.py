"""Pings, pongs and the deadline of a v2 connection; the same on both sides."""

from __future__ import annotations

from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.outbox import Outbox
from lab.transport.bunghole.stream import ClockBook
from lab.transport.bunghole.wire import Ping, Pong, ping_bytes, pong_bytes


class Heartbeat:
    """Asks every second, answers what is asked.

    Parameters
    ----------
    limits
        Deadlines.
    clock
        Takes the exchanges.
    now_ns
        When v2 began.
    """

    def __init__(self, limits: Limits, clock: ClockBook, now_ns: int) -> None:
        self._limits = limits
        self._clock = clock
        self._heard_ns = now_ns
        self._ping_ns = now_ns
        self._asked: set[int] = set()

    def heard(self, now_ns: int) -> None:
        """Bytes came."""
        self._heard_ns = now_ns

    def is_half_open(self, now_ns: int) -> bool:
        """Whether nothing came for too long."""
        return now_ns - self._heard_ns >= self._limits.half_open_ns

    def due_ns(self) -> int:
        """When `beat` has something to do, or the deadline is there."""
        return min(self._ping_ns, self._heard_ns + self._limits.half_open_ns)

    def beat(self, outbox: Outbox, now_ns: int) -> None:
        """Ask for the time when it is time to."""
        if now_ns < self._ping_ns:
            return
        self._ping_ns = now_ns + self._limits.ping_ns

        def make(sent_ns: int) -> bytes:
            if len(self._asked) >= 64:
                self._asked.clear()
            self._asked.add(sent_ns)
            return ping_bytes(Ping(sent_ns))

        outbox.control(make)

    def answer(self, ping: Ping, outbox: Outbox, heard_ns: int) -> None:
        """Answer a ping."""
        outbox.control(lambda now_ns: pong_bytes(Pong(ping.asked_ns, heard_ns, now_ns)))

    def take(self, pong: Pong, now_ns: int) -> None:
        """An answer. One to a question that was not asked is refused."""
        if pong.asked_ns in self._asked:
            self._asked.discard(pong.asked_ns)
            self._clock.take(pong.asked_ns, pong.heard_ns, pong.answered_ns, now_ns)
        else:
            self._clock.refused += 1
