"""Let me hear a failing soak: its small schedule once more, and the damaged place cut out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError
from lab.faults.recording import Recording, damaged_place, room_for
from lab.faults.run import run_schedule
from lab.faults.shrink import Shrunk
from lab.night.cases.base import Place
from lab.night.cases.clips import AROUND_S, write_pair
from lab.results import Glitch
from lab.signals.counter import counter
from lab.signals.counter_check import Event as Damaged

NAME = "clip-1"
_AFTER_FRAMES = round(AROUND_S * 48_000)


def hear_failure(
    small: Shrunk, glitch: Glitch, place: Place, *, stop: Callable[[], bool]
) -> tuple[Glitch, dict[str, str]]:
    """Cut the damaged place out of a recording of the smallest failing run.

    Only what is heard through Gecko's shared memory is recorded there.

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
    if small.outcome.failure is None or small.setup.far_end != "gecko":
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
    """What the reader heard, where it is damaged, and when that was noticed."""

    frames: NDArray[np.float32]
    found: Damaged
    sample_rate: int
    cycle: int


def _heard(small: Shrunk, more_cycles: int, stop: Callable[[], bool]) -> _Heard | None:
    """Make the run once more, so much longer; None when it does not fail so, or has no place."""
    assert small.outcome.failure is not None
    kind = small.outcome.failure.kind
    setup = small.setup.model_copy(update={"cycles": small.setup.cycles + more_cycles})
    with tempfile.TemporaryDirectory(prefix="hal-lab-") as folder:
        recording = Recording(Path(folder) / "heard.f32", room_for(setup, small.events))
        again = run_schedule(setup, small.events, stop=stop, recording=recording)
        if again.failure is None or again.failure.kind != kind:
            return None
        frames = recording.heard()
    found = damaged_place(frames, recording.stretch, kind)
    if found is None:
        return None
    return _Heard(frames, found, recording.sample_rate, again.failure.cycle)


def _with_clip(heard: _Heard, glitch: Glitch, place: Place) -> tuple[Glitch, dict[str, str]]:
    """Write the clip and what was sent, both as long as there is anything to hear."""
    found, around = heard.found, round(AROUND_S * heard.sample_rate)
    begin = max(found.position - around, 0)
    clip = heard.frames[begin : found.position + around]
    cue = found.position - begin
    sent = counter(len(clip), channels=clip.shape[1], start_frame=found.expected - cue)
    artefacts = write_pair(NAME, clip, sent, heard.sample_rate, cue_frame=cue, place=place)
    changes = {
        "kind": found.kind.word,
        "position_frame": found.position,
        "frames": found.frames,
        "cycle": heard.cycle,
        "clip": NAME,
    }
    return glitch.model_copy(update=changes), artefacts
