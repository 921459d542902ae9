"""The seal of a bundle: what its signature says of Info.plist and of the files in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lab.bundle.layout import Layout, resolve_within
from lab.bundle.plist import Dictionary, read_plist
from lab.bundle.signature import SLOT_INFO_PLIST, SLOT_RESOURCES, CodeSignature, digest
from lab.bundle.window import MalformedError, open_window

RESOURCES = "Contents/_CodeSignature/CodeResources"
INFO_PLIST = "Contents/Info.plist"
MAX_BYTES = 32 << 20
"""Of all sealed files together; what is beyond is not checked."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Whether a bundle is sealed, and what was changed since.

    Parameters
    ----------
    sealed
        Whether the signature covers more than the code.
    broken
        What does not fit it, in a few words each; at most ten.
    """

    sealed: bool
    broken: tuple[str, ...]


def check_seal(layout: Layout, signature: CodeSignature, changed: list[str]) -> Seal:
    """Compare a bundle with its seal.

    Parameters
    ----------
    layout
        Of the bundle.
    signature
        Of one slice of its executable.
    changed
        What `changed_files` says: the same for every slice.
    """
    has_list = RESOURCES in layout.files
    if SLOT_RESOURCES not in signature.special and not has_list:
        return Seal(sealed=False, broken=())
    broken = []
    for slot, path in ((SLOT_INFO_PLIST, INFO_PLIST), (SLOT_RESOURCES, RESOURCES)):
        wanted = signature.special.get(slot)
        if wanted is None:
            broken.append(f"{path} is not covered")
        elif not _has_hash(layout.root, path, signature.algorithm, wanted):
            broken.append(f"{path} was changed")
    return Seal(sealed=True, broken=tuple([*broken, *changed][:10]))


def changed_files(layout: Layout) -> list[str]:
    """Files of a bundle that are not as its list of resources has them, in a few words each.

    Parameters
    ----------
    layout
        Of the bundle; one without a list has nothing to say.
    """
    if RESOURCES not in layout.files:
        return []
    try:
        listed = read_plist(layout.root / RESOURCES).get("files2", Dictionary())
    except (OSError, MalformedError) as error:
        return [f"{RESOURCES} cannot be read ({error})"]
    if not isinstance(listed, Dictionary):
        return [f"{RESOURCES} has no dictionary files2"]
    changed = []
    files = layout.files
    left = MAX_BYTES
    for name, entry in listed.items():
        details = entry if isinstance(entry, Dictionary) else Dictionary()
        wanted, optional = details.get("hash2", entry), details.get("optional") is True
        if not isinstance(wanted, bytes):
            continue  # a link or a nested bundle: neither is a driver's resource
        path = f"Contents/{name}"
        status = files.get(path)
        if status is None:
            if not optional:
                changed.append(f"{path} is missing")
            continue
        left -= status.st_size
        if left < 0:
            break
        if not _has_hash(layout.root, path, "sha256", wanted):
            changed.append(f"{path} was changed")
    return changed


def _has_hash(root: Path, relative: str, algorithm: str, wanted: bytes) -> bool:
    path = resolve_within(root, relative)
    if path is None or hashlib.new(algorithm, usedforsecurity=False).digest_size < len(wanted):
        return False
    try:
        with open_window(path) as window:
            if window.size > MAX_BYTES:
                return False
            data = window.read(0, window.size, "a sealed file")
    except (OSError, MalformedError):
        return False
    return digest(algorithm, len(wanted), data) == wanted
