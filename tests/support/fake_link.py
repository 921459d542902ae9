"""A connection without a socket, for sessions in virtual time."""

from __future__ import annotations

from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.outbox import Outbox
from lab.transport.bunghole.session import Ending


class FakeLink:
    """A `Link`.

    Attributes
    ----------
    room
        Bytes that the peer takes before it has read any.
    endings
        All calls of `close`.
    rests
        Calls of `rest`.
    """

    def __init__(self, limits: Limits | None = None, peer: str = "guest") -> None:
        limits = limits or Limits()
        self.outbox = Outbox(audio_limit=limits.queued_audio, control_limit=limits.queued_control)
        self.peer = peer
        self.room = 1 << 30
        self.endings: list[Ending] = []
        self.rests = 0
        self._sent = bytearray()

    def close(self, ending: Ending) -> None:
        self.endings.append(ending)

    def rest(self) -> None:
        self.rests += 1

    def sent(self, now_ns: int) -> bytes:
        """What the peer reads now."""
        self.outbox.write(self._send, lambda: now_ns)
        data = bytes(self._sent)
        self._sent.clear()
        return data

    def _send(self, data: memoryview) -> int:
        taken = min(len(data), self.room)
        if taken == 0:
            raise BlockingIOError
        self.room -= taken
        self._sent += data[:taken]
        return taken
