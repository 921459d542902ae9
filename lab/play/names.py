"""Names of shared memory and of folders for sockets that nobody else uses, and their sweep.

A name carries the pid of the process that made it up and the namespace in which that is its pid:
``/hl<pid>.<n>.<namespace>``, 28 bytes at most, so that the readers' suffix still fits; a folder for
sockets is ``hlw<pid>.<n>.<namespace>`` among the temporary files. What a
killed session has left is known by that and removed by the next one. What another container has
made, in shared memory that both see, is not: its pids say nothing here.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import tempfile
from pathlib import Path

from lab.transport import posix_shm
from lab.transport.gecko_layout import load_layout

_PREFIX = "hl"
_NAME = re.compile(rf"{_PREFIX}(\d+)\.\d+\.([0-9a-f]+)")
_WIRE_PREFIX = "hlw"
_WIRE_NAME = re.compile(rf"{_WIRE_PREFIX}(\d+)\.\d+\.([0-9a-f]+)")
_serial = itertools.count()


def unique_shm_name() -> str:
    """A name, with its slash, that no other process makes up."""
    return f"/{_PREFIX}{os.getpid()}.{next(_serial)}.{pid_namespace()}"


def unique_wire_folder() -> Path:
    """A folder for sockets, not yet made, that no other process makes up."""
    name = f"{_WIRE_PREFIX}{os.getpid()}.{next(_serial)}.{pid_namespace()}"
    return Path(tempfile.gettempdir()) / name


def pid_namespace() -> str:
    """What tells the pids of one container from those of another, eight digits; 0 without any."""
    try:
        return f"{Path('/proc/self/ns/pid').stat().st_ino & 0xFFFFFFFF:x}"
    except OSError:
        return "0"


def sweep_leftovers(folder: Path = Path("/dev/shm")) -> list[str]:  # noqa: S108
    """Remove shared memory of processes of this pid namespace that are gone.

    Parameters
    ----------
    folder
        Where the system shows shared memory; where it does not, nothing can be swept.

    Returns
    -------
    list of str
        The names that were removed, with their slash.
    """
    if not folder.is_dir():
        return []
    suffix = load_layout().text("READERS_SUFFIX")
    removed = []
    for entry in sorted(folder.iterdir()):
        found = _NAME.fullmatch(entry.name.removesuffix(suffix))
        if _is_left_behind(found) and posix_shm.unlink(f"/{entry.name}"):
            removed.append(f"/{entry.name}")
    return removed


def sweep_wire_folders(folder: Path | None = None) -> list[str]:
    """Remove folders for sockets of processes of this pid namespace that are gone.

    Parameters
    ----------
    folder
        Where they are; None: where `unique_wire_folder` puts them.

    Returns
    -------
    list of str
        The paths that were removed.
    """
    removed = []
    for entry in sorted((folder or Path(tempfile.gettempdir())).glob(f"{_WIRE_PREFIX}*")):
        is_ours = _is_left_behind(_WIRE_NAME.fullmatch(entry.name))
        if is_ours and entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
            removed.append(str(entry))
    return removed


def _is_left_behind(found: re.Match[str] | None) -> bool:
    """Whether a name is of this pid namespace, and its process has gone."""
    return (
        found is not None
        and found[2] == pid_namespace()
        and not posix_shm.process_is_alive(int(found[1]))
    )


def release(name: str) -> None:
    """Remove an object and its readers' object, if they are there.

    Parameters
    ----------
    name
        With its slash.
    """
    posix_shm.unlink(name)
    posix_shm.unlink(name + load_layout().text("READERS_SUFFIX"))
