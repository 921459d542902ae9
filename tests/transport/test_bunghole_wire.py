"""Bunghole's wire: what is written is what is read, in whatever pieces it comes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.transport.bunghole.parser import Fault, Parser, Side, WireError
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
    audio_bytes,
    begun_bytes,
    frame_bytes,
    offer_bytes,
    ping_bytes,
    pong_bytes,
    switch_bytes,
)
from tests.support import scripted_bunghole as by_hand

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
PACKET = st.binary(min_size=1, max_size=1500)
FRAME = st.builds(Frame, PACKET)
AUDIO = st.builds(Audio, U32, U64, U64, U64, U64, PACKET, st.integers(0, 255))
PING = st.builds(Ping, U64, st.integers(0, 255))
PONG = st.builds(Pong, U64, U64, U64)
BEGUN = st.builds(Begun, U64)
RECORD = st.one_of(AUDIO, PING, PONG, BEGUN)


def written(item: Item) -> bytes:
    if isinstance(item, Frame):
        return frame_bytes(item.packet)
    if isinstance(item, Audio):
        return audio_bytes(item)
    if isinstance(item, Ping):
        return ping_bytes(item)
    if isinstance(item, Begun):
        return begun_bytes(item)
    assert isinstance(item, Pong)
    return pong_bytes(item)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


def fed(parser: Parser, data: list[bytes]) -> list[Item]:
    return [item for piece in data for item in parser.feed(piece)]


def in_v2() -> Parser:
    parser = Parser(Side.SENDER, offered=True)
    assert parser.feed(by_hand.SWITCH) == [Switch(0)]
    return parser


def fault_of(parser: Parser, data: bytes) -> WireError:
    parser.feed(data)
    assert parser.fault is not None
    return parser.fault


# ---- the bytes, written out ----------------------------------------------------------------------


def test_what_is_written_are_the_bytes_of_the_contract() -> None:
    assert frame_bytes(b"abc") == bytes.fromhex("0003") + b"abc"
    assert offer_bytes() == bytes.fromhex("42484102 0000 0000")
    assert switch_bytes() == bytes.fromhex("ffff 42484102 0000 0000")
    assert ping_bytes(Ping(1, 1)) == bytes.fromhex("02 01 0008 0000000000000001")
    assert pong_bytes(Pong(1, 2, 3)) == bytes.fromhex(
        "03 00 0018" + "".join(f"{n:016x}" for n in (1, 2, 3))
    )
    assert begun_bytes(Begun(9)) == bytes.fromhex("04 00 0008 0000000000000009")
    audio = Audio(0x01020304, 5, 6, 7, 8, b"\xfc", 2)
    assert audio_bytes(audio) == bytes.fromhex(
        "01 02 0025 01020304" + "".join(f"{n:016x}" for n in (5, 6, 7, 8)) + "fc"
    )


@pytest.mark.parametrize("packet", [b"", bytes(1501)])
def test_a_packet_that_the_wire_cannot_carry_is_not_written(packet: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 1500 bytes"):
        frame_bytes(packet)
    with pytest.raises(ValueError, match="1 to 1500 bytes"):
        audio_bytes(Audio(0, 0, 0, 0, 0, packet))


def test_numbers_wrap_at_the_width_of_their_field() -> None:
    audio = Audio(2**32 + 3, 2**64 + 4, -1, 0, 0, b"\xfc")
    (read,) = in_v2().feed(audio_bytes(audio))
    assert read == Audio(3, 4, 2**64 - 1, 0, 0, b"\xfc")


# ---- round trips ---------------------------------------------------------------------------------


@given(st.lists(FRAME, max_size=12), st.lists(st.integers(0, 2**16), max_size=12))
def test_v1_comes_out_as_it_went_in_however_it_was_cut(
    frames: list[Frame], cuts: list[int]
) -> None:
    data = b"".join(written(frame) for frame in frames)
    parser = Parser(Side.SENDER)
    assert fed(parser, pieces(data, cuts)) == frames
    assert parser.end() is None


@given(
    st.lists(FRAME, max_size=4),
    st.lists(RECORD, max_size=8),
    st.lists(st.integers(0, 2**16), max_size=12),
)
def test_v1_then_v2_comes_out_as_it_went_in_however_it_was_cut(
    frames: list[Frame], records: list[Item], cuts: list[int]
) -> None:
    data = b"".join(written(f) for f in frames) + switch_bytes()
    data += b"".join(written(r) for r in records)
    parser = Parser(Side.SENDER, offered=True)
    assert fed(parser, pieces(data, cuts)) == [*frames, Switch(0), *records]
    assert parser.is_v2
    assert parser.taken_bytes == len(data)
    assert parser.end() is None


@given(st.lists(st.one_of(PING, PONG), max_size=8), st.lists(st.integers(0, 2**16), max_size=8))
def test_what_a_receiver_writes_comes_out_as_it_went_in(
    records: list[Item], cuts: list[int]
) -> None:
    parser = Parser(Side.RECEIVER)
    assert fed(parser, pieces(offer_bytes(), cuts)) == [Offer(0)]
    parser.switched()
    data = b"".join(written(r) for r in records)
    assert fed(parser, pieces(data, cuts)) == records


def test_all_of_it_can_come_in_single_bytes() -> None:
    data = by_hand.v1_frame() * 3 + by_hand.SWITCH + by_hand.v2_audio(7) + by_hand.ping(9)
    parser = Parser(Side.SENDER, offered=True)
    items = fed(parser, [bytes([byte]) for byte in data])
    silent = by_hand.SILENT_PACKET
    assert items == [
        *[Frame(silent)] * 3,
        Switch(0),
        Audio(7, 6720, 140_000_000, 0, 0, silent),
        Ping(9),
    ]


@given(st.integers(5, 255), st.binary(max_size=1540))
def test_a_kind_that_is_not_known_is_skipped_and_the_next_record_is_read(
    kind: int, body: bytes
) -> None:
    items = in_v2().feed(by_hand.record(kind, body) + by_hand.ping(5))
    assert items == [Unknown(kind, len(body)), Ping(5)]


# ---- what is wrong -------------------------------------------------------------------------------

A_FRAME = by_hand.v1_frame()
A_RECORD = by_hand.v2_audio(1)


@pytest.mark.parametrize(
    ("bytes_", "fault", "at_byte"),
    [
        ("0000", Fault.EMPTY_FRAME, 5),
        ("05dd", Fault.FRAME_TOO_LONG, 5),
        ("fffe", Fault.FRAME_TOO_LONG, 5),
    ],
)
def test_a_length_that_v1_does_not_have_is_a_fault_after_the_good_frames(
    bytes_: str, fault: Fault, at_byte: int
) -> None:
    parser = Parser(Side.SENDER, offered=True)
    assert parser.feed(A_FRAME + bytes.fromhex(bytes_) + A_FRAME) == [Frame(by_hand.SILENT_PACKET)]
    assert parser.fault is not None
    assert (parser.fault.fault, parser.fault.at_byte) == (fault, at_byte)
    assert parser.feed(A_FRAME) == []


def test_the_longest_frame_is_read_and_one_byte_more_is_not() -> None:
    parser = Parser(Side.SENDER)
    assert parser.feed(bytes.fromhex("05dc") + bytes(1500)) == [Frame(bytes(1500))]
    assert fault_of(parser, bytes.fromhex("05dd")).fault is Fault.FRAME_TOO_LONG


def test_a_switch_that_nobody_offered_is_a_fault() -> None:
    assert fault_of(Parser(Side.SENDER), by_hand.SWITCH).fault is Fault.NOT_OFFERED


@pytest.mark.parametrize(
    "wrong", ["42484101 0000 0000", "42484103 0000 0000", "42484102 0001 0000"]
)
def test_a_switch_to_something_else_is_a_fault(wrong: str) -> None:
    parser = Parser(Side.SENDER, offered=True)
    assert fault_of(parser, b"\xff\xff" + bytes.fromhex(wrong)).fault is Fault.BAD_SWITCH


def test_an_offer_of_features_that_are_not_known_is_an_offer() -> None:
    assert Parser(Side.RECEIVER).feed(bytes.fromhex("42484102 8001 1234")) == [Offer(0x8001)]


def test_other_bytes_than_an_offer_are_a_fault_with_the_first_one_that_is_wrong() -> None:
    assert fault_of(Parser(Side.RECEIVER), b"X").fault is Fault.BAD_OFFER
    parser = Parser(Side.RECEIVER)
    assert parser.feed(b"BHA") == []
    assert parser.fault is None
    assert fault_of(parser, b"\x01").fault is Fault.BAD_OFFER


def test_a_record_before_the_switch_is_a_fault() -> None:
    parser = Parser(Side.RECEIVER)
    assert parser.feed(by_hand.OFFER + by_hand.ping(1)) == [Offer(0)]
    assert parser.fault is not None
    assert parser.fault.fault is Fault.TOO_EARLY


def test_audio_from_the_receiver_of_audio_is_a_fault() -> None:
    parser = Parser(Side.RECEIVER)
    parser.feed(by_hand.OFFER)
    parser.switched()
    assert fault_of(parser, A_RECORD).fault is Fault.WRONG_SIDE


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("01 00 0024", Fault.RECORD_LENGTH),  # audio without a packet
        ("01 00 0601", Fault.RECORD_LENGTH),  # with one of 1501 bytes
        ("01 00 0605", Fault.RECORD_TOO_LONG),
        ("02 00 0007", Fault.RECORD_LENGTH),
        ("02 00 0009", Fault.RECORD_LENGTH),
        ("03 00 0008", Fault.RECORD_LENGTH),
        ("09 00 0605", Fault.RECORD_TOO_LONG),
        ("ff ff ffff", Fault.RECORD_TOO_LONG),
    ],
)
def test_a_record_of_a_wrong_length_is_a_fault_as_soon_as_its_header_is_there(
    header: str, fault: Fault
) -> None:
    parser = in_v2()
    assert parser.feed(A_RECORD + bytes.fromhex(header)[:3]) != []
    assert parser.fault is None
    assert fault_of(parser, bytes.fromhex(header)[3:]).fault is fault


def test_the_longest_audio_record_is_read() -> None:
    (item,) = in_v2().feed(by_hand.v2_audio(3, bytes(1500)))
    assert isinstance(item, Audio)
    assert len(item.packet) == 1500


@pytest.mark.parametrize("data", [A_FRAME, by_hand.SWITCH + A_RECORD, by_hand.SWITCH])
def test_the_end_in_the_middle_of_something_is_a_fault_and_at_its_end_is_none(data: bytes) -> None:
    for length in range(len(data) + 1):
        parser = Parser(Side.SENDER, offered=True)
        parser.feed(data[:length])
        whole = length in (0, len(data), len(by_hand.SWITCH) * data.startswith(by_hand.SWITCH))
        fault = parser.end()
        assert (fault is None) == whole
        assert fault is None or fault.fault is Fault.TRUNCATED


# ---- garbage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", Side)
@given(
    start=st.sampled_from([b"", A_FRAME, by_hand.SWITCH, by_hand.SWITCH + A_RECORD, by_hand.OFFER]),
    data=st.binary(max_size=4096),
    cuts=st.lists(st.integers(0, 2**16), max_size=16),
)
@example(start=by_hand.SWITCH, data=bytes.fromhex("ffffffff"), cuts=[1, 2, 3])
def test_garbage_in_any_pieces_gives_the_same_items_and_fault_and_little_is_held(
    side: Side, start: bytes, data: bytes, cuts: list[int]
) -> None:
    whole, cut = Parser(side, offered=True), Parser(side, offered=True)
    items = whole.feed(start + data)
    held = 0
    got: list[Item] = []
    for piece in pieces(start + data, cuts):
        got += cut.feed(piece)
        held = max(held, cut.pending_bytes)
    assert got == items
    assert str(cut.end()) == str(whole.end())
    assert held <= 1544
