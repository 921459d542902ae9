"""One stream between a guest's port and a host's: a state machine without sockets or rings.

Packets of the guest go in through `Connection.take`, bytes of the host through
`Connection.send_bytes` and `Connection.host_closed`; packets for the guest come out of what these
return, bytes for the host wait in `Connection.to_host`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from lab.guest.vhost_vsock.credit import Credit
from lab.guest.vhost_vsock.packet import GUEST_CID, HOST_CID, Op, Packet, Shutdown


class State(Enum):
    """Where a stream is in its life."""

    ASKED = "asked"
    """The host wants it; the guest has not answered."""
    OPEN = "open"
    CLOSED = "closed"
    """Nothing is to be sent or expected any more."""


@dataclass
class Connection:
    """A stream.

    Attributes
    ----------
    guest_port, host_port
        Its name.
    state
        Where it is.
    credit
        Its accounts.
    to_host
        What the guest sent and the host's socket has not taken yet; bounded by the credit.
    guest_gave_up, host_gave_up
        Directions that each has shut down, as it said itself.
    """

    guest_port: int
    host_port: int
    state: State
    credit: Credit = field(default_factory=Credit)
    to_host: bytearray = field(default_factory=bytearray)
    guest_gave_up: Shutdown = field(default_factory=lambda: Shutdown(0))
    host_gave_up: Shutdown = field(default_factory=lambda: Shutdown(0))

    def packet(self, op: Op, *, flags: int = 0, payload: bytes = b"") -> Packet:
        """A packet to the guest, with the state of our account."""
        buffer_bytes, forwarded_bytes = self.credit.announce()
        return Packet(
            source_cid=HOST_CID,
            destination_cid=GUEST_CID,
            source_port=self.host_port,
            destination_port=self.guest_port,
            op=op,
            flags=flags,
            buffer_bytes=buffer_bytes,
            forwarded_bytes=forwarded_bytes,
            payload=payload,
        )

    def take(self, packet: Packet) -> list[Packet]:
        """Take in a packet of the guest for this stream.

        Returns
        -------
        list of Packet
            At most one answer.
        """
        if packet.op == Op.RST:
            self.state = State.CLOSED
            return []
        if not self.credit.hear(packet.buffer_bytes, packet.forwarded_bytes):
            return self._reset()
        if packet.op == Op.RESPONSE:
            if self.state is not State.ASKED:
                return self._reset()
            self.state = State.OPEN
            return []
        if self.state is not State.OPEN:
            return self._reset()
        if packet.op == Op.RW:
            return self._take_bytes(packet.payload)
        if packet.op == Op.SHUTDOWN:
            self.guest_gave_up |= Shutdown(packet.flags & Shutdown.BOTH)
            return self.close_when_done()
        if packet.op == Op.CREDIT_REQUEST:
            return [self.packet(Op.CREDIT_UPDATE)]
        if packet.op == Op.CREDIT_UPDATE:
            # A guest that has made its buffer smaller may now wait for what was not worth telling.
            return self._news()
        return self._reset()

    def may_send(self) -> int:
        """Bytes of the host that can go to the guest now."""
        if self.state is not State.OPEN or self.guest_gave_up & Shutdown.RECEIVE:
            return 0
        return self.credit.may_send()

    def send_bytes(self, data: bytes) -> Packet:
        """Bytes of the host, at most `may_send`, as a packet."""
        self.credit.send(len(data))
        return self.packet(Op.RW, payload=data)

    def forwarded(self, count: int) -> list[Packet]:
        """The host's socket has taken so many bytes of `to_host`."""
        del self.to_host[:count]
        self.credit.forward(count)
        answers = self.close_when_done()
        return answers or self._news()

    def host_closed(self, *, both: bool) -> list[Packet]:
        """The host's socket is at its end, in one direction or both.

        Parameters
        ----------
        both
            False when the host has only said that it will send no more.
        """
        before = self.host_gave_up
        self.host_gave_up |= Shutdown.BOTH if both else Shutdown.SEND
        if both:
            self.credit.forward(len(self.to_host))
            self.to_host.clear()
        if self.state is State.ASKED:
            return self._reset()
        answers = self.close_when_done()
        if answers or self.state is not State.OPEN or before == self.host_gave_up:
            return answers
        return [self.packet(Op.SHUTDOWN, flags=self.host_gave_up)]

    def close_when_done(self) -> list[Packet]:
        """End the stream once the guest has given up both directions and all is passed on."""
        if self.state is State.OPEN and self.guest_gave_up == Shutdown.BOTH and not self.to_host:
            return self._reset()
        return []

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is to come."""
        return self.state is State.CLOSED

    @property
    def host_should_see_end(self) -> bool:
        """Whether the guest will send no more, and all it sent has been passed on."""
        return bool(self.guest_gave_up & Shutdown.SEND) and not self.to_host

    def _take_bytes(self, data: bytes) -> list[Packet]:
        if self.guest_gave_up & Shutdown.SEND or not self.credit.receive(len(data)):
            return self._reset()
        if self.host_gave_up & Shutdown.RECEIVE:
            self.credit.forward(len(data))
            return []
        self.to_host += data
        return []

    def _news(self) -> list[Packet]:
        if self.state is State.OPEN and self.credit.should_announce():
            return [self.packet(Op.CREDIT_UPDATE)]
        return []

    def _reset(self) -> list[Packet]:
        self.state = State.CLOSED
        return [self.packet(Op.RST)]


def refusal(packet: Packet) -> Packet:
    """The RST for a packet that belongs to no stream."""
    return Packet(
        source_cid=packet.destination_cid,
        destination_cid=packet.source_cid,
        source_port=packet.destination_port,
        destination_port=packet.source_port,
        op=Op.RST,
        kind=packet.kind,
    )
