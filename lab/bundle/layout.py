"""The folder of a bundle: what is in it, and that nothing in it leads out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lab.bundle.findings import Finding, Severity, in_all, is_safe, shown
from lab.errors import LabError

MAX_ENTRIES = 5_000
MAX_DEPTH = 24


class NotABundleError(LabError):
    """What was named is no bundle at all."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Item:
    """A file or folder of the bundle.

    Parameters
    ----------
    path
        From the bundle's folder on, with ``/``.
    status
        Of what it leads to, for a symbolic link within the bundle.
    """

    path: str
    status: os.stat_result


@dataclass(frozen=True, slots=True)
class Layout:
    """What is in a bundle.

    Parameters
    ----------
    root
        The bundle's folder, without symbolic links.
    items
        Files and folders; the root itself is the first, under the path ``.``.
    findings
        What is wrong with the tree.
    """

    root: Path
    items: list[Item] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def files(self) -> dict[str, os.stat_result]:
        """Regular files, by path."""
        return {item.path: item.status for item in self.items if stat.S_ISREG(item.status.st_mode)}


def read_layout(path: Path) -> Layout:
    """Walk through a bundle.

    Parameters
    ----------
    path
        Of its folder; may be a symbolic link to it.

    Raises
    ------
    NotABundleError
        When it is no folder, or one without ``Contents``.
    """
    try:
        root = path.resolve(strict=True)
        has_contents = stat.S_ISDIR((root / "Contents").stat().st_mode)
    except (OSError, RuntimeError, ValueError) as error:
        has_none = isinstance(error, FileNotFoundError) and path.is_dir()
        what = "no bundle: it has no folder Contents" if has_none else f"no bundle ({_why(error)})"
        raise NotABundleError(
            what, where=shown(str(path)), do="name the folder of a .driver"
        ) from error
    if not has_contents:
        raise NotABundleError(
            "no bundle: Contents is no folder", where=shown(str(path)), do="name a .driver"
        )
    layout = Layout(root)
    _check_name(layout, root.name)
    layout.items.append(Item(".", root.stat()))
    for entry, relative in _walk(layout):
        _take(layout, entry, relative)
    return layout


def resolve_within(root: Path, relative: str) -> Path | None:
    """The file that a path within a bundle leads to; None when that is outside, or not there."""
    try:
        found = (root / relative).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None
    return found if found.is_relative_to(root) else None


def is_plain_name(name: str) -> bool:
    """Whether a name stays in its folder."""
    return bool(name) and "/" not in name and "\0" not in name and name not in {".", ".."}


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _check_name(layout: Layout, name: str) -> None:
    if not name.endswith(".driver") or name == ".driver":
        layout.findings.append(
            in_all(
                "not-named-driver",
                f"{shown(name)} does not end with .driver: rename it, for nobody says that "
                "coreaudiod looks at other names",
                Severity.UNKNOWN,
            )
        )
    if not is_safe(name):
        _report_name(layout, name)


def _report_name(layout: Layout, name: str) -> None:
    layout.findings.append(
        in_all(
            "name-with-control-characters",
            f"the name {shown(name)} has characters that no terminal shows: rename it",
            Severity.REFUSED,
        )
    )


def _walk(layout: Layout) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Each entry below the root; ends, with a finding, where there are too many."""
    waiting: list[tuple[str, int]] = [("", 0)]
    count = 0
    while waiting:
        folder, depth = waiting.pop()
        try:
            with os.scandir(layout.root / folder) as found:
                entries = []
                for entry in found:
                    count += 1
                    if count > MAX_ENTRIES or depth >= MAX_DEPTH:
                        layout.findings.append(
                            in_all(
                                "too-many-files",
                                f"more than {MAX_ENTRIES} files, or {MAX_DEPTH} folders deep: the "
                                "rest is not looked at",
                                Severity.REFUSED,
                            )
                        )
                        return
                    entries.append(entry)
        except OSError as error:
            _report_unreadable(layout, folder or ".", error)
            continue
        for entry in sorted(entries, key=lambda one: one.name):
            relative = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append((relative, depth + 1))
            yield entry, relative


def _take(layout: Layout, entry: os.DirEntry[str], relative: str) -> None:
    if not is_safe(entry.name):
        _report_name(layout, entry.name)
    try:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            if resolve_within(layout.root, relative) is None:
                layout.findings.append(
                    in_all(
                        "symlink-leaves-bundle",
                        f"{shown(relative)} is a symbolic link to "
                        f"{shown(str(layout.root.joinpath(relative).readlink()))}, which is not in "
                        "the bundle: copy the file into it",
                        Severity.REFUSED,
                    )
                )
                return
            status = entry.stat()
    except OSError as error:
        _report_unreadable(layout, relative, error)
        return
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        layout.findings.append(
            in_all(
                "special-file",
                f"{shown(relative)} is no file, folder or symbolic link: remove it",
                Severity.REFUSED,
            )
        )
        return
    layout.items.append(Item(relative, status))


def _report_unreadable(layout: Layout, relative: str, error: OSError) -> None:
    layout.findings.append(
        in_all(
            "not-readable",
            f"{shown(relative)} cannot be read ({error.strerror}): inspect as a user who may",
            Severity.UNKNOWN,
        )
    )
