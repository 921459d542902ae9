"""What a hostile guest may write into messages, rings and packets."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.guest.vhost_vsock import packet as packets
from lab.guest.vhost_vsock import wire
from lab.guest.vhost_vsock.faults import GuestFault, GuestLeft
from lab.guest.vhost_vsock.memory import GuestMemory
from lab.guest.vhost_vsock.packet import HEADER_BYTES, Packet
from lab.guest.vhost_vsock.vring import Chain, Vring
from lab.guest.vhost_vsock.wire import Region
from tests.guest.processes import check_one_line

SIZE = 1 << 16
ENTRIES = 16
U64 = st.integers(0, (1 << 64) - 1)
U32 = st.integers(0, (1 << 32) - 1)
U16 = st.integers(0, (1 << 16) - 1)


@pytest.fixture(scope="module")
def memory() -> tuple[GuestMemory, memoryview]:
    fd = os.memfd_create("guest")
    os.ftruncate(fd, SIZE)
    made = GuestMemory([(Region(0, SIZE, 0, 0), fd)])
    return made, made.by_guest_address(0, SIZE)


def ring_on(memory: GuestMemory, *, base: int = 0) -> Vring:
    return Vring(memory, entries=ENTRIES, descriptors=0, available=0x200, used=0x300, base=base)


# ---- messages ------------------------------------------------------------------------------------


@given(data=st.binary(min_size=12, max_size=12))
def test_any_twelve_bytes_are_a_header_or_a_fault(data: bytes) -> None:
    try:
        _, flags, size = wire.parse_header(data)
    except GuestFault as fault:
        check_one_line(fault)
        return
    assert flags & 3 == 1
    assert size <= wire.MAX_PAYLOAD_BYTES


@given(payload=st.binary(max_size=300))
def test_any_payload_is_read_or_refused_by_every_parser(payload: bytes) -> None:
    for parse in (
        wire.u64,
        wire.ring_and_fd,
        wire.ring_state,
        wire.ring_addresses,
        wire.regions,
        wire.config_request,
    ):
        try:
            parse(payload)
        except GuestFault as fault:
            check_one_line(fault)


@given(table=st.lists(st.builds(Region, U64, U64, U64, U64), min_size=1, max_size=8))
def test_a_memory_table_is_read_as_it_was_written(table: list[Region]) -> None:
    data = struct.pack("<II", len(table), 0) + b"".join(
        struct.pack("<QQQQ", r.guest_address, r.size_bytes, r.user_address, r.offset_bytes)
        for r in table
    )
    assert wire.regions(data) == table


def test_messages_arrive_whole_with_their_descriptors_or_not_at_all() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.05)
    with ours, theirs, Path(os.devnull).open("rb") as nothing:
        data = wire.HEADER.pack(12, 1 | 8, 8) + struct.pack("<Q", 2)
        socket.send_fds(theirs, [data], [nothing.fileno()])
        message = wire.receive(ours)
        assert (message.request, message.wants_reply) == (12, True)
        assert wire.ring_and_fd(message.payload) == (2, True)
        os.close(message.take_fd())
        with pytest.raises(GuestFault, match="carries 0 descriptors"):
            message.take_fd()
        theirs.send(data[:15])
        with pytest.raises(GuestFault, match="half a vhost-user message, and then nothing"):
            wire.receive(ours)
        theirs.send(data[:5])
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(GuestFault, match="and then the end"):
            wire.receive(ours)
        with pytest.raises(GuestLeft):
            wire.receive(ours)


# ---- memory --------------------------------------------------------------------------------------


@given(address=U64, size=U32)
@example(address=SIZE - 1, size=2)
@example(address=SIZE, size=0)
@example(address=(1 << 64) - 1, size=2)
def test_an_address_is_in_memory_or_a_fault(
    memory: tuple[GuestMemory, memoryview], address: int, size: int
) -> None:
    for look in (memory[0].by_guest_address, memory[0].by_user_address):
        if address + size <= SIZE:
            assert len(look(address, size)) == size
        else:
            with pytest.raises(GuestFault):
                look(address, size)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([Region(0, 2 * SIZE, 0, 0)], "in a file of"),
        ([Region(0, SIZE, 0, 1)], "in a file of"),
        ([Region(0, 0, 0, 0)], "a region of 0 bytes"),
        ([Region(0, 1 << 63, 0, 1 << 63)], "in a file of"),
        ([Region(0, 4096, 0, 0), Region(4095, 4096, 8192, 0)], "overlap"),
    ],
)
def test_a_memory_table_that_cannot_be_is_refused_and_its_files_closed(
    table: list[Region], said: str
) -> None:
    fds = []
    for _ in table:
        fd = os.memfd_create("guest")
        os.ftruncate(fd, SIZE)
        fds.append(fd)
    with pytest.raises(GuestFault, match=said):
        GuestMemory(list(zip(table, fds, strict=True)))
    for fd in fds:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


# ---- rings ---------------------------------------------------------------------------------------

DESCRIPTOR = st.tuples(
    st.one_of(st.integers(0, SIZE), U64),
    st.one_of(st.integers(0, 4096), U32),
    st.one_of(st.integers(0, 3), U16),
    st.one_of(st.integers(0, ENTRIES), U16),
)


@given(
    descriptors=st.lists(DESCRIPTOR, min_size=ENTRIES, max_size=ENTRIES),
    heads=st.lists(st.one_of(st.integers(0, ENTRIES - 1), U16), min_size=ENTRIES, max_size=ENTRIES),
    index=st.one_of(st.integers(0, ENTRIES + 2), U16),
)
def test_whatever_is_in_a_ring_it_is_walked_in_bounded_steps_or_is_a_fault(
    memory: tuple[GuestMemory, memoryview],
    descriptors: list[tuple[int, int, int, int]],
    heads: list[int],
    index: int,
) -> None:
    guest, view = memory
    for i, descriptor in enumerate(descriptors):
        struct.pack_into("<QIHH", view, 16 * i, *descriptor)
    struct.pack_into(f"<HH{ENTRIES}H", view, 0x200, 0, index, *heads)
    ring = ring_on(guest)
    popped = 0
    try:
        while (chain := ring.pop()) is not None:
            popped += 1
            assert len(chain.readable) + len(chain.writable) <= ENTRIES
            assert popped <= ENTRIES
    except GuestFault as fault:
        check_one_line(fault)


def test_loops_bad_indices_and_what_was_not_agreed_upon_are_named(
    memory: tuple[GuestMemory, memoryview],
) -> None:
    guest, view = memory
    cases = {
        "has a loop": [(0x1000, 1, 1, 1), (0x1000, 1, 1, 0)],
        "descriptor 99": [(0x1000, 1, 1, 99)],
        "indirect": [(0x1000, 16, 4, 0)],
        "not its memory": [(SIZE - 1, 2, 0, 0)],
        "behind one to be written": [(0x1000, 1, 3, 1), (0x1000, 1, 0, 0)],
    }
    for said, descriptors in cases.items():
        for i, descriptor in enumerate(descriptors):
            struct.pack_into("<QIHH", view, 16 * i, *descriptor)
        struct.pack_into("<HHH", view, 0x200, 0, 1, 0)
        with pytest.raises(GuestFault, match=said):
            ring_on(guest).pop()
    struct.pack_into("<HHH", view, 0x200, 0, ENTRIES + 1, 0)
    with pytest.raises(GuestFault, match="17 buffers offered in a ring of 16"):
        ring_on(guest).pop()
    for change in ({"entries": 15}, {"entries": 4096}, {"used": 0x301}, {"available": 0x201}):
        shape = {"entries": 16, "descriptors": 0, "available": 0x200, "used": 0x300, **change}
        with pytest.raises(GuestFault):
            Vring(guest, **shape, base=0)


def test_a_ring_whose_buffers_are_taken_back_has_nothing_more(
    memory: tuple[GuestMemory, memoryview],
) -> None:
    guest, view = memory
    struct.pack_into("<QIHH", view, 0, 0x1000, 1, 0, 0)
    struct.pack_into("<HHHH", view, 0x200, 0, 2, 0, 0)
    ring = ring_on(guest)
    assert ring.pop() is not None
    struct.pack_into("<H", view, 0x202, 0)
    assert ring.pop() is None
    struct.pack_into("<H", view, 0x202, 5)
    assert ring.pop() is None
    assert not ring.has_more()


def test_chains_are_gathered_and_scattered_over_all_their_buffers() -> None:
    first, second = memoryview(bytearray(3)), memoryview(bytearray(5))
    chain = Chain(0, (memoryview(b"ab"), memoryview(b"cde")), (first, second))
    assert chain.gather(5) == b"abcde"
    with pytest.raises(GuestFault, match="a chain of 5 bytes"):
        chain.gather(4)
    assert chain.scatter(b"123456") == 6
    assert bytes(first) + bytes(second) == b"123456\0\0"


# ---- packets -------------------------------------------------------------------------------------


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_a_fault(data: bytes) -> None:
    try:
        found = packets.parse(data)
    except GuestFault as fault:
        check_one_line(fault)
        return
    assert found.pack() == data[: HEADER_BYTES + len(found.payload)]


@given(
    packet=st.builds(Packet, U64, U64, U32, U32, U16, U32, U32, U32, st.binary(max_size=50), U16)
)
def test_packets_are_read_as_they_were_written(packet: Packet) -> None:
    assert packets.parse(packet.pack() + b"rest") == packet
    if packet.payload:
        with pytest.raises(GuestFault, match="a packet says"):
            packets.parse(packet.pack()[:-1])
