"""Methods of the host that a build may lack: one small function each, skipped with its reason.

A host without a method answers "there is no method"; then the function says so, and the caller
goes on without.
"""

from __future__ import annotations

from typing import Any

from lab.host.base import DeviceRef, Host
from lab.host.errors import HostError


class NotThere(Exception):  # noqa: N818  (it is what happened)
    """The host has no such method; the text names it."""


def _call(host: Host, method: str, **params: Any) -> Any:
    try:
        return host.call(method, **params)
    except HostError as error:
        if error.status in {"method", "unsupported"}:
            raise NotThere(f"this host has no {method}") from None
        raise


def begin_fingerprint(host: Host) -> None:
    """Start the rolling hash of everything observable.

    Raises
    ------
    NotThere
    """
    _call(host, "fingerprint.begin")


def read_fingerprint(host: Host) -> str:
    """The rolling hash so far.

    Raises
    ------
    NotThere
    """
    return str(_call(host, "fingerprint.read")["hash"])


def set_drift(host: Host, device: DeviceRef, ppm: int) -> None:
    """Let the device's clock be off by `ppm` from now on.

    Raises
    ------
    NotThere
    """
    _call(host, "device.set_clock", device=device, model=[{"kind": "offset", "ppm": ppm}])


def fail_allocation(host: Host, nth: int) -> None:
    """Let the driver's `nth` allocation from now on fail.

    Raises
    ------
    NotThere
    """
    _call(host, "ledger.begin")
    _call(host, "ledger.fail_allocation", nth=nth)


def end_failing(host: Host) -> int:
    """No allocation fails any more.

    Returns
    -------
    int
        How many have failed since the host began.
    """
    failed = int(_call(host, "ledger.read")["failed_allocations"])
    _call(host, "ledger.end")
    return failed
