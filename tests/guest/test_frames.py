"""Frames between agent and host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.guest.frames import HEADER, MAX_PAYLOAD_BYTES, BadFrame, Frame, FrameReader, Kind
from tests.guest.processes import check_one_line

FRAMES = st.builds(
    Frame, st.sampled_from(Kind), st.integers(0, 0xFFFF_FFFF), st.binary(max_size=300)
)


@given(frames=st.lists(FRAMES, max_size=6), cuts=st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[Frame], cuts: list[int]
) -> None:
    data = b"".join(frame.pack() for frame in frames)
    reader, found, at, turn = FrameReader(), [], 0, 0
    while at < len(data):
        step = cuts[turn % len(cuts)]
        found += reader.feed(data[at : at + step])
        at, turn = at + step, turn + 1
    assert found == frames


@given(frame=FRAMES, where=st.integers(0, 10_000), change=st.integers(1, 255))
def test_a_byte_that_changed_on_the_way_is_noticed(frame: Frame, where: int, change: int) -> None:
    data = bytearray(frame.pack())
    at = where % len(data)
    data[at] ^= change
    unused = 3
    reader = FrameReader()
    try:
        found = reader.feed(bytes(data))
    except BadFrame:
        return
    # A length that grew waits for more; the byte between the fields says nothing.
    assert found == [] or (found == [frame] and at == unused)


@given(data=st.binary(min_size=HEADER.size, max_size=200))
def test_garbage_is_no_frame_and_never_more_than_that(data: bytes) -> None:
    reader = FrameReader()
    try:
        for frame in reader.feed(data):
            assert frame.pack() in data
    except BadFrame as error:
        check_one_line(error)


def test_the_limits_hold() -> None:
    assert FrameReader().feed(Frame(Kind.OUTPUT, 1, b"x" * MAX_PAYLOAD_BYTES).pack())
    with pytest.raises(AssertionError):
        Frame(Kind.OUTPUT, 1, b"x" * (MAX_PAYLOAD_BYTES + 1)).pack()
    with pytest.raises(BadFrame, match="without JSON"):
        Frame(Kind.READY, 0, b"{").json()
    with pytest.raises(BadFrame, match="without a JSON object"):
        Frame(Kind.READY, 0, b"[]").json()
