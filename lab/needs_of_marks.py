"""What a mark needs, and whether it is here."""

from __future__ import annotations

import os
import socket
import sys
from functools import cache

from lab.errors import MissingError
from lab.host.locate import find_daemon, find_driver

_VMADDR_CID_LOCAL = 1


@cache
def reason_to_skip(mark: str) -> str:
    """Why a test with that mark cannot run here.

    Parameters
    ----------
    mark
        A key of `lab.pytest_plugin.MARKS`.

    Returns
    -------
    str
        Empty when it can.
    """
    return {
        "native": _native,
        "linux": lambda: "" if sys.platform == "linux" else "this is not Linux",
        "macos": lambda: "" if sys.platform == "darwin" else "this is not macOS",
        "realtime": _realtime,
        "docker": _docker,
        "vsock": _vsock,
        "guest": _guest,
    }[mark]()


def _native() -> str:
    try:
        find_daemon()
        find_driver()
    except MissingError as error:
        return str(error)
    return ""


def _realtime() -> str:
    return "HAL_LAB_NO_REALTIME is set" if os.environ.get("HAL_LAB_NO_REALTIME") else ""


def _docker() -> str:
    from lab.machine.engine import why_none

    return why_none()


def _vsock() -> str:
    family = getattr(socket, "AF_VSOCK", None)
    if family is None:
        return "this system has no AF_VSOCK"
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((_VMADDR_CID_LOCAL, socket.VMADDR_PORT_ANY))
    except OSError as error:
        return f"AF_VSOCK has no loopback transport ({error.strerror})"
    return ""


def _guest() -> str:
    from lab.guest.mark import read_mark
    from lab.guest.uml_files import HOST_MODULES, why_missing

    if read_mark() is not None:
        return "this is a guest, and guests start none"
    reason = why_missing(HOST_MODULES)
    return f"{reason}; hal-lab doctor --install" if reason else ""
