"""The process between a test and its guest: the guest does not outlive the test, whatever happens.

Runs on a bare interpreter, with one argument in JSON:

``command``, ``environment``
    The guest's program.
``memory``
    Folder for the guest's memory; see `lab.guest.confine`.
``pass_fds``
    Descriptors that it inherits.
``folder``
    The guest's short-lived folder; removed at the end.
``log``
    Where its console goes, below the folder.
``kept_log``
    Where the console's log is copied when it is to be kept; empty: nowhere.
``parent``
    Process id of whoever started this.

Stdin is a socket to that process. Towards it goes one JSON line, ``{"ended": <exit status>}``, when
the guest has ended. From it come ``keep`` or ``discard`` (with the log) at the end; an end of the
stream, or of the process, without a word means that it was killed: then the log is kept.

Three nets, each for the case that the one before was cut: this process ends the guest's process
group; a guard, forked from it, does the same when this process is killed; the kernel kills the
guest's main process with this one, and all of its namespace with that. Always the whole group, or
the whole namespace: what the main process held must not run without it.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.guest import confine

LOG_LIMIT_BYTES = 4 << 20
_PANIC = b"Kernel panic - not syncing"
_PANIC_S = 1.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_END_S = 5.0


class _Log:
    """The console's log: at most twice `LOG_LIMIT_BYTES`, the older half in ``.old``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb", buffering=0)
        self._size = 0

    def write(self, data: bytes) -> None:
        if self._size > LOG_LIMIT_BYTES:
            self._file.close()
            self._path.replace(self.old)
            self._file = self._path.open("wb", buffering=0)
            self._size = 0
        self._size += self._file.write(data)

    @property
    def old(self) -> Path:
        return self._path.with_suffix(".old")

    def keep(self, target: Path) -> None:
        parts = [path for path in (self.old, self._path) if path.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as kept:
            for part in parts:
                kept.write(part.read_bytes())


class Keeper:
    """Starts the guest, pumps its console, ends it.

    Parameters
    ----------
    plan
        The argument, parsed; see the module.
    control
        The socket to whoever started this.
    """

    def __init__(self, plan: dict[str, Any], control: socket.socket) -> None:
        self._plan = plan
        self._control = control
        self._folder = Path(plan["folder"])
        self._log = _Log(Path(plan["log"]))
        self._selector = selectors.DefaultSelector()
        self._word: bytes | None = None
        self._said = b""
        self._console_tail = b""
        self._panicked_s: float | None = None
        guard_fd = _fork_guard(self._folder, [control, *plan["pass_fds"]])
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        confine.enter_namespaces()

        def shut_in() -> None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            confine.shut_in(plan["folder"], plan["memory"])

        self._process = subprocess.Popen(
            plan["command"],
            env=plan["environment"],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=plan["pass_fds"],
            start_new_session=True,
            # Safe: this process has one thread.
            preexec_fn=shut_in,  # noqa: PLW1509
        )
        os.write(guard_fd, b"%d\n" % self._process.pid)
        self._guard_fd = guard_fd
        for fd in plan["pass_fds"]:
            os.close(fd)

    def run(self) -> None:
        """Until the guest is ended and whoever started it has said what becomes of the log."""
        assert self._process.stdout is not None
        self._watch(self._control.fileno(), self._hear)
        self._watch(self._process.stdout.fileno(), self._pump)
        self._watch(os.pidfd_open(self._process.pid), self._ended)
        with suppress(OSError):  # it may have gone already; then the socket says so
            self._watch(os.pidfd_open(self._plan["parent"]), self._parent_gone)
        while self._word is None:
            for key, _ in self._selector.select(self._patience_s()):
                if key.fileobj in self._selector.get_map():
                    key.data(key.fileobj)
            if self._patience_s() == 0.0:
                self._panicked_s = None
                end_group(self._process.pid)
        self._end_guest()
        kept = self._plan["kept_log"]
        if kept and self._word != b"discard":
            with suppress(OSError):
                self._log.keep(Path(kept))
        shutil.rmtree(self._folder, ignore_errors=True)
        os.write(self._guard_fd, b"done\n")

    def _watch(self, fd: int, handle: Callable[[int], None]) -> None:
        self._selector.register(fd, selectors.EVENT_READ, handle)

    def _hear(self, _fd: int) -> None:
        try:
            data = self._control.recv(256)
        except OSError:
            data = b""
        self._said += data
        if not data:
            self._word = b""
        elif b"\n" in self._said:
            self._word = self._said.partition(b"\n")[0]

    def _parent_gone(self, _fd: int) -> None:
        self._word = b""

    def _pump(self, fd: int) -> None:
        data = os.read(fd, 64 << 10)
        if not data:
            self._selector.unregister(fd)
            return
        self._log.write(data)
        seen = self._console_tail + data
        if _PANIC in seen and self._panicked_s is None:
            self._panicked_s = time.monotonic()
        self._console_tail = seen[-len(_PANIC) + 1 :] if _PANIC not in seen else b""

    def _patience_s(self) -> float | None:
        """How much longer a kernel that gave up may say why; None: it did not give up.

        It cannot end itself: the signal it would do it by does not reach the first process of a
        namespace.
        """
        if self._panicked_s is None:
            return None
        return max(0.0, self._panicked_s + _PANIC_S - time.monotonic())

    def _ended(self, fd: int) -> None:
        self._selector.unregister(fd)
        self._end_guest()
        line = json.dumps({"ended": self._process.returncode}).encode() + b"\n"
        with suppress(OSError):
            self._control.sendall(line)

    def _end_guest(self) -> None:
        """Kill what is left of the guest, adopt and reap it, read the rest of its console."""
        end_group(self._process.pid)
        self._process.wait()
        deadline_s = time.monotonic() + _END_S
        while time.monotonic() < deadline_s:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    if _only_guard_left():
                        break
                    end_group(self._process.pid)
                    time.sleep(0.005)
            except ChildProcessError:
                break
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        os.set_blocking(fd, False)
        with suppress(BlockingIOError):
            while data := os.read(fd, 64 << 10):
                self._log.write(data)


def end_group(group: int) -> None:
    """Kill a process group, if there is one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _only_guard_left() -> bool:
    """Whether the guard is our only child; the guest's were adopted when its main process died."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children")
    try:
        return len(children.read_text(encoding="ascii").split()) <= 1
    except OSError:  # a kernel that does not tell
        return True


def _fork_guard(folder: Path, not_for_it: list[Any]) -> int:
    """Fork the guard.

    Returns
    -------
    int
        It reads the guest's group from there, then ``done``, or an end that means we were killed.
    """
    read_fd, write_fd = os.pipe()
    if os.fork():
        os.close(read_fd)
        return write_fd
    os.close(write_fd)
    os.setsid()
    for held in not_for_it:
        os.close(held if isinstance(held, int) else held.detach())
    said = b""
    while data := os.read(read_fd, 256):
        said += data
    if b"done" not in said:
        with suppress(ValueError):
            end_group(int(said.partition(b"\n")[0]))
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main() -> int:
    """Run the keeper; see the module."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(0))
    # Nobody but us may hold the socket, or the other side would not see our end.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    plan = json.loads(sys.argv[1])
    try:
        keeper = Keeper(plan, control)
    except (OSError, subprocess.SubprocessError) as error:
        text = str(error)
        if isinstance(error, OSError):
            text = f"{error.strerror}: {error.filename or plan['command'][0]}"
        with suppress(OSError):
            control.sendall(json.dumps({"refused": text}).encode() + b"\n")
        shutil.rmtree(plan["folder"], ignore_errors=True)
        return 1
    keeper.run()
    return 0
