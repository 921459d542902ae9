"""The part of launchd that forks, signals and reaps."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path

from lab.launchd.spec import JobSpec

SPAWN_FAILED = 127
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_FIRST_FD = 3


class Processes:
    """Starts programs of jobs, and inherits whatever their children leave behind.

    Parameters
    ----------
    root
        What the paths of jobs are below; ``/`` when launchd lives in the machine itself.
    environment
        Of each job, before its own ``EnvironmentVariables``.
    """

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self._root = root
        self._environment = environment
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._is_init = os.getpid() == 1
        if self._libc is not None and not self._is_init:
            # Orphans come to us as they come to process 1.
            self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def place(self, path: str) -> str:
        """Where a path of the machine is for this process."""
        return str(self._root / path.lstrip("/")) if path.startswith("/") else path

    def spawn(self, spec: JobSpec) -> int:
        """Start a job's program; the job's failures to start show as an exit with 127.

        Returns
        -------
        int
            Its pid.

        Raises
        ------
        OSError
            When the system has no process to give.
        """
        environment = {**self._environment, **spec.environment}
        pid = os.fork()
        if pid == 0:
            try:
                self._become(spec, environment)
            except BaseException as error:  # noqa: BLE001  (a child must not return from here)
                os.write(2, f"launchd: {spec.label}: {error}\n".encode())
            finally:
                os._exit(SPAWN_FAILED)
        return pid

    def _become(self, spec: JobSpec, environment: dict[str, str]) -> None:
        os.setsid()
        if self._libc is not None and not self._is_init:
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for fd, name in ((1, spec.stdout), (2, spec.stderr)):
            self._redirect(fd, name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._redirect(0, None, os.O_RDONLY)
        os.closerange(_FIRST_FD, 1024)
        os.chdir(self.place(spec.working_directory or "/"))
        if spec.user and os.getuid() == 0:
            entry = pwd.getpwnam(spec.user)
            os.initgroups(spec.user, entry.pw_gid)
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
        program = spec.arguments[0]
        here = self.place(program)
        chosen = here if Path(here).exists() else program
        os.execvpe(chosen, list(spec.arguments), environment)  # noqa: S606  (no shell: on purpose)

    def _redirect(self, fd: int, name: str | None, flags: int) -> None:
        opened = os.open(self.place(name) if name else os.devnull, flags, 0o644)
        os.dup2(opened, fd)

    def signal(self, pid: int, number: int) -> None:
        """Send a signal; a process that has just ended is no error."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def reap(self) -> list[tuple[int, int]]:
        """Take leave of all that have ended.

        Returns
        -------
        list of (int, int)
            Pid and wait status.
        """
        found: list[tuple[int, int]] = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if pid == 0:
                return found
            found.append((pid, status))
