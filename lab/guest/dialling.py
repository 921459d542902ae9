"""The one place from which the lab connects AF_VSOCK sockets.

On a machine that is itself a guest, CID 2 is the hypervisor that runs it, and no test has any
business there. So outside a guest of ours only CID 1 may be dialled, and even that only once a
socket could be bound to CID 1: without a loopback transport the kernel would hand the call to
whatever other transport there is. Inside a guest that our launcher started (see `lab.guest.mark`)
the CIDs that the launcher named may be dialled. Standard library only: the doctor uses it.
"""

from __future__ import annotations

import errno
import socket

from lab.errors import LabError, MissingError
from lab.guest import mark
from lab.guest.errors import DialRefused

LOOPBACK_CID = 1
_ANY_PORT = 0xFFFF_FFFF
_MAX_PORT = 0xFFFF_FFFE


def allowed_cids() -> tuple[int, ...]:
    """What may be dialled from this process: (1,), or what the guest's launcher named."""
    found = mark.read_mark()
    return (LOOPBACK_CID,) if found is None else found.cids


def check(cid: int, port: int) -> None:
    """Refuse what may not be dialled.

    Parameters
    ----------
    cid, port
        The address.

    Raises
    ------
    DialRefused
        When it may not be; no socket has been touched.
    """
    if type(cid) is not int or type(port) is not int or not 0 <= port <= _MAX_PORT:
        raise DialRefused("this is no vsock address", where=f"{cid!r}:{port!r}", do="give integers")
    allowed = allowed_cids()
    if cid not in allowed:
        named = ", ".join(str(one) for one in allowed) or "none"
        raise DialRefused(
            f"CID {cid} may not be dialled from here (allowed: {named})",
            where=f"vsock {cid}:{port}",
            do="dial it inside a guest that lab.guest started with that vsock",
        )


def dial(cid: int, port: int, *, limit_s: float = 5.0) -> socket.socket:
    """Connect an AF_VSOCK stream.

    Parameters
    ----------
    cid, port
        The address; see `check`.
    limit_s
        How long it may take; the socket keeps it as its time limit.

    Returns
    -------
    socket.socket
        Connected; the caller's.

    Raises
    ------
    DialRefused
        When it may not be dialled; no socket has been touched.
    MissingError
        Where there is no such vsock.
    LabError
        When nobody answers.
    """
    check(cid, port)
    if not hasattr(socket, "AF_VSOCK"):
        raise MissingError("this system has no AF_VSOCK", do="use Linux 5.6 or later, or a guest")
    where = f"vsock {cid}:{port}"
    try:
        made = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    except OSError as error:
        raise MissingError(f"no AF_VSOCK ({error.strerror})", where=where) from error
    try:
        made.settimeout(limit_s)
        if cid == LOOPBACK_CID:
            made.bind((LOOPBACK_CID, _ANY_PORT))
        made.connect((cid, port))
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise MissingError(
                "AF_VSOCK has no loopback transport here",
                where=where,
                do="load the module vsock_loopback, or run in a guest",
            ) from error
        raise LabError(
            f"nobody answers ({error.strerror or 'timed out'})",
            where=where,
            do="start the listener first",
        ) from error
    return made


def loopback_works() -> str:
    """Try CID 1, by a listener of our own.

    Returns
    -------
    str
        Empty when it works, else why not.
    """
    if LOOPBACK_CID not in allowed_cids():
        return "this guest has no loopback"
    if not hasattr(socket, "AF_VSOCK"):
        return "this system has no AF_VSOCK"
    try:
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as listener:
            listener.bind((LOOPBACK_CID, _ANY_PORT))
            listener.listen(1)
            with dial(LOOPBACK_CID, listener.getsockname()[1], limit_s=2.0):
                return ""
    except OSError as error:
        return f"AF_VSOCK has no loopback transport ({error.strerror})"
    except LabError as error:
        return error.what
