"""Who may send how much: the two credit accounts of a stream, modulo 2**32."""

from __future__ import annotations

from dataclasses import dataclass

OWN_BUFFER_BYTES = 256 << 10
_MASK = 0xFFFF_FFFF


@dataclass
class Credit:
    """Both accounts, from our side.

    Attributes
    ----------
    sent_bytes
        What we sent.
    peer_buffer_bytes, peer_forwarded_bytes
        What the guest said last.
    received_bytes, forwarded_bytes
        What the guest sent, and what of it has gone on to the host's socket.
    announced_bytes
        The value of `forwarded_bytes` that the guest knows of.
    """

    sent_bytes: int = 0
    peer_buffer_bytes: int = 0
    peer_forwarded_bytes: int = 0
    received_bytes: int = 0
    forwarded_bytes: int = 0
    announced_bytes: int = 0

    def hear(self, buffer_bytes: int, forwarded_bytes: int) -> bool:
        """Take in what a packet of the guest says.

        Returns
        -------
        bool
            False when it cannot be: it has passed on what was never sent, or takes back what it
            had passed on.
        """
        in_flight = (self.sent_bytes - self.peer_forwarded_bytes) & _MASK
        advance = (forwarded_bytes - self.peer_forwarded_bytes) & _MASK
        if advance > in_flight:
            return False
        self.peer_forwarded_bytes = forwarded_bytes
        self.peer_buffer_bytes = buffer_bytes
        return True

    def may_send(self) -> int:
        """Bytes that the guest can take now."""
        in_flight = (self.sent_bytes - self.peer_forwarded_bytes) & _MASK
        return max(0, self.peer_buffer_bytes - in_flight)

    def send(self, count: int) -> None:
        """Account for bytes sent; at most `may_send`."""
        assert count <= self.may_send()
        self.sent_bytes = (self.sent_bytes + count) & _MASK

    def receive(self, count: int) -> bool:
        """Account for bytes received.

        Returns
        -------
        bool
            False when the guest sent more than it was allowed; then nothing has changed.
        """
        if self.held_bytes() + count > OWN_BUFFER_BYTES:
            return False
        self.received_bytes = (self.received_bytes + count) & _MASK
        return True

    def held_bytes(self) -> int:
        """Received and not passed on yet."""
        return (self.received_bytes - self.forwarded_bytes) & _MASK

    def forward(self, count: int) -> None:
        """Account for bytes passed on; at most `held_bytes`."""
        assert count <= self.held_bytes()
        self.forwarded_bytes = (self.forwarded_bytes + count) & _MASK

    def may_be_sent(self) -> int:
        """Bytes that the guest sends beyond what it knows to be passed on, before it waits.

        Linux sends no more than its own buffer for the stream has room for, however much we offer,
        so that a peer that offers gigabytes cannot make it hold gigabytes.
        """
        return min(OWN_BUFFER_BYTES, self.peer_buffer_bytes)

    def should_announce(self) -> bool:
        """Whether the guest should be told, because a quarter of its credit is known to us only."""
        unknown = (self.forwarded_bytes - self.announced_bytes) & _MASK
        return unknown > 0 and unknown >= self.may_be_sent() // 4

    def announce(self) -> tuple[int, int]:
        """What the next packet says: our buffer, and what has been passed on."""
        self.announced_bytes = self.forwarded_bytes
        return OWN_BUFFER_BYTES, self.forwarded_bytes
