"""What one sees and hears of a glitch comes from its WAV; what cannot be read is a sentence."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.report.page import build_page
from lab.report.page.clips import ClipError, cue_frame, read_clip
from lab.report.page.picture import png, spectrogram
from lab.results import Glitch
from tests.support import glitch_audio, nights
from tests.support.html_tree import read_html


def decoded(audio: str) -> tuple[NDArray[np.float64], int]:
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(audio.partition(",")[2])))
    return samples, rate


def test_a_clip_is_heard_as_it_was_recorded(tmp_path: Path) -> None:
    sent = glitch_audio.tone(3)
    received = glitch_audio.spoilt(sent, "silence", 64)
    glitch_audio.write_wav(tmp_path / "sent.wav", sent)
    glitch_audio.write_wav(tmp_path / "received.wav", received)
    clip = read_clip(tmp_path, "received.wav", "sent.wav", frames=64)
    assert [sound.name for sound in clip.sounds] == ["sent", "received"]
    for sound, samples in zip(clip.sounds, (sent, received), strict=True):
        heard, rate = decoded(sound.audio)
        assert rate == glitch_audio.RATE
        assert heard.shape == (glitch_audio.CLIP_FRAMES, 2)
        assert np.abs(heard - samples).max() < 1 / 32_000
    assert (clip.before_ms, clip.after_ms, clip.top_khz) == (20.0, 20.0, 24.0)
    assert clip.mark_x == 320.0
    assert clip.mark_width == pytest.approx(64 / 1920 * 640, abs=0.1)
    assert clip.peak_dbfs == pytest.approx(20 * np.log10(np.abs(sent).max()), abs=0.01)


def test_the_mark_is_the_cue_and_not_the_middle(tmp_path: Path) -> None:
    # At the beginning of a run there are less than 20 ms before the glitch.
    path = glitch_audio.write_wav(tmp_path / "a.wav", glitch_audio.tone(), mark=48)
    assert cue_frame(path) == 48
    clip = read_clip(tmp_path, "a.wav", frames=3)
    assert clip.before_ms == 1.0
    assert clip.mark_x == 16.0
    glitch_audio.write_wav(path, glitch_audio.tone(), mark=None)
    assert cue_frame(path) is None
    assert read_clip(tmp_path, "a.wav").before_ms == 20.0
    glitch_audio.write_wav(path, glitch_audio.tone(), mark=10**6)
    assert read_clip(tmp_path, "a.wav").before_ms == 20.0


def test_the_cue_is_found_behind_chunks_of_odd_size_and_is_the_sample_offset(
    tmp_path: Path,
) -> None:
    def riff(*chunks: bytes) -> bytes:
        return struct.pack("<4sI4s", b"RIFF", 4 + sum(map(len, chunks)), b"WAVE") + b"".join(chunks)

    odd = struct.pack("<4sI", b"LIST", 3) + b"abc\0"
    # ID, position in a play list, chunk, chunk start, block start, sample offset.
    point = struct.pack("<II4sIII", 1, 7, b"data", 5, 6, 48)
    path = tmp_path / "a.wav"
    path.write_bytes(riff(odd, struct.pack("<4sII", b"cue ", 4 + len(point), 1) + point))
    assert cue_frame(path) == 48
    for broken in (
        riff(odd),
        riff(struct.pack("<4sII", b"cue ", 28, 0) + point),
        riff(struct.pack("<4sII", b"cue ", 28, 1) + point[:-1]),
        riff(struct.pack("<4sI", b"LIST", 2**32 - 1)),
        b"RIFX",
        b"",
    ):
        path.write_bytes(broken)
        assert cue_frame(path) is None


def test_of_many_channels_the_one_that_differs_is_played(tmp_path: Path) -> None:
    sent = glitch_audio.tone(channels=6)
    received = sent.copy()
    received[glitch_audio.MARK :, 4] = 0
    glitch_audio.write_wav(tmp_path / "s.wav", sent)
    glitch_audio.write_wav(tmp_path / "r.wav", received)
    clip = read_clip(tmp_path, "r.wav", "s.wav")
    assert clip.note == "Channel 5 of 6 is played."
    heard, _ = decoded(clip.sounds[1].audio)
    assert heard.ndim == 1
    assert not heard[glitch_audio.MARK :].any()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "its file has vanished: g.wav"),
        (b"", "its file is no audio that can be read: g.wav"),
        (b"RIFF\0\0\0\0WAVEfmt ", "its file is no audio that can be read: g.wav"),
    ],
)
def test_what_is_no_audio_is_one_line(
    tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / "g.wav").write_bytes(content)
    with pytest.raises(ClipError, match=complaint):
        read_clip(tmp_path, "g.wav")


def test_a_wav_without_frames_is_one_line(tmp_path: Path) -> None:
    glitch_audio.write_wav(tmp_path / "g.wav", glitch_audio.tone(frames=0), mark=None)
    with pytest.raises(ClipError, match="holds no audio"):
        read_clip(tmp_path, "g.wav")


def test_without_what_was_sent_the_rest_is_shown(tmp_path: Path) -> None:
    glitch_audio.write_wav(tmp_path / "r.wav", glitch_audio.tone())
    glitch_audio.write_wav(tmp_path / "s.wav", glitch_audio.tone(), rate=44_100)
    gone = read_clip(tmp_path, "r.wav", "gone.wav")
    assert [sound.name for sound in gone.sounds] == ["received"]
    assert "What was sent is not shown: its file has vanished" in gone.note
    assert "another format" in read_clip(tmp_path, "r.wav", "s.wav").note


def test_a_wav_that_vanished_is_a_line_instead_of_a_player(tmp_path: Path) -> None:
    night = nights.planted_night(tmp_path)
    (tmp_path / "clips/planted-glitch-1.wav").unlink()
    page = read_html(build_page(night, tmp_path))
    cards = list(page.all("article", class_="glitch"))
    assert [bool(list(card.all("audio"))) for card in cards] == [True, False, True, True]
    assert "No clip: its file has vanished: clips/planted-glitch-1.wav." in cards[1].text


def test_a_clip_that_no_artefact_bears_is_a_line(tmp_path: Path) -> None:
    glitch = Glitch(kind="lost", position_frame=1, frames=1, cause="machine", clip="nowhere")
    run = nights.result(lost=1, glitches=[glitch], glitch_count=1)
    page = read_html(build_page(nights.night_of([run]), tmp_path))
    assert "the result has no artefact 'nowhere'" in page.first("article").text


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 700),
    st.integers(1, 3),
    st.integers(0, 100_000),
    st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e30, 0.5]),
)
def test_any_samples_make_a_clip(
    tmp_path_factory: pytest.TempPathFactory, frames: int, channels: int, size: int, value: float
) -> None:
    folder = tmp_path_factory.mktemp("any")
    samples = np.full((frames, channels), value, dtype=np.float32)
    glitch_audio.write_wav(folder / "a.wav", samples, mark=frames // 3)
    clip = read_clip(folder, "a.wav", frames=size)
    assert clip.sounds[0].wave.startswith("M")
    told = (clip.mark_x, clip.mark_width, clip.close_x, clip.close_width, clip.peak_dbfs)
    assert np.isfinite(told).all()
    assert clip.mark_x + clip.mark_width <= 640 + 2
    assert clip.close_x + clip.close_width <= 640 + 2
    assert "nan" not in clip.sounds[0].wave + clip.sounds[0].close


# ---- spectrograms --------------------------------------------------------------------------------


def test_a_sine_is_a_line_at_its_frequency() -> None:
    at = np.arange(1920) / 48_000
    levels = spectrogram(np.sin(2 * np.pi * 6_000 * at).astype(np.float32))
    assert levels.shape == (65, 160)
    # 6 kHz of 24 kHz is a quarter of the way up from the last row.
    assert set(levels.argmax(axis=0).tolist()) == {48}
    assert levels.max() == 63
    assert levels[8].max() < 20


def test_a_click_is_a_column_of_all_frequencies() -> None:
    samples = np.zeros(1920, dtype=np.float32)
    samples[960] = 1.0
    levels = spectrogram(samples)
    bright = np.flatnonzero(levels.min(axis=0) > 0)
    assert 75 <= bright.mean() <= 85
    assert not levels[:, :60].any()


def test_a_png_says_what_it_holds() -> None:
    levels = np.arange(64, dtype=np.uint8).reshape(4, 16)
    content = png(levels)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks = {}
    at = 8
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        (checksum,) = struct.unpack_from(">I", content, at + 8 + size)
        assert checksum == zlib.crc32(name + body)
        chunks[name] = body
        at += size + 12
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (16, 4, 8, 3, 0, 0, 0)
    assert len(chunks[b"PLTE"]) == 3 * 64
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(4, 17)
    assert (rows[:, 1:] == levels).all()
