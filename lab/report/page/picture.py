"""Spectrograms as small PNGs with a palette, made with nothing but numpy and zlib."""

from __future__ import annotations

import base64
import struct
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

_WINDOW = 128
_COLUMNS = 160
_FLOOR_DB = -96.0
_LEVELS = 64
# Dark to bright, so that grey print reads the same way; kin of matplotlib's "inferno".
_ANCHORS = (
    (4, 4, 12),
    (58, 12, 96),
    (136, 32, 106),
    (204, 66, 72),
    (242, 130, 34),
    (252, 250, 190),
)


def spectrogram(samples: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Level over time and frequency.

    Parameters
    ----------
    samples
        Shape (n,), full scale 1.0.

    Returns
    -------
    ndarray of uint8, shape (65, columns)
        0 at -96 dBFS and below, 63 at full scale. The first row is half the sample rate, the last
        one 0 Hz; at most 160 columns, evenly over the time.
    """
    n = len(samples)
    if n < _WINDOW:
        samples = np.pad(samples, (0, _WINDOW - n))
        n = _WINDOW
    begins = np.unique(np.linspace(0, n - _WINDOW, min(_COLUMNS, n - _WINDOW + 1)).astype(np.int64))
    window = np.hanning(_WINDOW)
    slices = samples[begins[:, None] + np.arange(_WINDOW)] * window
    # A sine at full scale is 0 dB: half the window's sum is what the transform gives for it.
    magnitude = np.abs(np.fft.rfft(slices, axis=1)) / (window.sum() / 2)
    level_db = 20 * np.log10(np.maximum(magnitude, 1e-9))
    share = np.clip((level_db - _FLOOR_DB) / -_FLOOR_DB, 0, 1)
    return np.ascontiguousarray(np.flipud((share * (_LEVELS - 1)).round().astype(np.uint8).T))


def png(levels: NDArray[np.uint8]) -> bytes:
    """A PNG of levels in the palette.

    Parameters
    ----------
    levels
        Shape (height, width), 0 to 63.

    Returns
    -------
    bytes
        8 bits a pixel, indexed.
    """
    height, width = levels.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # filter 0 before each row
    rows[:, 1:] = levels
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", _palette()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def data_uri(kind: str, content: bytes) -> str:
    """Bytes as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@cache
def _palette() -> bytes:
    anchors = np.array(_ANCHORS, dtype=np.float64)
    at = np.linspace(0, len(anchors) - 1, _LEVELS)
    channels = [np.interp(at, np.arange(len(anchors)), anchors[:, c]) for c in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8).tobytes()


def _chunk(name: bytes, content: bytes) -> bytes:
    checked = name + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
