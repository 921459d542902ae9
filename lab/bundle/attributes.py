"""Owner, mode and the quarantine attribute of a bundle, and of the folder it is installed in."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lab.bundle.findings import Finding, Severity, per_profile, shown, source_of
from lab.bundle.layout import Layout
from lab.profiles.profile import Profile

QUARANTINE = "com.apple.quarantine"
QUARANTINE_ON_LINUX = f"user.{QUARANTINE}"
"""Stands in for it: Linux gives ordinary users only names that begin so."""


def quarantine_name() -> str:
    """The attribute's name on this system."""
    return QUARANTINE if sys.platform == "darwin" else QUARANTINE_ON_LINUX


def quarantine_of(path: Path) -> str | None:
    """The quarantine attribute of a file or folder.

    Returns
    -------
    str or None
        Its text; None without one, or where the file system has no attributes.
    """
    if sys.platform == "darwin":
        return _attribute_of_mac(path)
    try:
        return os.getxattr(path, QUARANTINE_ON_LINUX, follow_symlinks=False).decode(
            "utf-8", "surrogateescape"
        )
    except OSError:
        return None


def judge_attributes(layout: Layout, profiles: list[Profile]) -> Iterator[Finding]:
    """Judge who may read and change a bundle, and where it came from.

    Parameters
    ----------
    layout
        Of the bundle.
    profiles
        Those that were asked for.
    """
    yield from _quarantine(layout, profiles)
    closed = [item.path for item in layout.items if not _open_to_all(item.status.st_mode)]
    if closed:
        yield from _closed(closed, profiles)
    loose = [item.path for item in layout.items if item.status.st_mode & stat.S_IWOTH]
    if loose:
        yield Finding(
            "writable-by-others",
            f"everybody may write to {_some(loose)}: chmod -R o-w",
            Severity.WARNING,
        )
    for profile in profiles:
        yield from _installed(layout, profile)


def is_installed(root: Path, profile: Profile) -> bool:
    """Whether a bundle lies where drivers are installed: of this machine, or of a root of tests."""
    folder = profile.text("installation.hal-folder")
    if folder is None:
        return False
    parts = PurePosixPath(folder).parts[1:]
    return root.parent.parts[-len(parts) :] == parts


def _quarantine(layout: Layout, profiles: list[Profile]) -> Iterator[Finding]:
    marked = [
        item.path
        for item in layout.items
        if item.path in {".", "Contents", "Contents/Info.plist"}
        or item.path.startswith("Contents/MacOS/")
        if quarantine_of(layout.root / item.path) is not None
    ]
    if marked:
        yield from per_profile(
            "quarantined",
            f"{_some(marked)} has the attribute {quarantine_name()}: it was downloaded; remove it "
            "with xattr -dr",
            "signature.quarantined",
            profiles,
        )


def _closed(paths: list[str], profiles: list[Profile]) -> Iterator[Finding]:
    for profile in profiles:
        wanted = profile.get("installation.bundle-readable-by-all")
        if wanted is False:
            continue
        yield Finding(
            "not-readable-by-all",
            f"only owner or group may read {_some(paths)}: chmod -R a+rX",
            Severity.UNKNOWN if wanted is None else Severity.REFUSED,
            profile.name,
            source_of(profile, "installation.bundle-readable-by-all"),
        )


def _installed(layout: Layout, profile: Profile) -> Iterator[Finding]:
    if not is_installed(layout.root, profile):
        return
    wanted = profile.text("installation.bundle-owner")
    others = [item.path for item in layout.items if not _is_owned(item.status, wanted)]
    if others:
        yield Finding(
            "owner-not-root",
            f"{_some(others)} does not belong to {wanted}: chown -R {wanted}",
            Severity.UNKNOWN,
            profile.name,
            "installers set it; whether anything asks for it, nobody says",
        )
    folder = layout.root.parent.stat()
    wanted = profile.text("installation.hal-folder-owner")
    if not _is_owned(folder, wanted):
        yield Finding(
            "hal-folder-owner",
            f"{shown(str(layout.root.parent))} does not belong to {wanted}: chown {wanted}",
            Severity.UNKNOWN,
            profile.name,
            source_of(profile, "installation.hal-folder-owner"),
        )
    mode = profile.text("installation.hal-folder-mode")
    if mode is not None and int(mode, 8) & ~stat.S_IMODE(folder.st_mode):
        yield Finding(
            "hal-folder-closed",
            f"{shown(str(layout.root.parent))} has mode {stat.S_IMODE(folder.st_mode):04o}: "
            f"chmod {mode}",
            Severity.REFUSED,
            profile.name,
            source_of(profile, "installation.hal-folder-mode"),
        )


def _is_owned(status: os.stat_result, wanted: str | None) -> bool:
    """Both root and wheel are 0 on a Mac; root is on Linux, which calls the group root."""
    return wanted != "root:wheel" or (status.st_uid == 0 and status.st_gid == 0)


def _open_to_all(mode: int) -> bool:
    wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return mode & wanted == wanted


def _some(paths: list[str]) -> str:
    first = "the bundle" if paths[0] == "." else shown(paths[0])
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"


def _attribute_of_mac(path: Path) -> str | None:
    """Python has no getxattr() on a Mac; this is the one of its C library."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    no_follow = 1
    value = ctypes.create_string_buffer(4096)
    getxattr = library.getxattr
    getxattr.restype = ctypes.c_ssize_t
    size = getxattr(
        os.fsencode(path),
        QUARANTINE.encode(),
        value,
        ctypes.c_size_t(len(value)),
        ctypes.c_uint32(0),
        ctypes.c_int(no_follow),
    )
    return None if size < 0 else value.raw[:size].decode("utf-8", "surrogateescape")
