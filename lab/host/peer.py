"""The host at the other end of Bunghole's wire, inside the simulated coreaudiod."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from lab.host.base import Host
from lab.host.models import Reply
from lab.host.sources import Source

Direction = Literal["output", "input"]
Wire = Literal["v1", "v2"]
PACKET_FRAMES = 960
"""Of one packet, 20 ms."""


class Latency(Reply):
    """From the IO cycle that brought a packet's first frame to its arrival, ns; v2 only.

    `p50_ns` is good to 0.1 ms, the others to the nanosecond.
    """

    count: int = 0
    min_ns: int = 0
    p50_ns: int = 0
    max_ns: int = 0


class Link(Reply):
    """What both directions count; times are of the virtual clock, 0 for never."""

    wire: Wire | None = None
    listening: bool = False
    half_open: bool = False
    connections: int = 0
    replaced: int = 0
    closed_by_peer: int = 0
    closed_by_us: int = 0
    protocol_errors: int = 0
    deadlines: int = 0
    connected_ns: int = 0
    first_audio_ns: int = 0
    last_audio_ns: int = 0
    packets: int = 0
    frames: int = 0
    lost_on_purpose: int = 0
    repeated: int = 0
    reordered: int = 0
    garbage: int = 0
    broken: int = 0


class OutputLink(Link):
    """What the driver played, as it arrived; v1 has no numbers, so that nothing is lost there."""

    lost_frames: int = 0
    gaps: int = 0
    lost_packets: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    restarts: int = 0
    discontinuities: int = 0
    muted: int = 0
    last_packets: int = 0
    decode_errors: int = 0
    concealed_frames: int = 0
    decoded_frames: int = 0
    silent_packets: int = 0
    hash: str = ""
    latency: Latency = Field(default_factory=Latency)


class InputLink(Link):
    """The microphone."""

    outbox_dropped: int = 0


class PeerStats(Reply):
    """``farend.stats`` of a far end of kind ``bunghole-opus``."""

    folder: str
    output: OutputLink
    input: InputLink


class Peer:
    """Listens where Bunghole dials, records what is played, sends a microphone.

    Attributes
    ----------
    host, id
        Where it is.
    folder
        Of the sockets that stand in for the vsock.
    """

    def __init__(self, host: Host, farend_id: int, folder: str) -> None:
        self.host = host
        self.id = farend_id
        self.folder = folder

    def stats(self, *, forget: bool = False) -> PeerStats:
        """What has come so far; with `forget`, figures of latency begin anew."""
        reply = self.host.call("farend.stats", farend=self.id, forget=forget or None)
        return PeerStats.model_validate(reply)

    def close(self) -> PeerStats:
        """End it, while no IO runs; what had come."""
        return PeerStats.model_validate(self.host.call("farend.close", farend=self.id))

    # ---- faults ----------------------------------------------------------------------------

    def stall(self, direction: Direction, s: float) -> None:
        """Neither read nor write nor accept for so many seconds."""
        self._fault(direction, "stall", s=s)

    def slow(self, direction: Direction, s: float, percent: int) -> None:
        """Read and write only so much of 128 kbit/s for so many seconds."""
        self._fault(direction, "slow", s=s, amount=percent)

    def half_open(self, direction: Direction) -> None:
        """Keep the connection, throw away what comes, answer nothing."""
        self._fault(direction, "half-open")

    def disconnect(self, direction: Direction) -> None:
        """Close the connection; who dials again is welcome."""
        self._fault(direction, "close")

    def refuse(self, direction: Direction, s: float) -> None:
        """Let nobody listen for so many seconds; 0: listen again."""
        self._fault(direction, "refuse", s=s)

    def lose(self, direction: Direction, packets: int) -> None:
        """The next packets get lost on the way."""
        self._fault(direction, "lose", amount=packets)

    def repeat(self, direction: Direction, packets: int) -> None:
        """They arrive twice."""
        self._fault(direction, "repeat", amount=packets)

    def reorder(self, direction: Direction, pairs: int) -> None:
        """The packets of the next pairs change places."""
        self._fault(direction, "reorder", amount=pairs)

    def garbage(self, packets: int) -> None:
        """The next packets of the microphone are no Opus."""
        self._fault("input", "garbage", amount=packets)

    def bad_length(self, size: Literal[0, 1501]) -> None:
        """The microphone sends a frame of a length that none may have."""
        self._fault("input", "bad-length", amount=size)

    def cut_off(self) -> None:
        """The microphone sends half a frame and closes."""
        self._fault("input", "cut-off")

    def wire(self, direction: Direction, version: Wire) -> None:
        """From the next connection on it speaks that."""
        self._fault(direction, "wire", amount=1 if version == "v1" else 2)

    def _fault(
        self, direction: Direction, fault: str, *, s: float | None = None, amount: int | None = None
    ) -> None:
        self.host.call(
            "farend.fault",
            farend=self.id,
            direction=direction,
            fault=fault,
            ns=None if s is None else round(s * 1e9),
            amount=amount,
        )


def open_peer(
    host: Host,
    *,
    wire: Wire = "v2",
    microphone: Source | None = None,
    bitrate: int = 128_000,
    record: Path | None = None,
    record_frames: int | None = None,
    table: Path | None = None,
) -> Peer:
    """Open it, before the driver is loaded: the host's environment says where to dial.

    Parameters
    ----------
    host
        In virtual time.
    wire
        ``"v1"``: it never offers v2.
    microphone
        What it plays, at 48 kHz; None: silence.
    bitrate
        Of the microphone, bit/s.
    record, record_frames
        Raw stereo Float32 file for what arrives, and the room in it.
    table
        With `record`: file for a row per packet, dtype
        `lab.transport.bunghole.recording.PACKET`.

    Returns
    -------
    Peer

    Raises
    ------
    HostError
        In real time, and when there is one already.
    """
    result = host.call(
        "farend.open",
        kind="bunghole-opus",
        wire=wire,
        microphone=None if microphone is None else dict(microphone),
        bitrate=bitrate,
        record=None if record is None else str(record.resolve()),
        record_frames=record_frames,
        table=None if table is None else str(table.resolve()),
    )
    return Peer(host, int(result["farend"]), str(result["folder"]))
