"""Where a far end listens: AF_VSOCK, a guest's vsock device, or AF_UNIX that stands in for it.

Nothing here dials a vsock: the one function that may is in ``lab.guest``.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError, MissingError
from lab.transport.bunghole.limits import Limits
from lab.transport.unix_socket import remove_dead_socket

BACKLOG = 128
_VMADDR_CID_ANY = 0xFFFFFFFF
_UNIX_PATH_MAX = 103  # macOS has 104 with the final zero, Linux 108
_LISTEN_AGAIN = "end that program, or choose another port"


@dataclass(frozen=True)
class Endpoint:
    """A way to be reached.

    Attributes
    ----------
    folder
        Of the sockets ``<port>.sock`` that stand in; None for a real vsock of this kernel.
    cid
        Real vsock: the own address to listen on; any by default.
    device
        Of the sockets ``port-<port>.sock`` behind the vsock device of a guest, for whom this is
        CID 2; None: there is no such guest.
    """

    folder: Path | None = None
    cid: int = _VMADDR_CID_ANY
    device: Path | None = None

    @classmethod
    def vsock(cls, cid: int = _VMADDR_CID_ANY) -> Endpoint:
        """A real one."""
        return cls(cid=cid)

    @classmethod
    def stand_in(cls, folder: Path) -> Endpoint:
        """AF_UNIX, for tests."""
        return cls(folder=folder)

    @classmethod
    def of_guest(cls, device: Path) -> Endpoint:
        """CID 2 of a guest: the folder `lab.guest.guest.Guest.vsock_folder`."""
        return cls(device=device)

    @property
    def is_vsock(self) -> bool:
        """Whether it is a real vsock."""
        return self.folder is None

    @property
    def transport(self) -> str:
        """What every result says."""
        return "vsock" if self.is_vsock else "not vsock: AF_UNIX stand-in"

    @property
    def word(self) -> str:
        """What log lines say."""
        return "vsock" if self.is_vsock else "stand-in"

    def named(self, port: int) -> str:
        """One port of it, for messages."""
        path = self._path(port)
        return f"vsock port {port}" if path is None else str(path)

    def listen(self, port: int, limits: Limits) -> socket.socket:
        """A listening socket that does not block.

        Parameters
        ----------
        port
            Of the vsock, or in the file's name.
        limits
            For buffers.

        Returns
        -------
        socket.socket

        Raises
        ------
        LabError
            When somebody else listens there, or it is not permitted.
        MissingError
            When this system has no vsock.
        """
        path = self._path(port)
        made = self._listen_vsock(port, limits) if path is None else self._listen_unix(path, port)
        made.setblocking(False)
        return made

    def release(self, port: int) -> None:
        """Remove what `listen` left in the file system."""
        path = self._path(port)
        if path is not None:
            path.unlink(missing_ok=True)

    def guest_of(self, connection: socket.socket, address: object) -> str:
        """Whose connection it is: one guest, one name.

        Parameters
        ----------
        connection
            As accepted.
        address
            As `accept` gave it.

        Returns
        -------
        str
            ``"cid 3"``; ``"the guest"`` behind a device, which has one; with the stand-in the name
            that the peer has bound, or its process.
        """
        if self.device is not None:
            return "the guest"
        if self.folder is None:
            assert isinstance(address, tuple)
            return f"cid {address[0]}"
        name = address.decode(errors="replace") if isinstance(address, bytes) else str(address)
        if name:
            return Path(name.lstrip("\0")).name
        return f"process {_pid_of(connection)}"

    def _path(self, port: int) -> Path | None:
        if self.device is not None:
            return self.device / f"port-{port}.sock"
        return None if self.folder is None else self.folder / f"{port}.sock"

    def _listen_vsock(self, port: int, limits: Limits) -> socket.socket:
        family = getattr(socket, "AF_VSOCK", None)
        if family is None:
            raise MissingError("this system has no AF_VSOCK", do="use the stand-in for tests")
        try:
            made = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise MissingError(
                f"no vsock can be made ({error.strerror})", do="load the kernel module vsock"
            ) from error
        try:
            # Credit of the peers. Accepted connections inherit it.
            made.setsockopt(family, socket.SO_VM_SOCKETS_BUFFER_SIZE, limits.receive_buffer_bytes)
            made.bind((self.cid, port))
            made.listen(BACKLOG)
        except OSError as error:
            made.close()
            raise self._refused(port, error) from error
        return made

    def _listen_unix(self, path: Path, port: int) -> socket.socket:
        if len(os.fsencode(path)) > _UNIX_PATH_MAX:
            raise LabError(
                f"longer than the {_UNIX_PATH_MAX} bytes that a socket's path may have",
                where=str(path),
                do="choose a shorter folder",
            )
        remove_dead_socket(path)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.bind(str(path))
            made.listen(BACKLOG)
        except OSError as error:
            made.close()
            raise self._refused(port, error) from error
        return made

    def _refused(self, port: int, error: OSError) -> LabError:
        if error.errno == errno.EADDRINUSE:
            return LabError(
                "somebody listens there already", where=self.named(port), do=_LISTEN_AGAIN
            )
        return LabError(
            f"cannot listen ({error.strerror})",
            where=self.named(port),
            do="check the address and the permissions",
        )


def _pid_of(connection: socket.socket) -> int:
    if hasattr(socket, "SO_PEERCRED"):
        answer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", answer)[0])
    local_peerpid, sol_local = 2, 0  # <sys/un.h> of macOS
    return connection.getsockopt(sol_local, local_peerpid)
