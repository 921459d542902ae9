"""A glitch as a short WAV: the right stretch, with a marker, and what was sent beside it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from lab.host.models import Device, Plugin
from lab.night.cases.base import Place
from lab.night.cases.clips import (
    CLIPS_PER_RESULT,
    chosen,
    cut_out,
    keep_clips,
    sent_position,
    write_clip,
)
from lab.play.settings import PlayFacts
from lab.results import Glitch, Result
from lab.signals.noise import noise
from tests.support.fake_daemon import DEVICE

SOURCE = noise(48_000, seed=4)


def facts(recorded: Any) -> PlayFacts:
    return PlayFacts(
        device=Device.model_validate(DEVICE),
        plugin=Plugin(plugin=0, path="/x/My.driver", devices=[0]),
        far_end="shared memory",
        layout="v2",
        source=SOURCE,
        recorded=recorded,
    )


def glitch(kind: str, at: int) -> Glitch:
    return Glitch(kind=kind, position_frame=at, frames=1, cause="machine")


def test_a_clip_holds_what_arrived_and_what_was_sent_around_the_glitch(tmp_path: Path) -> None:
    recorded = np.concatenate([SOURCE[:10_000], SOURCE[10_100:]])  # 100 frames are lost
    result = Result(scenario="play", glitches=[glitch("lost", 10_000)], glitch_count=1)
    kept = keep_clips(result, facts(recorded), Place(tmp_path, "007-x"))
    assert kept.glitches[0].clip == "clip-1"
    heard, rate = soundfile.read(tmp_path / kept.artefacts["clip-1"], dtype="float32")
    sent, _ = soundfile.read(tmp_path / kept.artefacts["clip-1-sent"], dtype="float32")
    assert (rate, len(heard), len(sent)) == (48_000, 1_920, 1_920)
    assert np.array_equal(heard, recorded[9_040:10_960])
    assert np.array_equal(sent, SOURCE[9_040:10_960])
    assert np.array_equal(heard[:960], sent[:960])
    assert not np.array_equal(heard[960:], sent[960:])


def test_a_clip_has_a_marker_where_the_glitch_is(tmp_path: Path) -> None:
    write_clip(tmp_path / "x.wav", SOURCE[:1_920], 48_000, cue_frame=960)
    data = (tmp_path / "x.wav").read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    at = data.index(b"cue ")
    count, _, position, chunk, _, _, sample = struct.unpack("<III4sIII", data[at + 8 : at + 36])
    assert (count, position, chunk, sample) == (1, 960, b"data", 960)
    read, _ = soundfile.read(tmp_path / "x.wav", dtype="float32")
    assert np.array_equal(read, SOURCE[:1_920])


def test_one_clip_of_each_kind_comes_before_two_of_a_kind() -> None:
    glitches = [glitch("lost", n * 100) for n in range(20)] + [glitch("duplicate", 5_000)]
    assert chosen(glitches, 48_000) == [0, 1, 2, 3, 4, 20]
    assert len(chosen(glitches, 48_000)) == CLIPS_PER_RESULT


def test_what_has_no_place_in_the_recording_has_no_clip(tmp_path: Path) -> None:
    glitches = [glitch("underrun", -1), glitch("late-cycle", 100), glitch("lost", 48_001)]
    assert chosen(glitches, 48_000) == []
    assert chosen([glitch("lost", 0)], 0) == []
    result = Result(scenario="play", glitches=glitches)
    assert keep_clips(result, facts(SOURCE), Place(tmp_path, "x")) == result
    assert list(tmp_path.iterdir()) == []


@given(st.integers(-2_000, 50_000), st.integers(1, 1_000))
def test_a_stretch_is_where_it_is_and_silent_where_nothing_is(middle: int, around: int) -> None:
    piece = cut_out(SOURCE, middle, around)
    assert piece.shape == (2 * around, 2)
    for at in {0, around - 1, around, 2 * around - 1}:
        frame = middle - around + at
        wanted = SOURCE[frame] if 0 <= frame < len(SOURCE) else np.zeros(2)
        assert np.array_equal(piece[at], wanted)


@given(st.integers(16, 30_000), st.integers(0, 10_000))
def test_the_place_in_what_was_sent_is_found_behind_any_loss(position: int, lost: int) -> None:
    recorded = SOURCE[lost:]
    assert sent_position(SOURCE, recorded, position) == position + lost


def test_silence_and_what_was_never_sent_have_no_place() -> None:
    assert sent_position(SOURCE, np.zeros((100, 2), dtype=np.float32), 50) is None
    assert sent_position(SOURCE, noise(100, seed=99), 50) is None
    assert sent_position(SOURCE, SOURCE, 3) is None
