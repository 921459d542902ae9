"""Which source of audio the host takes: UDP, then vsock, then its own desktop.

The first that is asked for is the one; when it cannot be had, the host goes on without audio and
does not try the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from lab.errors import LabError
from lab.transport.bunghole.wire import OUTPUT_PORT


class Source(Enum):
    """Where audio comes from."""

    UDP = "guest-udp"
    VSOCK = "guest-vsock"
    DESKTOP = "host-desktop"


@dataclass(frozen=True)
class Chosen:
    """What came of the choice.

    Attributes
    ----------
    wanted
        The source that the flags ask for.
    source
        The one that runs; None when it could not be started.
    lines
        For the log. ``vsock audio listener started on port 5000`` and ``audio: source=guest-vsock``
        are the seed's; it names no others, those are ours.
    """

    wanted: Source
    source: Source | None
    lines: tuple[str, ...]


def wanted_source(*, udp_listen: str | None, vm: bool) -> Source:
    """The source that the flags ask for.

    Parameters
    ----------
    udp_listen
        ``--audio-udp-listen``; None or empty when not given.
    vm
        ``--vm``.
    """
    if udp_listen:
        return Source.UDP
    return Source.VSOCK if vm else Source.DESKTOP


def choose_source(
    *,
    udp_listen: str | None,
    vm: bool,
    start: Mapping[Source, Callable[[], None]],
    port: int = OUTPUT_PORT,
) -> Chosen:
    """Start the source that is asked for.

    Parameters
    ----------
    udp_listen, vm
        As in `wanted_source`.
    start
        How to start each; raises `LabError` or OSError when it cannot be.
    port
        Of the vsock listener.

    Returns
    -------
    Chosen
        A failure is a line, and no source.
    """
    wanted = wanted_source(udp_listen=udp_listen, vm=vm)
    started = {
        Source.UDP: f"udp audio ingest started on {udp_listen}",
        Source.VSOCK: f"vsock audio listener started on port {port}",
        Source.DESKTOP: "desktop audio capture started",
    }[wanted]
    try:
        start[wanted]()
    except (LabError, OSError) as error:
        return Chosen(wanted, None, (f"audio: {wanted.value} failed, no audio: {error}",))
    return Chosen(wanted, wanted, (started, f"audio: source={wanted.value}"))
