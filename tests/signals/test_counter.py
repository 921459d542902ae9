"""Self-numbering PCM and its check, against injected faults whose size is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.signals.counter import CODES, counter, decode, number_space
from lab.signals.counter_check import EVENTS_MAX, CounterCheck, EventKind

CHANNELS = st.sampled_from([1, 2, 3, 6, 8, 64])
STARTS = st.one_of(st.integers(0, 10_000), st.integers(2**24 - 2_000, 2**24), st.just(2**40))


def check_of(stream: NDArray[np.float32], cuts: tuple[int, ...] = ()) -> CounterCheck:
    check = CounterCheck(stream.shape[1])
    for part in np.split(stream, sorted(cut % (len(stream) + 1) for cut in cuts)):
        check.take(part)
    return check


def kinds(check: CounterCheck) -> list[str]:
    return [event.kind.word for event in check.events]


@given(channels=CHANNELS, start=STARTS)
def test_every_sample_is_the_float_of_its_definition(channels: int, start: int) -> None:
    block = counter(40, channels=channels, start_frame=start)
    modulus = CODES // channels * channels
    for index, value in enumerate(block.reshape(-1).tolist()):
        code = (start * channels + index) % modulus
        assert value == (code - 2**23) / 2**23


@given(channels=CHANNELS, start=STARTS)
def test_every_sample_says_which_frame_and_channel_it_is(channels: int, start: int) -> None:
    number, channel = decode(counter(50, channels=channels, start_frame=start))
    space = number_space(channels)
    assert (number == ((start + np.arange(50)) % space)[:, np.newaxis]).all()
    assert (channel == np.arange(channels)).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.0, -1.0000001, 0.1, 1e-30, 3e38])
def test_what_is_no_code_decodes_as_none(value: float) -> None:
    number, channel = decode(np.full((1, 2), value, dtype=np.float32))
    assert number.tolist() == channel.tolist() == [[-1, -1]]


@given(channels=CHANNELS, start=STARTS, cuts=st.tuples(*[st.integers(0, 999)] * 3))
def test_a_whole_stream_is_clean_however_it_is_cut(
    channels: int, start: int, cuts: tuple[int, ...]
) -> None:
    check = check_of(counter(1_000, channels=channels, start_frame=start), cuts)
    assert check.clean
    assert (check.received, check.correct, check.event_count) == (1_000, 1_000, 0)


@given(start=STARTS, at=st.integers(1, 500), size=st.integers(1, 400), cut=st.integers(0, 999))
def test_dropped_frames_are_lost_exactly(start: int, at: int, size: int, cut: int) -> None:
    whole = counter(1_000, start_frame=start)
    check = check_of(np.concatenate([whole[:at], whole[at + size :]]), (cut,))
    assert (check.lost, check.duplicated, check.reordered) == (size, 0, 0)
    assert kinds(check) == ["lost"]
    event = check.events[0]
    assert (event.position, event.frames) == (at, size)
    assert not check.clean


@given(start=STARTS, at=st.integers(1, 900), size=st.integers(1, 400), cut=st.integers(0, 999))
def test_repeated_frames_are_duplicated_exactly(start: int, at: int, size: int, cut: int) -> None:
    whole = counter(1_000, start_frame=start)
    size = min(size, at)
    check = check_of(np.concatenate([whole[:at], whole[at - size :]]), (cut,))
    assert (check.lost, check.duplicated, check.reordered) == (0, size, 0)
    assert kinds(check) == ["duplicate"]
    assert check.events[0].position == at
    assert check.events[0].frames == size


@given(
    start=STARTS,
    at=st.integers(1, 300),
    first=st.integers(1, 200),
    second=st.integers(1, 200),
    cut=st.integers(0, 999),
)
def test_exchanged_blocks_are_reordered_and_nothing_is_lost(
    start: int, at: int, first: int, second: int, cut: int
) -> None:
    whole = counter(1_000, start_frame=start)
    a, b = whole[at : at + first], whole[at + first : at + first + second]
    check = check_of(np.concatenate([whole[:at], b, a, whole[at + first + second :]]), (cut,))
    # The later block comes first; the earlier one is what then comes out of order.
    assert (check.lost, check.duplicated, check.reordered) == (0, 0, first)
    assert check.correct == 1_000 - first


@given(at=st.integers(1, 500), size=st.integers(1, 400))
def test_exchanged_channels_are_swapped(at: int, size: int) -> None:
    stream = counter(1_000)
    stream[at : at + size] = stream[at : at + size, ::-1]
    check = check_of(stream)
    assert check.swapped == size
    # The numbers were there, but not where they belong: they count as not arrived.
    assert kinds(check) == (["channels", "lost"] if at + size < 1_000 else ["channels"])


@given(at=st.integers(1, 500), size=st.integers(1, 400), channels=CHANNELS)
def test_zeros_in_place_of_frames_are_silent_and_lost(at: int, size: int, channels: int) -> None:
    stream = counter(1_000, channels=channels)
    stream[at : at + size] = 0
    check = check_of(stream)
    assert check.silent == size
    assert check.lost == size
    assert kinds(check) == ["silence", "lost"]


@given(at=st.integers(1, 500), size=st.integers(1, 400))
def test_inserted_zeros_are_silent_and_nothing_is_lost(at: int, size: int) -> None:
    whole = counter(1_000)
    zeros = np.zeros((size, 2), dtype=np.float32)
    check = check_of(np.concatenate([whole[:at], zeros, whole[at:]]))
    assert (check.silent, check.lost) == (size, 0)


@given(at=st.integers(1, 500), size=st.integers(1, 400), value=st.floats(width=32))
def test_what_carries_no_number_is_corrupt(at: int, size: int, value: float) -> None:
    stream = counter(1_000)
    stream[at : at + size] = value
    check = check_of(stream)
    # Both channels alike can never be the two samples of one frame.
    assert check.silent + check.corrupt == size
    assert check.correct == 1_000 - size


def test_left_and_right_of_different_frames_are_corrupt() -> None:
    torn = counter(1_001).reshape(-1)[1:-1].reshape(-1, 2)
    check = check_of(np.concatenate([counter(10), torn]))
    assert check.corrupt == 1_000


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_silence_before_the_first_number_is_no_fault(channels: int) -> None:
    zeros = np.zeros((700, channels), dtype=np.float32)
    check = check_of(np.concatenate([zeros, counter(300, channels=channels)]))
    assert check.clean
    assert (check.leading_silence, check.first_frame) == (700, 0)


def test_the_one_number_of_mono_that_is_zero_counts_where_it_is_due() -> None:
    start = 2**23 - 5
    check = check_of(counter(20, channels=1, start_frame=start), (5, 6))
    assert check.clean
    stream = counter(20, channels=1, start_frame=start)
    stream[5:8] = 0
    check = check_of(stream)
    assert (check.silent, check.lost) == (2, 2)


def test_silence_alone_never_locks() -> None:
    check = check_of(np.zeros((100, 2), dtype=np.float32))
    assert not check.locked
    assert not check.clean


def test_the_numbers_repeat_after_their_space_without_a_fault() -> None:
    space = number_space(2)
    check = check_of(counter(space + 5_000))
    assert check.clean
    assert check.next_frame == space + 5_000


def test_more_events_than_there_is_room_for_are_counted() -> None:
    stream = counter(4_000)
    keep = np.ones(4_000, dtype=bool)
    keep[1::4] = False
    check = check_of(stream[keep])
    assert check.lost == 1_000
    assert check.event_count == 1_000
    assert len(check.events) == EVENTS_MAX
    assert check.events[0].kind is EventKind.LOST


def test_a_block_of_other_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="3-channel stream"):
        CounterCheck(3).take(counter(4))
    with pytest.raises(ValueError, match="channels"):
        counter(1, channels=0)
