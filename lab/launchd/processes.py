"""The part of launchd that forks, signals and reaps."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from lab.launchd.spec import JobSpec

SPAWN_FAILED = 127
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_FIRST_FD = 3
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


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
        self._pid = os.getpid()
        if self._libc is not None and not self._is_init:
            # Orphans come to us as they come to process 1.
            self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def place(self, path: str) -> str:
        """Where a path of the machine is for this process."""
        return str(self._root / path.lstrip("/")) if path.startswith("/") else path

    def spawn(self, spec: JobSpec, uid: int | None = None) -> int:
        """Start a job's program; the job's failures to start show as an exit with 127.

        Parameters
        ----------
        spec
            The job.
        uid
            Whose session it belongs to; None for nobody's. A launchd that is not root cannot
            become anybody else, and starts it as itself.

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
        # A signal that comes before the child is itself again must wait, not be taken by launchd's
        # handlers in the child's name.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
        pid = os.fork()
        if pid == 0:
            try:
                self._reset_signals(before)
                self._become(spec, environment, uid)
            except BaseException as error:  # noqa: BLE001  (a child must not return from here)
                os.write(2, f"launchd: {spec.label}: {error}\n".encode())
            finally:
                os._exit(SPAWN_FAILED)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return pid

    @staticmethod
    def _reset_signals(mask: Iterable[int]) -> None:
        signal.set_wakeup_fd(-1)
        for number in _FORWARDED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _become(self, spec: JobSpec, environment: dict[str, str], uid: int | None) -> None:
        os.setsid()
        if self._libc is not None and not self._is_init:
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != self._pid:
                os._exit(SPAWN_FAILED)  # launchd was gone before we could ask to go with it
        for fd, name in ((1, spec.stdout), (2, spec.stderr)):
            self._redirect(fd, name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._redirect(0, None, os.O_RDONLY)
        os.closerange(_FIRST_FD, 1024)
        os.chdir(self.place(spec.working_directory or "/"))
        if os.getuid() == 0 and (spec.user or uid):
            entry = pwd.getpwnam(spec.user) if spec.user else pwd.getpwuid(uid or 0)
            os.initgroups(entry.pw_name, entry.pw_gid)
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            environment.update(HOME=entry.pw_dir, USER=entry.pw_name)
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
