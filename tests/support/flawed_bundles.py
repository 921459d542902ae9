"""One bundle per finding of ``hal-lab inspect``: good but for one thing."""

from __future__ import annotations

import os
import plistlib
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.bundle.attributes import quarantine_name
from tests.support.driver_bundle import FACTORY, SEEDS_TYPE, TYPE, info, write_bundle
from tests.support.elf_writer import shared_object
from tests.support.macho_writer import Thin, universal, with_architecture

Flaw = Callable[[Path], Path]
"""Makes the bundle in a folder of its own and returns its path."""

INTEL = with_architecture(Thin(), "x86_64")
OTHER = "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE"

FLAWS: dict[str, Flaw] = {}


def _flaw(identifier: str) -> Callable[[Flaw], Flaw]:
    def keep(flaw: Flaw) -> Flaw:
        assert identifier not in FLAWS
        FLAWS[identifier] = flaw
        return flaw

    return keep


def _of_plist(identifier: str, edit: Callable[[dict[str, Any]], None]) -> None:
    FLAWS[identifier] = lambda folder: write_bundle(folder / "Bad.driver", edit=edit)


def _of_slices(identifier: str, *slices: Thin, sealed: bool = True) -> None:
    FLAWS[identifier] = lambda folder: write_bundle(
        folder / "Bad.driver", slices=slices, sealed=sealed
    )


# ---- the folder -------------------------------------------------------------------------------

FLAWS["not-named-driver"] = lambda folder: write_bundle(folder / "Bad.bundle")
FLAWS["name-with-control-characters"] = lambda folder: write_bundle(folder / "Ba\nd.driver")


@_flaw("symlink-leaves-bundle")
def _symlink(folder: Path) -> Path:
    bundle = write_bundle(folder / "Bad.driver")
    (bundle / "Contents" / "Resources" / "out").symlink_to("../../../secret")
    (folder / "secret").write_text("x")
    return bundle


@_flaw("special-file")
def _fifo(folder: Path) -> Path:
    bundle = write_bundle(folder / "Bad.driver")
    os.mkfifo(bundle / "Contents" / "pipe")
    (bundle / "Contents" / "pipe").chmod(0o644)
    return bundle


@_flaw("too-many-files")
def _deep(folder: Path) -> Path:
    bundle = write_bundle(folder / "Bad.driver")
    (bundle / "Contents" / "Resources" / "/".join("d" * 40)).mkdir(parents=True)
    return bundle


@_flaw("not-readable")
def _locked(folder: Path) -> Path:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    bundle = write_bundle(folder / "Bad.driver")
    (bundle / "Contents" / "Resources").chmod(0o000)
    return bundle


# ---- Info.plist -------------------------------------------------------------------------------


@_flaw("info-plist-missing")
def _no_plist(folder: Path) -> Path:
    bundle = write_bundle(folder / "Bad.driver")
    (bundle / "Contents" / "Info.plist").unlink()
    return bundle


FLAWS["info-plist-unreadable"] = lambda folder: write_bundle(
    folder / "Bad.driver", plist=b"<plist><dict><key>a</key>"
)
_of_plist("executable-not-named", lambda plist: plist.pop("CFBundleExecutable"))
_of_plist("executable-elsewhere", lambda plist: plist.update(CFBundleExecutable="../../x"))
_of_plist("executable-missing", lambda plist: plist.update(CFBundleExecutable="Other"))
_of_plist("identifier-missing", lambda plist: plist.pop("CFBundleIdentifier"))
_of_plist("package-type", lambda plist: plist.update(CFBundlePackageType="drvr"))
_of_plist("placeholder-left", lambda plist: plist.update(CFBundleName="$(PRODUCT_NAME)"))
_of_plist("dynamic-registration", lambda plist: plist.update(CFPlugInDynamicRegistration="YES"))
_of_plist("load-as-application", lambda plist: plist.update({"Load As Application": 1}))
_of_plist("loading-conditions", lambda plist: plist.update(AudioServerPlugIn_LoadingConditions={}))

# ---- UUIDs ------------------------------------------------------------------------------------

_of_plist("types-missing", lambda plist: plist.pop("CFPlugInTypes"))
_of_plist("factories-missing", lambda plist: plist.update(CFPlugInFactories=[FACTORY]))
_of_plist(
    "type-uuid-not-accepted", lambda plist: plist.update(CFPlugInTypes={SEEDS_TYPE: [FACTORY]})
)
_of_plist(
    "type-uuid-not-apples", lambda plist: plist["CFPlugInTypes"].update({SEEDS_TYPE: [FACTORY]})
)
_of_plist("uuid-malformed", lambda plist: plist["CFPlugInTypes"].update({TYPE[:-1]: [FACTORY]}))
_of_plist("uuid-in-braces", lambda plist: plist.update(CFPlugInTypes={f"{{{TYPE}}}": [FACTORY]}))
_of_plist("factory-list-empty", lambda plist: plist.update(CFPlugInTypes={TYPE: []}))
_of_plist("factory-as-string", lambda plist: plist.update(CFPlugInTypes={TYPE: FACTORY}))
_of_plist("factory-without-function", lambda plist: plist.update(CFPlugInTypes={TYPE: [OTHER]}))
_of_plist(
    "duplicate-factory",
    lambda plist: plist["CFPlugInFactories"].update({FACTORY.lower(): "Other_Create"}),
)

