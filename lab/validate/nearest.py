"""Of many configurations some fail: which of those that pass is the most like one that fails.

What differs between the two is where to look first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Configuration = Mapping[str, object]
"""Names and values, ``{"rate": 48000, "frames": 512}``; all of a check have the same names."""


def differences(one: Configuration, other: Configuration) -> dict[str, tuple[object, object]]:
    """What differs: name, and the values of both."""
    return {name: (one[name], other[name]) for name in one if one[name] != other.get(name)}


def nearest(failed: Configuration, passed: Sequence[Configuration]) -> Configuration | None:
    """The configuration that passes and is the most like one that fails.

    Parameters
    ----------
    failed
        The one that fails.
    passed
        Those that pass.

    Returns
    -------
    Configuration or None
        With the fewest values that differ; of several, the one whose numbers are the nearest (by
        their ratio). None: nothing passes.
    """
    return min(passed, key=lambda one: _distance(failed, one), default=None)


def diagnosis(failed: Configuration, passed: Sequence[Configuration]) -> str:
    """A sentence: where it fails, and where, as near as possible, it does not."""
    near = nearest(failed, passed)
    where = ", ".join(f"{name} {_text(value)}" for name, value in failed.items())
    if near is None:
        return f"fails with {where}, and with everything else that was tried"
    change = " and ".join(
        f"{name} {_text(theirs)} in place of {_text(ours)}"
        for name, (ours, theirs) in differences(failed, near).items()
    )
    return f"fails with {where}; passes with {change}"


def _distance(failed: Configuration, passed: Configuration) -> tuple[int, float]:
    found = differences(failed, passed)
    return len(found), sum(_apart(*pair) for pair in found.values())


def _apart(one: object, other: object) -> float:
    """How far: of numbers, how many times one is the other; anything else is just different."""
    if isinstance(one, int | float) and isinstance(other, int | float) and one > 0 and other > 0:
        return max(one / other, other / one) - 1
    return 0.0


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
