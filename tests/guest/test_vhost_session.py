"""The vsock device with a guest's kernel that is played by the test, honest and not."""

from __future__ import annotations

import os
import selectors
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.guest.vhost_vsock import packet as packets
from lab.guest.vhost_vsock import wire
from lab.guest.vhost_vsock.credit import OWN_BUFFER_BYTES
from lab.guest.vhost_vsock.device import MAX_CONTROL
from lab.guest.vhost_vsock.faults import GuestFault, GuestLeft
from lab.guest.vhost_vsock.packet import GUEST_CID, HOST_CID, Op, Packet, Shutdown
from lab.guest.vhost_vsock.switch import ANSWER_S, MAX_WAITING, port_socket
from lab.guest.vhost_vsock.wire import Request
from lab.guest.vsock_device import VsockDevice
from tests.guest.fake_front_end import (
    BUFFERS,
    ENTRIES,
    GUEST_BASE,
    INDIRECT,
    NEXT,
    TRANSMIT,
    WRITE,
    FrontEnd,
)

PORT = 5000
U64 = st.integers(0, (1 << 64) - 1)
U32 = st.integers(0, (1 << 32) - 1)
U16 = st.integers(0, (1 << 16) - 1)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("v")


@pytest.fixture
def front(folder: Path) -> Iterator[FrontEnd]:
    made = FrontEnd(folder)
    made.set_up()
    yield made
    made.close()


@pytest.fixture
def listener(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(port_socket(folder, PORT)))
        made.listen(8)
        made.settimeout(5)
        yield made


def from_guest(op: int, *, port: int = 700, to: int = PORT, **more: object) -> Packet:
    base: dict[str, object] = {"buffer_bytes": 1 << 18, **more}
    return Packet(GUEST_CID, HOST_CID, port, to, op, **base)  # type: ignore[arg-type]


def connected(front: FrontEnd, listener: socket.socket) -> socket.socket:
    front.give_buffers()
    front.transmit(from_guest(Op.REQUEST))
    front.turn()
    (answer,) = front.received()
    assert answer.op == Op.RESPONSE
    host, _ = listener.accept()
    host.settimeout(5)
    return host


# ---- an honest guest -----------------------------------------------------------------------------


def test_a_guest_reaches_a_listener_and_bytes_go_both_ways(
    front: FrontEnd, listener: socket.socket
) -> None:
    with connected(front, listener) as host:
        front.transmit(from_guest(Op.RW, payload=b"up"))
        front.turn()
        assert host.recv(10) == b"up"
        host.sendall(b"down")
        front.turn()
        (packet,) = front.received()
        assert (packet.op, packet.payload) == (Op.RW, b"down")
        assert (packet.source_cid, packet.source_port, packet.destination_port) == (2, PORT, 700)
        assert os.read(front.calls[TRANSMIT], 8)


def test_the_configuration_says_cid_3(front: FrontEnd) -> None:
    answer = front.ask(Request.GET_CONFIG, struct.pack("<III", 0, 8, 0) + bytes(8))
    assert struct.unpack("<IIIQ", answer) == (0, 8, 0, 3)


def test_where_nobody_listens_the_guest_is_refused(front: FrontEnd) -> None:
    front.give_buffers()
    front.transmit(from_guest(Op.REQUEST, to=1234))
    front.turn()
    (answer,) = front.received()
    assert (answer.op, answer.source_port, answer.destination_port) == (Op.RST, 1234, 700)


@pytest.mark.parametrize(
    "change",
    [
        {"source_cid": 4},
        {"destination_cid": 3},
        {"destination_cid": 1 << 40},
        {"kind": 2},
    ],
)
def test_packets_of_others_or_for_others_are_refused(
    front: FrontEnd, listener: socket.socket, change: dict[str, int]
) -> None:
    front.give_buffers()
    front.transmit(Packet(**{**vars(from_guest(Op.REQUEST)), **change}))
    front.turn()
    assert [answer.op for answer in front.received()] == [Op.RST]


def test_the_host_reaches_a_guest_that_answers(front: FrontEnd, folder: Path) -> None:
    front.give_buffers()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(5)
        caller.connect(str(folder / "guest.sock"))
        caller.sendall(b"CONNECT 6000\nearly")
        front.turn()
        (asked,) = front.received()
        assert (asked.op, asked.destination_port) == (Op.REQUEST, 6000)
        back = {"port": 6000, "to": asked.source_port}
        front.transmit(from_guest(Op.RESPONSE, **back))
        front.turn()
        assert caller.recv(100) == b"OK %d\n" % asked.source_port
        assert [packet.payload for packet in front.received()] == [b"early"]
        front.transmit(from_guest(Op.RW, payload=b"late", **back))
        front.turn()
        assert caller.recv(100) == b"late"


