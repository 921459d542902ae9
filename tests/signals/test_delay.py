"""How much later a burst comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.errors import SignalError
from lab.signals.delay import Delay, NoDelay, find_delay, maximum_length_sequence, sequence_burst
from lab.signals.lossy import glitch_pair
from lab.signals.noise import noise
from lab.signals.sweep import sweep

CHIRP = sweep(4_800, sample_rate=48_000, from_hz=100, to_hz=16_000)
SEQUENCE = sequence_burst(4_800)


def later(burst: NDArray[np.float32], by: float, frames: int = 48_000) -> NDArray[np.float32]:
    """The burst behind a delay with a fraction, made in the frequency domain."""
    padded = np.zeros((frames, burst.shape[1]))
    padded[: len(burst)] = burst
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(frames) * by)[:, np.newaxis]
    return np.fft.irfft(np.fft.rfft(padded, axis=0) * turn, frames, axis=0).astype(np.float32)


@settings(max_examples=30)
@given(by=st.floats(0, 40_000), chirp=st.booleans(), upside_down=st.booleans())
def test_any_delay_is_measured_to_a_twentieth_of_a_frame(
    by: float, chirp: bool, upside_down: bool
) -> None:
    burst = CHIRP if chirp else SEQUENCE
    recorded = later(burst, by) * (-1 if upside_down else 1)
    answer = find_delay(recorded + noise(len(recorded), seed=1, amplitude=1e-3), burst)
    assert isinstance(answer, Delay)
    assert answer.frames == pytest.approx(by, abs=0.05)
    assert answer.inverted == upside_down


def test_a_burst_deep_in_a_long_recording_is_found_across_the_blocks() -> None:
    recorded = noise(1_000_000, seed=3, amplitude=1e-3)
    for at in (0, 122_000, 131_071, 990_000):
        with_burst = recorded.copy()
        with_burst[at : at + 4_800] += SEQUENCE
        answer = find_delay(with_burst, SEQUENCE)
        assert isinstance(answer, Delay)
        assert answer.frames == pytest.approx(at, abs=0.01)


def test_a_recording_without_the_burst_is_refused_with_a_reason() -> None:
    for recorded in (noise(96_000, seed=5), glitch_pair(96_000)):
        answer = find_delay(recorded, SEQUENCE)
        assert isinstance(answer, NoDelay)
        assert "times as good as the next" in answer.reason
    assert find_delay(np.zeros((9_600, 2), dtype=np.float32), SEQUENCE) == NoDelay(
        "the recording is silent"
    )
    short = find_delay(SEQUENCE[:100], SEQUENCE)
    assert isinstance(short, NoDelay)
    assert "shorter than the burst" in short.reason


def test_a_burst_that_comes_twice_has_no_one_delay() -> None:
    answer = find_delay(later(CHIRP, 1_000) + later(CHIRP, 20_000), CHIRP)
    assert isinstance(answer, NoDelay)
    assert answer.ratio == pytest.approx(1.0, abs=0.1)


def test_another_burst_is_not_taken_for_it() -> None:
    assert isinstance(find_delay(later(CHIRP, 1_000), SEQUENCE), NoDelay)
    assert isinstance(find_delay(later(SEQUENCE, 1_000), CHIRP), NoDelay)


def test_bursts_and_recordings_that_cannot_be_are_refused() -> None:
    with pytest.raises(SignalError, match="do not fit"):
        find_delay(CHIRP, CHIRP[:, :1])
    with pytest.raises(SignalError, match="empty or silent"):
        find_delay(CHIRP, np.zeros((100, 2), dtype=np.float32))
    broken = CHIRP.copy()
    broken[7] = np.inf
    with pytest.raises(SignalError, match="not a number"):
        find_delay(broken, CHIRP)
    with pytest.raises(ValueError, match="64 to 65535"):
        sequence_burst(10)


@pytest.mark.parametrize("bits", range(8, 17))
def test_a_maximum_length_sequence_resembles_itself_at_no_other_place(bits: int) -> None:
    signs = maximum_length_sequence(bits)
    likeness = np.fft.irfft(np.abs(np.fft.rfft(signs)) ** 2, len(signs))
    assert np.allclose(likeness[1:], -1.0, atol=1e-6 * len(signs))
