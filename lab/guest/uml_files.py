"""Where the parts of user-mode Linux are. Standard library only: the doctor uses it."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from lab.guest import confine

PROGRAM = "linux.uml"
PACKAGE = "user-mode-linux"
MODULES_FOLDER = Path("/usr/lib/uml/modules")
LOOPBACK_MODULES = ("vsock", "vmw_vsock_virtio_transport_common", "vsock_loopback")
HOST_MODULES = (*LOOPBACK_MODULES, "vmw_vsock_virtio_transport")
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
    return confine.why_not()
