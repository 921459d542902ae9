"""The original's host, as far as its reading goes: one connection at a time, no deadline."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from lab.closing import Closing
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.limits import Limits


class OriginalHost(Closing):
    """Accepts a guest, reads frames of v1 until it goes, accepts the next.

    Parameters
    ----------
    endpoint, port
        Where.

    Attributes
    ----------
    packets
        Frames read.
    """

    def __init__(self, endpoint: Endpoint, port: int) -> None:
        self.packets = 0
        self._endpoint = endpoint
        self._port = port
        self._current: socket.socket | None = None
        self._ending = False
        self._server = endpoint.listen(port, Limits())
        self._server.settimeout(0.05)
        self._thread = threading.Thread(target=self._run, name="original-host", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it. May be called twice."""
        self._ending = True
        if self._current is not None:
            with suppress(OSError):
                self._current.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()
        self._endpoint.release(self._port)

    def _run(self) -> None:
        while not self._ending:
            try:
                self._current, _ = self._server.accept()
            except TimeoutError:
                continue
            self._current.settimeout(None)
            with self._current, suppress(OSError, EOFError):
                while True:
                    length = int.from_bytes(self._read(2), "big")
                    if not 1 <= length <= 1500:
                        break
                    self._read(length)
                    self.packets += 1

    def _read(self, count: int) -> bytes:
        assert self._current is not None
        data = b""
        while len(data) < count:
            piece = self._current.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data
