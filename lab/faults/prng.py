"""Numbers from a seed, the same on every machine and with every version of Python.

splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): the state
goes up by the golden ratio, and each number is the state, scattered. Integers only: no float is
drawn, so nothing depends on how one is rounded. docs/reference/fault-schedule.md tells what is
drawn in which order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def scatter(value: int) -> int:
    """The finaliser of splitmix64: one to one on 64 bits."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Stream:
    """A stream of numbers of its own for each (seed, number, purpose).

    Parameters
    ----------
    seed
        Of the soak, 64 bits.
    number
        Of the run.
    purpose
        0 the schedule, 1 whether it runs twice.
    """

    def __init__(self, seed: int, number: int, purpose: int = 0) -> None:
        self._state = scatter(scatter(scatter(seed) + number) + purpose)

    def next(self) -> int:
        """64 bits."""
        self._state = (self._state + _GOLDEN) & _MASK
        return scatter(self._state)

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1: the upper half of a product of 128 bits."""
        assert 0 < limit <= 1 << 63
        return (self.next() * limit) >> 64

    def chance(self, parts: int, of: int) -> bool:
        """True in `parts` of `of` cases."""
        return self.below(of) < parts

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of them."""
        return choices[self.below(len(choices))]

    def magnitude(self, least: int, most: int) -> int:
        """A number from `least` to `most` whose order of magnitude is drawn first."""
        bits = 1 + self.below(most.bit_length())
        return min(most, max(least, self.below(1 << bits)))
