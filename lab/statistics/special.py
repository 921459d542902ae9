"""Tails of distributions, from SciPy: an optional dependency, looked for when it is needed.

No function returns NaN for finite input inside its stated range.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from lab.errors import MissingError


@cache
def scipy_special() -> Any:
    """`scipy.special`.

    Raises
    ------
    MissingError
        When SciPy is not installed.
    """
    try:
        import scipy.special as special
    except ImportError as error:
        raise MissingError(
            "comparing nights takes SciPy, which is not installed",
            do="pip install 'hal-lab[nightly]'",
        ) from error
    return special


def binomial_at_least(k: int, n: int, share: float) -> float:
    """P(X >= k) of X ~ Binomial(n, share); exact through the incomplete beta function."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    return float(scipy_special().betainc(k, n - k + 1, share))


def binomial_bounds(k: int, n: int, confidence: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of a binomial share; (0, 1) when n is 0."""
    tail = (1 - confidence) / 2
    inverse = scipy_special().betaincinv
    low = 0.0 if k == 0 else float(inverse(k, n - k + 1, tail))
    high = 1.0 if k == n else float(inverse(k + 1, n - k, 1 - tail))
    return low, high


def negative_binomial_tails(count: int, mean: float, variance: float) -> tuple[float, float]:
    """P(X >= count) and P(X <= count) of a negative binomial.

    Parameters
    ----------
    count
        0 or more.
    mean, variance
        ``0 < mean < variance``.
    """
    special = scipy_special()
    size = mean * (mean / (variance - mean))
    share = mean / variance
    at_least = 1.0 if count <= 0 else float(special.betainc(count, size, 1 - share))
    at_most = float(special.betainc(size, count + 1, share))
    return at_least, at_most


def student_beyond(z: float, freedom: float) -> float:
    """P(T >= z) of Student's t."""
    return float(scipy_special().stdtr(freedom, -z))


def chi_squared_beyond(x: float, freedom: float) -> float:
    """P(X >= x) of chi squared."""
    return float(scipy_special().chdtrc(freedom, x))


def chi_squared_low(freedom: float, share: float) -> float:
    """The value that chi squared stays below with probability `share`."""
    return float(scipy_special().chdtri(freedom, 1 - share))


def normal_limit(p: float) -> float:
    """The z that a normal variable exceeds with probability `p`."""
    return float(-scipy_special().ndtri(p))
