"""What is found in a bundle: an id, a sentence, how bad it is, and for which macOS version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from lab.profiles.profile import Profile


class Severity(StrEnum):
    """What a finding does to the verdict."""

    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Nobody says what macOS does with it."""
    WARNING = "warning"
    """Accepted, and still worth correcting."""
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should know about the bundle.

    Parameters
    ----------
    id
        One of `CATALOGUE`.
    sentence
        What it is here, and what to do; one line, without control characters.
    severity
        What it does to the verdict.
    profile
        Name of the one it holds for, None for all.
    because
        Who says so, or why nobody can say; may be empty.
    """

    id: str
    sentence: str
    severity: Severity
    profile: str | None = None
    because: str = ""

    def __post_init__(self) -> None:
        assert self.id in CATALOGUE, self.id


CATALOGUE: dict[str, str] = {
    # the folder
    "not-named-driver": "The bundle's name does not end with .driver.",
    "name-with-control-characters": "A name in the bundle has characters that no terminal shows.",
    "symlink-leaves-bundle": "A symbolic link leads out of the bundle, or nowhere.",
    "special-file": "The bundle holds something that is no file, folder or symbolic link.",
    "too-many-files": "The bundle holds more files, or deeper folders, than a driver can need.",
    "not-readable": "The inspecting user may not read a part of the bundle.",
    # Info.plist
    "info-plist-missing": "There is no Contents/Info.plist.",
    "info-plist-unreadable": "Info.plist is no property list, or larger or deeper than one can be.",
    "executable-not-named": "CFBundleExecutable is absent or no text.",
    "executable-elsewhere": "CFBundleExecutable is not a plain file name.",
    "executable-missing": "The file that CFBundleExecutable names is not in Contents/MacOS.",
    "identifier-missing": "CFBundleIdentifier is absent or no text.",
    "package-type": "CFBundlePackageType is not BNDL.",
    "placeholder-left": "A placeholder of the build system stands where its value should.",
    "dynamic-registration": "CFPlugInDynamicRegistration asks for a function instead of tables.",
    "load-as-application": "The key Load As Application makes it an executable-type plug-in.",
    "loading-conditions": "AudioServerPlugIn_LoadingConditions ties loading to a device.",
    # UUIDs
    "types-missing": "CFPlugInTypes is absent or no dictionary.",
    "factories-missing": "CFPlugInFactories is absent or no dictionary.",
    "type-uuid-not-accepted": "No key of CFPlugInTypes is a type UUID that this macOS looks for.",
    "type-uuid-not-apples": "A type UUID is listed that no header of Apple has.",
    "uuid-malformed": "A UUID is not 8-4-4-4-12 hexadecimal digits.",
    "uuid-in-braces": "A UUID is written in braces.",
    "factory-list-empty": "The type names no factory.",
    "factory-as-string": "The type's factories are a single string and not an array.",
    "factory-without-function": "A factory of the type has no function in CFPlugInFactories.",
    "duplicate-factory": "A UUID is listed twice.",
    # the executable
    "executable-unreadable": "The executable is cut off, contradicts itself, or is no code.",
    "executable-for-linux": "The executable is an ELF file, built for the simulator.",
    "executable-of-wrong-kind": "The executable is no loadable bundle.",
    "architecture-missing": "Neither arm64 nor x86_64 is in the executable.",
    "no-arm64": "There is no code for Apple silicon.",
    "no-x86-64": "There is no code for Intel Macs.",
    "not-for-macos": "The executable is built for another system of Apple's.",
    "minimum-newer-than-system": "The executable is built for a newer macOS than this one.",
    "factory-not-exported": "The executable does not export the factory function.",
    "library-not-system": "The executable links a library that is not the system's.",
    # signature
    "unsigned": "The code has no signature.",
    "signature-unreadable": "The signature contradicts itself.",
    "signature-not-verified": "The code is too large to check its hashes here.",
    "page-hash-mismatch": "The code was changed after it was signed.",
    "signature-ad-hoc": "The signature names nobody.",
    "bundle-unsealed": "The code is signed, the bundle around it is not.",
    "seal-broken": "Info.plist or a resource was changed after the bundle was signed.",
    "identifier-differs": "The signature's identifier is not CFBundleIdentifier.",
    # owner and mode
    "quarantined": "The bundle has the quarantine attribute.",
    "not-readable-by-all": "A part of the bundle can only be read by its owner or group.",
    "writable-by-others": "Everybody may change a part of the bundle.",
    "owner-not-root": "An installed bundle does not belong to root:wheel.",
    "hal-folder-owner": "The folder of drivers does not belong to root:wheel.",
    "hal-folder-closed": "The folder of drivers cannot be entered by everybody.",
}


def in_all(identifier: str, sentence: str, severity: Severity) -> Finding:
    """A finding that holds for every profile."""
    return Finding(identifier, sentence, severity)


def per_profile(
    identifier: str,
    sentence: str,
    key: str,
    profiles: Iterable[Profile],
    *,
    if_accepted: Severity = Severity.NOTE,
) -> Iterator[Finding]:
    """A finding whose weight is an ``accepted`` or ``refused`` of each profile.

    Parameters
    ----------
    identifier, sentence
        Of the finding.
    key
        Of the profile; its values are ``accepted`` and ``refused``.
    profiles
        Those that were asked for.
    if_accepted
        Weight where the profile accepts it.

    Yields
    ------
    Finding
        One for each profile.
    """
    for profile in profiles:
        outcome = profile.text(key)
        if outcome is None:
            severity, because = Severity.UNKNOWN, profile.why_unknown(key)
        else:
            severity = Severity.REFUSED if outcome == "refused" else if_accepted
            because = source_of(profile, key)
        yield Finding(identifier, sentence, severity, profile.name, because)


def source_of(profile: Profile, key: str) -> str:
    """Who says what a profile says on a key, in a few words; empty when it says nothing."""
    found = profile.values.get(key)
    if found is None or found.value is None:
        return ""
    kind, where = found.sources[0]
    return f"{kind}: {where} ({found.confidence} confidence)"


def shown(text: str, limit: int = 200) -> str:
    """Text of a bundle as it may be shown: in quotes, with nothing that a terminal obeys.

    Parameters
    ----------
    text
        Anything.
    limit
        Characters to show at most.

    Returns
    -------
    str
        One line.
    """
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return '"' + "".join(_safe(character) for character in cut) + '"'


def is_safe(text: str) -> bool:
    """Whether a name has only characters that a terminal shows."""
    return all(_safe(character) == character for character in text if character not in '"\\')


def _safe(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable() and not _moves_text(character):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _moves_text(character: str) -> bool:
    """Marks that turn the direction of what follows: printable to Python, not to a reader."""
    return character in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
