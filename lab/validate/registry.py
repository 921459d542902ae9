"""All checks there are, and which of them are asked for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache

from lab.errors import UsageError
from lab.validate import checks as package
from lab.validate.check import FAMILIES, Check


@cache
def all_checks() -> tuple[type[Check], ...]:
    """By family, strictness and id."""
    found: dict[str, type[Check]] = {}
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    for check in _descendants(Check):  # type: ignore[type-abstract]
        if "id" in check.__dict__ and check.__module__.startswith(package.__name__):
            other = found.setdefault(check.id, check)
            assert other is check, f"two checks are called {check.id}"
    return tuple(sorted(found.values(), key=_order))


def choose(
    strictness: int, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> list[type[Check]]:
    """Which checks are to be run.

    Parameters
    ----------
    strictness
        Up to this one.
    include
        Patterns of ids (``*`` and ``?``), or families; those that match one are run whatever their
        strictness, and no others. None: all.
    exclude
        The same; those that match one are not run.

    Raises
    ------
    UsageError
        For a pattern that matches none, or when nothing is left.
    """
    if not 1 <= strictness <= 10:
        raise UsageError(
            f"there is no strictness {strictness}", do="take one from 1 (anybody must) to 10"
        )
    for pattern in (*include, *exclude):
        if not any(_matches(check, pattern) for check in all_checks()):
            raise UsageError(
                "no check has such a name",
                where=pattern,
                do="see `hal-lab checks` for those there are",
            )
    chosen: list[type[Check]] = [
        check
        for check in all_checks()
        if (
            any(_matches(check, pattern) for pattern in include)
            if include
            else check.strictness <= strictness
        )
        and not any(_matches(check, pattern) for pattern in exclude)
    ]
    if not chosen:
        raise UsageError("no check is left to be run", do="exclude fewer")
    return chosen


def _matches(check: type[Check], pattern: str) -> bool:
    return check.family == pattern or fnmatchcase(check.id, pattern)


def _order(check: type[Check]) -> tuple[int, int, str]:
    return FAMILIES.index(check.family), check.strictness, check.id


def _descendants(base: type[Check]) -> Iterator[type[Check]]:
    for child in base.__subclasses__():
        yield child
        yield from _descendants(child)
