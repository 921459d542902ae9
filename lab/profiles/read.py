"""Reads profiles: TOML, the schema, inheritance; every complaint with file and line."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import MissingError
from lab.profiles.errors import ProfileError
from lab.profiles.keys import GROUPS
from lab.profiles.lines import line_of, lines_of_keys
from lab.profiles.profile import Profile, Value

FOLDER_IN_SOURCE = Path("sim") / "profiles"
MAX_BYTES = 1 << 18
"""Of a data file: people write them."""
_VARIABLE = "HAL_LAB_PROFILES"


@dataclass(frozen=True, slots=True)
class _File:
    """A file and what it says."""

    path: Path
    raw: dict[str, Any]
    lines: dict[tuple[str, ...], int]

    @property
    def name(self) -> str:
        return str(self.raw["name"])

    @property
    def extends(self) -> str | None:
        return self.raw.get("extends")

    def at(self, *where: str) -> str:
        return f"{self.path}:{line_of(where, self.lines)}"


def profile_folder() -> Path:
    """Where the data files are: ``HAL_LAB_PROFILES``, the package's data, or the source tree.

    Raises
    ------
    MissingError
        When they are nowhere.
    """
    named = os.environ.get(_VARIABLE)
    if named:
        if not Path(named).is_dir():
            raise MissingError(f"{_VARIABLE} is no folder", where=named, do="correct or unset it")
        return Path(named)
    package = Path(__file__).resolve().parent.parent
    for place in (package / "data" / "profiles", package.parent / FOLDER_IN_SOURCE):
        if place.is_dir():
            return place
    raise MissingError("the profiles of macOS versions are not there", do="reinstall hal-lab")


def are_our_own() -> bool:
    """Whether the profiles are those that came with this package, which its tests have checked."""
    return not os.environ.get(_VARIABLE)


def profile_names(folder: Path | None = None) -> list[str]:
    """Names of the profiles, without reading them; by version, as ``14.4`` before ``26``.

    Parameters
    ----------
    folder
        None for the one that belongs to this package.
    """
    place = profile_folder() if folder is None else folder
    return sorted((path.stem for path in place.glob("*.toml")), key=_by_version)


def load_profile(name: str, folder: Path | None = None, *, check: bool = True) -> Profile:
    """One profile, with what it inherits.

    Parameters
    ----------
    name
        Such as ``macos-14.4``.
    folder
        None for the one that belongs to this package.
    check
        Whether to hold the files to the schema, which takes pydantic and a tenth of a second. Only
        for files that have been checked before may it be False.

    Raises
    ------
    ProfileError
        When there is none of that name, or the data is wrong: a key that the schema does not have,
        a value without a source, a cycle of inheritance. With file and line.
    """
    return load_profiles([name], folder, check=check)[0]


def load_profiles(
    names: list[str] | None = None, folder: Path | None = None, *, check: bool = True
) -> list[Profile]:
    """Several profiles; each file is read once.

    Parameters
    ----------
    names
        None for every version of macOS: claims are only loaded when they are named.
    folder
        None for the one that belongs to this package.
    check
        As for `load_profile`.

    Raises
    ------
    ProfileError
        As for `load_profile`.
    """
    place = profile_folder() if folder is None else folder
    files: dict[str, _File] = {}
    wanted = profile_names(place) if names is None else names
    loaded = [_load(name, place, files, check=check) for name in dict.fromkeys(wanted)]
    return [profile for profile in loaded if names is not None or profile.kind == "macos"]


def _by_version(name: str) -> tuple[str, list[int], str]:
    family, _, version = name.partition("-")
    return (family, [int(part) for part in version.split(".") if part.isdecimal()], name)


def _load(name: str, folder: Path, files: dict[str, _File], *, check: bool) -> Profile:
    chain: list[_File] = []
    wanted: str | None = name
    while wanted is not None:
        asked_at = chain[-1].at("extends") if chain else ""
        if any(one.name == wanted for one in chain):
            names = " -> ".join([*(one.name for one in chain), wanted])
            raise ProfileError(
                f"a cycle of inheritance ({names})", where=asked_at, do="break it in one of them"
            )
        if wanted not in files:
            files[wanted] = _read(wanted, folder, asked_at, check=check)
        chain.append(files[wanted])
        wanted = chain[-1].extends
    values: dict[str, Value] = {}
    for one in reversed(chain):
        values.update(_values(one))
    own = chain[0].raw
    return Profile(
        name=own["name"],
        title=own["title"],
        kind=own["kind"],
        macos=tuple(int(part) for part in own["macos"].split(".")),
        extends=tuple(one.name for one in chain[1:]),
        values=values,
    )


def _read(name: str, folder: Path, asked_at: str, *, check: bool) -> _File:
    path = folder / f"{name}.toml"
    # Looked up, not opened: a name from the command line leads to no other folder.
    if name not in profile_names(folder):
        there = ", ".join(profile_names(folder))
        raise ProfileError(f'no profile "{name}"', where=asked_at, do=f"take one of: {there}")
    if path.stat().st_size > MAX_BYTES:
        raise ProfileError(f"more than {MAX_BYTES} bytes", where=str(path), do="shorten it")
    try:
        text = path.read_text(encoding="utf-8")
        raw: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(f"not TOML ({error})", where=str(path), do="correct it") from error
    one = _File(path, raw, lines_of_keys(text))
    if check:
        from lab.profiles.schema import complaint

        if wrong := complaint(raw):
            where, what, do = wrong
            named = ".".join(where) or "the file"
            raise ProfileError(f"{named}: {what}", where=one.at(*where), do=do)
    if one.name != name:
        raise ProfileError(
            f'the file says its name is "{one.name}"', where=one.at("name"), do=f'say "{name}"'
        )
    return one


def _values(one: _File) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for group in GROUPS:
        for name, entry in one.raw.get(group, {}).items():
            value = entry.get("value")
            found[f"{group}.{name}"] = Value(
                key=f"{group}.{name}",
                value=tuple(value) if isinstance(value, list) else value,
                unknown=entry.get("unknown", ""),
                sources=tuple((item["kind"], item["where"]) for item in entry.get("sources", ())),
                confidence=entry.get("confidence", ""),
                note=entry.get("note", ""),
                defined_in=one.name,
                file=one.path,
                line=line_of((group, name), one.lines),
            )
    return found
