"""Lines to and from the host, over whatever carries them."""

from __future__ import annotations

import os
import selectors
import time
from contextlib import suppress
from typing import Protocol

from lab.host.errors import ProtocolError

LINE_MAX = 1 << 20


class LinkClosed(Exception):  # noqa: N818
    """The other end has gone."""


class LinkTimeout(Exception):  # noqa: N818
    """No line came in time."""


class Link(Protocol):
    """One line out, one line in; lines without their end."""

    def send(self, line: bytes) -> None:
        """Send a line; may be called from any thread.

        Raises
        ------
        LinkClosed
        """

    def receive(self, timeout_s: float | None) -> bytes:
        """Take the next line; one thread at a time.

        Raises
        ------
        LinkClosed, LinkTimeout
        """

    def close(self) -> None:
        """Close; may be called twice."""


class FdLink:
    """Lines over a pair of file descriptors (pipes), or one given twice (a socket).

    Parameters
    ----------
    read_fd, write_fd
        Owned by the link from now on.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._buffer = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(read_fd, selectors.EVENT_READ)

    def send(self, line: bytes) -> None:
        """Send a line."""
        data = memoryview(line + b"\n")
        while data:
            try:
                data = data[os.write(self._write_fd, data) :]
            except (BrokenPipeError, ConnectionError, OSError) as error:
                raise LinkClosed from error

    def receive(self, timeout_s: float | None) -> bytes:
        """Take the next line."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            end = self._buffer.find(b"\n")
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                return line
            if len(self._buffer) > LINE_MAX:
                raise ProtocolError(f"the host sent a line of more than {LINE_MAX} bytes")
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._selector.select(left):
                raise LinkTimeout
            try:
                part = os.read(self._read_fd, 65536)
            except OSError as error:
                raise LinkClosed from error
            if not part:
                raise LinkClosed
            self._buffer += part

    def close(self) -> None:
        """Close both ends."""
        self._selector.close()
        for fd in {self._read_fd, self._write_fd}:
            with suppress(OSError):
                os.close(fd)
        self._read_fd = self._write_fd = -1
