"""The faults one by one: their sizes add up to the counts, their places are the true ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.signals.align import align
from lab.signals.faults import Fault, faults_of
from lab.signals.noise import noise

BLOCK = 480
SOURCE = noise(20 * BLOCK, seed=11)
FOREIGN = noise(20 * BLOCK, seed=12)


def faults_in(blocks: list[int]) -> list[Fault]:
    """The faults of a recording that was put together from blocks; below 0: of another source."""
    parts = [
        FOREIGN[-block * BLOCK : (1 - block) * BLOCK]
        if block < 0
        else SOURCE[block * BLOCK : (block + 1) * BLOCK]
        for block in blocks
    ]
    return faults_of(align(SOURCE, np.concatenate(parts), start=0))


def in_blocks(fault: Fault) -> tuple[str, float, float, float]:
    return (
        fault.kind,
        fault.recorded_frame / BLOCK,
        fault.stream_frame / BLOCK,
        fault.frames / BLOCK,
    )


ALL = list(range(20))


@pytest.mark.parametrize(
    ("blocks", "faults"),
    [
        (ALL, []),
        # Two blocks exchanged: nothing is lost, nothing came twice.
        ([0, 1, 3, 2, *ALL[4:]], [("reorder", 3, 3, 1)]),
        ([0, 1, 2, 2, *ALL[3:]], [("duplicate", 3, 3, 1)]),
        ([0, 1, *ALL[4:]], [("lost", 2, 2, 2)]),
        ([0, 1, -5, 2, *ALL[3:]], [("inserted", 2, 2, 1)]),
        # In place of a block, not in addition to it: the stream goes on where it would have.
        (
            [0, 1, -5, *ALL[3:10], *ALL[11:]],
            [("lost", 2, 2, 1), ("inserted", 2, 3, 1), ("lost", 10, 10, 1)],
        ),
        # A head that is missing is at the beginning, whatever else is lost later.
        (ALL[2:10] + ALL[12:], [("lost", 0, 0, 2), ("lost", 8, 10, 2)]),
        # What was inserted lies before the end, too.
        ([*ALL[:5], -5, -6, *ALL[5:18]], [("inserted", 5, 5, 2), ("lost", 20, 18, 2)]),
        # Before the first frame and behind the last.
        ([-5, *ALL, -6, -7], [("inserted", 0, 0, 1), ("inserted", 21, 20, 2)]),
        # One block of a gap came later: the rest of it did not.
        ([0, 1, 4, 2, *ALL[5:]], [("reorder", 3, 3, 1), ("lost", 4, 4, 1)]),
    ],
)
def test_each_fault_has_its_kind_its_place_and_its_size(
    blocks: list[int], faults: list[tuple[str, float, float, float]]
) -> None:
    assert [in_blocks(fault) for fault in faults_in(blocks)] == faults


def test_only_what_is_missing_at_the_end_is_at_the_end() -> None:
    assert [fault.at_end for fault in faults_in([*ALL[:5], *ALL[7:18]])] == [False, True]


def test_a_loss_in_silence_says_how_far_it_could_be_shifted() -> None:
    source = SOURCE.copy()
    source[800:1_200] = 0
    (fault,) = faults_of(align(source, np.delete(source, slice(900, 910), axis=0)))
    assert (fault.recorded_frame, fault.slack_frames) == (1_190, 390)


def test_whole_periods_that_a_tone_lost_may_be_missing_anywhere() -> None:
    tone = np.tile(SOURCE[:48], (100, 1))
    (fault,) = faults_of(align(tone, tone[:-96], start=0))
    assert (fault.frames, fault.at_end, fault.slack_frames) == (96, True, len(tone) - 96)


def test_what_is_nowhere_has_no_place() -> None:
    assert faults_of(align(SOURCE, FOREIGN)) == []


@given(st.lists(st.integers(-3, 19), min_size=1, max_size=30))
def test_the_sizes_add_up_to_the_counts(blocks: list[int]) -> None:
    parts = [
        FOREIGN[-b * BLOCK : (1 - b) * BLOCK] if b < 0 else SOURCE[b * BLOCK : (b + 1) * BLOCK]
        for b in blocks
    ]
    found = align(SOURCE, np.concatenate(parts), start=0)
    total: Counter[str] = Counter()
    for fault in faults_of(found):
        total[fault.kind] += fault.frames
        assert fault.frames > 0
        assert 0 <= fault.stream_frame <= len(SOURCE)
    if found.matched:
        lost = found.lost + found.missing_head + found.missing_tail
        assert (total["lost"], total["duplicate"]) == (lost, found.duplicated)
        inserted = found.inserted + found.strays
        assert (total["reorder"], total["inserted"]) == (found.reordered, inserted)