# ---- the executable ---------------------------------------------------------------------------

FLAWS["executable-unreadable"] = lambda folder: write_bundle(
    folder / "Bad.driver", executable=b"#!/bin/sh\n"
)
FLAWS["executable-for-linux"] = lambda folder: write_bundle(
    folder / "Bad.driver", executable=shared_object()
)
_of_slices("executable-of-wrong-kind", Thin(kind=2))
FLAWS["architecture-missing"] = lambda folder: write_bundle(
    folder / "Bad.driver", slices=(with_architecture(Thin(), "i386"),)
)
_of_slices("no-arm64", INTEL)
_of_slices("no-x86-64", Thin())
_of_slices("not-for-macos", Thin(platform=2))
_of_slices("minimum-newer-than-system", Thin(minimum=(27, 0)))
_of_slices("factory-not-exported", Thin(exports=("Good_Crate",)))
_of_slices(
    "library-not-system",
    Thin(libraries=("/usr/lib/libSystem.B.dylib", "@rpath/libopus.0.dylib")),
)

# ---- signature --------------------------------------------------------------------------------

_of_slices("unsigned", Thin(), INTEL, sealed=False)
_of_slices("bundle-unsealed", Thin(signed="Good", linker_signed=True), sealed=False)
_of_slices("signature-ad-hoc", Thin())
_of_slices("identifier-differs", Thin(signed="local.other"))


def _patched(folder: Path, wanted: bytes, patch: bytes, *, last: bool = False) -> Path:
    """A good bundle with other bytes in the place of `wanted` in its executable."""
    bundle = write_bundle(folder / "Bad.driver")
    executable = bundle / "Contents" / "MacOS" / "Good"
    data = executable.read_bytes()
    at = data.rfind(wanted) if last else data.find(wanted)
    assert at >= 0
    executable.write_bytes(data[:at] + patch + data[at + len(patch) :])
    return bundle


FLAWS["signature-unreadable"] = lambda folder: _patched(
    folder, struct.pack(">I", 0xFADE0CC0), b"\0\0\0\0"
)
FLAWS["page-hash-mismatch"] = lambda folder: _patched(
    folder, b"\xc0\x03\x5f\xd6" * 4, b"\x1f\x20\x03\xd5"
)


@_flaw("signature-not-verified")
def _large(folder: Path) -> Path:
    size = 40 << 20
    code = bytes(size)
    return write_bundle(
        folder / "Bad.driver", slices=(Thin(code=code), replace(INTEL, code=bytes(4096)))
    )


@_flaw("seal-broken")
def _resource_changed(folder: Path) -> Path:
    bundle = write_bundle(folder / "Bad.driver")
    (bundle / "Contents" / "Resources" / "Note.txt").write_bytes(b"another text\n")
    return bundle


# ---- owner and mode ---------------------------------------------------------------------------


@_flaw("quarantined")
def _quarantined(folder: Path) -> Path:
    bundle = write_bundle(folder / "Bad.driver")
    if not hasattr(os, "setxattr"):
        pytest.skip("this Python has no os.setxattr")
    try:
        os.setxattr(bundle, quarantine_name(), b"0083;5f000000;Safari;")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error.strerror}")
    return bundle


@_flaw("not-readable-by-all")
def _closed(folder: Path) -> Path:
    bundle = write_bundle(folder / "Bad.driver")
    (bundle / "Contents" / "MacOS" / "Good").chmod(0o700)
    return bundle


@_flaw("writable-by-others")
def _loose(folder: Path) -> Path:
    bundle = write_bundle(folder / "Bad.driver")
    (bundle / "Contents" / "Info.plist").chmod(0o666)
    return bundle


def hal_folder(folder: Path) -> Path:
    """A folder of drivers below a root of its own, as an installation makes it."""
    made = folder / "Library" / "Audio" / "Plug-Ins" / "HAL"
    made.mkdir(parents=True)
    made.chmod(0o755)
    return made


@_flaw("owner-not-root")
def _owned(folder: Path) -> Path:
    bundle = write_bundle(hal_folder(folder) / "Bad.driver")
    if os.geteuid() == 0:
        os.chown(bundle, 12345, 12345)
    return bundle


@_flaw("hal-folder-owner")
def _folder_owned(folder: Path) -> Path:
    made = hal_folder(folder)
    if os.geteuid() == 0:
        os.chown(made, 12345, 12345)
    return write_bundle(made / "Bad.driver")


@_flaw("hal-folder-closed")
def _folder_closed(folder: Path) -> Path:
    made = hal_folder(folder)
    bundle = write_bundle(made / "Bad.driver")
    made.chmod(0o700)
    return bundle


def binary(edit: Callable[[dict[str, Any]], None] | None = None) -> bytes:
    """Info.plist of the good one, binary."""
    plist = info()
    if edit is not None:
        edit(plist)
    return plistlib.dumps(plist, fmt=plistlib.FMT_BINARY)


__all__ = ["FLAWS", "INTEL", "OTHER", "binary", "hal_folder", "universal"]
