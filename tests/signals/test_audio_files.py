"""Audio files in and out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from lab.errors import SignalError
from lab.signals.file import read_audio, read_raw, resampled, write_raw, write_wav
from lab.signals.noise import noise
from lab.signals.sine import sine


def test_what_is_written_as_wav_is_read_back_to_the_bit(tmp_path: Path) -> None:
    frames = noise(1_000, seed=3)
    write_wav(tmp_path / "a.wav", frames, 48_000)
    audio = read_audio(tmp_path / "a.wav")
    assert np.array_equal(audio.frames, frames)
    assert (audio.sample_rate, audio.channels) == (48_000, 2)
    assert audio.seconds == pytest.approx(1_000 / 48_000)


def test_a_mono_file_has_two_dimensions(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.zeros(100), 44_100)
    assert read_audio(tmp_path / "a.flac").frames.shape == (100, 1)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match=r"no such file: .*none\.wav; check the path"):
        read_audio(tmp_path / "none.wav")


@pytest.mark.parametrize("content", [b"", b"not audio at all", b"RIFF\xff\xff\xff\xffWAVEfmt "])
def test_a_file_that_is_not_audio_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(SignalError, match="not an audio file") as caught:
        read_audio(path)
    assert "\n" not in str(caught.value)


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros((0, 2), dtype=np.float32), 48_000)
    with pytest.raises(SignalError, match="no frames"):
        read_audio(tmp_path / "a.wav")


def test_a_wrong_rate_is_refused_unless_resampling_is_asked_for(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", sine(44_100, sample_rate=44_100), 44_100)
    with pytest.raises(SignalError, match="44100 Hz and the device at 48000 Hz"):
        read_audio(tmp_path / "a.wav", sample_rate=48_000)
    audio = read_audio(tmp_path / "a.wav", sample_rate=48_000, resample=True)
    assert (len(audio.frames), audio.sample_rate, audio.file_sample_rate) == (
        48_000,
        48_000,
        44_100,
    )


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44_100, 48_000), (96_000, 44_100)])
def test_a_resampled_tone_is_the_tone(from_rate: int, to_rate: int) -> None:
    made = resampled(sine(from_rate, sample_rate=from_rate, hz=997), from_rate, to_rate)
    wanted = sine(to_rate, sample_rate=to_rate, hz=997)
    middle = slice(2_000, to_rate - 2_000)
    assert np.abs(made[middle] - wanted[middle]).max() < 1e-3


def test_raw_files_come_back_and_a_torn_last_frame_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.f32"
    frames = noise(10, seed=1)
    write_raw(path, frames)
    assert np.array_equal(read_raw(path, 2), frames)
    path.write_bytes(path.read_bytes()[:-4])
    assert np.array_equal(read_raw(path, 2), frames[:9])


def test_a_recording_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="cannot be written"):
        write_wav(tmp_path / "no" / "folder" / "a.wav", noise(10, seed=1), 48_000)
