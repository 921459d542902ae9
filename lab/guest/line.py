"""The host's end of the line to a guest's agent, and what its keeper says.

One thread reads both and hands out frames; whoever waits for something does so in `Line.wait_for`,
which ends when the guest does.
"""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from lab.guest.frames import WINDOW_BYTES, BadFrame, Frame, FrameReader, Kind

_KEEPER_S = 5.0


class LineTimeout(Exception):  # noqa: N818
    """What was waited for did not come in time."""


class LineEnded(Exception):  # noqa: N818
    """The guest has ended, or its line no longer makes sense."""


class Line:
    """The line.

    Parameters
    ----------
    line
        Our end of the guest's serial line.
    control
        The socket to the keeper.
    on_frame
        Called for every frame of the agent but TAKEN, on the reading thread and with `changed`
        held.

    Attributes
    ----------
    changed
        Notified after every change.
    exit_status
        Of the guest's program; None while it runs.
    trouble
        Why the line makes no sense any more; empty while it does.
    """

    def __init__(
        self, line: socket.socket, control: socket.socket, on_frame: Callable[[Frame], None]
    ) -> None:
        self.changed = threading.Condition()
        self.exit_status: int | None = None
        self.trouble = ""
        self._line = line
        self._control = control
        self._on_frame = on_frame
        self._frames = FrameReader()
        self._said = b""
        self._under_way = 0
        self._sending = threading.Lock()
        self._stop_read, self._stop_write = socket.socketpair()
        self._thread = threading.Thread(target=self._read, name="guest-line", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the guest has ended, or cannot be spoken to."""
        return self.exit_status is not None or bool(self.trouble)

    def wait_for(self, happened: Callable[[], bool], limit_s: float) -> None:
        """Wait until something has happened.

        Parameters
        ----------
        happened
            Asked after every change, with `changed` held.
        limit_s
            How long, in seconds.

        Raises
        ------
        LineEnded
            When the guest ends first.
        LineTimeout
        """
        with self.changed:
            if not self.changed.wait_for(lambda: happened() or self.ended, limit_s):
                raise LineTimeout
            if not happened():
                raise LineEnded

    def send(self, frame: Frame, limit_s: float) -> None:
        """Send a frame, as fast as the agent reads.

        Raises
        ------
        LineEnded, LineTimeout
        """
        data = memoryview(frame.pack())
        deadline_s = time.monotonic() + limit_s
        with self._sending:
            while data:
                self.wait_for(lambda: self._under_way < WINDOW_BYTES, deadline_s - time.monotonic())
                with self.changed:
                    piece = data[: WINDOW_BYTES - self._under_way]
                    self._under_way += len(piece)
                try:
                    self._line.sendall(piece)
                except OSError as error:
                    self._await_end()
                    raise LineEnded from error
                data = data[len(piece) :]

    def _await_end(self) -> None:
        """The line is closed: learn from the keeper what happened."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.ended, _KEEPER_S):
                self.trouble = "the guest closed its line"

    def close(self) -> None:
        """Stop reading."""
        with suppress(OSError):
            self._stop_write.send(b"x")
        self._thread.join()
        for held in (self._line, self._stop_read, self._stop_write):
            held.close()

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._line, selectors.EVENT_READ, self._read_line)
            selector.register(self._control, selectors.EVENT_READ, self._read_control)
            selector.register(self._stop_read, selectors.EVENT_READ, lambda: False)
            while True:
                for key, _ in selector.select():
                    go_on = key.data()
                    if key.fileobj is self._stop_read:
                        return
                    if not go_on:
                        selector.unregister(key.fileobj)

    def _read_line(self) -> bool:
        try:
            data = self._line.recv(256 << 10)
        except OSError:
            data = b""
        if not data:
            return False  # the keeper says how it ended
        with self.changed:
            try:
                for frame in self._frames.feed(data):
                    if frame.kind is Kind.TAKEN:
                        self._under_way -= int(frame.json()["bytes"])
                    else:
                        self._on_frame(frame)
            except (BadFrame, KeyError, TypeError, ValueError) as error:
                self.trouble = f"the guest's line is garbled ({error})"
            self.changed.notify_all()
        return not self.trouble

    def _read_control(self) -> bool:
        try:
            data = self._control.recv(4096)
        except OSError:
            data = b""
        self._said += data
        with self.changed:
            if not data and self.exit_status is None:
                self.trouble = self.trouble or "the guest's keeper was killed"
            while b"\n" in self._said:
                line, _, self._said = self._said.partition(b"\n")
                said = json.loads(line)
                if "ended" in said:
                    self.exit_status = int(said["ended"])
                else:
                    self.trouble = f"the guest cannot be started ({said.get('refused')})"
            self.changed.notify_all()
        return bool(data)
