"""How launchctl talks to launchd: one JSON object a line, over a Unix socket in the machine."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from lab.errors import LabError

SOCKET = "/private/var/run/launchd.sock"
"""In the machine."""
MAX_LINE = 1 << 16
"""Of a request or an answer."""


class LaunchdGoneError(LabError):
    """Nobody listens on the socket, or it went while it was asked."""


def ask(path: Path, request: dict[str, Any], *, timeout_s: float = 60.0) -> dict[str, Any]:
    """Send a request and wait for the answer.

    Parameters
    ----------
    path
        Of the socket.
    request
        ``verb`` and its parameters, as `lab.launchd.requests` has them.
    timeout_s
        For the answer.

    Returns
    -------
    dict
        ``code`` (launchctl's exit status), ``out`` and ``error`` (what it prints).

    Raises
    ------
    LaunchdGoneError
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            data = b""
            while not data.endswith(b"\n") and len(data) <= 16 * MAX_LINE:
                chunk = connection.recv(MAX_LINE)
                if not chunk:
                    break
                data += chunk
        except OSError as error:
            why = error.strerror or str(error)
            raise LaunchdGoneError(f"launchd does not answer ({why})", where=str(path)) from error
    if not data.endswith(b"\n"):
        raise LaunchdGoneError("launchd ended before it had answered", where=str(path))
    answer: dict[str, Any] = json.loads(data)
    return answer
