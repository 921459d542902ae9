"""Which way a driver is heard: Gecko's shared memory, its own input, or Bunghole's wire."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.errors import UsageError
from lab.faults.events import EVENT_CLASSES
from lab.faults.wire.perform import FIT as FIT_FOR_WIRE
from lab.host.errors import HostError, HostGone
from lab.host.peer import Peer, open_peer
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.play.names import release, unique_shm_name

FarEndKind = Literal["gecko", "input", "bunghole"]
_NEED_SHARED_MEMORY = {"reader", "transport"}


@dataclass(frozen=True)
class Choice:
    """How a driver is heard.

    Attributes
    ----------
    kind
        ``"gecko"``, ``"input"`` or ``"bunghole"``.
    reason
        Why, in half a sentence.
    """

    kind: FarEndKind
    reason: str


def choose_far_end(
    wanted: Literal["auto", "gecko", "input", "bunghole"],
    bundle: Path,
    *,
    layout: str,
    environment: dict[str, str],
) -> Choice:
    """Find out how a driver can be heard.

    Parameters
    ----------
    wanted
        What was asked for; ``"auto"``: look.
    bundle
        Of the driver.
    layout
        Of the shared memory.
    environment
        Of the driver.

    Returns
    -------
    Choice

    Raises
    ------
    UsageError
        When it can be heard in no way.
    """
    if wanted != "auto":
        return Choice(wanted, "as asked for")
    name = unique_shm_name()
    # Whoever dials finds the host's far end, or nobody; never a real vsock.
    known = {"GECKO_SHM_NAME": name, "GECKO_SHM_LAYOUT": layout, "BUNGHOLE_UNIX": "/dev/null"}
    known |= environment
    try:
        with SubprocessHost(HostOptions(clock="virtual"), environment=known) as host:
            return _look(host, bundle, name)
    except HostGone:
        # The soak is about that: let a run meet it, and say where.
        return Choice("gecko", "the driver did not live long enough to be looked at")
    finally:
        release(name)


def _look(host: SubprocessHost, bundle: Path, name: str) -> Choice:
    peer: Peer | None = None
    with suppress(HostError):  # without libopus nobody can answer
        peer = open_peer(host)
    plugin = host.load(bundle)
    if peer is not None and peer.stats().output.connections:
        return Choice("bunghole", "the driver dialled Bunghole's wire")
    devices = [host.device(index) for index in plugin.devices]
    usable = [device for device in devices if device.outputs and not device.hidden]
    for device in usable:
        try:
            if host.open_far_end(name, device=device.device).stats().attachments:
                return Choice("gecko", "the driver made the shared memory that it was named")
        except HostError:
            continue
    both = [d for d in usable if any(s.direction == "input" for s in d.streams)]
    if both:
        return Choice("input", "the driver has an input and makes no shared memory of Gecko's")
    raise UsageError(
        "the driver has made no shared memory that could be read, dialled nobody, and has no input",
        where=bundle.name,
        do="soak a driver that writes Gecko Sink's shared memory to GECKO_SHM_NAME, that speaks "
        "Bunghole's wire, or that loops its output back to its input",
    )


def fit_for(kind: FarEndKind, faults: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which faults can be injected, and which cannot.

    Parameters
    ----------
    kind
        How the driver is heard.
    faults
        Names of events.

    Returns
    -------
    fit, left_out : list of str
    """
    if kind == "bunghole":
        fit = [name for name in faults if name in FIT_FOR_WIRE]
    elif kind == "gecko":
        fit = [name for name in faults if EVENT_CLASSES[name].group != "wire"]
    else:
        others = _NEED_SHARED_MEMORY | {"wire"}
        fit = [name for name in faults if EVENT_CLASSES[name].group not in others]
    return fit, [name for name in faults if name not in fit]


def needs_shared_memory(group: str) -> bool:
    """Whether events of a group happen to shared memory or to its reader."""
    return group in _NEED_SHARED_MEMORY
