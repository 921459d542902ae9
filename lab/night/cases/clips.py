"""Let me hear it: a glitch as a short WAV, with what was sent beside it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.measure.packet_places import heard_frame, heard_segments
from lab.night.cases.base import Place
from lab.play.settings import PlayFacts
from lab.results import Glitch, Result
from lab.signals.file import write_wav

AROUND_S = 0.020
"""Before and behind the glitch."""
CLIPS_PER_RESULT = 6
_MATCH_FRAMES = 16


def keep_clips(result: Result, facts: PlayFacts, place: Place) -> Result:
    """Write the clips of a result's first glitches; one of each kind comes before two of a kind.

    Parameters
    ----------
    result
        With its glitches.
    facts
        Of the run: what was sent and what arrived.
    place
        For the files.

    Returns
    -------
    Result
        Its glitches name their clips, its artefacts their files.
    """
    rate = round(facts.sample_rate)
    around = round(AROUND_S * rate)
    glitches, artefacts = list(result.glitches), dict(result.artefacts)
    for number, at in enumerate(chosen(result.glitches, len(facts.recorded))):
        position = glitches[at].position_frame
        name = f"clip-{number + 1}"
        heard = cut_out(facts.recorded, position, around)
        at_source = _sent(facts, position)
        sent = None if at_source is None else cut_out(facts.source, at_source, around)
        artefacts |= write_pair(name, heard, sent, rate, cue_frame=around, place=place)
        glitches[at] = glitches[at].model_copy(update={"clip": name})
    return result.model_copy(update={"glitches": glitches, "artefacts": artefacts})


def chosen(glitches: Sequence[Glitch], recorded_frames: int) -> list[int]:
    """Which glitches are worth a clip.

    Parameters
    ----------
    glitches
        In their order.
    recorded_frames
        How much there is to cut from.

    Returns
    -------
    list of int
        Indices, ascending, at most `CLIPS_PER_RESULT`.
    """
    places = [
        at
        for at, glitch in enumerate(glitches)
        if 0 <= glitch.position_frame <= recorded_frames and glitch.kind != "late-cycle"
    ]
    of_kind = {glitches[at].kind: at for at in reversed(places)}
    first = sorted(of_kind.values())
    others = [at for at in places if at not in first]
    return sorted([*first, *others][:CLIPS_PER_RESULT]) if recorded_frames else []


def cut_out(audio: NDArray[np.float32], middle: int, around: int) -> NDArray[np.float32]:
    """A stretch of `audio`, with silence where there is none.

    Parameters
    ----------
    audio
        Shape (frames, channels).
    middle, around
        Frame in the middle, and frames to either side.

    Returns
    -------
    ndarray of float32, shape (2 around, channels)
    """
    made = np.zeros((2 * around, audio.shape[1]), dtype=np.float32)
    begin, end = max(middle - around, 0), min(middle + around, len(audio))
    if begin < end:
        at = begin - (middle - around)
        made[at : at + end - begin] = audio[begin:end]
    return made


def _sent(facts: PlayFacts, position: int) -> int | None:
    """Behind a codec no sample is what it was, but packets have numbers."""
    if facts.wire is not None:
        return heard_frame(heard_segments(facts.wire.packets), position)
    return sent_position(facts.source, facts.recorded, position)


def sent_position(
    source: NDArray[np.float32], recorded: NDArray[np.float32], position: int
) -> int | None:
    """Where in what was sent a recording stood right before `position`.

    Parameters
    ----------
    source, recorded
        Shape (frames, channels).
    position
        Frame of the recording.

    Returns
    -------
    int or None
        The frame of the source that should have come at `position`; None when what came before it
        is nowhere in the source, or silent.
    """
    before = recorded[max(position - _MATCH_FRAMES, 0) : position, 0]
    if len(before) < _MATCH_FRAMES or not np.any(before) or len(source) < _MATCH_FRAMES:
        return None
    found = np.flatnonzero(source[_MATCH_FRAMES - 1 :, 0] == before[-1])
    near = sorted(found.tolist(), key=lambda at: abs(at + _MATCH_FRAMES - position))
    for at in near[:10_000]:
        if np.array_equal(source[at : at + _MATCH_FRAMES, 0], before):
            return int(at) + _MATCH_FRAMES
    return None


def write_pair(
    name: str,
    heard: NDArray[np.float32],
    sent: NDArray[np.float32] | None,
    sample_rate: int,
    *,
    cue_frame: int,
    place: Place,
) -> dict[str, str]:
    """Write a clip, and what was sent beside it.

    Parameters
    ----------
    name
        Of the clip.
    heard, sent
        Shape (frames, channels); None: nobody knows what was sent.
    sample_rate, cue_frame
        As for `write_clip`.
    place
        For the files.

    Returns
    -------
    dict of str to str
        Artefacts: `name`, and with ``-sent`` behind it what was sent.
    """
    artefacts = {}
    for piece, frames in ((name, heard), (f"{name}-sent", sent)):
        if frames is not None:
            path = place.file(f"-{piece}.wav")
            write_clip(path, frames, sample_rate, cue_frame=cue_frame)
            artefacts[piece] = place.address(path)
    return artefacts


def write_clip(
    path: Path, frames: NDArray[np.float32], sample_rate: int, *, cue_frame: int
) -> None:
    """Write a WAV with a marker, which editors show: RIFF's ``cue `` chunk.

    Parameters
    ----------
    path
        Replaced when it exists.
    frames
        Shape (frames, channels), full scale 1.0.
    sample_rate
        Hz.
    cue_frame
        Where the marker is.

    Raises
    ------
    SignalError
        When it cannot be written.
    """
    write_wav(path, frames, sample_rate)
    # One point: ID, position, the chunk it is in, start of chunk and block, frame in the block.
    points = struct.pack("<III4sIII", 1, 1, cue_frame, b"data", 0, 0, cue_frame)
    chunk = b"cue " + struct.pack("<I", len(points)) + points
    with path.open("r+b") as file:
        file.seek(0, 2)
        file.write(chunk)
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", size))
