"""Bunghole's wire as a way to listen: whoever dials is heard.

A driver of this wire is not known by its name. It is given a folder of this run to dial
(``BUNGHOLE_UNIX``, the stand-in for a vsock; nothing is listened to on a real one), and whether it
speaks the wire shows in whether it dials. The folder is there for every driver: one that speaks the
wire would else dial a vsock.
"""

from __future__ import annotations

import shutil
import time
from abc import abstractmethod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lab.closing import Closing
from lab.errors import LabError
from lab.host.base import Host
from lab.host.errors import HostError
from lab.host.models import Device
from lab.host.peer import Peer, open_peer
from lab.play.listener import Listener
from lab.play.names import unique_wire_folder
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.wire_facts import WireFacts
from lab.signals.file import read_raw
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.receiver import Receiver
from lab.transport.bunghole.recording import PACKET, Room, read_packets, recorded_frames
from lab.transport.bunghole.stream import Offset
from lab.transport.opus import CHANNELS, SAMPLE_RATE

VARIABLE = "BUNGHOLE_UNIX"
_OURS = (VARIABLE, "BUNGHOLE_CID")
_STAND_IN = "not vsock: AF_UNIX stand-in"
_UNTOLD_S = 0.25
"""For so long a driver may take to dial that says nothing of a link."""
_TOLD_S = 5.0
"""For so long one that has a link is waited for: a machine may be busy."""
_QUIET_S = 0.1
_LAST_S = 1.0
_LOOK_S = 0.01
_FOR_EVER_S = 1e6


class Wire(Closing):
    """Listens where a driver may dial, from before it is loaded.

    Attributes
    ----------
    environment
        What the driver needs to find it.
    why_not
        Why nobody listens although the driver says that it dials; empty otherwise.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.why_not = ""

    def attach(self, host: Host) -> None:
        """The host is there, the driver is not yet loaded."""

    @abstractmethod
    def is_dialled(self, host: Host, device: Device) -> bool:
        """Whether the driver of this device, now loaded, has dialled."""

    def leave(self) -> None:
        """The driver is heard in another way, and IO has not begun: stop listening."""

    @abstractmethod
    def listener(self, host: Host) -> Listener:
        """What takes what it plays from now on; leaving the wire ends it."""


class NoWire(Wire):
    """Nobody listens for it: the caller has named a place of their own."""

    def __init__(self) -> None:
        super().__init__({})

    def is_dialled(self, host: Host, device: Device) -> bool:
        """Nobody would know."""
        del host, device
        return False

    def listener(self, host: Host) -> Listener:
        """Never asked for."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to end."""


class _Folder(Wire):
    """With a folder of its own, for sockets and recordings."""

    def __init__(self, settings: PlaySettings) -> None:
        self.folder = unique_wire_folder()
        try:
            self.folder.mkdir(mode=0o700)
        except OSError as error:
            raise LabError(
                f"cannot make a folder for sockets ({error.strerror})",
                where=str(self.folder),
                do="set TMPDIR to a folder that can be written",
            ) from error
        super().__init__({VARIABLE: str(self.folder)})
        self._offered: Literal["v1", "v2"] = settings.layout or "v2"

    def close(self) -> None:
        """Remove the folder, with sockets and recordings; what was taken of these is a copy."""
        shutil.rmtree(self.folder, ignore_errors=True)


class RealtimeWire(_Folder):
    """The receiver of this package, in a thread."""

    def __init__(self, settings: PlaySettings, seconds: float) -> None:
        super().__init__(settings)
        self._receiver: Receiver | None = None
        self._refused = ""
        try:
            self._receiver = Receiver(
                Endpoint.stand_in(self.folder),
                room=Room(seconds=seconds, folder=self.folder),
                offers_v2=self._offered == "v2",
            )
        except LabError as error:
            # No libopus, or a folder too long for a socket: of most drivers that is no matter.
            self._refused = str(error)

    def is_dialled(self, host: Host, device: Device) -> bool:
        """Wait for it a little; for a driver that says it has a link, longer, until it is up."""
        link = _link(host, device)
        if self._receiver is None:
            self.why_not = self._refused if link is not None else ""
            return False
        end = time.monotonic() + (_UNTOLD_S if link is None else _TOLD_S)
        while not (guests := self._receiver.guests) and time.monotonic() < end:
            time.sleep(_LOOK_S)
        # What goes in v1 before the switch has no numbers.
        while guests and link is not None and self._offered == "v2" and time.monotonic() < end:
            if not (_link(host, device) or "").startswith("wire v1"):
                break
            time.sleep(_LOOK_S)
        return bool(guests)

    def leave(self) -> None:
        """Stop listening."""
        if self._receiver is not None:
            self._receiver.release()

    def listener(self, host: Host) -> Listener:
        """The receiver's recording."""
        assert self._receiver is not None
        return _ReceiverListener(host, self._receiver)

    def close(self) -> None:
        """Stop listening."""
        self.leave()
        super().close()


