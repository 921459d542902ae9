"""A guest's kernel as the vsock device sees it, in this process: memory, rings, messages."""

from __future__ import annotations

import mmap
import os
import selectors
import socket
import struct
from pathlib import Path

from lab.guest.vhost_vsock import packet as packets
from lab.guest.vhost_vsock import wire
from lab.guest.vhost_vsock.__main__ import run_once
from lab.guest.vhost_vsock.packet import Packet
from lab.guest.vhost_vsock.session import FEATURES, PROTOCOL_FEATURES, Session
from lab.guest.vhost_vsock.wire import Request

ENTRIES = 256
MEMORY_BYTES = 8 << 20
GUEST_BASE = 0x10_0000
USER_BASE = 0x7000_0000_0000
RING_BYTES = 0x4000
BUFFERS = 0x10_0000
BUFFER_BYTES = 4096 + packets.HEADER_BYTES
RECEIVE, TRANSMIT = 0, 1
WRITE, NEXT, INDIRECT = 2, 1, 4


class FrontEnd:
    """Speaks to a `Session` that runs in the same thread.

    Parameters
    ----------
    folder
        Of the sockets of the streams.
    """

    def __init__(self, folder: Path) -> None:
        self.memory_fd = os.memfd_create("guest")
        os.ftruncate(self.memory_fd, MEMORY_BYTES)
        self.memory = mmap.mmap(self.memory_fd, MEMORY_BYTES)
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(5)
        self.selector = selectors.DefaultSelector()
        self.session = Session(theirs, folder, self.selector)
        self.kicks = [os.eventfd(0) for _ in range(3)]
        self.calls = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(3)]
        self.available = [0, 0, 0]
        self.used = [0, 0, 0]
        self.received_at: dict[int, int] = {}

    def close(self) -> None:
        self.session.close()
        self.selector.close()
        self.socket.close()
        for fd in (*self.kicks, *self.calls, self.memory_fd):
            os.close(fd)

    # ---- messages --------------------------------------------------------------------------------

    def say(self, request: int, payload: bytes = b"", *, fds: tuple[int, ...] = ()) -> None:
        data = wire.HEADER.pack(request, 1, len(payload)) + payload
        socket.send_fds(self.socket, [data], list(fds))
        self.session.hear()

    def ask(self, request: int, payload: bytes = b"", *, fds: tuple[int, ...] = ()) -> bytes:
        data = wire.HEADER.pack(request, 1 | 8, len(payload)) + payload
        socket.send_fds(self.socket, [data], list(fds))
        self.session.hear()
        answer = self.socket.recv(4096)
        assert wire.HEADER.unpack(answer[:12])[:2] == (request, 5)
        return answer[12:]

    def share_memory(self) -> None:
        table = struct.pack("<IIQQQQ", 1, 0, GUEST_BASE, MEMORY_BYTES, USER_BASE, 0)
        self.ask(Request.SET_MEM_TABLE, table, fds=(self.memory_fd,))

    def set_ring(self, index: int, *, entries: int = ENTRIES) -> None:
        at = USER_BASE + index * RING_BYTES
        state = struct.pack("<II", index, entries)
        addresses = struct.pack("<IIQQQQ", index, 0, at, at + 0x2000, at + 0x1000, 0)
        self.ask(Request.SET_VRING_NUM, state)
        self.ask(Request.SET_VRING_BASE, struct.pack("<II", index, 0))
        self.ask(Request.SET_VRING_ADDR, addresses)
        self.ask(Request.SET_VRING_CALL, struct.pack("<Q", index), fds=(self.calls[index],))
        self.ask(Request.SET_VRING_KICK, struct.pack("<Q", index), fds=(self.kicks[index],))

    def enable(self, index: int) -> None:
        self.ask(Request.SET_VRING_ENABLE, struct.pack("<II", index, 1))

    def set_up(self) -> None:
        self.say(Request.SET_OWNER)
        assert wire.u64(self.ask(Request.GET_FEATURES)) == FEATURES
        self.ask(Request.SET_PROTOCOL_FEATURES, struct.pack("<Q", PROTOCOL_FEATURES))
        self.ask(Request.SET_FEATURES, struct.pack("<Q", FEATURES))
        self.share_memory()
        for index in range(3):
            self.set_ring(index)
            self.enable(index)

    # ---- rings -----------------------------------------------------------------------------------

    def describe(
        self, ring: int, index: int, address: int, size: int, flags: int, following: int = 0
    ) -> None:
        struct.pack_into(
            "<QIHH", self.memory, ring * RING_BYTES + 16 * index, address, size, flags, following
        )

    def offer(self, ring: int, head: int) -> None:
        base = ring * RING_BYTES + 0x1000
        struct.pack_into("<H", self.memory, base + 4 + 2 * (self.available[ring] % ENTRIES), head)
        self.available[ring] = (self.available[ring] + 1) & 0xFFFF
        struct.pack_into("<H", self.memory, base + 2, self.available[ring])

    def give_buffers(self, count: int = 64) -> None:
        for _ in range(count):
            slot = self.available[RECEIVE] % ENTRIES
            address = GUEST_BASE + BUFFERS + slot * 0x2000
            self.describe(RECEIVE, slot, address, BUFFER_BYTES, WRITE)
            self.offer(RECEIVE, slot)

    def transmit_bytes(self, data: bytes) -> None:
        slot = self.available[TRANSMIT] % ENTRIES
        place = BUFFERS + (4 << 20) + slot * 0x2000
        self.memory[place : place + len(data)] = data
        self.describe(TRANSMIT, slot, GUEST_BASE + place, len(data), 0)
        self.offer(TRANSMIT, slot)

    def transmit(self, packet: Packet) -> None:
        self.transmit_bytes(packet.pack())

    def turn(self, count: int = 3) -> None:
        """Let the device work; what it waits for is there already, or does not come."""
        for _ in range(count):
            run_once(self.selector, self.session, 0.001)

    def received(self) -> list[Packet]:
        """What the device has put into receive buffers since the last time."""
        base = RECEIVE * RING_BYTES + 0x2000
        (index,) = struct.unpack_from("<H", self.memory, base + 2)
        found = []
        while self.used[RECEIVE] != index:
            slot = self.used[RECEIVE] % ENTRIES
            head, size = struct.unpack_from("<II", self.memory, base + 4 + 8 * slot)
            place = BUFFERS + head * 0x2000
            found.append(packets.parse(bytes(self.memory[place : place + size])))
            self.used[RECEIVE] = (self.used[RECEIVE] + 1) & 0xFFFF
        return found

    def transmitted_back(self) -> int:
        """How many transmit buffers were given back."""
        base = TRANSMIT * RING_BYTES + 0x2000
        (index,) = struct.unpack_from("<H", self.memory, base + 2)
        return int(index)
