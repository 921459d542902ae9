"""Medians of any finite numbers: the mean of the two in the middle may be more than a float."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def median(x: NDArray[np.float64]) -> float:
    """Median of all values; of halves, doubled."""
    return float(np.median(x / 2)) * 2


def medians(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians of the rows of an array, shape (rows,)."""
    of_rows: NDArray[np.float64] = np.median(x / 2, axis=1) * 2
    return of_rows
