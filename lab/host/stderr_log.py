"""The host's stderr, collected while it runs: drivers' log lines and last words.

A driver's os_log comes as one JSON object a line, a crash report as the last of them. Other lines
are text for people.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

LINES_MAX = 20_000
_ENDINGS = {"driver-crashed", "driver-hung", "host-crashed", "killed"}
_HELPER = "driver-service"


@dataclass(frozen=True)
class LogLine:
    """A line of stderr.

    Attributes
    ----------
    text
        Without its end; what is not UTF-8 replaced.
    fields
        The JSON object, empty for a line of text.
    """

    text: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def event(self) -> str:
        """``"driver-crashed"``, ...; empty when the line is no event."""
        return str(self.fields.get("event", ""))

    @property
    def message(self) -> str:
        """What it says to people."""
        return str(self.fields.get("message", self.text)) if self.fields else self.text


def parse_line(line: bytes) -> LogLine:
    """Read one line.

    Parameters
    ----------
    line
        Without its end; anything.

    Returns
    -------
    LogLine
    """
    text = line.decode(errors="replace").rstrip("\r\n")
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return LogLine(text)
        if isinstance(value, dict):
            return LogLine(text, value)
    return LogLine(text)


class StderrLog:
    """Collects a stream in a thread until it ends; keeps the last `LINES_MAX` lines.

    Parameters
    ----------
    stream
        Owned by the log from now on.
    on_line
        Called for each line, on the thread.
    """

    def __init__(self, stream: BinaryIO, on_line: Callable[[LogLine], None] | None = None) -> None:
        self._stream = stream
        self._on_line = on_line
        self._lines: deque[LogLine] = deque(maxlen=LINES_MAX)
        self._count = 0
        self._thread = threading.Thread(target=self._collect, name="stderr", daemon=True)
        self._thread.start()

    @property
    def lines(self) -> list[LogLine]:
        """All so far, oldest first."""
        return list(self._lines)

    @property
    def count(self) -> int:
        """How many lines there have been, those no longer kept included."""
        return self._count

    def complaint_since(self, known: int, *, patience_s: float) -> str:
        """The newest line of level error or fault after the first `known` lines.

        Parameters
        ----------
        known
            An earlier `count`.
        patience_s
            How long to wait for one: the stream is read on another thread.

        Returns
        -------
        str
            Its message, empty when there is none.
        """
        deadline = time.monotonic() + patience_s
        while True:
            new = self._count - known
            for line in reversed(self.lines[-new:] if new > 0 else []):
                if line.fields.get("level") in {"error", "fault"}:
                    return line.message
            if time.monotonic() >= deadline:
                return ""
            time.sleep(0.001)

    def events(self, name: str) -> list[LogLine]:
        """Those with that ``event``."""
        return [line for line in self.lines if line.event == name]

    def wait(self, timeout_s: float) -> None:
        """Wait until the stream has ended: then the last words are in."""
        self._thread.join(timeout_s)

    def last_report(self) -> dict[str, Any]:
        """The last event that says how the host ended; empty without one.

        What became of helpers is no end of the host: `helper_reports`.
        """
        for line in reversed(self.lines):
            if line.event in _ENDINGS and line.fields.get("process") != _HELPER:
                return line.fields
        return {}

    def helper_reports(self) -> list[dict[str, Any]]:
        """The reports of helpers that died, oldest first."""
        return [
            line.fields
            for line in self.lines
            if line.event in _ENDINGS and line.fields.get("process") == _HELPER
        ]

    def last_words(self) -> str:
        """The last line of text, empty without one."""
        for line in reversed(self.lines):
            if not line.fields and line.text.strip():
                return line.text.strip()
        return ""

    def _collect(self) -> None:
        with self._stream:
            for raw in self._stream:
                line = parse_line(raw)
                self._lines.append(line)
                self._count += 1
                if self._on_line is not None:
                    self._on_line(line)
