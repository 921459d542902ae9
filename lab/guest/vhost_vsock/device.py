"""The device: packets between the rings of the guest and the switch."""

from __future__ import annotations

import os
import selectors
from contextlib import suppress
from pathlib import Path

from lab.guest.vhost_vsock import packet as packets
from lab.guest.vhost_vsock.faults import GuestFault
from lab.guest.vhost_vsock.packet import Packet
from lab.guest.vhost_vsock.switch import Switch
from lab.guest.vhost_vsock.vring import Chain, Vring, signal_call

RECEIVE, TRANSMIT, EVENT = range(3)
RINGS = 3
MAX_CONTROL = 256
_CHAIN_LIMIT_BYTES = packets.HEADER_BYTES + packets.MAX_PAYLOAD_BYTES
_BATCH = 64


class Device:
    """A vsock device.

    Parameters
    ----------
    folder
        Of the sockets.
    selector
        Of the process's loop.

    Attributes
    ----------
    rings
        Receive, transmit, event; None while a ring is stopped.
    call_fds
        To signal the guest, per ring.
    """

    def __init__(self, folder: Path, selector: selectors.BaseSelector) -> None:
        self.rings: list[Vring | None] = [None] * RINGS
        self.call_fds: list[int | None] = [None] * RINGS
        self.switch = Switch(folder, selector, send_room=self._send_room, send=self._send)
        self._spare: Chain | None = None
        self._given_back = [False] * RINGS

    def set_call(self, index: int, fd: int | None) -> None:
        """Take over the descriptor by which the guest is signalled."""
        old = self.call_fds[index]
        if old is not None:
            os.close(old)
        if fd is not None:
            os.set_blocking(fd, False)
        self.call_fds[index] = fd

    def start_ring(self, index: int, ring: Vring) -> None:
        """Begin to serve a ring."""
        if index == RECEIVE:
            self._spare = None
        self.rings[index] = ring

    def stop_ring(self, index: int) -> int:
        """Stop to serve a ring.

        Returns
        -------
        int
            Number of the next available entry; 0 when it was not served.
        """
        ring = self.rings[index]
        if ring is None:
            return 0
        if index == RECEIVE and self._spare is not None:
            # It was taken but not given back: the next who serves the ring gets it again.
            ring.next_available = (ring.next_available - 1) & 0xFFFF
            self._spare = None
        self.rings[index] = None
        return ring.next_available

    def pump(self) -> bool:
        """Move what can be moved.

        Returns
        -------
        bool
            Whether the guest has more to say already.

        Raises
        ------
        GuestFault
            For a ring or a packet that cannot be.
        """
        self._flush_control()
        more = self._take_transmitted()
        self._flush_control()
        if self._send_room():
            self.switch.buffers_came()
        self._call_guest()
        return more

    def close(self) -> None:
        """Close sockets and descriptors."""
        self.switch.close()
        for index in range(RINGS):
            with suppress(OSError):
                self.set_call(index, None)

    def _take_transmitted(self) -> bool:
        ring = self.rings[TRANSMIT]
        if ring is None:
            return False
        for _ in range(_BATCH):
            # A guest that asks without giving buffers for the answers is not listened to.
            if len(self.switch.control) >= MAX_CONTROL:
                return False
            chain = ring.pop()
            if chain is None:
                return False
            packet = packets.parse(chain.gather(_CHAIN_LIMIT_BYTES))
            ring.push(chain, 0)
            self._given_back[TRANSMIT] = True
            self.switch.take(packet)
        return ring.has_more()

    def _flush_control(self) -> None:
        control = self.switch.control
        while control and self._receive_chain() is not None:
            self._send(control.popleft())

    def _receive_chain(self) -> Chain | None:
        ring = self.rings[RECEIVE]
        if self._spare is None and ring is not None:
            chain = ring.pop()
            if chain is not None and chain.room_bytes < packets.HEADER_BYTES:
                raise GuestFault(f"a receive buffer of {chain.room_bytes} bytes")
            self._spare = chain
        return self._spare

    def _send_room(self) -> int:
        # Answers go first, so that they cannot be overtaken by the bytes that follow them.
        if self.switch.control:
            self._flush_control()
        if self.switch.control:
            return 0
        chain = self._receive_chain()
        if chain is None:
            return 0
        return min(chain.room_bytes - packets.HEADER_BYTES, packets.MAX_PAYLOAD_BYTES)

    def _send(self, packet: Packet) -> None:
        chain = self._receive_chain()
        ring = self.rings[RECEIVE]
        assert chain is not None
        assert ring is not None
        self._spare = None
        ring.push(chain, chain.scatter(packet.pack()))
        self._given_back[RECEIVE] = True

    def _call_guest(self) -> None:
        for index in (RECEIVE, TRANSMIT):
            ring, fd = self.rings[index], self.call_fds[index]
            if not self._given_back[index] or ring is None:
                continue
            self._given_back[index] = False
            if fd is not None and ring.wants_call():
                signal_call(fd)
