"""Linux's namespaces, as far as a machine needs them: unshare, mount, pivot_root.

Thin: each function is one system call, and raises OSError as the system says it.
"""

from __future__ import annotations

import ctypes
import os
import platform
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
ALL = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET

_MS_NOSUID = 0x2
_MS_NODEV = 0x4
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 0x40000
_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 0x1
_AT_FDCWD = -100
_MOUNT_SETATTR = 442  # the same on all architectures, as all calls of its age
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


class _MountAttributes(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def unshare(flags: int) -> None:
    """Leave namespaces of one's parent; a new PID namespace begins with the next child."""
    _check(_libc.unshare(flags), "unshare")


def set_host_name(name: str) -> None:
    """Of this UTS namespace."""
    data = name.encode()
    _check(_libc.sethostname(data, len(data)), "sethostname")


def die_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when its parent has gone."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0), "prctl")


def make_private() -> None:
    """Keep mounts of this namespace to itself."""
    _check(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount / private")


def mount_new(kind: str, target: Path, options: str = "") -> None:
    """A new file system such as tmpfs or proc."""
    flags = _MS_NOSUID | (_MS_NODEV if kind != "tmpfs" else 0)
    made = _libc.mount(
        kind.encode(), os.fsencode(target), kind.encode(), flags, options.encode() or None
    )
    _check(made, f"mount {kind} on {target}")


def bind(source: Path, target: Path, *, read_only: bool) -> None:
    """Show `source`, with all that is mounted below it, at `target`."""
    made = _libc.mount(os.fsencode(source), os.fsencode(target), None, _MS_BIND | _MS_REC, None)
    _check(made, f"bind {source} to {target}")
    if read_only:
        attributes = _MountAttributes(_MOUNT_ATTR_RDONLY, 0, 0, 0)
        made = _libc.syscall(
            ctypes.c_long(_MOUNT_SETATTR),
            ctypes.c_int(_AT_FDCWD),
            ctypes.c_char_p(os.fsencode(target)),
            ctypes.c_uint(_AT_RECURSIVE),
            ctypes.byref(attributes),
            ctypes.c_size_t(ctypes.sizeof(attributes)),
        )
        _check(made, f"make {target} read-only")


def change_root(root: Path) -> None:
    """Make `root`, a mount point, the root of this mount namespace; nothing of the old is left."""
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"pivot_root on {platform.machine()} is not known here")
    os.chdir(root)
    # "." twice: the old root comes to lie upon the new one and is then let go; pivot_root(2).
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _MNT_DETACH), "umount the old root")
    os.chdir("/")
