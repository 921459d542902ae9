"""Files of AF_UNIX sockets."""

from __future__ import annotations

import socket
import stat
from contextlib import suppress
from pathlib import Path


def remove_dead_socket(path: Path) -> None:
    """Remove a socket's file that nobody listens on any more: it would be in the way.

    Parameters
    ----------
    path
        What is no socket, and what somebody listens on, stays.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                return
