"""Credit and the life of one stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from lab.guest.vhost_vsock.connection import Connection, State
from lab.guest.vhost_vsock.credit import OWN_BUFFER_BYTES, Credit
from lab.guest.vhost_vsock.packet import GUEST_CID, HOST_CID, Op, Packet, Shutdown

MASK = 0xFFFF_FFFF
U32 = st.integers(0, MASK)


class TwoAccounts(RuleBasedStateMachine):
    """An honest guest and the device: neither ever believes in more room than there is."""

    def __init__(self) -> None:
        super().__init__()
        start = MASK - 5000  # soon over the edge of 32 bits
        self.device = Credit(
            sent_bytes=start,
            peer_forwarded_bytes=start,
            received_bytes=start,
            forwarded_bytes=start,
            announced_bytes=start,
        )
        self.guest_buffer = 0
        self.guest_holds_back = True
        self.guest_received = self.guest_read = start
        self.guest_sent = start
        self.guest_knows = start

    @initialize(
        guest_buffer=st.sampled_from([1, 128, 10_000, 16_384, OWN_BUFFER_BYTES, 1 << 20]),
        holds_back=st.booleans(),
    )
    def guest_begins(self, guest_buffer: int, holds_back: bool) -> None:
        """Linux holds back what its own buffer would not have room for; others need not."""
        self.guest_buffer = guest_buffer
        self.guest_holds_back = holds_back
        self.guest_tells()

    def guest_room(self) -> int:
        most = OWN_BUFFER_BYTES
        if self.guest_holds_back:
            most = min(most, self.guest_buffer)
        return most - ((self.guest_sent - self.guest_knows) & MASK)

    @rule(wanted=st.integers(0, 20_000))
    def device_sends(self, wanted: int) -> None:
        count = min(wanted, self.device.may_send())
        self.device.send(count)
        self.guest_received = (self.guest_received + count) & MASK

    @rule(wanted=st.integers(0, 20_000))
    def guest_reads(self, wanted: int) -> None:
        count = min(wanted, (self.guest_received - self.guest_read) & MASK)
        self.guest_read = (self.guest_read + count) & MASK

    @rule()
    def guest_tells(self) -> None:
        assert self.device.hear(self.guest_buffer, self.guest_read)

    @rule(wanted=st.integers(0, 300_000))
    def guest_sends(self, wanted: int) -> None:
        count = min(wanted, self.guest_room())
        self.guest_sent = (self.guest_sent + count) & MASK
        assert self.device.receive(count)

    @rule(wanted=st.integers(0, 300_000))
    def device_forwards(self, wanted: int) -> None:
        self.device.forward(min(wanted, self.device.held_bytes()))

    @rule()
    def device_tells(self) -> None:
        buffer_bytes, self.guest_knows = self.device.announce()
        assert buffer_bytes == OWN_BUFFER_BYTES
        assert not self.device.should_announce()

    @invariant()
    def nobody_holds_more_than_its_buffer(self) -> None:
        assert (self.guest_received - self.guest_read) & MASK <= self.guest_buffer
        assert self.device.held_bytes() <= OWN_BUFFER_BYTES

    @precondition(lambda self: self.device.held_bytes() == 0)
    @invariant()
    def a_guest_whose_bytes_are_passed_on_is_told_before_it_is_stuck(self) -> None:
        if self.guest_room() == 0:
            assert self.device.should_announce()


TestTwoAccounts = TwoAccounts.TestCase


@given(told=st.lists(st.tuples(U32, U32), max_size=20), sent=st.integers(0, 1000))
def test_a_guest_that_lies_about_credit_is_not_believed(
    told: list[tuple[int, int]], sent: int
) -> None:
    credit = Credit(peer_buffer_bytes=1000)
    credit.send(sent)
    for buffer_bytes, forwarded in told:
        before = credit.peer_forwarded_bytes
        if credit.hear(buffer_bytes, forwarded):
            assert before <= forwarded <= sent
        assert 0 <= credit.may_send() <= MASK
        assert credit.sent_bytes - credit.peer_forwarded_bytes >= 0


def test_a_guest_that_sends_more_than_it_may_is_noticed() -> None:
    credit = Credit()
    assert credit.receive(OWN_BUFFER_BYTES)
    assert not credit.receive(1)
    credit.forward(1)
    assert credit.receive(1)


# ---- streams -------------------------------------------------------------------------------------


def opened() -> Connection:
    return Connection(700, 5000, State.OPEN, Credit(peer_buffer_bytes=1 << 16))


def from_guest(op: int, **more: object) -> Packet:
    base: dict[str, object] = {"buffer_bytes": 1 << 16, **more}
    return Packet(GUEST_CID, HOST_CID, 700, 5000, op, **base)  # type: ignore[arg-type]


@given(
    st.lists(
        st.one_of(
            st.builds(
                from_guest,
                st.one_of(st.sampled_from(Op), st.integers(0, 9)),
                flags=st.integers(0, 7),
                buffer_bytes=U32,
                forwarded_bytes=st.one_of(st.just(0), U32),
                payload=st.binary(max_size=20),
            ),
            st.integers(0, 30),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_no_sequence_of_packets_breaks_a_stream(steps: list[Packet | int | bool]) -> None:
    stream = opened()
    for step in steps:
        if stream.is_closed:
            break
        if isinstance(step, bool):
            answers = stream.host_closed(both=step)
        elif isinstance(step, int):
            answers = stream.forwarded(min(step, len(stream.to_host)))
        else:
            answers = stream.take(step)
        assert len(answers) <= 1
        assert len(stream.to_host) == stream.credit.held_bytes()
        if any(answer.op == Op.RST for answer in answers):
            assert stream.is_closed


@pytest.mark.parametrize(
    "packet",
    [
        from_guest(Op.REQUEST),
        from_guest(Op.RESPONSE),
        from_guest(Op.INVALID),
        from_guest(77),
        from_guest(Op.RW, payload=b"x", forwarded_bytes=1),
        from_guest(Op.RW, payload=bytes(OWN_BUFFER_BYTES + 1)),
    ],
)
def test_what_does_not_belong_into_a_stream_resets_it(packet: Packet) -> None:
    stream = opened()
    assert [answer.op for answer in stream.take(packet)] == [Op.RST]
    assert stream.state is State.CLOSED


def test_bytes_after_the_guest_said_it_sends_no_more_reset_the_stream() -> None:
    stream = opened()
    assert stream.take(from_guest(Op.SHUTDOWN, flags=Shutdown.SEND)) == []
    assert stream.host_should_see_end
    assert stream.may_send() > 0
    assert [answer.op for answer in stream.take(from_guest(Op.RW, payload=b"x"))] == [Op.RST]


def test_a_stream_that_the_guest_closed_ends_once_all_is_passed_on() -> None:
    stream = opened()
    assert stream.take(from_guest(Op.RW, payload=b"last")) == []
    assert stream.take(from_guest(Op.SHUTDOWN, flags=Shutdown.BOTH)) == []
    assert not stream.host_should_see_end
    assert stream.may_send() == 0
    assert stream.forwarded(2) == []
    assert [answer.op for answer in stream.forwarded(2)] == [Op.RST]
    assert stream.state is State.CLOSED


def test_a_guest_is_told_once_of_each_direction_that_the_host_closes() -> None:
    stream = opened()
    stream.take(from_guest(Op.RW, payload=b"unread"))
    (first,) = stream.host_closed(both=False)
    assert (first.op, first.flags) == (Op.SHUTDOWN, Shutdown.SEND)
    assert stream.host_closed(both=False) == []
    (second,) = stream.host_closed(both=True)
    assert (second.op, second.flags) == (Op.SHUTDOWN, Shutdown.BOTH)
    assert not stream.to_host
    assert stream.take(from_guest(Op.RW, payload=b"to nobody")) == []
    assert stream.credit.held_bytes() == 0


@pytest.mark.parametrize(
    ("guest_buffer", "told_at"),
    [
        (16_384, 4096),
        (2, 1),
        (OWN_BUFFER_BYTES, OWN_BUFFER_BYTES // 4),
        (1 << 30, OWN_BUFFER_BYTES // 4),
    ],
)
def test_a_guest_is_told_of_a_quarter_of_what_it_may_send_before_it_waits(
    guest_buffer: int, told_at: int
) -> None:
    stream = opened()
    assert stream.take(from_guest(Op.RW, buffer_bytes=guest_buffer, payload=bytes(told_at))) == []
    assert stream.forwarded(told_at - 1) == []
    (answer,) = stream.forwarded(1)
    assert (answer.op, answer.forwarded_bytes) == (Op.CREDIT_UPDATE, told_at)


def test_a_guest_that_makes_its_buffer_smaller_is_told_what_it_now_waits_for() -> None:
    stream = opened()
    assert stream.take(from_guest(Op.RW, payload=bytes(10_000))) == []
    assert stream.forwarded(10_000) == []
    (answer,) = stream.take(from_guest(Op.CREDIT_UPDATE, buffer_bytes=8192))
    assert (answer.op, answer.forwarded_bytes) == (Op.CREDIT_UPDATE, 10_000)
    assert stream.take(from_guest(Op.CREDIT_UPDATE, buffer_bytes=8192)) == []


def test_a_question_for_credit_is_answered() -> None:
    stream = opened()
    (answer,) = stream.take(from_guest(Op.CREDIT_REQUEST))
    assert (answer.op, answer.buffer_bytes) == (Op.CREDIT_UPDATE, OWN_BUFFER_BYTES)
    assert stream.take(from_guest(Op.CREDIT_UPDATE)) == []
