"""A night hears packets, too: what is lost has a clip, and what was sent lies beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile

from lab.errors import MissingError
from lab.host.locate import find_driver
from lab.night.cases.base import Place, Subject
from lab.night.cases.clips import keep_clips
from lab.night.cases.play import PlayCase, perform_play
from lab.night.matrix import read_matrix
from lab.report.page.clips import cue_frame
from lab.results import Glitch, Result, Verdict
from lab.signals.noise import noise
from tests.support.fake_wire import coded_facts

AROUND = 960
LOSES = {"BUNGHOLE_MISTAKE": "loses-a-packet"}


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b)))


def test_the_clip_of_a_lossy_way_has_what_was_sent_by_the_packets_numbers(tmp_path: Path) -> None:
    source = noise(96_000, seed=4)
    facts = coded_facts(source, lost=(50,))
    glitch = Glitch(kind="lost-packet", position_frame=48_000, frames=960, cause="driver-logic")
    result = Result(scenario="play", glitches=[glitch], glitch_count=1)
    kept = keep_clips(result, facts, Place(tmp_path, "007-x"))
    sent, _ = soundfile.read(tmp_path / kept.artefacts["clip-1-sent"], dtype="float32")
    assert np.array_equal(sent, source[48_000 - 312 - AROUND : 48_000 - 312 + AROUND])
    heard, _ = soundfile.read(tmp_path / kept.artefacts["clip-1"], dtype="float32")
    assert likeness(heard[:AROUND], sent[:AROUND]) > 0.6
    assert likeness(heard[AROUND:], sent[AROUND:]) < 0.6


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("wire", ["v1", "v2"])
def test_a_packet_that_a_driver_loses_in_a_night_can_be_heard(
    wire: Literal["v1", "v2"], tmp_path: Path
) -> None:
    try:
        find_driver("MistakenBunghole")
    except MissingError as error:
        pytest.skip(str(error))
    case = PlayCase(
        Subject("Loses", "MistakenBunghole", LOSES), signal="pair", layout=wire, seconds=12
    )
    result = perform_play(case, Place(tmp_path, "007-x"))
    assert result.verdict is Verdict.FAIL
    assert result.driver is not None
    assert result.driver.name == "Loses"
    assert {"clip-1", "clip-1-sent", "trace", "perfetto"} <= set(result.artefacts)
    assert cue_frame(tmp_path / result.artefacts["clip-1"]) == AROUND
    heard, _ = soundfile.read(tmp_path / result.artefacts["clip-1"], dtype="float32")
    sent, _ = soundfile.read(tmp_path / result.artefacts["clip-1-sent"], dtype="float32")
    assert likeness(heard[:AROUND], sent[:AROUND]) > 0.99
    assert likeness(heard[AROUND:], sent[AROUND:]) < 0.99
    assert (len(result.histograms) > 0) == (wire == "v2")
    assert "MistakenBunghole" in result.command


@pytest.mark.parametrize("name", ["quick", "full"])
def test_both_matrices_play_through_bunghole_in_both_times(name: str) -> None:
    cases = [one for one in read_matrix(name).cases("2026-01-01") if isinstance(one, PlayCase)]
    clocks = {one.clock for one in cases if one.subject.name == "BungholeAudio"}
    assert clocks == {"virtual", "realtime"}
