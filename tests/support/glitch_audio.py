"""Clips of glitches as the recorder writes them: what was sent, what was received, and the spot."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from lab.results import Glitch

RATE = 48_000
CLIP_FRAMES = 1920
MARK = CLIP_FRAMES // 2


def write_wav(
    path: Path, samples: NDArray[np.float32], *, mark: int | None = MARK, rate: int = RATE
) -> Path:
    """A Float32 WAV with a cue marker, as the recorder of clips writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, format="WAV", subtype="FLOAT")
    if mark is not None:
        content = path.read_bytes()
        cue = struct.pack("<4sIIII4sIII", b"cue ", 28, 1, 1, mark, b"data", 0, 0, mark)
        whole = content[:4] + struct.pack("<I", len(content) - 8 + len(cue)) + content[8:] + cue
        path.write_bytes(whole)
    return path


def tone(seed: int = 0, *, channels: int = 2, frames: int = CLIP_FRAMES) -> NDArray[np.float32]:
    """Two sines, another pair for each seed."""
    at = np.arange(frames) / RATE
    low, high = 220 * 2 ** (seed % 12 / 12), 3_000 + 700 * (seed % 9)
    wave = 0.5 * np.sin(2 * np.pi * low * at) + 0.12 * np.sin(2 * np.pi * high * at)
    return np.repeat(wave.astype(np.float32)[:, None], channels, axis=1)


def spoilt(sent: NDArray[np.float32], kind: str, frames: int) -> NDArray[np.float32]:
    """What is received of it."""
    received = sent.copy()
    end = MARK + max(frames, 1)
    if kind == "lost":
        received[MARK:-frames] = sent[end:]
    elif kind == "silence":
        received[MARK:end] = 0
    elif kind == "duplicate":
        received[MARK:end] = sent[MARK - frames : MARK]
    else:
        received[MARK:end] = np.random.default_rng(frames).uniform(-1, 1, received[MARK:end].shape)
    return received


def write_clips(folder: Path, glitches: Sequence[Glitch], *, of: str) -> dict[str, str]:
    """Clips of all glitches that name one, and of what was sent; the artefacts."""
    artefacts = {}
    for at, glitch in enumerate(glitches):
        if glitch.clip:
            sent = tone(at)
            name = f"clips/{of}-{glitch.clip}"
            write_wav(folder / f"{name}.wav", spoilt(sent, glitch.kind, glitch.frames))
            write_wav(folder / f"{name}-sent.wav", sent)
            artefacts[glitch.clip] = f"{name}.wav"
            artefacts[f"{glitch.clip}-sent"] = f"{name}-sent.wav"
    return artefacts
