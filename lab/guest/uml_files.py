"""Where the parts of user-mode Linux are. Standard library only: the doctor uses it."""

from __future__ import annotations

import mmap
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from lab.guest import confine

PROGRAM = "linux.uml"
PACKAGE = "user-mode-linux"
MODULES_FOLDER = Path("/usr/lib/uml/modules")
LOOPBACK_MODULES = ("vsock", "vmw_vsock_virtio_transport_common", "vsock_loopback")
HOST_MODULES = (*LOOPBACK_MODULES, "vmw_vsock_virtio_transport")
_MEMORY_FOLDERS = (Path("/dev/shm"),)  # noqa: S108  (memory that is no disk)
_VERSION_S = 10.0


def find_kernel() -> Path | None:
    """The kernel's program."""
    found = shutil.which(PROGRAM)
    return Path(found) if found else None


@cache
def kernel_release(kernel: Path) -> str:
    """The release that the kernel says it is; empty when it says none."""
    try:
        done = subprocess.run(
            [kernel, "--version"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_VERSION_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    last = done.stdout.strip().splitlines()[-1:]
    return last[0] if last and re.fullmatch(r"\d+\.\S+", last[0]) else ""


def find_modules(
    names: tuple[str, ...], release: str, modules: Path = MODULES_FOLDER
) -> tuple[list[Path], str]:
    """The files of kernel modules.

    Parameters
    ----------
    names
        Without ``.ko``.
    release
        Of the kernel.
    modules
        Folder with one folder per release.

    Returns
    -------
    tuple
        Those files that are there, in order; why not all are, or an empty text.
    """
    folder = modules / release / "kernel" / "net" / "vmw_vsock"
    found = [folder / f"{name}.ko" for name in names]
    lacking = [path for path in found if not path.is_file()]
    return [path for path in found if path.is_file()], f"no {lacking[0]}" if lacking else ""


def memory_folder(least_bytes: int, *others: Path) -> Path | None:
    """A folder for the guest's memory: the kernel runs code from a file in it.

    Parameters
    ----------
    least_bytes
        Free room.
    others
        Folders to try after those that are memory.

    Returns
    -------
    Path or None
        None when no folder may hold executable files, or none has the room.
    """
    for folder in (*_MEMORY_FOLDERS, *others):
        try:
            enough = shutil.disk_usage(folder).free >= least_bytes
            if enough and _is_executable(folder):
                return folder
        except OSError:
            continue
    return None


def why_missing(names: tuple[str, ...]) -> str:
    """Why no guest with these modules can be started; empty when one can."""
    kernel = find_kernel()
    if kernel is None:
        return f"no {PROGRAM} on PATH"
    release = kernel_release(kernel)
    if not release:
        return f"{kernel} does not start"
    lacking = find_modules(names, release)[1]
    if lacking:
        return lacking
    if memory_folder(1 << 28, Path(tempfile.gettempdir())) is None:
        return "no folder for its memory: /dev/shm and the temporary folder are noexec or full"
    return confine.why_not()


def _is_executable(folder: Path) -> bool:
    with tempfile.TemporaryFile(dir=folder) as probe:
        os.ftruncate(probe.fileno(), mmap.PAGESIZE)
        try:
            mmap.mmap(probe.fileno(), mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()
        except (PermissionError, OSError):
            return False
    return True
