"""The driver's environment, as it is written on a command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.errors import UsageError


def read_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``NAME=VALUE``.

    Parameters
    ----------
    pairs
        Behind ``--set``.

    Returns
    -------
    dict

    Raises
    ------
    UsageError
        When one has no name.
    """
    made = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f'--set "{pair}"', do="write NAME=VALUE")
        made[name] = value
    return made


def set_words(environment: Iterable[tuple[str, str]]) -> list[str]:
    """Write an environment as options, which `read_pairs` reads again.

    Parameters
    ----------
    environment
        Names and values.

    Returns
    -------
    list of str
        ``["--set", "NAME=VALUE", ...]``.
    """
    return [word for name, value in environment for word in ("--set", f"{name}={value}")]
