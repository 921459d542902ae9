"""Detectors for tones: drops, repeats, offsets, gaps, dips, clicks; without a codec."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.errors import SignalError
from lab.signals.envelope import find_clicks, find_dips, listen, measure_envelope
from lab.signals.inject import Injected, damaged_pair, damaged_recording
from lab.signals.lossy import (
    CHUNK_FRAMES,
    GLITCH_PAIR_HZ,
    PAIR_RANGE_FRAMES,
    Found,
    Kind,
    calibrated_limits,
    glitch_pair,
    pair_at,
    tones_of,
)
from lab.signals.sine import GLITCH_TONE_HZ
from lab.signals.time_line import track_time_line

FRAMES = 48_000


def heard(block: NDArray[np.float32]) -> list[Found]:
    return listen(measure_envelope(block), track_time_line(block).found)


@settings(max_examples=40)
@given(
    frames=st.integers(1, PAIR_RANGE_FRAMES),
    at=st.integers(14_000, 34_000),
    kind=st.sampled_from((Kind.DROP, Kind.REPEAT)),
    start=st.integers(0, 10**9),
)
def test_any_cut_of_whole_frames_at_any_place_is_found_once_with_its_size(
    frames: int, at: int, kind: Kind, start: int
) -> None:
    block = damaged_pair(FRAMES, [Injected(kind, at, frames)], start_frame=start)
    found = track_time_line(block).found
    assert [(one.kind, one.frames) for one in found] == [(kind, frames)]
    assert abs(found[0].first_frame - at) <= 2


def test_each_whole_cut_up_to_the_range_turns_a_tone_by_more_than_the_limit() -> None:
    cut = np.arange(1, PAIR_RANGE_FRAMES + 1)
    turns = np.outer(cut, tones_of(2, GLITCH_PAIR_HZ) / 48_000)
    least = 360 * float(np.min(np.max(np.abs(turns - np.round(turns)), axis=1)))
    assert least >= 3.9
    assert least > 2 * calibrated_limits().phase_degrees


def test_one_tone_alone_is_blind_to_seven_of_its_periods_and_says_its_modulus() -> None:
    alone = (GLITCH_TONE_HZ,)

    def cut_by(frames: int) -> tuple[Found, ...]:
        wave = glitch_pair(FRAMES + frames, tones_hz=alone)
        cut = np.delete(wave, np.s_[20_000 : 20_000 + frames], axis=0)
        return track_time_line(cut, tones_hz=alone).found

    assert cut_by(337) == ()
    assert [one.frames for one in cut_by(10)] == [10.0]
    assert cut_by(10)[0].modulo_frames == pytest.approx(48_000 / 997)
    blind = damaged_pair(FRAMES, [Injected(Kind.DROP, 20_000, 337)])
    assert [one.frames for one in track_time_line(blind).found] == [337.0]


@settings(max_examples=20)
@given(by=st.floats(0.2, 0.8), sign=st.sampled_from((-1, 1)), at=st.integers(14_000, 34_000))
def test_an_offset_of_part_of_a_frame_is_found_with_size_and_sign(
    by: float, sign: int, at: int
) -> None:
    block = damaged_pair(FRAMES, [Injected(Kind.OFFSET, at, sign * by)])
    found = track_time_line(block).found
    assert len(found) == 1
    assert found[0].moved_frames == pytest.approx(sign * by, abs=0.26 if by > 0.7 else 0.02)


def test_a_rate_that_is_a_little_off_is_drift_and_no_jump() -> None:
    line = track_time_line(pair_at(np.arange(5.0 * FRAMES) * (1 + 80e-6)))
    assert line.found == ()
    assert line.drift_ppm == pytest.approx(80, abs=0.5)


def test_a_tone_that_comes_back_in_step_after_silence_has_not_jumped() -> None:
    gap = Injected(Kind.GAP, 20_000, 4_800)
    assert track_time_line(damaged_pair(FRAMES, [gap])).found == ()
    both = [gap, Injected(Kind.DROP, 20_000, 7)]
    found = track_time_line(damaged_pair(FRAMES, both)).found
    assert [(one.kind, one.frames) for one in found] == [(Kind.DROP, 7.0)]


def test_silence_before_and_after_the_tone_is_nothing_wrong() -> None:
    quiet = np.zeros((9_601, 2), dtype=np.float32)
    assert heard(np.concatenate([quiet, glitch_pair(FRAMES), quiet])) == []


def test_jumps_that_follow_each_other_are_told_apart_from_150_ms_on() -> None:
    faults = [Injected(Kind.DROP, 20_000, 3), Injected(Kind.REPEAT, 27_200, 5)]
    found = track_time_line(damaged_pair(FRAMES, faults)).found
    assert [(one.kind, one.frames) for one in found] == [(Kind.DROP, 3.0), (Kind.REPEAT, 5.0)]


@settings(max_examples=25)
@given(
    frames=st.integers(96, 4_800),
    at=st.integers(14_000, 34_000),
    level=st.sampled_from((0.0, 0.5, 0.8)),
)
def test_any_gap_and_any_dip_is_found_once_with_place_and_length(
    frames: int, at: int, level: float
) -> None:
    kind = Kind.DIP if level else Kind.GAP
    found = find_dips(measure_envelope(damaged_pair(FRAMES, [Injected(kind, at, frames, level)])))
    assert [one.kind for one in found] == [kind]
    assert abs(found[0].first_frame - at) <= 36
    assert found[0].frames == pytest.approx(frames, abs=49)
    if level:
        assert found[0].level_db == pytest.approx(20 * np.log10(level), abs=1.0)


@settings(max_examples=25)
@given(at=st.integers(14_000, 34_000), level=st.floats(0.01, 0.3))
def test_a_click_of_one_sample_is_found_once_where_it_is(at: int, level: float) -> None:
    block = damaged_pair(FRAMES, [Injected(Kind.CLICK, at, 1, level)])
    found = find_clicks(measure_envelope(block))
    assert len(found) == 1
    assert abs(found[0].first_frame - at) <= 26


def test_a_cut_a_gap_and_a_click_are_reported_once_each() -> None:
    faults = [
        Injected(Kind.DROP, 20_000, 480),
        Injected(Kind.GAP, 40_000, 2_400),
        Injected(Kind.CLICK, 60_000, 1, 0.2),
    ]
    found = heard(damaged_pair(2 * FRAMES, faults))
    assert [one.kind for one in found] == [Kind.DROP, Kind.GAP, Kind.CLICK]
    assert all(one.confidence >= 1 for one in found)


def test_what_lies_on_the_seams_of_chunks_is_found_like_anything_else() -> None:
    for at in (CHUNK_FRAMES - 1, CHUNK_FRAMES, CHUNK_FRAMES + 1):
        faults = [Injected(Kind.DROP, at, 2), Injected(Kind.GAP, at + 48_000, 480)]
        found = heard(damaged_pair(3 * FRAMES, faults))
        assert [one.kind for one in found] == [Kind.DROP, Kind.GAP]
        assert found[0].first_frame == at


def test_a_clean_recording_of_any_phase_level_and_channel_count_has_no_fault() -> None:
    for channels, amplitude, start in ((1, 0.9, 0), (2, 0.01, 12_345), (6, 0.3, 10**9)):
        assert (
            heard(glitch_pair(FRAMES, amplitude=amplitude, channels=channels, start_frame=start))
            == []
        )


def test_a_recording_without_the_tone_is_refused_and_not_called_clean() -> None:
    silent = np.zeros((FRAMES, 2), dtype=np.float32)
    half = glitch_pair(FRAMES)
    half[:, 1] = 0.0
    for block in (silent, half):
        with pytest.raises(SignalError, match="no tone of"):
            track_time_line(block)
        with pytest.raises(SignalError, match="no tone of"):
            measure_envelope(block)
    with pytest.raises(SignalError, match="too few"):
        track_time_line(glitch_pair(100))
    broken = glitch_pair(FRAMES)
    broken[40_000, 0] = np.nan
    for detector in (track_time_line, measure_envelope):
        with pytest.raises(SignalError, match="not a number: frame 40000"):
            detector(broken)
    with pytest.raises(SignalError, match="shape"):
        track_time_line(broken[:, 0])
    with pytest.raises(SignalError, match="tones must lie"):
        track_time_line(glitch_pair(FRAMES), tones_hz=(30_000.0,))


def test_a_recording_is_cut_where_a_fault_says() -> None:
    block = np.arange(20, dtype=np.float32).reshape(-1, 1)
    cut = damaged_recording(block, [Injected(Kind.DROP, 5, 2), Injected(Kind.REPEAT, 10, 3)])
    expected = [*range(5), *range(7, 12), *range(9, 20)]
    assert cut[:, 0].tolist() == expected
    with pytest.raises(ValueError, match="between frames"):
        damaged_recording(block, [Injected(Kind.OFFSET, 5, 0.5)])
