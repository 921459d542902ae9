"""What a client plays, in the words of the control protocol."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

Source = Mapping[str, Any]
Sink = Mapping[str, Any]


def silence() -> Source:
    """Zeros."""
    return {"kind": "silence"}


def counter(start_frame: int = 0) -> Source:
    """Self-numbering PCM; the first frame has the number `start_frame`."""
    return {"kind": "counter", "start_frame": start_frame}


def sine(hz: float = 997.0, amplitude: float = 0.5) -> Source:
    """A sine on every channel, Hz, peak."""
    return {"kind": "sine", "hz": hz, "amplitude": amplitude}


def sweep(from_hz: float, to_hz: float, frames: int, amplitude: float = 0.5) -> Source:
    """A logarithmic sweep over `frames` frames, then silence."""
    return {
        "kind": "sweep",
        "from_hz": from_hz,
        "to_hz": to_hz,
        "frames": frames,
        "amplitude": amplitude,
    }


def noise(seed: int, amplitude: float = 0.5) -> Source:
    """White noise that depends on seed, frame and channel only."""
    return {"kind": "noise", "seed": seed, "amplitude": amplitude}


def file(path: Path, channels: int, *, loop: bool = False) -> Source:
    """Raw interleaved Float32 (`lab.signals.file.write_raw`); silence after its end, or a loop."""
    return {"kind": "file", "path": str(path.resolve()), "channels": channels, "loop": loop}


def on_channel(source: Source, channel: int) -> Source:
    """Only channel `channel` of `source`; the others are zero."""
    return {**source, "only_channel": channel}


def check() -> Sink:
    """A sink that checks self-numbering PCM."""
    return {"kind": "check"}


def record(path: Path, capacity_frames: int) -> Sink:
    """A sink that records raw interleaved Float32."""
    return {"kind": "file", "path": str(path.resolve()), "capacity_frames": capacity_frames}
