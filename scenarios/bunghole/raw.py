"""Peers that say what a scenario wants them to say, byte by byte.

They listen where the driver dials, or dial where the host's end listens. A vsock is dialled by the
one function that may.
"""

from __future__ import annotations

import select
import socket
import time

from lab.closing import Closing
from lab.guest import dialling
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.limits import Limits

WAIT_S = 20.0
OFFER = bytes.fromhex("42 48 41 02 00 00 00 00")
SWITCH = bytes.fromhex("ff ff") + OFFER
SILENT_PACKET = bytes.fromhex("fc ff fe")
"""CELT, full band, 20 ms, stereo, one frame: digital silence."""


def v1(packet: bytes = SILENT_PACKET) -> bytes:
    """A frame of v1."""
    return len(packet).to_bytes(2, "big") + packet


def dial(endpoint: Endpoint, port: int) -> socket.socket:
    """Connect to what listens there."""
    if endpoint.folder is None:
        return dialling.dial(dialling.LOOPBACK_CID, port, limit_s=WAIT_S)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(WAIT_S)
    try:
        made.connect(str(endpoint.folder / f"{port}.sock"))
    except OSError:
        made.close()
        raise
    return made


def seconds_until_closed(connection: socket.socket, limit_s: float = WAIT_S) -> float:
    """How long until the other side closes; what it says meanwhile is thrown away."""
    begin = time.monotonic()
    connection.settimeout(limit_s)
    try:
        while connection.recv(65_536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    return time.monotonic() - begin


def read_for(connection: socket.socket, seconds: float) -> bytes:
    """All that comes within a time."""
    data, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([connection], [], [], left)[0]:
            piece = connection.recv(65_536)
            if not piece:
                break
            data += piece
    return data


class RawListener(Closing):
    """Listens, and leaves all else to the scenario.

    Parameters
    ----------
    endpoint, port
        Where.
    """

    def __init__(self, endpoint: Endpoint, port: int) -> None:
        self._endpoint = endpoint
        self._port = port
        self._open: list[socket.socket] = []
        self._server = endpoint.listen(port, Limits())

    def close(self) -> None:
        """Close everything. May be called twice."""
        for connection in self._open:
            connection.close()
        self._server.close()
        self._endpoint.release(self._port)

    def accept(self, limit_s: float = WAIT_S) -> socket.socket:
        """The next connection; closed with the listener at the latest.

        Raises
        ------
        TimeoutError
            When none comes.
        """
        self._server.settimeout(limit_s)
        connection, _ = self._server.accept()
        connection.settimeout(WAIT_S)
        self._open.append(connection)
        return connection
