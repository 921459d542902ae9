"""Behind a codec: its noise is no fault, and whatever else is wrong is heard once, in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.measure.packet_places import heard_frame, heard_segments, source_frames, spoiled_places
from lab.play.signals import SIGNALS
from lab.play.sound import TONES, SoundReport, listen_behind_codec
from lab.signals.file import read_audio
from lab.transport.bunghole.recording import PacketFlag
from lab.transport.opus import code
from tests.support.fake_wire import coded_facts, rows

FRAMES = 4 * 48_000
TUNE = Path(__file__).parent.parent / "scenarios" / "audio" / "tune.flac"
Audio = NDArray[np.float32]


def signal(name: str) -> Audio:
    if name == "tune":
        return np.ascontiguousarray(read_audio(TUNE).frames[:FRAMES])
    return SIGNALS[name](FRAMES)


def heard(
    name: str,
    change: Callable[[Audio], Audio] | None = None,
    *,
    lost: tuple[int, ...] = (),
    spoil: Callable[[Audio], Audio] | None = None,
) -> SoundReport:
    """`change` happens before the codec, `spoil` behind it."""
    source = signal(name)
    facts = coded_facts(source, played=change(source) if change else None, lost=lost)
    assert facts.wire is not None
    packets = facts.wire.packets
    return listen_behind_codec(
        source,
        spoil(facts.recorded) if spoil else facts.recorded,
        heard_segments(packets),
        spoiled_places(packets),
        tones_hz=TONES.get(name, ()),
    )


@pytest.mark.parametrize("name", ["tune", "noise", "sweep", "sine", "pair"])
def test_the_noise_of_the_codec_is_no_fault(name: str) -> None:
    report = heard(name)
    assert report.faults == ()
    assert report.resemblance_s > 3.8
    if report.delay_frames is not None:
        assert report.delay_frames == pytest.approx(312, abs=1)


@pytest.mark.parametrize("name", ["tune", "noise", "sweep", "sine", "pair"])
def test_a_packet_that_was_lost_and_made_up_for_is_no_fault_of_its_own(name: str) -> None:
    assert heard(name, lost=(60, 120, 121)).faults == ()


def test_each_way_says_of_how_much_it_could_judge() -> None:
    noise, pair = heard("noise"), heard("pair")
    assert (noise.tones_s, noise.delay_s) == (0, 4)
    assert (round(pair.tones_s, 1), pair.delay_s) == (4.0, 0)
    assert pair.delay_frames is None


@pytest.mark.parametrize("name", ["noise", "pair"])
def test_frames_that_the_driver_left_out_before_it_numbered_are_heard(name: str) -> None:
    report = heard(name, lambda played: np.delete(played, slice(100_000, 100_480), axis=0))
    [fault] = report.faults
    assert (fault.kind, fault.frames) == ("drop", 480)
    assert fault.recorded_frame == pytest.approx(100_312, abs=960)


@pytest.mark.parametrize("name", ["noise", "pair"])
def test_frames_that_the_driver_encoded_twice_are_heard(name: str) -> None:
    def twice(played: Audio) -> Audio:
        return np.concatenate([played[:96_000], played[95_520:]])

    [fault] = heard(name, twice).faults
    assert (fault.kind, fault.frames) == ("repeat", 480)
    assert fault.recorded_frame == pytest.approx(96_312, abs=960)


@pytest.mark.parametrize("name", ["tune", "noise", "sweep", "sine", "pair"])
def test_a_drop_out_is_a_gap_in_any_signal(name: str) -> None:
    def mute(recorded: Audio) -> Audio:
        spoilt = recorded.copy()
        spoilt[96_000:98_880] = 0
        return spoilt

    [fault] = heard(name, spoil=mute).faults
    assert fault.kind in {"gap", "dip"}
    assert fault.recorded_frame == pytest.approx(96_000, abs=960)


def test_other_audio_in_the_place_of_what_was_played_is_heard() -> None:
    def other(played: Audio) -> Audio:
        spoilt = played.copy()
        spoilt[100_000:104_800] = played[20_000:24_800]
        return spoilt

    [fault] = heard("noise", other).faults
    assert fault.kind == "unlike"
    assert fault.recorded_frame == pytest.approx(100_312, abs=960)


def test_a_click_is_heard_in_a_tone() -> None:
    def click(recorded: Audio) -> Audio:
        spoilt = recorded.copy()
        spoilt[100_000:100_004] += 0.4
        return spoilt

    [fault] = heard("pair", spoil=click).faults
    assert fault.kind == "click"
    assert fault.recorded_frame == pytest.approx(100_000, abs=48)


def test_what_never_came_is_not_judged() -> None:
    nothing = np.empty((0, 2), dtype=np.float32)
    report = listen_behind_codec(signal("noise"), nothing, [], [], tones_hz=TONES["pair"])
    assert report == SoundReport((), None, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("bitrate", [32_000, 64_000])
def test_a_coarser_codec_is_no_fault_and_no_second_of_it_counts_as_judged(bitrate: int) -> None:
    source = signal("noise")
    facts = coded_facts(source)
    assert facts.wire is not None
    segments = heard_segments(facts.wire.packets)
    coarse = code(np.concatenate([source, np.zeros((4_800, 2), dtype=np.float32)]), bitrate)
    report = listen_behind_codec(source, coarse, segments, [])
    assert (report.faults, report.resemblance_s, report.delay_s) == ((), 0, 4)
    # A drop-out is one all the same, and other audio altogether is not excused.
    coarse[96_000:98_880] = 0
    assert [one.kind for one in listen_behind_codec(source, coarse, segments, []).faults] == ["gap"]
    report = listen_behind_codec(source, coarse[::-1], segments, [])
    assert sum(one.frames for one in report.faults) > 150_000


@pytest.mark.parametrize(
    "wave",
    [
        lambda at: np.where(at % 4_800 == 0, 0.9, 0.0),
        lambda at: 0.4 * np.sign(np.sin(2 * np.pi * 440 / 48_000 * at)),
        lambda at: 0.5 * np.sin(2 * np.pi * 19_500 / 48_000 * at),
        lambda at: 0.5 * np.sin(2 * np.pi * 30 / 48_000 * at),
    ],
    ids=["impulses", "square", "19.5 kHz", "30 Hz"],
)
def test_what_is_hard_to_code_is_no_fault(wave: Callable[[NDArray[np.int64]], Any]) -> None:
    source = np.repeat(wave(np.arange(96_000)).astype(np.float32)[:, np.newaxis], 2, axis=1)
    facts = coded_facts(source)
    assert facts.wire is not None
    segments = heard_segments(facts.wire.packets)
    assert listen_behind_codec(source, facts.recorded, segments, []).faults == ()


# ---- where it belongs ----------------------------------------------------------------------------


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=20))
def test_numbers_say_which_frame_is_heard_where(gaps: list[int]) -> None:
    packets = rows(len(gaps))
    packets["first_frame"] = np.arange(len(gaps)) * 960 + np.cumsum(gaps)
    segments = heard_segments(packets)
    assert sum(each.frames for each in segments) == 960 * len(gaps)
    for number, first in enumerate(packets["first_frame"].tolist()):
        frame = first + 500 - 312
        assert heard_frame(segments, number * 960 + 500) == frame


def test_packets_of_v1_end_where_the_first_of_v2_begins() -> None:
    packets = rows(4)
    packets["first_frame"] = [0, 0, 2_880, 3_840]
    packets["flags"][:2] |= int(PacketFlag.V1)
    assert source_frames(packets).tolist() == [960, 1_920, 2_880, 3_840]
    packets["flags"] |= int(PacketFlag.V1)
    assert source_frames(packets).tolist() == [0, 960, 1_920, 2_880]


def test_before_the_first_sound_of_the_source_nothing_is_due() -> None:
    segments = heard_segments(rows(3))
    assert heard_frame(segments, 311) is None
    assert heard_frame(segments, 312) == 0
    assert heard_frame([], 0) is None
