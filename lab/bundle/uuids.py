"""CFPlugInTypes and CFPlugInFactories: whether a macOS version finds the factory in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lab.bundle.findings import Finding, Severity, in_all, per_profile, shown, source_of
from lab.bundle.plist import Dictionary
from lab.profiles.profile import Profile

APPLES_TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"
"""kAudioServerPlugInTypeUUID, in every SDK since 10.8."""

SEEDS_TYPE = "443ABEB8-E7B0-48D3-B2A0-381E2D0BB556"
"""What seed 001 takes for the type UUID of macOS 15 and older; the profile seed-15 plays it."""

_HEX = "[0-9A-Fa-f]"
_UUID = re.compile(f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}")


class Spelling(StrEnum):
    """How a UUID is written."""

    GOOD = "good"
    """8-4-4-4-12 digits in upper, lower or mixed case: all three are met in the field."""
    BRACES = "braces"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Uuid:
    """A UUID of a property list.

    Parameters
    ----------
    written
        As it stands there.
    canonical
        In upper case and without braces; empty when it is malformed.
    spelling
        How it is written.
    """

    written: str
    canonical: str
    spelling: Spelling


@dataclass(frozen=True, slots=True)
class PlugInTables:
    """What the two tables say.

    Parameters
    ----------
    types
        The type UUIDs, each with its factories' UUIDs.
    functions
        Names of the functions that are called, each with the profiles that call it.
    """

    types: tuple[tuple[Uuid, tuple[Uuid, ...]], ...]
    functions: dict[str, tuple[str, ...]]


def parse_uuid(text: str) -> Uuid:
    """A UUID in any spelling.

    Parameters
    ----------
    text
        As it stands in a property list.
    """
    if _UUID.fullmatch(text):
        return Uuid(text, text.upper(), Spelling.GOOD)
    inner = text[1:-1]
    if text[:1] == "{" and text[-1:] == "}" and _UUID.fullmatch(inner):
        return Uuid(text, inner.upper(), Spelling.BRACES)
    return Uuid(text, "", Spelling.MALFORMED)


def judge_uuids(
    plist: Dictionary, profiles: list[Profile]
) -> tuple[PlugInTables | None, list[Finding]]:
    """Read the tables and judge them.

    Parameters
    ----------
    plist
        The bundle's Info.plist.
    profiles
        Those that were asked for.

    Returns
    -------
    PlugInTables or None
        None when there are no tables.
    list of Finding
    """
    types = plist.get("CFPlugInTypes")
    factories = plist.get("CFPlugInFactories")
    findings: list[Finding] = []
    if not isinstance(types, Dictionary):
        findings.append(
            in_all(
                "types-missing",
                f"Info.plist has no dictionary CFPlugInTypes: add it, with {APPLES_TYPE} and an "
                "array of your factory's UUID",
                Severity.REFUSED,
            )
        )
    if not isinstance(factories, Dictionary):
        findings.append(
            in_all(
                "factories-missing",
                "Info.plist has no dictionary CFPlugInFactories: add it, with your factory's UUID "
                "and the name of its function",
                Severity.REFUSED,
            )
        )
    if not isinstance(types, Dictionary) or not isinstance(factories, Dictionary):
        return None, findings
    tables = [(parse_uuid(key), value) for key, value in types.items()]
    findings += _spelling([uuid for uuid, _ in tables], "CFPlugInTypes")
    findings += _spelling([parse_uuid(key) for key in factories], "CFPlugInFactories")
    findings += _duplicates(types, "CFPlugInTypes")
    findings += _duplicates(factories, "CFPlugInFactories")
    reading = _Reading(tables, factories, profiles)
    findings += reading.judge()
    listed = tuple((uuid, tuple(_listed(value))) for uuid, value in tables)
    functions = {name: tuple(names) for name, names in reading.called.items()}
    return PlugInTables(listed, functions), findings


def _listed(value: Any) -> list[Uuid]:
    """The factories of a type: an array of strings, or one string."""
    items = value if isinstance(value, list) else [value]
    return [parse_uuid(item) for item in items if isinstance(item, str) and item]


def _spelling(uuids: Iterable[Uuid], where: str) -> Iterator[Finding]:
    for uuid in uuids:
        if uuid.spelling is Spelling.MALFORMED:
            yield in_all(
                "uuid-malformed",
                f"{where} has {shown(uuid.written, 60)}, which is not 8-4-4-4-12 hexadecimal "
                "digits: correct or remove it",
                Severity.WARNING,
            )
        elif uuid.spelling is Spelling.BRACES:
            yield in_all(
                "uuid-in-braces",
                f"{where} has {shown(uuid.written)}: remove the braces, for no driver in the field "
                "has them",
                Severity.WARNING,
            )


def _duplicates(table: Dictionary, where: str) -> Iterator[Finding]:
    """Twice with the same value is untidy; twice with different ones is anybody's guess."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = parse_uuid(key).canonical or key
        if name in values:
            same = values[name] == value
            yield _twice(where, key, Severity.WARNING if same else Severity.UNKNOWN)
        values.setdefault(name, value)
    for key in dict.fromkeys(table.twice):
        yield _twice(where, key, Severity.UNKNOWN)