@pytest.mark.parametrize("line", [b"CONNECT\n", b"GET / HTTP/1.1\r\n", b"CONNECT 4294967296\n",
                                  b"CONNECT -1\n", b"x" * 100])  # fmt: skip
def test_a_caller_who_asks_wrongly_is_closed(front: FrontEnd, folder: Path, line: bytes) -> None:
    front.give_buffers()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(5)
        caller.connect(str(folder / "guest.sock"))
        caller.sendall(line)
        front.turn()
        with pytest.raises(ConnectionResetError) if len(line) > 40 else nullcontext():
            assert caller.recv(10) == b""
    assert front.received() == []


def test_a_guest_that_does_not_answer_is_given_up(front: FrontEnd, folder: Path) -> None:
    front.give_buffers()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(5)
        caller.connect(str(folder / "guest.sock"))
        caller.sendall(b"CONNECT 6000\n")
        front.turn()
        assert [packet.op for packet in front.received()] == [Op.REQUEST]
        front.session.device.switch.expire(now_s=float("1e300"))
        front.turn()
        assert [packet.op for packet in front.received()] == [Op.RST]
        assert caller.recv(10) == b""
    assert ANSWER_S > 0


def test_silent_callers_are_bounded(front: FrontEnd, folder: Path) -> None:
    callers = []
    for _ in range(MAX_WAITING + 5):
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        caller.settimeout(5)
        caller.connect(str(folder / "guest.sock"))
        callers.append(caller)
        front.turn(2)
    assert callers[-1].recv(1) == b""
    callers[0].setblocking(False)
    with pytest.raises(BlockingIOError):
        callers[0].recv(1)
    for caller in callers:
        caller.close()


def test_ends_are_passed_on_one_direction_at_a_time(
    front: FrontEnd, listener: socket.socket
) -> None:
    with connected(front, listener) as host:
        front.transmit(from_guest(Op.SHUTDOWN, flags=Shutdown.SEND))
        front.turn()
        assert host.recv(10) == b""
        host.sendall(b"still")
        host.shutdown(socket.SHUT_WR)
        front.turn(5)
        found = front.received()
        assert [packet.op for packet in found] == [Op.RW, Op.SHUTDOWN]
        assert found[0].payload == b"still"
        front.transmit(from_guest(Op.SHUTDOWN, flags=Shutdown.BOTH))
        front.turn()
        assert [packet.op for packet in front.received()] == [Op.RST]


def test_a_host_that_closes_altogether_says_so(front: FrontEnd, listener: socket.socket) -> None:
    connected(front, listener).close()
    front.turn()
    (packet,) = front.received()
    assert (packet.op, packet.flags) == (Op.SHUTDOWN, Shutdown.BOTH)


