"""Sine, sweep and noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.signals.noise import noise
from lab.signals.sine import glitch_frames, sine
from lab.signals.sweep import sweep


@given(cut=st.integers(1, 999), start=st.integers(0, 10**9))
def test_a_sine_can_be_made_in_pieces(cut: int, start: int) -> None:
    whole = sine(1_000, sample_rate=48_000, start_frame=start)
    pieces = [
        sine(cut, sample_rate=48_000, start_frame=start),
        sine(1_000 - cut, sample_rate=48_000, start_frame=start + cut),
    ]
    assert np.array_equal(np.concatenate(pieces), whole)


def test_a_sine_begins_at_phase_zero_and_has_its_frequency() -> None:
    wave = sine(48_000, sample_rate=48_000, hz=997, amplitude=0.25)
    assert wave[0].tolist() == [0.0, 0.0]
    assert int(np.argmax(np.abs(np.fft.rfft(wave[:, 0])))) == 997
    assert float(np.max(wave)) == pytest.approx(0.25, rel=1e-4)


def test_a_clean_sine_has_no_glitch() -> None:
    assert glitch_frames(sine(48_000, sample_rate=48_000), sample_rate=48_000).size == 0


@given(at=st.integers(100, 900))
def test_a_single_dropped_frame_is_found_where_it_is(at: int) -> None:
    wave = np.delete(sine(1_000, sample_rate=48_000), at, axis=0)
    found = glitch_frames(wave, sample_rate=48_000)
    assert len(found) == 1
    assert abs(int(found[0]) - at) <= 2


def test_a_repeated_block_of_997_hz_is_found_and_of_1_khz_is_not() -> None:
    for hz, breaks in ((997.0, 1), (1_000.0, 0)):
        wave = sine(4_800, sample_rate=48_000, hz=hz)
        repeated = np.concatenate([wave[:960], wave[480:]])
        assert len(glitch_frames(repeated, sample_rate=48_000, hz=hz)) == breaks


def test_a_tone_above_half_the_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="24000"):
        sine(10, sample_rate=48_000, hz=24_000)
    with pytest.raises(ValueError, match="two different ends"):
        sweep(10, sample_rate=48_000, from_hz=100, to_hz=100)


def test_a_sweep_spends_the_same_time_on_each_octave() -> None:
    wave = sweep(480_000, sample_rate=48_000, from_hz=100, to_hz=1_600)[:, 0]
    rising = np.flatnonzero((wave[:-1] < 0) & (wave[1:] >= 0))
    hz = 48_000 / np.diff(rising)
    middle = hz[np.searchsorted(rising[:-1], 240_000)]
    assert middle == pytest.approx(400, rel=0.02)


@given(seed=st.integers(0, 2**64 - 1), cut=st.integers(1, 99), channels=st.integers(1, 8))
def test_noise_depends_on_seed_frame_and_channel_only(seed: int, cut: int, channels: int) -> None:
    whole = noise(100, seed=seed, channels=channels)
    tail = noise(100 - cut, seed=seed, channels=channels, start_frame=cut)
    assert np.array_equal(whole[cut:], tail)


def test_noise_is_white_enough_and_differs_by_seed() -> None:
    a, b = noise(100_000, seed=1, channels=1)[:, 0], noise(100_000, seed=2, channels=1)[:, 0]
    assert abs(float(a.mean())) < 0.01
    assert float(a.std()) == pytest.approx(0.5 / np.sqrt(3), rel=0.02)
    assert abs(float(np.corrcoef(a, b)[0, 1])) < 0.02
    assert abs(float(np.corrcoef(a[1:], a[:-1])[0, 1])) < 0.02
    assert (a >= -0.5).all()
    assert (a < 0.5).all()
