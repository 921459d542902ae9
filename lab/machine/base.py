"""The one interface to a machine, whatever it is."""

from __future__ import annotations

import json
import shlex
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.closing import Closing
from lab.errors import LabError
from lab.machine.snapshot import WATCHED, Entry, parse_snapshot

Who = Literal["root", "user"]
STATE_FILE = "/private/var/run/coreaudiod.state.json"
"""What `lab.machine.state` reads."""
HAL = "/Library/Audio/Plug-Ins/HAL"
USER, USER_ID, STAFF_ID = "user", 501, 20
"""An ordinary user, numbered as the first one of a Mac."""


class MachineError(LabError):
    """The machine cannot be had, or did not do what it was asked."""


class CannotError(MachineError):
    """Not on this kind of machine, or not here; a test skips with the reason."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to.

    Parameters
    ----------
    code
        Exit status; 128 + n when signal n ended it.
    out, error
        What it printed.
    """

    code: int
    out: str
    error: str

    @property
    def lines(self) -> list[str]:
        """All lines, of `out` and then of `error`."""
        return [*self.out.splitlines(), *self.error.splitlines()]


class Machine(Closing):
    """A machine with a launchd, a coreaudiod and a HAL folder.

    Use it as a context manager: leaving it leaves nothing behind.

    Attributes
    ----------
    profile
        Name of the version of macOS that it plays.
    """

    profile: str

    # ---- what each kind does in its own way --------------------------------------------------

    @abstractmethod
    def run(
        self,
        command: Sequence[str],
        *,
        who: Who = "root",
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
        timeout_s: float = 60.0,
        folder: str = "/private/tmp",
    ) -> Done:
        """Run a command in the machine and wait for it.

        Parameters
        ----------
        command
            Program and arguments; no shell.
        who
            Whom it runs as.
        environment
            Added to the machine's own.
        given
            For its standard input.
        timeout_s
            After which it is killed.
        folder
            In which it runs.

        Raises
        ------
        MachineError
            When it took too long, or the machine is gone.
        CannotError
            When the machine has no such user.
        """

    @abstractmethod
    def put(self, source: Path, target: str) -> None:
        """Copy a file or a folder of ours into the machine, owned by its root.

        Parameters
        ----------
        source
            File or folder; symbolic links in it are copied as they are.
        target
            Path in the machine, where nothing is yet; its parent is made.
        """

    @abstractmethod
    def socket(self) -> Path:
        """Where coreaudiod-sim can be reached from outside."""

    @abstractmethod
    def close(self) -> None:
        """End it, leave nothing. May be called twice."""

    # ---- what follows from that --------------------------------------------------------------

    def must(self, command: Sequence[str], *, who: Who = "root", **options: float | str) -> Done:
        """Run a command that has to succeed.

        Raises
        ------
        MachineError
            With its last line, when it does not.
        """
        done = self.run(command, who=who, **options)  # type: ignore[arg-type]
        if done.code != 0:
            last = next((line for line in reversed(done.lines) if line.strip()), "nothing said")
            raise MachineError(f"exit status {done.code}: {last}", where=shlex.join(command))
        return done

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises
        ------
        MachineError
            When it cannot be read.
        """
        return self.must(["cat", "--", path]).out.encode("utf-8", "surrogateescape")

    def write(self, path: str, data: bytes) -> None:
        """Write a file as root; its parent is made.

        Raises
        ------
        MachineError
        """
        script = 'mkdir -p "$(dirname "$1")" && cat > "$1"'
        done = self.run(["sh", "-c", script, "sh", path], given=data)
        if done.code != 0:
            raise MachineError("cannot be written", where=path)

    def list_folder(self, path: str) -> list[str]:
        """Names in a folder, sorted; empty when there is no such folder."""
        return sorted(self.run(["ls", "-A", "--", path]).out.splitlines())

    def snapshot(self, paths: Sequence[str] = WATCHED) -> dict[str, Entry]:
        """Owner, mode and content of everything below some paths.

        Parameters
        ----------
        paths
            In the machine; those that are not there count as empty.
        """
        script = ["-m", "lab.machine.snapshot", *paths]
        return parse_snapshot(self.must([*self.python(), *script]).out)

    def python(self) -> list[str]:
        """The beginning of a command that runs a module of this package in the machine."""
        return ["/opt/hal-lab/bin/hal-lab-python"]

    def coreaudiod_pids(self) -> tuple[int, ...]:
        """Pids of coreaudiod in the machine, the guard's first."""
        return tuple(int(pid) for pid in self.run(["pgrep", "-x", "coreaudiod"]).out.split())

    def devices(self) -> list[str]:
        """Names of the devices that the living coreaudiod shows; empty without one."""
        done = self.run([*self.python(), "-m", "lab.machine.state"])
        return [str(device["name"]) for device in json.loads(done.out or "[]")]

    def wait_for_coreaudiod(self, *, after: int = 0, timeout_s: float = 30.0) -> int:
        """Wait until coreaudiod has loaded its drivers.

        Parameters
        ----------
        after
            Generations up to this one do not count: `generation` before something was done.
        timeout_s
            For that.

        Returns
        -------
        int
            Its generation, counted from 1.

        Raises
        ------
        MachineError
            When it takes too long; with the last line of its log.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            found = self._told_generation()
            if found > after:
                return found
            time.sleep(0.05)
        log = self.run(["tail", "-n", "1", "/private/var/log/coreaudiod.log"]).out.strip()
        raise MachineError(f"coreaudiod is not there after {timeout_s:g} s", where=log)

    def _told_generation(self) -> int:
        """As `generation`, but of a coreaudiod that may be gone: cheap to ask again and again."""
        told = self.run(["cat", STATE_FILE]).out
        return int(json.loads(told)["generation"]) if told else 0

    def generation(self) -> int:
        """How often coreaudiod has come up with its drivers loaded; 0 while it is not there."""
        done = self.run([*self.python(), "-m", "lab.machine.state", "generation"])
        return int(done.out.strip() or 0)

    def restart_audio(self) -> int:
        """Restart coreaudiod in the way that works on each version; its new generation."""
        before = self.generation()
        self.must(["killall", "-9", "coreaudiod"])
        return self.wait_for_coreaudiod(after=before)

    def ask_launchd(self, **request: object) -> dict[str, object]:
        """Send launchd a request that launchctl has no verb for (`lab.launchd.requests`)."""
        done = self.run([*self.python(), "-m", "lab.launchd.ask", json.dumps(request)])
        answer: dict[str, object] = json.loads(done.out)
        return answer
