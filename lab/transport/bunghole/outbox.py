"""What waits for a socket: bounded, and the oldest audio goes first when it is too much.

A message is made when it is its turn, so that the times in it are those of the sending. One that
has begun is sent to its end whatever happens: the peer could not find the next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Make = Callable[[int, bool], bytes]
"""Given the time, and whether audio was dropped right before: the bytes."""
Send = Callable[[memoryview], int]
"""Takes bytes, tells how many of them were taken. BlockingIOError: none now."""


@dataclass(frozen=True, slots=True)
class _Message:
    make: Make
    is_audio: bool


class Outbox:
    """The queue of one connection.

    Parameters
    ----------
    audio_limit, control_limit
        How many messages of either kind wait at most.

    Attributes
    ----------
    late
        Audio dropped because newer audio came.
    control_dropped
        Other messages that found no room.
    sent_audio
        Audio messages begun.
    """

    def __init__(self, *, audio_limit: int, control_limit: int) -> None:
        self.late = 0
        self.control_dropped = 0
        self.sent_audio = 0
        self._limit = {True: audio_limit, False: control_limit}
        self._count = {True: 0, False: 0}
        self._queue: deque[_Message] = deque()
        self._current = memoryview(b"")
        self._dropped = False
        self._stuck_ns: int | None = None

    def __len__(self) -> int:
        """Messages that wait, the one that has begun not included."""
        return len(self._queue)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self._queue and not self._current

    @property
    def stuck_ns(self) -> int | None:
        """Since when the socket takes nothing; None when it does, or nothing waits."""
        return self._stuck_ns

    def audio(self, make: Make) -> None:
        """Queue a packet, at the price of the oldest one."""
        if self._count[True] >= self._limit[True]:
            for place, message in enumerate(self._queue):
                if message.is_audio:
                    del self._queue[place]
                    break
            self._count[True] -= 1
            self.late += 1
            self._dropped = True
        self._put(_Message(make, is_audio=True))

    def control(self, make: Callable[[int], bytes], *, must: bool = False) -> None:
        """Queue another message.

        Parameters
        ----------
        make
            Given the time, the bytes.
        must
            Never drop it.
        """
        if not must and self._count[False] >= self._limit[False]:
            self.control_dropped += 1
            return
        self._put(_Message(lambda now_ns, _: make(now_ns), is_audio=False))

    def write(self, send: Send, now_ns: Callable[[], int]) -> None:
        """Send until there is nothing left, or nothing is taken.

        Parameters
        ----------
        send
            The socket.
        now_ns
            The clock.

        Raises
        ------
        OSError
            As `send` did, BlockingIOError excepted.
        """
        while True:
            if not self._current and not self._begin(now_ns()):
                self._stuck_ns = None
                return
            try:
                taken = send(self._current)
            except BlockingIOError:
                if self._stuck_ns is None:
                    self._stuck_ns = now_ns()
                return
            if taken:
                self._stuck_ns = None
            self._current = self._current[taken:]

    def _put(self, message: _Message) -> None:
        self._count[message.is_audio] += 1
        self._queue.append(message)

    def _begin(self, now_ns: int) -> bool:
        if not self._queue:
            return False
        message = self._queue.popleft()
        self._count[message.is_audio] -= 1
        dropped = self._dropped and message.is_audio
        if message.is_audio:
            self.sent_audio += 1
            self._dropped = False
        self._current = memoryview(message.make(now_ns, dropped))
        return True
