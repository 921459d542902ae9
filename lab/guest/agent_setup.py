"""Making a usable system of a guest that has just booted: file systems, modules, the mark.

Runs in the guest, as its first process, on a bare interpreter. The host's files are the root file
system, read only; where tests write, the guest has file systems of its own.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
from pathlib import Path
from typing import Any

OWN_FOLDERS = ("/tmp", "/run", "/var/tmp", "/dev/shm")  # noqa: S108  (they are the guest's)
"""Where the guest has memory of its own instead of the host's files."""
_OPEN_TO_ALL = 0o1777
_MS_BIND = 4096
_FINIT_MODULE = {"x86_64": 313, "i686": 350, "aarch64": 273}
_SIOCSIFFLAGS = 0x8914
_IFF_UP_AND_RUNNING = 0x41
_POWER_OFF = 0x4321FEDC
_libc = ctypes.CDLL(None, use_errno=True)


class SetupError(Exception):
    """The guest cannot be made usable; the text is for the user."""


def prepare(config: dict[str, Any]) -> None:
    """Make the guest usable.

    Parameters
    ----------
    config
        As `lab.guest.launch.agent_config` wrote it.

    Raises
    ------
    SetupError
    """
    held = [(path, os.open(path, os.O_PATH)) for path in config["visible"]]
    shared = config["shared"]
    _mount("proc", "/proc", "proc", busy_is_well=True)
    _mount("sysfs", "/sys", "sysfs", busy_is_well=True)
    _mount("devtmpfs", "/dev", "devtmpfs", busy_is_well=True)
    Path("/dev/pts").mkdir(exist_ok=True)
    _mount("devpts", "/dev/pts", "devpts")
    Path("/dev/shm").mkdir(exist_ok=True)  # noqa: S108
    for folder in OWN_FOLDERS:
        if Path(folder).is_dir() and not Path(folder).is_symlink():
            _mount("tmpfs", folder, "tmpfs")
            Path(folder).chmod(_OPEN_TO_ALL if folder != "/run" else 0o755)
    for path, fd in held:
        _show(path, fd)
    for link, target in config["links"]:
        if not os.path.lexists(link):
            Path(link).parent.mkdir(parents=True, exist_ok=True)
            Path(link).symlink_to(target)
    Path(shared).mkdir(parents=True, exist_ok=True)
    _mount("none", shared, config["shared_type"], options=config["shared_options"])
    _loopback_up()
    for module in config["modules"]:
        _insert_module(module)
    mark = Path(config["mark_file"])
    mark.write_text(config["mark"], encoding="ascii")
    mark.chmod(0o444)


def power_off() -> None:
    """End the guest."""
    os.sync()
    _libc.reboot(ctypes.c_int(_POWER_OFF))


def _mount(
    source: str,
    target: str,
    kind: str,
    *,
    flags: int = 0,
    options: str = "",
    busy_is_well: bool = False,
) -> None:
    words = [text.encode() for text in (source, target, kind)]
    if _libc.mount(*words, ctypes.c_ulong(flags), options.encode()) != 0:
        code = ctypes.get_errno()
        if not (busy_is_well and code == errno.EBUSY):
            raise SetupError(f"the guest cannot mount {kind} on {target} ({os.strerror(code)})")


def _show(path: str, fd: int) -> None:
    """Put what was opened before its folder was covered back to where it was."""
    target = Path(path)
    here = f"/proc/self/fd/{fd}"
    if Path(here).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(here, path, "none", flags=_MS_BIND)
    os.close(fd)


def _insert_module(path: str) -> None:
    number = _FINIT_MODULE.get(platform.machine())
    if number is None:
        raise SetupError(f"the guest cannot load modules on {platform.machine()}")
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise SetupError(f"the guest has no module {path} ({error.strerror})") from error
    try:
        if _libc.syscall(ctypes.c_long(number), fd, b"", 0) != 0:
            code = ctypes.get_errno()
            if code != errno.EEXIST:
                raise SetupError(f"the guest cannot load {path} ({os.strerror(code)})")
    finally:
        os.close(fd)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sh14x", b"lo", _IFF_UP_AND_RUNNING)
        fcntl.ioctl(probe, _SIOCSIFFLAGS, request)