def _twice(where: str, key: str, severity: Severity) -> Finding:
    return in_all(
        "duplicate-factory",
        f"{where} has {shown(key, 60)} twice: which of the two counts, nobody says",
        severity,
    )


class _Reading:
    """The tables as each profile looks at them."""

    def __init__(
        self, tables: list[tuple[Uuid, Any]], factories: Dictionary, profiles: list[Profile]
    ) -> None:
        self.tables = tables
        self.profiles = profiles
        self.functions: dict[str, Any] = {}
        for key, value in factories.items():
            self.functions.setdefault(parse_uuid(key).canonical or key, value)
        self.called: dict[str, list[str]] = {}

    def judge(self) -> Iterator[Finding]:
        for profile in self.profiles:
            yield from self._of_profile(profile)
        if any(uuid.canonical == SEEDS_TYPE for uuid, _ in self.tables):
            yield in_all(
                "type-uuid-not-apples",
                f"CFPlugInTypes lists {SEEDS_TYPE}, which is in no header of Apple's, old or new: "
                "beside the right one it does no harm",
                Severity.WARNING,
            )

    def _of_profile(self, profile: Profile) -> Iterator[Finding]:
        accepted = profile.texts("loading.plugin-type-uuids")
        if accepted is None:
            return
        fitting = [(uuid, value) for uuid, value in self.tables if uuid.canonical in accepted]
        good = [one for one in fitting if one[0].spelling is Spelling.GOOD]
        if not fitting:
            yield self._not_accepted(profile, accepted)
            return
        if not good:
            yield Finding(
                "uuid-in-braces",
                f"the type UUID is only there as {shown(fitting[0][0].written)}: remove the braces",
                Severity.UNKNOWN,
                profile.name,
                "what CFPlugIn makes of braces, nobody says",
            )
        yield from self._factories_of(profile, (good or fitting)[0])

    def _not_accepted(self, profile: Profile, accepted: tuple[str, ...]) -> Finding:
        there = ", ".join(shown(uuid.written, 60) for uuid, _ in self.tables) or "nothing"
        hint = f"add {accepted[0]}"
        if profile.kind == "claim":
            hint = "so a claim about macOS 15 has it; no real macOS does"
        elif any(uuid.canonical == SEEDS_TYPE for uuid, _ in self.tables):
            hint += f"; {SEEDS_TYPE} is no macOS version's, old or new"
        return Finding(
            "type-uuid-not-accepted",
            f"CFPlugInTypes lists {there}, and macOS looks for {', '.join(accepted)}: {hint}",
            Severity.REFUSED,
            profile.name,
            source_of(profile, "loading.plugin-type-uuids"),
        )

    def _factories_of(self, profile: Profile, entry: tuple[Uuid, Any]) -> Iterator[Finding]:
        uuid, value = entry
        listed = _listed(value)
        if not listed:
            yield Finding(
                "factory-list-empty",
                f"CFPlugInTypes has no factory under {uuid.canonical}: add your factory's UUID in "
                "an array",
                Severity.REFUSED,
                profile.name,
            )
            return
        if isinstance(value, str):
            yield from per_profile(
                "factory-as-string",
                f"the factories of {uuid.canonical} are a string and not an array: write an array",
                "loading.factory-as-string",
                [profile],
            )
        canonical = [one.canonical or one.written for one in listed]
        for name in {name for name in canonical if canonical.count(name) > 1}:
            yield Finding(
                "duplicate-factory",
                f"CFPlugInTypes lists the factory {shown(name, 60)} twice: remove one",
                Severity.WARNING,
                profile.name,
            )
        yield from self._functions_of(profile, listed)

    def _functions_of(self, profile: Profile, listed: list[Uuid]) -> Iterator[Finding]:
        """The first factory is the one that is called; the others may as well be right."""
        for index, uuid in enumerate(listed):
            function = self.functions.get(uuid.canonical or uuid.written)
            if isinstance(function, str) and function:
                if not index:
                    self.called.setdefault(function, []).append(profile.name)
                continue
            yield Finding(
                "factory-without-function",
                f"CFPlugInFactories has no function name for factory {shown(uuid.written, 60)}: "
                "add it",
                Severity.WARNING if index else Severity.REFUSED,
                profile.name,
            )
