"""A soak that fails can be heard: the small schedule's recording, cut at the damaged place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lab.errors import MissingError
from lab.faults.recording import Recording
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event
from lab.faults.shrink import Shrunk
from lab.host.locate import find_driver
from lab.night.cases import soak_clips
from lab.night.cases.base import Place, Subject
from lab.night.cases.soak import SoakCase, perform_soak
from lab.night.cases.soak_clips import hear_failure
from lab.report.page.clips import cue_frame
from lab.results import Glitch, Result, Verdict
from lab.signals.counter import decode

pytestmark = pytest.mark.native

DROPS = {"LAPSE_FAULT": "drops-frame-at-wrap-after-stall"}
AROUND = 960
UNHEARD = Glitch(kind="lost", position_frame=-1, frames=0, cause="driver-logic", cycle=7)


def soaked(folder: Path, faults: str, **environment: str) -> Result:
    """A soak of Lapse whose seed draws what its mistake needs."""
    case = SoakCase(Subject("Lapse", "Lapse", environment), faults, minutes=5, seed=5)
    return perform_soak(case, Place(folder, "run"))


def failing(**setup: object) -> Shrunk:
    """A schedule that fails, as small as it gets."""
    made = Setup.model_validate({"driver": "Lapse", "cycles": 35, "environment": DROPS, **setup})
    events = [parse_event({"at": {"cycle": 32}, "what": "lose-cycles", "n": 1})]
    return Shrunk(made, events, run_schedule(made, events))


def test_the_clip_of_a_failing_soak_has_the_lost_frame_at_its_mark(tmp_path: Path) -> None:
    found = soaked(tmp_path, "host", **DROPS)
    assert found.verdict is Verdict.FAIL
    [glitch] = found.glitches
    assert (glitch.kind, glitch.frames, glitch.cause) == ("lost", 1, "driver-logic")
    assert glitch.position_frame > AROUND
    assert set(found.artefacts) == {"replay", "test", "clip-1", "clip-1-sent"}
    heard, rate = soundfile.read(tmp_path / found.artefacts[glitch.clip], dtype="float32")
    sent, _ = soundfile.read(tmp_path / found.artefacts[f"{glitch.clip}-sent"], dtype="float32")
    assert rate == 48_000
    assert cue_frame(tmp_path / found.artefacts[glitch.clip]) == AROUND
    # 20 ms to either side, and no silence in the place of what was not recorded.
    assert len(heard) == len(sent) == 2 * AROUND
    assert (heard[:AROUND] == sent[:AROUND]).all()
    assert (heard[AROUND:-1] == sent[AROUND + 1 :]).all()
    assert (heard[AROUND] != sent[AROUND]).any()
    # The replay that the command runs is the run that was recorded.
    replay = (tmp_path / found.artefacts["replay"]).read_text(encoding="utf-8")
    cycles = json.loads(replay.splitlines()[0])["setup"]["cycles"]
    assert found.command == f"hal-lab replay {tmp_path / found.artefacts['replay']}"
    assert 0 < glitch.cycle <= cycles + 8


def test_a_block_that_came_twice_is_found_where_it_came_the_second_time(tmp_path: Path) -> None:
    found = soaked(tmp_path, "clients", LAPSE_FAULT="repeats-block-for-new-client")
    [glitch] = found.glitches
    assert glitch.kind == "duplicate"
    heard, _ = soundfile.read(tmp_path / found.artefacts[glitch.clip], dtype="float32")
    numbers = decode(heard)[0][:, 0]
    assert numbers[AROUND] == numbers[AROUND - glitch.frames]


def test_a_soak_over_packets_is_heard_where_the_packet_is_missing(tmp_path: Path) -> None:
    driver = "MistakenBunghole"
    try:
        find_driver(driver)
    except MissingError as error:
        pytest.skip(str(error))
    case = SoakCase(
        Subject(driver, driver, {"BUNGHOLE_MISTAKE": "loses-a-packet"}), "none", minutes=0.5
    )
    found = perform_soak(case, Place(tmp_path, "run"))
    assert found.verdict is Verdict.FAIL
    [glitch] = found.glitches
    assert (glitch.kind, glitch.frames) == ("lost-packet", AROUND)
    heard, rate = soundfile.read(tmp_path / found.artefacts[glitch.clip], dtype="float32")
    sent, _ = soundfile.read(tmp_path / found.artefacts[f"{glitch.clip}-sent"], dtype="float32")
    assert (rate, len(heard), len(sent)) == (48_000, 2 * AROUND, 2 * AROUND)
    assert cue_frame(tmp_path / found.artefacts[glitch.clip]) == AROUND
    before = np.corrcoef(heard[:AROUND, 0], sent[:AROUND, 0])[0, 1]
    assert before > 0.99


def test_a_failure_without_a_place_in_the_stream_is_told_without_a_clip(tmp_path: Path) -> None:
    found = soaked(tmp_path, "clients", LAPSE_FAULT="leaks-per-start")
    assert found.verdict is Verdict.FAIL
    [glitch] = found.glitches
    assert (glitch.position_frame, glitch.clip) == (-1, "")
    assert "replay" in found.artefacts
    assert "clip-1" not in found.artefacts


def test_what_does_not_come_again_is_not_heard(tmp_path: Path) -> None:
    small = failing()
    small.setup = small.setup.model_copy(update={"environment": {}})
    place = Place(tmp_path, "run")
    assert hear_failure(small, UNHEARD, place, stop=lambda: False) == (UNHEARD, {})
    assert list(tmp_path.iterdir()) == []


def test_a_recording_without_room_costs_no_more_than_the_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = failing()
    place = Place(tmp_path, "run")
    glitch, files = hear_failure(small, UNHEARD, place, stop=lambda: False)
    assert glitch.clip in files
    monkeypatch.setattr(soak_clips, "room_for", lambda *_: 1 << 50)
    assert hear_failure(small, UNHEARD, place, stop=lambda: False) == (UNHEARD, {})


def test_a_run_that_is_recorded_is_the_same_run(tmp_path: Path) -> None:
    """Its reader is heard, and nothing else about it is another."""
    small = failing()
    recording = Recording(tmp_path / "heard.f32", 100_000)
    again = run_schedule(small.setup, small.events, recording=recording)
    assert again.failure == small.outcome.failure
    assert again.hash == small.outcome.hash
