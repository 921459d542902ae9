"""Where a failure is in what a reader heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.faults.recording import ROOM_FRAMES, Recording, damaged_place, room_for
from lab.faults.schedule import Setup, parse_event
from lab.host.models import FarEndStats
from lab.signals.counter import counter, number_space
from lab.signals.counter_check import EventKind
from lab.signals.file import write_raw

FRAMES = 20_000


def without(heard: NDArray[np.float32], at: int, frames: int) -> NDArray[np.float32]:
    return np.concatenate([heard[:at], heard[at + frames :]])


def twice(heard: NDArray[np.float32], at: int, frames: int) -> NDArray[np.float32]:
    return np.concatenate([heard[:at], heard[at - frames : at], heard[at:]])


def silenced(heard: NDArray[np.float32], at: int, frames: int) -> NDArray[np.float32]:
    return np.concatenate([heard[:at], 0 * heard[at : at + frames], heard[at + frames :]])


def broken(heard: NDArray[np.float32], at: int, frames: int) -> NDArray[np.float32]:
    made = heard.copy()
    made[at : at + frames] = 0.3
    return made


DAMAGE = {
    "frames-lost": (without, EventKind.LOST),
    "frames-duplicated": (twice, EventKind.DUPLICATE),
    "frames-silent": (silenced, EventKind.SILENCE),
    "frames-corrupt": (broken, EventKind.CORRUPT),
}


@given(
    kind=st.sampled_from(sorted(DAMAGE)),
    at=st.integers(9_000, 17_000),
    frames=st.integers(1, 480),
    start=st.sampled_from([0, 12_345, number_space(2) - 10_000]),
)
def test_the_place_is_found_to_the_frame_wherever_numbers_begin_anew(
    kind: str, at: int, frames: int, start: int
) -> None:
    damage, found_as = DAMAGE[kind]
    heard = damage(counter(FRAMES, start_frame=start), at, frames)
    place = damaged_place(heard, (8_000, len(heard)), kind)
    assert place is not None
    assert (place.kind, place.position, place.frames) == (found_as, at, frames)
    assert (place.expected - start - at) % number_space(2) == 0


def test_what_an_event_was_allowed_to_cost_before_is_not_the_failure() -> None:
    heard = without(without(counter(FRAMES), 12_000, 1), 7_900, 480)
    place = damaged_place(heard, (8_000, len(heard)), "frames-lost")
    assert place is not None
    assert (place.position, place.frames) == (11_520, 1)
    # Nor what comes after it was noticed.
    assert damaged_place(heard, (8_000, 11_000), "frames-lost") is None


def test_another_kind_of_damage_is_not_the_failure() -> None:
    heard = without(twice(counter(FRAMES), 9_000, 100), 12_000, 1)
    place = damaged_place(heard, (8_000, len(heard)), "frames-lost")
    assert place is not None
    assert place.position == 12_000


def test_frames_that_are_lost_because_zeros_came_instead_are_heard_where_the_zeros_are() -> None:
    heard = silenced(counter(FRAMES), 9_000, 100)
    place = damaged_place(heard, (8_000, len(heard)), "frames-lost")
    assert place is not None
    assert (place.kind, place.position, place.frames) == (EventKind.SILENCE, 9_000, 100)


@pytest.mark.parametrize("kind", ["frames-lost", "driver-error", "heap-grew", ""])
def test_a_stream_that_is_right_has_no_place_whatever_failed(kind: str) -> None:
    assert damaged_place(counter(FRAMES), (8_000, FRAMES), kind) is None
    assert damaged_place(counter(0), (0, 0), kind) is None


def test_a_recording_is_cut_where_the_last_stretch_ended(tmp_path: Path) -> None:
    """A daemon that was killed leaves zeros behind."""
    recording = Recording(tmp_path / "heard.f32", 2_000)
    write_raw(recording.path, np.concatenate([counter(1_500), np.zeros((500, 2), np.float32)]))
    for frames in (600, 1_500):
        recording.judged(FarEndStats(frames=frames, lost_frames=0, channels=2, sample_rate=48_000))
    assert recording.stretch == (600, 1_500)
    assert np.array_equal(recording.heard(), counter(1_500))
    recording.begin_life()
    assert len(recording.heard()) == 0


def test_there_is_room_for_the_longest_cycle_and_never_without_bound() -> None:
    setup = Setup(cycles=100)
    longer = parse_event({"at": {"cycle": 5}, "what": "buffer-frames", "frames": 4096})
    assert room_for(setup, []) >= 100 * 480
    assert room_for(setup, [longer]) >= 100 * 4096
    assert room_for(Setup(cycles=10**12), []) == ROOM_FRAMES
