"""Let me hear a failing soak: its small schedule once more, and the damaged place cut out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError
from lab.faults.events import Event
from lab.faults.recording import Damaged, Recording, room_for
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup
from lab.faults.shrink import Shrunk
from lab.faults.wire.recording import SPARE_S, WireRecording
from lab.night.cases.base import Place
from lab.night.cases.clips import AROUND_S, write_pair
from lab.results import Glitch
from lab.transport.opus import SAMPLE_RATE

NAME = "clip-1"
_AFTER_FRAMES = round(AROUND_S * 48_000)


def hear_failure(
    small: Shrunk, glitch: Glitch, place: Place, *, stop: Callable[[], bool]
) -> tuple[Glitch, dict[str, str]]:
    """Cut the damaged place out of a recording of the smallest failing run.

    That is heard through Gecko's shared memory, or over Bunghole's wire.

    Parameters
    ----------
    small
        The run; it is made once more.
    glitch
        As it is known without a recording.
    place
        For the files.
    stop
        As for `run_schedule`.

    Returns
    -------
    glitch : Glitch
        With position, size, clip and cycle of this run; as it was when there is nothing to hear:
        the failure has no place in the stream, or did not come again.
    artefacts : dict
        Name to path of the clip and of what was sent.
    """
    if small.outcome.failure is None or small.setup.far_end not in {"gecko", "bunghole"}:
        return glitch, {}
    # What comes behind the place is worth hearing, too: a few cycles more, if it still fails so.
    for more in (-(-_AFTER_FRAMES // small.setup.frames) + 1, 0):
        try:
            heard = _heard(small, more, stop)
        except (LabError, OSError):
            break  # no room for a recording: the schedule is worth more
        if heard is not None:
            return _with_clip(heard, glitch, place)
    return glitch, {}


@dataclass(frozen=True)
class _Heard:
    """The clip, what was sent, where it is damaged, and when that was noticed."""

    clip: NDArray[np.float32]
    sent: NDArray[np.float32] | None
    cue_frame: int
    found: Damaged
    sample_rate: int
    cycle: int


def _heard(small: Shrunk, more_cycles: int, stop: Callable[[], bool]) -> _Heard | None:
    """Make the run once more, so much longer; None when it does not fail so, or has no place."""
    assert small.outcome.failure is not None
    kind = small.outcome.failure.kind
    setup = small.setup.model_copy(update={"cycles": small.setup.cycles + more_cycles})
    with tempfile.TemporaryDirectory(prefix="hal-lab-") as folder:
        recording = _recording(setup, small.events, Path(folder) / "heard.f32")
        again = run_schedule(setup, small.events, stop=stop, recording=recording)
        if again.failure is None or again.failure.kind != kind:
            return None
        found = recording.damaged(kind)
        if found is None:
            return None
        around = round(AROUND_S * recording.sample_rate)
        begin = max(found.position - around, 0)
        # As long as there is anything to hear.
        clip = recording.heard()[begin : found.position + around]
        cue = found.position - begin
        sent = None
        if found.sent_frame is not None:
            sent = recording.sent(found.sent_frame - cue, len(clip))
    return _Heard(clip, sent, cue, found, recording.sample_rate, again.failure.cycle)


def _recording(setup: Setup, events: Sequence[Event], path: Path) -> Recording | WireRecording:
    room = room_for(setup, events)
    if setup.far_end == "bunghole":
        return WireRecording(path, room + SPARE_S * SAMPLE_RATE)
    return Recording(path, room)


def _with_clip(heard: _Heard, glitch: Glitch, place: Place) -> tuple[Glitch, dict[str, str]]:
    artefacts = write_pair(
        NAME, heard.clip, heard.sent, heard.sample_rate, cue_frame=heard.cue_frame, place=place
    )
    changes = {
        "kind": heard.found.kind,
        "position_frame": heard.found.position,
        "frames": heard.found.frames,
        "cycle": heard.cycle,
        "clip": NAME,
    }
    return glitch.model_copy(update=changes), artefacts
