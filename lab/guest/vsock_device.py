"""Starting the vsock device of a guest, and the host's ends of its streams.

The device is `lab.guest.vhost_vsock`, as a process with a lifeline: the end of its stdin, which
comes with the end of this process however that ends, ends it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

from lab.errors import LabError
from lab.guest.launch import PACKAGE_ROOT
from lab.guest.vhost_vsock.switch import GUEST_SOCKET, port_socket

_START_S = 10.0
_END_S = 5.0
_CODE = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from lab.guest.vhost_vsock.__main__ import main; sys.exit(main())"
)


class VsockDevice:
    """The device behind CID 2 of one guest.

    Parameters
    ----------
    folder
        For its sockets; it has to exist.

    Raises
    ------
    LabError
        When it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "device.sock"
        self._said = folder / "device.log"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _CODE, PACKAGE_ROOT, self.socket, folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
        deadline_s = time.monotonic() + _START_S
        while not self.socket.is_socket():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                fault = self.fault() or "it says nothing"
                self.close()
                raise LabError(f"the vsock device does not start ({fault})", where=str(folder))
            time.sleep(0.005)

    def fault(self) -> str:
        """Why it ended early; empty while it runs, and after an ordinary end."""
        if self._process.poll() in (None, 0):
            return ""
        lines = self._said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else f"vhost-vsock ended with {self._process.returncode}"

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def listen(folder: Path, port: int, *, backlog: int = 16) -> socket.socket:
    """Listen where a guest arrives that connects to CID 2.

    Parameters
    ----------
    folder
        `Guest.vsock_folder`.
    port
        The guest's.
    backlog
        How many may wait.

    Returns
    -------
    socket.socket
        AF_UNIX, listening; the caller's.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(port_socket(folder, port)))
        made.listen(backlog)
    except OSError as error:
        made.close()
        raise LabError(
            f"the host cannot listen for the guest ({error.strerror})",
            where=str(port_socket(folder, port)),
            do="close whoever listens there already",
        ) from error
    return made


def connect(folder: Path, port: int, *, limit_s: float = 5.0) -> socket.socket:
    """Connect to a listener of the guest.

    Parameters
    ----------
    folder
        `Guest.vsock_folder`.
    port
        The guest's.
    limit_s
        How long it may take; the socket keeps it as its time limit.

    Returns
    -------
    socket.socket
        AF_UNIX, connected; the caller's.

    Raises
    ------
    LabError
        When nobody listens there.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(limit_s)
    said = bytearray()
    try:
        made.connect(str(folder / GUEST_SOCKET))
        made.sendall(b"CONNECT %d\n" % port)
        while not said.endswith(b"\n"):
            byte = made.recv(1)
            if not byte:
                raise ConnectionRefusedError(0, "closed")
            said += byte
    except OSError as error:
        made.close()
        raise LabError(
            f"nobody in the guest answers ({error.strerror or 'timed out'})",
            where=f"vsock 3:{port}",
            do="start the listener in the guest first",
        ) from error
    return made