class VirtualWire(_Folder):
    """The far end inside the host, which keeps up with virtual time."""

    def __init__(self, settings: PlaySettings, seconds: float) -> None:
        super().__init__(settings)
        self._record = self.folder / "wire.f32"
        self._table = self.folder / "wire.packets"
        self._frames = round(seconds * SAMPLE_RATE)
        self._peer: Peer | None = None
        self._refused = ""

    def attach(self, host: Host) -> None:
        """Open it; without libopus, or before a helper that drivers live in, there is none."""
        try:
            self._peer = open_peer(
                host,
                wire=self._offered,
                record=self._record,
                record_frames=self._frames,
                table=self._table,
            )
        except HostError as error:
            self._refused = error.message
            if host.info().process_model == "helper":
                self._refused = (
                    "in virtual time whoever it dials has to be in its process, and this profile "
                    "has a helper for it: play in real time, or without a profile"
                )

    def is_dialled(self, host: Host, device: Device) -> bool:
        """Threads of a driver that was loaded have run as far as they can."""
        if self._peer is None:
            self.why_not = self._refused if _link(host, device) is not None else ""
            return False
        return self._peer.stats().output.connections > 0

    def leave(self) -> None:
        """Close the far end, whose thread would have its turns, and whose files their room."""
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def listener(self, host: Host) -> Listener:
        """The far end's recording."""
        assert self._peer is not None
        # The microphone is not what is asked about, and each packet of it costs time.
        self._peer.refuse("input", _FOR_EVER_S)
        self._peer.disconnect("input")
        return _PeerListener(host, self._peer, self._record, self._table)


def open_wire(settings: PlaySettings, seconds: float) -> Wire:
    """Listen for a driver that may dial.

    Parameters
    ----------
    settings
        Of the run. Where its environment says what to dial, nobody listens here.
    seconds
        Of audio that there is to be room for.

    Returns
    -------
    Wire
    """
    if any(name in settings.environment for name in _OURS):
        return NoWire()
    kind = VirtualWire if settings.clock == "virtual" else RealtimeWire
    return kind(settings, seconds)


class _ReceiverListener(Listener):
    def __init__(self, host: Host, receiver: Receiver) -> None:
        self._host = host
        self._receiver = receiver

    def finish(self, facts: PlayFacts, *, host_lives: bool) -> None:
        """Wait for the last packet, which comes when IO has ended, and take the recording."""
        receiver = self._receiver
        counted, handed = _told(self._host, facts.device) if host_lives else ({}, -1)
        name = max(receiver.guests, key=lambda one: len(receiver.packets(one)), default="")
        if name and host_lives:
            _wait_for_the_last(receiver, name)
        receiver.close()
        clock: Offset | None = None
        packets = np.empty(0, dtype=PACKET)
        if name:
            stream = receiver.summary().streams[name]
            clock, packets = stream.clock, receiver.packets(name)
            facts.recorded = _as_many(receiver.audio(name), facts)
            facts.dropped_frames = stream.frames - stream.recorded_frames
        _take(facts, WireFacts(receiver.endpoint.transport, packets, clock, counted, handed))


class _PeerListener(Listener):
    def __init__(self, host: Host, peer: Peer, record: Path, table: Path) -> None:
        self._host = host
        self._peer = peer
        self._record = record
        self._table = table

    def finish(self, facts: PlayFacts, *, host_lives: bool) -> None:
        """Take both files; those that a crash left are cut where their zeros begin."""
        counted: dict[str, int] = {}
        handed = -1
        heard = -1
        if host_lives:
            counted, handed = _told(self._host, facts.device)
            stats = self._peer.close().output
            heard = stats.decoded_frames + stats.concealed_frames
        packets = read_packets(self._table)
        recorded = read_raw(self._record, CHANNELS)[: recorded_frames(packets)]
        facts.recorded = _as_many(recorded, facts)
        facts.dropped_frames = max(heard - len(facts.recorded), 0)
        _take(facts, WireFacts(_STAND_IN, packets, None, counted, handed))


def _take(facts: PlayFacts, wire: WireFacts) -> None:
    facts.wire = wire
    facts.layout = wire.version


def _as_many(recorded: NDArray[np.float32], facts: PlayFacts) -> NDArray[np.float32]:
    """The wire is stereo; a device of one channel is heard by the first of them."""
    return recorded[:, : facts.device.output_channels]


def _link(host: Host, device: Device) -> str | None:
    """What the driver says of its link; None when it has no such property."""
    try:
        return str(host.get_property(device.plugin, device.object_id, "vlnk", type_="string"))
    except HostError:
        return None


def _told(host: Host, device: Device) -> tuple[dict[str, int], int]:
    """What the driver has counted, and how many frames IO has handed to it."""
    try:
        found: Any = host.get_property(device.plugin, device.object_id, "stat", type_="plist")
        counted = {str(name): int(value) for name, value in found.items()}
    except (HostError, AttributeError, TypeError, ValueError):
        counted = {}
    return counted, host.io_stats(device.device).frames


def _wait_for_the_last(receiver: Receiver, name: str) -> None:
    """Until the packet that ends a run of IO has come, or nothing comes any more."""
    end = time.monotonic() + _LAST_S
    count, since = -1, time.monotonic()
    while time.monotonic() < end:
        packets = receiver.packets(name)
        if len(packets) and packets["flags"][-1] & np.uint32(4) and len(packets) == count:
            return
        if len(packets) != count:
            count, since = len(packets), time.monotonic()
        elif time.monotonic() - since > _QUIET_S:
            return
        time.sleep(_LOOK_S)
