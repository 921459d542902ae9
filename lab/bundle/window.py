"""A file that is read only where it is: each size is checked before it is believed."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG


class MalformedError(Exception):
    """The file contradicts itself; the message says how, in a few words."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of an open file.

    Parameters
    ----------
    descriptor
        Open for reading, as long as the window is used.
    start
        Of the part, in bytes from the beginning of the file.
    size
        Bytes.
    what
        Of which file, for messages.
    """

    descriptor: int
    start: int
    size: int
    what: str

    def read(self, offset: int, count: int, what: str) -> bytes:
        """Bytes of the part.

        Parameters
        ----------
        offset
            From its beginning.
        count
            How many; all of them are there, or it is an error.
        what
            What is being read, for the message.

        Raises
        ------
        MalformedError
            When they are not within the part.
        """
        self._check(offset, count, what)
        found = os.pread(self.descriptor, count, self.start + offset)
        if len(found) != count:
            raise MalformedError(f"{what} could not be read: the file became shorter")
        return found

    def part(self, offset: int, size: int, what: str) -> Window:
        """A window within this one.

        Raises
        ------
        MalformedError
            When it is not within this one.
        """
        self._check(offset, size, what)
        return Window(self.descriptor, self.start + offset, size, what)

    def fields(self, layout: str, offset: int, what: str) -> tuple[int, ...]:
        """Integers of the part, as ``struct`` reads them.

        Raises
        ------
        MalformedError
            When they are not within the part.
        """
        return struct.unpack(layout, self.read(offset, struct.calcsize(layout), what))

    def _check(self, offset: int, count: int, what: str) -> None:
        if offset < 0 or count < 0 or offset + count > self.size:
            raise MalformedError(
                f"{what} would be {count} bytes at {offset}, and {self.what} has {self.size}"
            )


@contextmanager
def open_window(path: Path) -> Iterator[Window]:
    """A whole regular file.

    Raises
    ------
    OSError
        When it cannot be opened.
    MalformedError
        When it is no regular file. It is not waited for: a FIFO would keep us.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode):
            raise MalformedError("it is no regular file")
        yield Window(descriptor, 0, status.st_size, "the file")
    finally:
        os.close(descriptor)


def text_until_nul(data: bytes, offset: int, limit: int, what: str) -> str:
    """A C string.

    Parameters
    ----------
    data
        Where it is.
    offset
        Of its first byte.
    limit
        Its longest length.
    what
        What it is, for the message.

    Returns
    -------
    str
        Bytes that are no UTF-8 as surrogates; :func:`lab.bundle.findings.shown` escapes them.

    Raises
    ------
    MalformedError
        When it has no end within `data` and `limit`.
    """
    if not 0 <= offset < len(data):
        raise MalformedError(f"{what} begins outside of its place")
    end = data.find(b"\0", offset, offset + limit + 1)
    if end < 0:
        raise MalformedError(f"{what} has no end")
    return data[offset:end].decode("utf-8", "surrogateescape")