def test_a_host_that_does_not_read_stops_the_guest_by_credit_and_then_gets_all(
    front: FrontEnd, listener: socket.socket
) -> None:
    with connected(front, listener) as host:
        host.settimeout(0.5)
        sent = 0
        forwarded = 0
        chunk = bytes(range(256)) * 16
        got = bytearray()
        for _ in range(2000):
            if len(got) >= 3 << 20:
                break
            if sent < 3 << 20 and sent - forwarded + len(chunk) <= OWN_BUFFER_BYTES:
                front.transmit(from_guest(Op.RW, payload=chunk))
                sent += len(chunk)
                run = 1
            else:
                # All credit is used, or all is sent: now the host reads.
                got += host.recv(1 << 20)
                run = 4
            front.turn(run)
            for packet in front.received():
                forwarded = packet.forwarded_bytes
            front.give_buffers(max(0, 64 - (front.available[0] - front.used[0])))
        else:
            pytest.fail(f"stuck: {sent} sent, {len(got)} received")
        assert bytes(got) == chunk * (len(got) // len(chunk))


def test_a_guest_that_sends_no_more_than_its_own_buffer_holds_never_stands_still(
    front: FrontEnd, listener: socket.socket
) -> None:
    own_buffer = 16_384
    chunk = bytes(range(64)) * 6  # as long as a packet of audio
    with connected(front, listener) as host:
        known = 0
        for sent in range(0, 20 * own_buffer, len(chunk)):
            assert sent + len(chunk) - known <= own_buffer, f"stands still after {sent} bytes"
            front.transmit(from_guest(Op.RW, buffer_bytes=own_buffer, payload=chunk))
            front.turn(2)
            assert host.recv(4096) == chunk
            for packet in front.received():
                assert packet.op == Op.CREDIT_UPDATE
                known = packet.forwarded_bytes
            front.give_buffers(max(0, 64 - (front.available[0] - front.used[0])))


def test_a_guest_without_buffers_is_waited_for_and_no_byte_is_lost(
    front: FrontEnd, listener: socket.socket
) -> None:
    with connected(front, listener) as host:
        data = os.urandom(600_000)
        writer = threading.Thread(target=host.sendall, args=(data,))
        writer.start()
        got = bytearray()
        for _ in range(4000):
            front.turn(1)
            found = front.received()
            got += b"".join(packet.payload for packet in found)
            if len(got) >= len(data):
                break
            if not found:
                front.give_buffers(8)
                front.transmit(from_guest(Op.CREDIT_UPDATE, forwarded_bytes=len(got)))
        else:
            pytest.fail(f"stuck with {len(got)} of {len(data)} bytes")
        writer.join(5)
        assert bytes(got) == data


# ---- a dishonest one -----------------------------------------------------------------------------


def test_a_guest_that_asks_and_gives_no_buffers_is_not_listened_to(front: FrontEnd) -> None:
    for i in range(ENTRIES):
        front.transmit(from_guest(Op.REQUEST, port=i))
    front.turn(20)
    for i in range(ENTRIES):
        front.transmit(from_guest(Op.REQUEST, port=i))
    front.turn(20)
    assert front.transmitted_back() == MAX_CONTROL
    assert len(front.session.device.switch.control) == MAX_CONTROL
    for _ in range(5):
        front.give_buffers(128)
        front.turn(20)
        front.received()
    assert front.transmitted_back() == 2 * ENTRIES


def test_a_guest_that_overruns_its_credit_is_reset(
    front: FrontEnd, listener: socket.socket
) -> None:
    with connected(front, listener) as host:
        host.settimeout(0.2)
        ops: list[int] = []
        for _ in range(200):
            front.transmit(from_guest(Op.RW, payload=bytes(8000)))
            front.turn(1)
            ops += [packet.op for packet in front.received()]
            front.give_buffers(2)
            if Op.RST in ops:
                break
        assert Op.RST in ops
        assert Op.SHUTDOWN not in ops


def describe_loop(front: FrontEnd) -> None:
    front.describe(TRANSMIT, 0, GUEST_BASE, 8, NEXT, 1)
    front.describe(TRANSMIT, 1, GUEST_BASE, 8, NEXT, 0)
    front.offer(TRANSMIT, 0)


def describe_beyond(front: FrontEnd) -> None:
    front.describe(TRANSMIT, 0, GUEST_BASE + BUFFERS, 0xFFFF_FFFF, 0)
    front.offer(TRANSMIT, 0)


def describe_bad_index(front: FrontEnd) -> None:
    front.offer(TRANSMIT, 40_000)


def describe_indirect(front: FrontEnd) -> None:
    front.describe(TRANSMIT, 0, GUEST_BASE + BUFFERS, 64, INDIRECT)
    front.offer(TRANSMIT, 0)


def describe_huge(front: FrontEnd) -> None:
    for i in range(4):
        front.describe(TRANSMIT, i, GUEST_BASE + BUFFERS, 0x10000, NEXT if i < 3 else 0, i + 1)
    front.offer(TRANSMIT, 0)


def send_short(front: FrontEnd) -> None:
    front.transmit_bytes(b"x" * 10)


def send_lie(front: FrontEnd) -> None:
    front.transmit_bytes(from_guest(Op.RW, payload=b"1234").pack()[:-1])


def offer_too_small(front: FrontEnd) -> None:
    front.describe(0, 0, GUEST_BASE + BUFFERS, 10, WRITE)
    front.offer(0, 0)
    front.transmit(from_guest(Op.REQUEST))


LIES = {
    "has a loop": describe_loop,
    "are not its memory": describe_beyond,
    "descriptor 40000 in a ring": describe_bad_index,
    "indirect": describe_indirect,
    "a chain of 262144 bytes": describe_huge,
    "a packet of 10 bytes": send_short,
    "a packet says 4 bytes and has 3": send_lie,
    "a receive buffer of 10 bytes": offer_too_small,
}


@pytest.mark.parametrize("said", LIES)
def test_a_lie_in_the_rings_ends_the_session_with_one_line(front: FrontEnd, said: str) -> None:
    LIES[said](front)
    with pytest.raises(GuestFault, match=said) as caught:
        front.turn()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("request_number", "payload", "said"),
    [
        (99, b"", "request 99, which was not offered"),
        (Request.SET_FEATURES, struct.pack("<Q", 1 << 29), "features 0x20000000"),
        (Request.SET_FEATURES, struct.pack("<Q", 1 << 30), "features 0x40000000"),
        (Request.SET_PROTOCOL_FEATURES, struct.pack("<Q", 1), "protocol features 0x1,"),
        (Request.SET_MEM_TABLE, struct.pack("<II", 9, 0), "memory table of 9 regions"),
        (Request.SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, 0, 1, 0, 0), "with 0 descriptors"),
        (Request.SET_VRING_NUM, struct.pack("<II", 3, 256), "ring 3 of a device that has 3"),
        (Request.SET_VRING_NUM, b"", "payload of 0 bytes"),
        (Request.SET_VRING_KICK, struct.pack("<Q", 0), "carries 0 descriptors"),
        (Request.SET_CONFIG, b"", "change the device's configuration"),
        (Request.GET_CONFIG, struct.pack("<III", 0, 5000, 0), "configuration request of 5000"),
    ],
)
def test_a_message_that_cannot_be_ends_the_session_with_one_line(
    front: FrontEnd, request_number: int, payload: bytes, said: str
) -> None:
    with pytest.raises(GuestFault, match=said) as caught:
        front.say(request_number, payload)
    assert "\n" not in str(caught.value)


