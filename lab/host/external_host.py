"""A host that somebody else has started: in a container, a guest, another terminal."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from lab.errors import LabError
from lab.host.base import Host
from lab.host.link import FdLink
from lab.host.protocol import RpcClient


class ExternalHost(Host):
    """Attaches to the Unix socket of ``coreaudiod-sim --rpc unix:PATH``.

    Leaving it leaves the host running; `shutdown` ends it.

    Parameters
    ----------
    path
        Of the socket.
    timeout_s
        To connect and to get the first answer.

    Raises
    ------
    LabError
        When nobody listens there.
    """

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        self.path = path
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.settimeout(None)
        except OSError as error:
            connection.close()
            raise LabError(
                f"no host can be reached ({error.strerror or error})",
                where=str(path),
                do=f"start one: coreaudiod-sim --rpc unix:{path}",
            ) from error
        fd = connection.detach()
        self._link = FdLink(fd, os.dup(fd))
        self._client = RpcClient(self._link)
        try:
            self.call("host.info", timeout_s=timeout_s)
        except BaseException:
            self.close()
            raise

    def shutdown(self) -> None:
        """End the host."""
        self.call("host.shutdown")

    def close(self) -> None:
        """Leave it. May be called twice."""
        self._link.close()
