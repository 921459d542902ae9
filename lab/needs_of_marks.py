"""What a mark needs, and whether it is here."""

from __future__ import annotations

import os
import sys
from functools import cache

from lab.errors import MissingError
from lab.host.locate import find_daemon, find_driver


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
    from lab.guest.dialling import loopback_works

    return loopback_works()


def _guest() -> str:
    from lab.guest.mark import read_mark
    from lab.guest.uml_files import HOST_MODULES, why_missing

    if read_mark() is not None:
        return "this is a guest, and guests start none"
    reason = why_missing(HOST_MODULES)
    return f"{reason}; hal-lab doctor --install" if reason else ""