def test_a_ring_cannot_run_before_it_is_described(folder: Path) -> None:
    front = FrontEnd(folder)
    try:
        kick = struct.pack("<Q", 0)
        front.ask(Request.SET_VRING_KICK, kick, fds=(front.kicks[0],))
        with pytest.raises(GuestFault, match="without memory or addresses"):
            front.enable(0)
        front.share_memory()
        front.set_ring(1, entries=100)
        with pytest.raises(GuestFault, match="a ring of 100 entries"):
            front.enable(1)
        regular = os.memfd_create("no event")
        with pytest.raises(GuestFault, match="cannot be watched"):
            front.say(Request.SET_VRING_KICK, kick, fds=(regular,))
        os.close(regular)
    finally:
        front.close()


def test_a_guest_that_leaves_ends_the_session_quietly(front: FrontEnd) -> None:
    front.socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(GuestLeft):
        front.turn()


def test_a_stopped_ring_tells_where_it_was_and_goes_on_from_there(
    front: FrontEnd, listener: socket.socket
) -> None:
    with connected(front, listener) as host:
        host.sendall(b"one")
        front.turn()
        assert [packet.payload for packet in front.received()] == [b"one"]
        base = struct.unpack("<II", front.ask(Request.GET_VRING_BASE, struct.pack("<II", 0, 0)))
        assert base == (0, 2)
        kick = os.eventfd(0)
        front.ask(Request.SET_VRING_BASE, struct.pack("<II", 0, 2))
        front.ask(Request.SET_VRING_KICK, struct.pack("<Q", 0), fds=(kick,))
        os.close(kick)
        host.sendall(b"two")
        front.turn()
        assert [packet.payload for packet in front.received()] == [b"two"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    sent=st.lists(
        st.builds(
            Packet,
            st.one_of(st.just(GUEST_CID), U64),
            st.one_of(st.just(HOST_CID), U64),
            st.integers(700, 702),
            st.sampled_from([PORT, 1234]),
            st.one_of(st.sampled_from(Op), U16),
            U32,
            U32,
            st.one_of(st.just(0), U32),
            st.binary(max_size=64),
            st.one_of(st.just(1), U16),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_any_packets_are_answered_with_at_most_one_each_and_break_nothing(
    folder: Path, listener: socket.socket, sent: list[Packet]
) -> None:
    front = FrontEnd(folder)
    try:
        front.set_up()
        front.give_buffers(128)
        for packet in sent:
            front.transmit(packet)
        front.turn(2)
        assert front.transmitted_back() == len(sent)
        assert len(front.received()) <= len(sent)
    finally:
        front.close()
        listener.setblocking(False)
        while True:
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                break


# ---- the process ---------------------------------------------------------------------------------


def test_the_process_ends_with_its_lifeline_and_leaves_no_socket(folder: Path) -> None:
    device = VsockDevice(folder)
    assert device.socket.is_socket()
    assert device.fault() == ""
    device.close()
    assert device.fault() == ""
    assert not device.socket.exists()


def test_the_process_ends_with_one_line_when_the_guest_lies(folder: Path) -> None:
    device = VsockDevice(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as guest:
        guest.connect(str(device.socket))
        guest.sendall(wire.HEADER.pack(99, 1, 0))
        guest.settimeout(10)
        assert guest.recv(1) == b""
    device.close()
    assert device.fault() == (
        "vhost-vsock: vhost-user request 99, which was not offered; "
        "the guest's vsock is gone, start it again"
    )


def test_the_process_ends_when_whoever_started_it_is_killed(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lab.guest.vsock_device import VsockDevice; "
        f"VsockDevice(Path({str(folder)!r})); print('up', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as guest:
            guest.connect(str(folder / "device.sock"))
            starter.kill()
            guest.settimeout(10)
            assert guest.recv(1) == b""


def test_the_selector_is_left_as_it_was(folder: Path) -> None:
    front = FrontEnd(folder)
    front.set_up()
    assert len(front.selector.get_map()) == 5  # the socket, the listener, three kicks
    selector = selectors.DefaultSelector()
    front.selector, real = selector, front.selector
    front.close()
    assert len(real.get_map()) == 0
    real.close()
    assert packets.HEADER_BYTES == 44
