"""Any bytes, in any pieces, to the parser of Bunghole's wire.

An input is that of driver/bunghole/fuzz/fuzz_wire.c: its first byte chooses whose bytes are read
and how large the pieces are, the rest is what a peer sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from lab.transport.bunghole import wire
from lab.transport.bunghole.parser import Parser, Side
from lab.transport.bunghole.wire import (
    Audio,
    Begun,
    Frame,
    Item,
    Offer,
    Ping,
    Pong,
    Switch,
    Unknown,
)

MOST_HELD = wire.HEADER.size + wire.MAX_BODY_BYTES
_SIZES = {Switch: wire.LENGTH.size + wire.GREETING.size, Offer: wire.GREETING.size}

MakeParser = Callable[..., Parser]


class Planted(Parser):
    """With a mistake in it: audio of a length that 7 divides comes out a byte too long."""

    def feed(self, data: bytes | bytearray | memoryview) -> list[Item]:
        """As the parser, but for that."""
        items = super().feed(data)
        for at, item in enumerate(items):
            if isinstance(item, Audio) and len(item.packet) % 7 == 0:
                items[at] = replace(item, packet=item.packet + b"\0")
        return items


def check(data: bytes, make: MakeParser = Parser) -> None:
    """Parse an input as a whole and in pieces.

    Raises
    ------
    AssertionError
        When the two differ, when items are not the bytes that came, or when much is held.
    """
    if not data:
        return
    mode, sent = data[0], data[1:]
    whole, items = _parse(sent, mode % 3, len(sent) or 1, make)
    cut, got = _parse(sent, mode % 3, 1 + mode // 3, make)
    assert got == items, "pieces are parsed otherwise than the whole"
    assert str(cut.fault) == str(whole.fault), "another fault in pieces"
    assert _length_in(items, sent) == whole.taken_bytes, "items that are not what came"
    inside = whole.pending_bytes > 0
    assert (whole.end() is not None) == (whole.fault is not None or inside)


def _parse(sent: bytes, expects: int, piece: int, make: MakeParser) -> tuple[Parser, list[Item]]:
    side = Side.RECEIVER if expects == 2 else Side.SENDER
    parser, items = make(side, offered=expects == 1), list[Item]()
    # Records may come when the own side has switched, which it does on the offer.
    greeting = wire.GREETING.size if side is Side.RECEIVER else 0
    for begin, end in ((0, greeting), (greeting, len(sent))):
        for at in range(begin, min(end, len(sent)), piece):
            came = parser.feed(sent[at : min(at + piece, end)])
            assert parser.pending_bytes <= MOST_HELD, "more is held than a record"
            items += came
            if side is Side.RECEIVER and any(isinstance(item, Offer) for item in came):
                parser.switched()
    return parser, items


def _length_in(items: list[Item], sent: bytes) -> int:
    """Bytes of the items, each compared with what came."""
    at = 0
    for item in items:
        if isinstance(item, Unknown):
            at += wire.HEADER.size + item.length
        elif isinstance(item, Pong):
            at += wire.HEADER.size + wire.PONG.size
        elif isinstance(item, Begun):
            at += wire.HEADER.size + wire.BEGUN.size
        elif isinstance(item, Switch | Offer):
            at += _SIZES[type(item)]
        else:
            again = written(item)
            assert sent[at : at + len(again)] == again, "an item that is not what came"
            at += len(again)
    return at


def written(item: Frame | Audio | Ping) -> bytes:
    """The item's bytes."""
    if isinstance(item, Frame):
        return wire.frame_bytes(item.packet)
    return wire.audio_bytes(item) if isinstance(item, Audio) else wire.ping_bytes(item)


# ---- inputs --------------------------------------------------------------------------------------

_U64 = st.binary(min_size=8, max_size=8).map(int.from_bytes)
_PACKET = st.one_of(
    st.binary(min_size=1, max_size=48),
    st.sampled_from([bytes(1499), bytes(1500)]),
)
_FRAME = _PACKET.map(wire.frame_bytes)
_AUDIO = st.builds(
    lambda head, packet: (
        wire.HEADER.pack(1, head[0], len(head) - 1 + len(packet)) + head[1:] + packet
    ),
    st.binary(min_size=1 + wire.AUDIO.size, max_size=1 + wire.AUDIO.size),
    _PACKET,
)
_PING = st.builds(Ping, _U64, st.integers(0, 255)).map(wire.ping_bytes)
_PONG = st.builds(Pong, _U64, _U64, _U64).map(wire.pong_bytes)
_BEGUN = st.builds(Begun, _U64).map(wire.begun_bytes)
_UNKNOWN = st.builds(
    lambda kind, body: wire.HEADER.pack(kind, 0, len(body)) + body,
    st.integers(5, 255),
    st.binary(max_size=16),
)
_WRONG = st.one_of(
    st.builds(
        wire.HEADER.pack,
        st.integers(0, 255),
        st.integers(0, 255),
        st.sampled_from([0, 1, 8, 24, 36, 37, 1536, 1540, 1541, 0xFFFF]),
    ),
    st.binary(min_size=1, max_size=16),
    _FRAME,
    _AUDIO,
    st.just(wire.switch_bytes()),
    st.just(wire.offer_bytes()),
)
_FITTING = {
    0: st.lists(_FRAME, min_size=1, max_size=6),
    1: st.lists(st.one_of(_AUDIO, _AUDIO, _PING, _PONG, _BEGUN, _UNKNOWN), min_size=1, max_size=6),
    2: st.lists(st.one_of(_PING, _PONG, _BEGUN, _UNKNOWN), min_size=1, max_size=6),
}
_STARTS = {0: b"", 1: wire.switch_bytes(), 2: wire.offer_bytes()}


@st.composite
def _inputs(draw: st.DrawFn) -> bytes:
    """What fits, then as often as not something that does not, or bytes that are changed."""
    expects = draw(st.sampled_from([1, 0, 2]))
    mode = expects + 3 * draw(st.integers(0, 84))
    parts = [_STARTS[expects], *draw(_FITTING[expects])]
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), draw(_WRONG))
    data = bytearray(b"".join(parts))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes([mode]) + bytes(data)


INPUTS: st.SearchStrategy[bytes] = _inputs()
