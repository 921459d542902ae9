"""The account of a recording against its source, held against one kept by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.signals.align import WINDOW, align, frame_keys, window_hashes
from lab.signals.noise import noise

SOURCE = noise(2_000, seed=7)
FOREIGN = -1


@dataclass
class Truth:
    """Counts from the list of source frames that a recording was put together from."""

    matched: int
    lost: int
    duplicated: int
    reordered: int


def truth_of(index: NDArray[np.int64]) -> Truth:
    own = index[index != FOREIGN].tolist()
    seen: set[int] = set()
    reached = -1
    duplicated = reordered = 0
    for frame in own:
        if frame in seen:
            duplicated += 1
        elif frame < reached:
            reordered += 1
        seen.add(frame)
        reached = max(reached, frame + 1)
    return Truth(len(own), max(own) - min(own) + 1 - len(seen), duplicated, reordered)


def recorded(index: NDArray[np.int64], source: NDArray[np.float32] = SOURCE) -> NDArray[np.float32]:
    frames = source[index]
    foreign = index == FOREIGN
    frames[foreign] = noise(int(foreign.sum()), seed=99)
    return frames


PIECE = st.one_of(
    st.tuples(st.integers(0, 1_900), st.integers(WINDOW, 100)).map(
        lambda piece: np.arange(piece[0], piece[0] + piece[1])
    ),
    st.integers(1, 60).map(lambda count: np.full(count, FOREIGN)),
)


@given(pieces=st.lists(PIECE, min_size=1, max_size=12))
def test_the_counts_are_those_of_how_the_recording_was_put_together(
    pieces: list[NDArray[np.int64]],
) -> None:
    index = np.concatenate(pieces)
    found = align(SOURCE, recorded(index))
    if (index == FOREIGN).all():
        assert found.matched == 0
        return
    truth = truth_of(index)
    assert (found.matched, found.lost, found.duplicated, found.reordered) == (
        truth.matched,
        truth.lost,
        truth.duplicated,
        truth.reordered,
    )
    foreign = int((index == FOREIGN).sum())
    assert found.inserted + found.leading + found.trailing == foreign


def test_an_untouched_recording_is_clean() -> None:
    found = align(SOURCE, SOURCE.copy())
    assert found.is_clean
    assert (found.matched, found.missing_head, found.missing_tail) == (2_000, 0, 0)
    assert found.seams == ()


def test_silence_before_and_behind_is_told_apart_from_what_was_played() -> None:
    zeros = np.zeros((480, 2), dtype=np.float32)
    found = align(SOURCE, np.concatenate([zeros, SOURCE[:1_500], zeros]))
    assert found.is_clean
    assert (found.leading, found.leading_silence) == (480, 480)
    assert (found.trailing, found.trailing_silence) == (480, 480)
    assert found.missing_tail == 500


@pytest.mark.parametrize("size", [1, 2, 15, 480])
def test_a_loss_of_any_size_is_exact(size: int) -> None:
    found = align(SOURCE, np.delete(SOURCE, slice(1_000, 1_000 + size), axis=0))
    assert (found.lost, found.duplicated, found.inserted) == (size, 0, 0)
    assert found.seams[0].recorded_frame == 1_000
    assert found.seams[0].source_step == size
    assert found.seams[0].slack_frames == 0


@pytest.mark.parametrize("size", [1, 2, 15, 480])
def test_a_repeat_of_any_size_is_exact(size: int) -> None:
    found = align(SOURCE, np.concatenate([SOURCE[:1_000], SOURCE[1_000 - size :]]))
    assert (found.lost, found.duplicated, found.inserted) == (0, size, 0)
    assert found.seams[0].source_step == -size


def test_a_loss_inside_silence_has_an_exact_size_and_an_uncertain_place() -> None:
    source = SOURCE.copy()
    source[800:1_200] = 0
    found = align(source, np.delete(source, slice(900, 910), axis=0))
    assert found.lost == 10
    # The cut may lie anywhere from frame 800 to 1190 of the recording.
    assert found.seams[0].recorded_frame == 1_190
    assert found.seams[0].slack_frames == 390


def test_zeros_in_place_of_frames_are_inserted_silence_and_lost_frames() -> None:
    damaged = SOURCE.copy()
    damaged[1_000:1_480] = 0
    found = align(SOURCE, damaged)
    assert (found.lost, found.inserted, found.inserted_silence) == (480, 480, 480)


def test_a_changed_sample_is_one_frame_inserted_and_one_lost() -> None:
    damaged = SOURCE.copy()
    damaged[1_000, 1] += 0.001
    found = align(SOURCE, damaged)
    assert (found.lost, found.inserted, found.inserted_silence) == (1, 1, 0)


PERIOD = 48
TONE = np.tile(SOURCE[:PERIOD], (100, 1))
"""No window of it is unique, as in a pure tone of 1 kHz at 48 kHz."""
SILENCE = np.zeros((4_800, 2), dtype=np.float32)


@pytest.mark.parametrize("source", [TONE, SILENCE, SOURCE[:10]], ids=["tone", "silence", "short"])
@pytest.mark.parametrize("behind", [0, 960])
def test_a_source_without_anchors_is_found_where_it_is_due(
    source: NDArray[np.float32], behind: int
) -> None:
    recorded = np.concatenate([source, np.zeros((behind, 2), dtype=np.float32)])
    found = align(source, recorded, start=0)
    assert found.repeats
    assert found.is_clean
    assert (found.matched, found.missing_head, found.missing_tail) == (len(source), 0, 0)
    assert found.trailing == behind


def test_a_source_without_anchors_that_is_due_nowhere_known_begins_with_its_first_sound() -> None:
    recorded = np.concatenate([SILENCE[:300], TONE])
    found = align(TONE, recorded)
    assert found.is_clean
    assert (found.leading, found.matched) == (300, len(TONE))


def test_a_loop_played_three_times_has_no_anchors_and_loses_nothing() -> None:
    source = np.tile(SOURCE, (3, 1))
    found = align(source, source, start=0)
    assert found.repeats
    assert (found.is_clean, found.matched) == (True, len(source))
    # Here even a loss is exact: the nearest place that fits is the true one.
    found = align(source, np.delete(source, slice(500, 980), axis=0), start=0)
    assert (found.lost, found.duplicated, found.missing_tail) == (480, 0, 0)


@pytest.mark.parametrize("size", [1, 10, PERIOD // 2])
def test_a_loss_in_a_tone_is_the_smallest_that_fits(size: int) -> None:
    found = align(TONE, np.delete(TONE, slice(1_000, 1_000 + size), axis=0), start=0)
    assert found.repeats
    assert (found.lost, found.duplicated, found.inserted) == (size, 0, 0)
    assert not found.is_clean


def test_whole_periods_that_a_tone_lost_are_missing_at_its_end() -> None:
    found = align(TONE, np.delete(TONE, slice(480, 480 + 2 * PERIOD), axis=0), start=0)
    assert (found.lost, found.missing_tail) == (0, 2 * PERIOD)


def test_a_block_of_a_tone_that_came_twice_is_left_over_behind_it() -> None:
    found = align(TONE, np.concatenate([TONE[:480], TONE]), start=0)
    assert (found.missing_tail, found.strays) == (0, 480)


def test_a_tone_that_the_driver_changed_is_not_found() -> None:
    found = align(TONE, TONE * np.float32(0.5), start=0)
    assert (found.repeats, found.matched, found.missing_head) == (True, 0, len(TONE))
    found = align(TONE, SILENCE, start=0)
    assert (found.matched, found.leading) == (0, len(SILENCE))


def test_a_cut_in_a_tone_before_the_first_anchor_is_exact_too() -> None:
    source = np.concatenate([TONE, SOURCE[:500]])
    recorded = np.delete(source, slice(1_000, 1_010), axis=0)
    found = align(source, recorded, start=0)
    assert not found.repeats
    assert (found.lost, found.missing_head, found.inserted) == (10, 0, 0)
    # Without the place where it is due, what is before the cut is nobody's.
    assert align(source, recorded).missing_head == 1_010


def test_silence_in_place_of_a_source_with_silence_in_it_ends_in_time() -> None:
    source = np.tile(np.concatenate([SOURCE, SILENCE[:100]]), (2, 1))
    recorded = np.zeros((400_000, 2), dtype=np.float32)
    assert align(source, recorded, start=0).matched < len(recorded)


def test_negative_zero_is_zero() -> None:
    source = SOURCE.copy()
    source[500] = -0.0
    damaged = source.copy()
    damaged[500] = 0.0
    assert align(source, damaged).is_clean


def test_different_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="channels"):
        align(SOURCE, SOURCE[:, :1])


@given(st.lists(st.integers(0, 3), min_size=0, max_size=60), st.integers(1, 8))
def test_window_hashes_are_equal_where_the_windows_are(values: list[int], window: int) -> None:
    keys = np.array(values, dtype=np.uint64)
    hashes = window_hashes(keys, window).tolist()
    windows = [tuple(values[i : i + window]) for i in range(len(values) - window + 1)]
    assert len(hashes) == len(windows)
    assert len(set(hashes)) == len(set(windows))
    assert len(set(zip(hashes, windows, strict=True))) == len(set(windows))


def test_frames_that_differ_in_one_bit_have_different_keys() -> None:
    a = np.zeros((1, 2), dtype=np.float32)
    b = a.copy()
    b[0, 1] = np.float32(1e-45)
    assert frame_keys(a)[0] != frame_keys(b)[0]
