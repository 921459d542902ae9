"""A profile with what it inherits filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.profiles.errors import UnknownValueError
from lab.profiles.keys import KEYS, Plain


@dataclass(frozen=True, slots=True)
class Value:
    """What a profile says on one key.

    Parameters
    ----------
    key
        ``group.key``, such as ``service.kickstart-k``.
    value
        None when it is unknown.
    unknown
        Why, when it is.
    sources
        (kind, where) of each, as in the data file.
    confidence
        ``high``, ``medium`` or ``low``; empty when the value is unknown.
    note
        What a reader should know besides; may be empty.
    defined_in
        Name of the profile that says so: this one or one that it extends.
    file
        Data file.
    line
        In `file`; counted from 1.
    """

    key: str
    value: Plain | None
    unknown: str
    sources: tuple[tuple[str, str], ...]
    confidence: str
    note: str
    defined_in: str
    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One version of macOS, or one claim about one.

    Parameters
    ----------
    name
        Such as ``macos-14.4``.
    title
        For people.
    kind
        ``macos`` or ``claim``.
    macos
        The version, such as ``(14, 4)``.
    extends
        Names of the profiles that it inherits from, the nearest first.
    values
        By ``group.key``; a key that no file mentions is absent.
    """

    name: str
    title: str
    kind: str
    macos: tuple[int, ...]
    extends: tuple[str, ...]
    values: dict[str, Value] = field(repr=False)

    def get(self, key: str) -> Plain | None:
        """The value of a key, None when it is unknown.

        Raises
        ------
        KeyError
            When there is no such key in any profile: a mistake of the program.
        """
        found = self.values.get(key)
        if found is None:
            _check_key(key)
            return None
        return found.value

    def text(self, key: str) -> str | None:
        """The value of a key whose values are words, None when it is unknown."""
        found = self.get(key)
        assert found is None or isinstance(found, str), key
        return found

    def texts(self, key: str) -> tuple[str, ...] | None:
        """The value of a key whose values are lists of words, None when it is unknown."""
        found = self.get(key)
        assert found is None or isinstance(found, tuple), key
        return found

    def need(self, key: str) -> Plain:
        """The value of a key.

        Raises
        ------
        UnknownValueError
            When it is unknown; with the reason.
        """
        found = self.get(key)
        if found is None:
            raise UnknownValueError(f"{self.name} does not say {key}", where=self.why_unknown(key))
        return found

    def why_unknown(self, key: str) -> str:
        """The sentence that says why a key has no value; empty when it has one."""
        found = self.values.get(key)
        if found is None:
            _check_key(key)
            return "no source was found"
        return found.unknown

    def flat(self) -> dict[str, Any]:
        """The profile as plain data for other processes: it has to survive JSON.

        Returns
        -------
        dict
            ``name``, ``title``, ``kind``, ``macos`` (text), ``values`` (key to value, lists for
            tuples), ``sources`` (key to who says so, in one line, for each of the values),
            ``unknown`` (key to sentence). Each key of the schema has a value or is unknown.
        """
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        unknown: dict[str, str] = {}
        for key in KEYS:
            found = self.get(key)
            if found is None:
                unknown[key] = self.why_unknown(key)
            else:
                values[key] = list(found) if isinstance(found, tuple) else found
                sources[key] = "; ".join(f"{k}: {where}" for k, where in self.values[key].sources)
        return {
            "name": self.name,
            "title": self.title,
            "kind": self.kind,
            "macos": ".".join(map(str, self.macos)),
            "values": values,
            "sources": sources,
            "unknown": unknown,
        }


def _check_key(key: str) -> None:
    if key not in KEYS:
        raise KeyError(key)
