"""Numbers to the coordinates of inline SVG: pure geometry. Looks are in the style sheet.

Coordinates have one decimal at most, and paths move relatively: a page holds thousands of points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WAVE_WIDTH = 640
WAVE_HEIGHT = 80
CLOSE_WIDTH = 640
CLOSE_HEIGHT = 160
_WAVE_COLUMNS = 320
TIMELINE_WIDTH = 640
_TIMELINE_BINS = 320


@dataclass(frozen=True)
class Line:
    """A series of values as a path.

    Attributes
    ----------
    path
        Of the SVG; a value without neighbours is a dot (a line without length, with round ends).
    last_x, last_y
        Of the last value that is there; None without one.
    limit_y
        Of the limit; None where it is far outside of what is drawn, or there is none.
    marks
        x of the positions that were asked for.
    low, high
        Values at the bottom and at the top.
    """

    path: str
    last_x: float | None
    last_y: float | None
    limit_y: float | None
    marks: tuple[float, ...]
    low: float
    high: float


def series(
    values: Sequence[float | None],
    *,
    width: float,
    height: float,
    limit: float | None = None,
    marks: Sequence[int] = (),
) -> Line:
    """A line through values, one an equal step.

    Parameters
    ----------
    values
        None is a gap.
    width, height
        Of the picture; a rim of 3 is kept free.
    limit
        Drawn, and made room for, if it is not more than three times as far as the values reach.
    marks
        Indices whose x is wanted.

    Returns
    -------
    Line
    """
    known = [v for v in values if v is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if limit is not None and low - 3 * (high - low) <= limit <= high + 3 * (high - low):
        low, high = min(low, limit), max(high, limit)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1.0):
        # A flat line belongs in the middle, but nothing at all at the bottom.
        half = abs(low) / 10
        # A tenth of the smallest numbers there are is 0.
        low, high = (low - half, high + half) if half else (0.0, 1.0)
    step = (width - 6) / max(len(values) - 1, 1)

    def x(at: int) -> float:
        return round(3 + at * step, 1) if len(values) > 1 else round(width / 2, 1)

    def y(value: float) -> float:
        return round(height - 3 - (value - low) / (high - low) * (height - 6), 1)

    pieces: list[str] = []
    last: tuple[float, float] | None = None
    for at, value in enumerate(values):
        if value is None:
            continue
        follows = at > 0 and values[at - 1] is not None
        alone = not follows and (at + 1 == len(values) or values[at + 1] is None)
        pieces.append(f"{'L' if follows else 'M'}{x(at):g} {y(value):g}{'h0' if alone else ''}")
        last = x(at), y(value)
    limit_y = y(limit) if limit is not None and low <= limit <= high else None
    return Line(
        path="".join(pieces),
        last_x=last[0] if last else None,
        last_y=last[1] if last else None,
        limit_y=limit_y,
        marks=tuple(x(at) for at in marks if 0 <= at < len(values)),
        low=low,
        high=high,
    )


def wave_path(samples: NDArray[np.float32], *, width: float, height: float) -> str:
    """The envelope of samples: the least and the greatest of each column, in one stroke.

    Parameters
    ----------
    samples
        Shape (n,), -1 to 1.
    width, height
        Of the picture; 1 is at its top.

    Returns
    -------
    str
        A path, in whole numbers.
    """
    if len(samples) == 0:
        return ""
    columns = min(_WAVE_COLUMNS, len(samples))
    edges = np.linspace(0, len(samples), columns + 1).astype(np.int64)[:-1]
    tops = np.maximum.reduceat(samples, edges)
    bottoms = np.minimum.reduceat(samples, edges)
    xs = np.round((np.arange(columns) + 0.5) * width / columns).astype(np.int64)
    centre, reach = height / 2, height / 2 - 1
    up = np.round(centre - tops * reach).astype(np.int64)
    down = np.round(centre - bottoms * reach).astype(np.int64)
    # Up on even columns and down on odd ones: half of the strokes would be steps back.
    first = np.where(np.arange(columns) % 2 == 0, down, up)
    second = np.where(np.arange(columns) % 2 == 0, up, down)
    points = np.stack([np.repeat(xs, 2), np.stack([first, second], axis=1).ravel()], axis=1)
    moves = np.diff(points, axis=0)
    kept = moves[np.any(moves != 0, axis=1)]
    told = "".join(f"l{x} {y}" if x else f"v{y}" for x, y in kept.tolist())
    return f"M{points[0, 0]} {points[0, 1]}{told}"


def samples_path(samples: NDArray[np.float32], *, width: float, height: float) -> str:
    """The samples themselves, from one to the next; the envelope where they are too many.

    Parameters
    ----------
    samples
        Shape (n,), -1 to 1.
    width, height
        Of the picture; 1 is at its top.

    Returns
    -------
    str
        A path, in whole numbers.
    """
    if len(samples) > _WAVE_COLUMNS:
        return wave_path(samples, width=width, height=height)
    if len(samples) == 0:
        return ""
    xs = np.round((np.arange(len(samples)) + 0.5) * width / len(samples)).astype(np.int64)
    ys = np.round(height / 2 - samples * (height / 2 - 1)).astype(np.int64)
    steps = zip(np.diff(xs).tolist(), np.diff(ys).tolist(), strict=True)
    return f"M{xs[0]} {ys[0]}" + "".join(f"l{x} {y}" for x, y in steps)


def ticks_path(positions: Sequence[float], end: float) -> str:
    """Where in a run things lie, as upright strokes; those that share a bin are a taller one.

    Parameters
    ----------
    positions
        0 to `end`.
    end
        Of the run.

    Returns
    -------
    str
        A path in a picture of `TIMELINE_WIDTH` x 24 whose base line is at 20.
    """
    if not positions or end <= 0:
        return ""
    share = np.clip(np.asarray(positions, dtype=np.float64) / end, 0, 1)
    bins = np.minimum((share * _TIMELINE_BINS).astype(np.int64), _TIMELINE_BINS - 1)
    counts = np.bincount(bins, minlength=_TIMELINE_BINS)
    scale = TIMELINE_WIDTH / _TIMELINE_BINS
    return "".join(
        f"M{(at + 0.5) * scale:g} 20v-{min(6 + 4 * math.log10(counts[at]), 16):.0f}"
        for at in np.flatnonzero(counts).tolist()
    )


def nice_ticks(low: float, high: float) -> list[float]:
    """Round values for a logarithmic axis: 1, 2 and 5 times powers of ten, within its ends."""
    if low <= 0 or high < low:
        return []
    found = [
        step * 10.0**power
        for power in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
        for step in (1, 2, 5)
    ]
    inside = [tick for tick in found if low <= tick * (1 + 1e-9) and tick <= high * (1 + 1e-9)]
    if len(inside) > 6:
        inside = [t for t in inside if math.isclose(math.log10(t) % 1, 0, abs_tol=1e-9)] or inside[
            :6
        ]
    return inside
