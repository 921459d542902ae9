"""Makes driver bundles to inspect: a good one, and whatever is to be wrong with it."""

from __future__ import annotations

import hashlib
import plistlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.macho_writer import Thin, universal, with_architecture

TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"
SEEDS_TYPE = "443ABEB8-E7B0-48D3-B2A0-381E2D0BB556"
FACTORY = "0F2E1D3C-4B5A-6978-8796-A5B4C3D2E1F0"
IDENTIFIER = "local.good"
EXECUTABLE = "Good"

Edit = Callable[[dict[str, Any]], None]


def info() -> dict[str, Any]:
    """Info.plist of the good one."""
    return {
        "CFBundleExecutable": EXECUTABLE,
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundlePackageType": "BNDL",
        "CFPlugInDynamicRegistration": "NO",
        "CFPlugInFactories": {FACTORY: "Good_Create"},
        "CFPlugInTypes": {TYPE: [FACTORY]},
    }


def write_bundle(
    bundle: Path,
    *,
    edit: Edit | None = None,
    plist: bytes | None = None,
    slices: tuple[Thin, ...] | None = None,
    executable: bytes | None = None,
    sealed: bool = True,
) -> Path:
    """Write a bundle: universal, signed ad hoc and sealed, as ``codesign -s -`` leaves it.

    Parameters
    ----------
    bundle
        Its folder.
    edit
        Changes the dictionary of Info.plist before it is written.
    plist
        Takes the place of Info.plist.
    slices
        Of the executable; those without ``signed`` become signed, unless `sealed` is False.
    executable
        Takes the place of the executable.
    sealed
        Whether the bundle is; without it slices are as they are given.
    """
    contents = bundle / "Contents"
    (contents / "MacOS").mkdir(parents=True)
    (contents / "Resources").mkdir()
    (contents / "Resources" / "Note.txt").write_bytes(b"a resource\n")
    described = info()
    if edit is not None:
        edit(described)
    written = plistlib.dumps(described) if plist is None else plist
    (contents / "Info.plist").write_bytes(written)
    special: dict[int, bytes] = {}
    if sealed:
        listed = hashlib.sha256(b"a resource\n").digest()
        seal = plistlib.dumps({"files2": {"Resources/Note.txt": {"hash2": listed}}})
        (contents / "_CodeSignature").mkdir()
        (contents / "_CodeSignature" / "CodeResources").write_bytes(seal)
        special = {1: hashlib.sha256(written).digest(), 3: hashlib.sha256(seal).digest()}
    if executable is None:
        chosen = slices or (Thin(), with_architecture(Thin(), "x86_64"))
        if sealed:
            chosen = tuple(
                replace(one, signed=one.signed or IDENTIFIER, special=special) for one in chosen
            )
        executable = universal(*chosen)
    target = contents / "MacOS" / EXECUTABLE
    target.write_bytes(executable)
    for path in (bundle, *bundle.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path == target else 0o644)
    return bundle
