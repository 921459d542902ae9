"""Shutting a guest's program in, before it is started. Standard library only.

User-mode Linux runs the guest's processes as processes of the host and keeps hold of them as their
tracer. When it is killed alone, they are let go, and go on running the guest's code **on the
host**, with the rights of the user, until somebody ends them. So nothing of a guest runs without:

- a process namespace whose first process is the guest's kernel: when that ends, however it ends,
  the host's kernel ends all others at once; ``kill(-1)`` and ``reboot()`` reach no further;
- a mount namespace in which everything is read only but the guest's own folders;
- a filter that kills whatever makes an AF_VSOCK socket, mounts or reboots. The guest's kernel never
  does; processes that it holds never get to the filter.

A user without rights gets them by a user namespace. Where that is forbidden no guest is started.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path

_CLONE_NEWNS = 0x0002_0000
_CLONE_NEWUSER = 0x1000_0000
_CLONE_NEWPID = 0x2000_0000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x4_0000
_MOUNT_SETATTR = 442
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_X86_64 = 0xC000_003E
_SOCKET, _REBOOT, _MOUNT, _UMOUNT2 = 41, 169, 165, 166
_AF_VSOCK = 40
_ALLOW, _KILL = 0x7FFF_0000, 0x8000_0000
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_PROBE_S = 20.0
_libc = ctypes.CDLL(None, use_errno=True)


def enter_namespaces() -> None:
    """Let the next child be the first process of a process namespace of its own.

    Raises
    ------
    OSError
        Where that is not permitted.
    """
    if os.geteuid() == 0 and _libc.unshare(_CLONE_NEWPID) == 0:
        return
    user, group = os.geteuid(), os.getegid()
    _check(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWPID), "unshare")
    own = Path("/proc/self")
    (own / "setgroups").write_text("deny", encoding="ascii")
    (own / "uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    (own / "gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def shut_in(folder: str, memory: str) -> None:
    """Give this process, that first child, a file system it cannot write, and the filter.

    Parameters
    ----------
    folder
        What it may write.
    memory
        A folder in there that is to be memory of its own, in which files may be executed; empty:
        none.

    Raises
    ------
    OSError
    """
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _check(_libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None), "/")
    own = folder.encode()
    _check(_libc.mount(own, own, None, ctypes.c_ulong(_MS_BIND), None), folder)
    if memory:
        kind = b"tmpfs"
        _check(_libc.mount(kind, memory.encode(), kind, ctypes.c_ulong(0), None), memory)
    _set_read_only("/", on=True, recursive=True)
    for path in filter(None, (folder, memory)):
        _set_read_only(path, on=False, recursive=False)
    _filter()


@cache
def why_not() -> str:
    """Why guests cannot be shut in here; empty when they can. Tried in a process of its own."""
    if platform.machine() != "x86_64":
        return f"no filter is known for {platform.machine()}"
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})\n"
        "import os, lab.guest.confine as confine\n"
        "confine.enter_namespaces()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try: confine.shut_in('/proc', '')\n"
        "    except OSError as error: print(error.strerror, flush=True); os._exit(1)\n"
        "    os._exit(0)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PROBE_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"namespaces cannot be tried ({error})"
    if done.returncode == 0:
        return ""
    said = (done.stdout + done.stderr).strip().splitlines()
    return f"namespaces are not permitted ({said[-1] if said else done.returncode})"


def _set_read_only(path: str, *, on: bool, recursive: bool) -> None:
    flag = _MOUNT_ATTR_RDONLY
    attributes = struct.pack("<QQQQ", flag if on else 0, 0 if on else flag, 0, 0)
    _check(
        _libc.syscall(
            ctypes.c_long(_MOUNT_SETATTR),
            ctypes.c_int(_AT_FDCWD),
            path.encode(),
            ctypes.c_uint(_AT_RECURSIVE if recursive else 0),
            attributes,
            ctypes.c_size_t(len(attributes)),
        ),
        path,
    )


def _filter() -> None:
    # (code, jump if true, jump if false, value); jumps count what is left out.
    rules = [
        (_LOAD, 0, 0, 4),  # architecture
        (_EQUAL, 0, 7, _X86_64),
        (_LOAD, 0, 0, 0),  # number
        (_EQUAL, 5, 0, _REBOOT),
        (_EQUAL, 4, 0, _MOUNT),
        (_EQUAL, 3, 0, _UMOUNT2),
        (_EQUAL, 0, 3, _SOCKET),
        (_LOAD, 0, 0, 16),  # its first argument
        (_EQUAL, 0, 1, _AF_VSOCK),
        (_RETURN, 0, 0, _KILL),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *rule) for rule in rules))
    header = struct.pack("<H6xQ", len(rules), ctypes.addressof(program))
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _check(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0), "seccomp")


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
