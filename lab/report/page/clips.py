"""The clip of a glitch: read from its WAV, to be heard and to be seen.

A clip that cannot be used is a sentence in place of a player: a night is read long after it was
made, by when files may be gone.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from lab.report.page.picture import data_uri, png, spectrogram
from lab.report.page.plots import (
    CLOSE_HEIGHT,
    CLOSE_WIDTH,
    WAVE_HEIGHT,
    WAVE_WIDTH,
    samples_path,
    wave_path,
)

_LONGEST_FRAMES = 1 << 16
"""More is no clip. Read in any case: a WAV of hours must not fill the memory."""
_QUIETEST = 1e-4
_MARK_WIDTH = 2.0
_CLOSE_FRAMES = (48, 480)
"""What is seen close by begins that many frames before the mark, at least and at most."""


@dataclass(frozen=True)
class Sound:
    """One stretch of audio, ready for the page.

    Attributes
    ----------
    name
        ``"received"`` or ``"sent"``.
    audio
        Data URI, WAV, 16 bits.
    wave
        Path of an SVG of `WAVE_WIDTH` x `WAVE_HEIGHT`.
    close
        Path of an SVG of `CLOSE_WIDTH` x `CLOSE_HEIGHT`: the samples around the mark.
    picture
        Data URI, PNG of the spectrogram.
    """

    name: str
    audio: str
    wave: str
    close: str
    picture: str


@dataclass(frozen=True)
class Clip:
    """What one sees and hears of a glitch.

    Attributes
    ----------
    sounds
        Sent first where it is there, then received: two waveforms to the same scale.
    mark_x, mark_width
        The spot, in the units of the waveform.
    close_x, close_width
        The spot, in the units of what is seen close by.
    before_ms, after_ms
        From the mark to the clip's ends.
    close_ms
        How long what is seen close by is.
    peak_dbfs
        The loudest sample of both, the top of the waveform.
    top_khz
        The upper end of the spectrograms.
    note
        What is not as one might expect, empty otherwise.
    size
        Bytes that it adds to a page, about.
    """

    sounds: tuple[Sound, ...]
    mark_x: float
    mark_width: float
    close_x: float
    close_width: float
    before_ms: float
    after_ms: float
    close_ms: float
    peak_dbfs: float
    top_khz: float
    note: str
    size: int


class ClipError(Exception):
    """Why there is no player, in one line."""


def artefact_path(folder: Path, path: str) -> Path:
    """Where an artefact lies, if that is within the night's folder.

    Raises
    ------
    ClipError
        When it is not, or not there.
    """
    try:
        found = (folder / path).resolve()
        inside = found.is_relative_to(folder.resolve())
        there = found.is_file()
    except (OSError, ValueError) as error:
        raise ClipError(f"its file cannot be found: {path!r}") from error
    if not inside:
        raise ClipError(f"its file lies outside of the night's folder: {path}")
    if not there:
        raise ClipError(f"its file has vanished: {path}")
    return found


def read_clip(folder: Path, received: str, sent: str = "", *, frames: int = 0) -> Clip:
    """A clip with what was sent beside it.

    Parameters
    ----------
    folder
        Of the night.
    received, sent
        Paths of WAVs in it; `sent` may be empty.
    frames
        How big the glitch is.

    Returns
    -------
    Clip

    Raises
    ------
    ClipError
        When the received one cannot be used. One that was sent and cannot be is a note.
    """
    heard, rate, mark = _read(artefact_path(folder, received))
    note = ""
    played = None
    if sent:
        try:
            played, sent_rate, _ = _read(artefact_path(folder, sent))
        except ClipError as error:
            note = f"What was sent is not shown: {error}"
        else:
            if sent_rate != rate or played.shape[1] != heard.shape[1]:
                note = "What was sent is not shown: it has another format than what was received"
                played = None
    channel = _telling_channel(heard, played)
    if heard.shape[1] > 2:
        note = " ".join((note, f"Channel {channel + 1} of {heard.shape[1]} is played.")).strip()
    streams = ([("sent", played)] if played is not None else []) + [("received", heard)]
    peak = max(*(float(np.abs(s).max(initial=0.0)) for _, s in streams), _QUIETEST)
    longest = max(len(s) for _, s in streams)
    margin = min(max(2 * frames, _CLOSE_FRAMES[0]), _CLOSE_FRAMES[1])
    begin, end = max(mark - margin, 0), min(mark + frames + margin, longest)
    end = min(end, begin + 4 * _CLOSE_FRAMES[1])
    sounds = tuple(
        _sound(name, s, channel, rate, _Stretch(longest, begin, end, peak)) for name, s in streams
    )
    close = CLOSE_WIDTH / (end - begin)
    return Clip(
        sounds=sounds,
        mark_x=round(mark / longest * WAVE_WIDTH, 1),
        mark_width=round(max(min(frames, longest - mark) / longest * WAVE_WIDTH, _MARK_WIDTH), 1),
        close_x=round((mark - begin) * close, 1),
        close_width=round(max(min(frames, end - mark) * close, _MARK_WIDTH), 1),
        before_ms=mark / rate * 1e3,
        after_ms=(longest - mark) / rate * 1e3,
        close_ms=(end - begin) / rate * 1e3,
        peak_dbfs=20 * float(np.log10(peak)),
        top_khz=rate / 2e3,
        note=note,
        size=sum(len(s.audio) + len(s.wave) + len(s.close) + len(s.picture) for s in sounds)
        + 1_000,
    )


@dataclass(frozen=True)
class _Stretch:
    """What is drawn: frames of the whole clip, of what is seen close by, and the top."""

    longest: int
    begin: int
    end: int
    peak: float


def _sound(
    name: str, samples: NDArray[np.float32], channel: int, rate: int, drawn: _Stretch
) -> Sound:
    shown = samples[:, channel]
    told = samples if samples.shape[1] <= 2 else samples[:, channel : channel + 1]
    buffer = io.BytesIO()
    # 16 bits are enough to hear it, half of the bytes, and what every browser plays.
    soundfile.write(buffer, np.clip(told, -1, 1), rate, format="WAV", subtype="PCM_16")
    scaled = shown / drawn.peak
    width = len(shown) / drawn.longest * WAVE_WIDTH
    near = scaled[drawn.begin : drawn.end]
    near_width = len(near) / (drawn.end - drawn.begin) * CLOSE_WIDTH
    return Sound(
        name=name,
        audio=data_uri("audio/wav", buffer.getvalue()),
        wave=wave_path(scaled, width=width, height=WAVE_HEIGHT),
        close=samples_path(near, width=near_width, height=CLOSE_HEIGHT),
        picture=data_uri("image/png", png(spectrogram(shown))),
    )


def _telling_channel(heard: NDArray[np.float32], played: NDArray[np.float32] | None) -> int:
    """The channel on which the two differ most; the loudest one without the other."""
    if played is None:
        return int(np.argmax(np.abs(heard).max(axis=0)))
    n = min(len(heard), len(played))
    return int(np.argmax(np.abs(heard[:n] - played[:n]).max(axis=0, initial=0.0)))


def _read(path: Path) -> tuple[NDArray[np.float32], int, int]:
    """Samples, sample rate, and the frame of the cue marker (the middle without one)."""
    try:
        samples, rate = soundfile.read(
            path, frames=_LONGEST_FRAMES, dtype="float32", always_2d=True
        )
        mark = cue_frame(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise ClipError(f"its file is no audio that can be read: {path.name}") from error
    if len(samples) == 0:
        raise ClipError(f"its file holds no audio: {path.name}")
    # Not a number is what a broken driver may deliver: it can be neither drawn nor scaled.
    samples = np.nan_to_num(samples, posinf=1.0, neginf=-1.0)
    if mark is None or mark >= len(samples):
        mark = len(samples) // 2
    return samples, rate, mark


def cue_frame(path: Path) -> int | None:
    """The first cue point of a WAV.

    Parameters
    ----------
    path
        Of a RIFF file; anything else has none.

    Returns
    -------
    int or None
        A frame, counted from the first one.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        while len(chunk := file.read(8)) == 8:
            name, size = struct.unpack("<4sI", chunk)
            if name == b"cue ":
                cue = file.read(28)
                if len(cue) < 28 or struct.unpack_from("<I", cue)[0] == 0:
                    return None
                # ID, position, chunk, chunk start, block start, sample offset.
                return int(struct.unpack_from("<I", cue, 24)[0])
            file.seek(size + size % 2, io.SEEK_CUR)
    return None
