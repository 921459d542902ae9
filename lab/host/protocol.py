"""The client's half of the control protocol (docs/reference/rpc.md)."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from typing import Any

from lab.host.errors import HostError, HostTimeout, ProtocolError
from lab.host.link import LINE_MAX, Link, LinkTimeout

NOTICES_MAX = 10_000
NULL = object()
"""A null that is sent: None stands for a parameter that is not given."""

_STANDARD = {
    -32700: "parse",
    -32600: "request",
    -32601: "method",
    -32602: "parameters",
    -32603: "internal",
}


class RpcClient:
    """Sends requests, one at a time, and keeps the notices that come between the answers.

    Parameters
    ----------
    link
        Carries the lines; owned by the caller.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._next_id = 1
        self._lock = threading.Lock()
        self.notices: deque[dict[str, Any]] = deque(maxlen=NOTICES_MAX)

    def call(self, method: str, params: dict[str, Any] | None = None, *, timeout_s: float) -> Any:
        """Ask, and wait for the answer.

        Parameters
        ----------
        method
            ``"device.list"``, ...
        params
            Members that are None are left out.
        timeout_s
            How long to wait.

        Returns
        -------
        Any
            The result, as JSON.

        Raises
        ------
        HostError
            The host refused.
        HostTimeout
            It did not answer.
        ProtocolError
            What came is no answer.
        LinkClosed
            It has gone.
        """
        with self._lock:
            number = self._next_id
            self._next_id += 1
            self._send(method, params, number)
            return self._answer(method, number, time.monotonic() + timeout_s, timeout_s)

    def notify(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Say something that wants no answer; also from another thread, during a call."""
        self._send(method, params, None)

    def _send(self, method: str, params: dict[str, Any] | None, number: int | None) -> None:
        request: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if number is not None:
            request["id"] = number
        if params:
            request["params"] = {
                key: None if value is NULL else value
                for key, value in params.items()
                if value is not None
            }
        line = json.dumps(request, separators=(",", ":"), allow_nan=False).encode()
        if len(line) > LINE_MAX:
            raise ProtocolError(f"a request of {len(line)} bytes; {LINE_MAX} are allowed")
        self._link.send(line)

    def _answer(self, method: str, number: int, deadline: float, timeout_s: float) -> Any:
        while True:
            try:
                line = self._link.receive(max(0.0, deadline - time.monotonic()))
            except LinkTimeout:
                raise HostTimeout(
                    f"no answer to {method} within {timeout_s:g} s", where="coreaudiod-sim"
                ) from None
            message = parse_message(line)
            if "method" in message:
                if message["method"] == "notice":
                    self.notices.append(message.get("params") or {})
                continue
            if message.get("id") not in (number, None):
                continue  # the answer to a request that was given up
            if "error" in message:
                raise to_host_error(message["error"])
            if "result" not in message:
                raise ProtocolError("an answer without result or error", where=method)
            return message["result"]


def parse_message(line: bytes) -> dict[str, Any]:
    """Read one line of the host.

    Parameters
    ----------
    line
        Without its end.

    Returns
    -------
    dict
        A JSON object.

    Raises
    ------
    ProtocolError
        When it is not one.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        shown = line[:80].decode(errors="replace")
        raise ProtocolError(f"the host sent what is not JSON: {shown!r}") from error
    if not isinstance(message, dict):
        raise ProtocolError(f"the host sent JSON that is no object: {line[:80]!r}")
    return message


def to_host_error(error: Any) -> HostError:
    """The exception for a JSON-RPC error object, whatever state it is in.

    Parameters
    ----------
    error
        The member ``error`` of an answer.

    Returns
    -------
    HostError
    """
    if not isinstance(error, dict):
        return HostError("internal", 0, f"an error that is no object: {error!r}")
    data = error.get("data")
    if not isinstance(data, dict):
        data = {}
    code = error.get("code")
    status = data.get("status") or _STANDARD.get(code if isinstance(code, int) else 0, "internal")
    os_status = data.get("os_status")
    return HostError(
        str(status),
        os_status if isinstance(os_status, int) else 0,
        str(error.get("message", "no message")),
    )
