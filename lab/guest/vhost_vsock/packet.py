"""Headers of vsock packets."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from lab.guest.vhost_vsock.faults import GuestFault

HEADER = struct.Struct("<QQIIIHHIII")
HEADER_BYTES = HEADER.size
MAX_PAYLOAD_BYTES = 64 << 10
HOST_CID = 2
GUEST_CID = 3
STREAM = 1


class Op(IntEnum):
    """What a packet is for."""

    INVALID = 0
    REQUEST = 1
    RESPONSE = 2
    RST = 3
    SHUTDOWN = 4
    RW = 5
    CREDIT_UPDATE = 6
    CREDIT_REQUEST = 7


class Shutdown(IntFlag):
    """Directions that the sender of a SHUTDOWN gives up."""

    RECEIVE = 1
    SEND = 2
    BOTH = 3


@dataclass(frozen=True)
class Packet:
    """A vsock packet.

    Attributes
    ----------
    source_cid, destination_cid, source_port, destination_port
        Addresses.
    op
        An `Op`, or a number that is none.
    flags
        For SHUTDOWN: `Shutdown`.
    buffer_bytes
        How much the sender can take in for this stream.
    forwarded_bytes
        How much of it the sender has passed on since the beginning, modulo 2**32.
    payload
        For RW.
    kind
        `STREAM`; others are refused.
    """

    source_cid: int
    destination_cid: int
    source_port: int
    destination_port: int
    op: int
    flags: int = 0
    buffer_bytes: int = 0
    forwarded_bytes: int = 0
    payload: bytes = b""
    kind: int = STREAM

    def pack(self) -> bytes:
        """Header and payload as they are in memory."""
        return (
            HEADER.pack(
                self.source_cid,
                self.destination_cid,
                self.source_port,
                self.destination_port,
                len(self.payload),
                self.kind,
                self.op,
                self.flags,
                self.buffer_bytes,
                self.forwarded_bytes,
            )
            + self.payload
        )


def parse(data: bytes) -> Packet:
    """Read a packet.

    Parameters
    ----------
    data
        All of a chain: header and payload.

    Raises
    ------
    GuestFault
        When it is shorter than its header, or than the header says.
    """
    if len(data) < HEADER_BYTES:
        raise GuestFault(f"a packet of {len(data)} bytes, its header has {HEADER_BYTES}")
    (
        source_cid,
        destination_cid,
        source_port,
        destination_port,
        size,
        kind,
        op,
        flags,
        room,
        done,
    ) = HEADER.unpack_from(data)
    if size > len(data) - HEADER_BYTES:
        raise GuestFault(f"a packet says {size} bytes and has {len(data) - HEADER_BYTES}")
    return Packet(
        source_cid=source_cid,
        destination_cid=destination_cid,
        source_port=source_port,
        destination_port=destination_port,
        op=op,
        flags=flags,
        buffer_bytes=room,
        forwarded_bytes=done,
        payload=data[HEADER_BYTES : HEADER_BYTES + size],
        kind=kind,
    )
