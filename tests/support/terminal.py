"""A terminal that nobody sits at: a program in it, and what a person would see on its screen.

The program has a pseudo-terminal for its own, as a shell gives it one: Ctrl-C is a byte that is
typed, and the kernel makes a signal of it. What it writes goes to the emulator `pyte`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import pyte

COLUMNS, ROWS = 110, 30
CTRL_C = b"\x03"
# A session leader takes the terminal over, then becomes the program.
_TAKE = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
_OF_PEOPLE = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
_GRAPHICS = re.compile(rb"\x1b\[([0-9;]*)m")


class Terminal:
    """A program in a terminal; leaving it ends the program and all that it started.

    Parameters
    ----------
    line
        The program, by its path, and its arguments.
    environment
        On top of ours; what people set for their terminals is taken out first.
    columns, rows
        Size.

    Attributes
    ----------
    written
        All that the program wrote, as bytes.
    """

    def __init__(
        self,
        line: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        columns: int = COLUMNS,
        rows: int = ROWS,
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        own = {name: value for name, value in os.environ.items() if name not in _OF_PEOPLE}
        self._master, slave = pty.openpty()
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self._slave = slave  # stays open: its settings are asked for at the end
        self._before = termios.tcgetattr(slave)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE, *line],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**own, "TERM": "xterm-256color", **(environment or {})},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)
        os.close(self._slave)

    # ---- the person at it ------------------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, without empty lines."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def cursor_is_hidden(self) -> bool:
        """Whether one does not see where one types."""
        return bool(self._screen.cursor.hidden)

    @property
    def settings_are_as_before(self) -> bool:
        """Whether the terminal echoes, and takes lines, as it did."""
        return bool(termios.tcgetattr(self._slave) == self._before)

    @property
    def graphics(self) -> set[int]:
        """Numbers of all colours and looks that were asked for (SGR), 0 for none."""
        return {
            int(number or 0)
            for found in _GRAPHICS.finditer(self.written)
            for number in found[1].split(b";")
        }

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def watch(self, seen: Callable[[list[str]], bool], *, within_s: float = 60.0) -> list[str]:
        """Look at the screen until something is seen on it; returns what stands there then."""
        until = time.monotonic() + within_s
        while not seen(self.lines):
            ended = self._process.poll() is not None
            if not self._read(0.05) and ended:
                raise AssertionError("the program has ended:\n" + "\n".join(self.lines))
            assert time.monotonic() < until, "\n".join(self.lines)
        return self.lines

    def wait(self, *, within_s: float = 60.0) -> int:
        """Look on until the program has ended; returns its exit code."""
        until = time.monotonic() + within_s
        while self._process.poll() is None:
            assert time.monotonic() < until, "\n".join(self.lines)
            self._read(0.05)
        while self._read(0.05):
            pass
        return self._process.wait()

    def _read(self, wait_s: float) -> bool:
        """Take what was written; False: nothing was."""
        if not select.select([self._master], [], [], wait_s)[0]:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError as error:
            if error.errno != errno.EIO:  # nobody has it open any more
                raise
            return False
        self.written += data
        self._stream.feed(data)
        return bool(data)
