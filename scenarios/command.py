"""Running ``hal-lab`` as its users do, and looking at what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

_MARK = "HAL_LAB_SCENARIO"
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes
    ----------
    code
        Exit code.
    out, err
        What it said.
    left_processes
        Command lines of processes that it started and that still run.
    left_shm
        Its shared memory.
    """

    code: int
    out: str
    err: str
    left_processes: list[str]
    left_shm: list[str]

    def is_one_clear_line(self, *said: str) -> bool:
        """Whether stderr is a single line that says all of this, and nothing was left behind."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("hal-lab: "), self.err
        for part in said:
            assert part in lines[0], self.err
        self.assert_nothing_left()
        return True

    def assert_nothing_left(self) -> None:
        """No process, no shared memory."""
        assert self.left_processes == []
        assert self.left_shm == []


class Command:
    """A ``hal-lab`` that runs.

    Parameters
    ----------
    *arguments
        Of the command line.
    prefix
        A command to run it under.
    **environment
        Added to ours.
    """

    def __init__(
        self, *arguments: str | Path, prefix: tuple[str, ...] = (), **environment: str
    ) -> None:
        self._mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "lab.cli", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, **environment, _MARK: self._mark, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )

    def end(self, timeout_s: float = 60.0) -> Ended:
        """Wait for it."""
        out, err = self.process.communicate(timeout=timeout_s)
        return Ended(
            self.process.returncode,
            out,
            err,
            self.processes_left(),
            shared_memory_of(self.process.pid),
        )

    def processes_left(self, patience_s: float = 5.0) -> list[str]:
        """Processes that carry our mark in their environment, after some time to end."""
        deadline = time.monotonic() + patience_s
        while True:
            left = []
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit() and int(entry.name) != self.process.pid:
                    try:
                        if self._mark.encode() in (entry / "environ").read_bytes():
                            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                            left.append(line)
                    except OSError:
                        continue
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.02)


def hal_lab(
    *arguments: str | Path,
    prefix: tuple[str, ...] = (),
    timeout_s: float = 60.0,
    **environment: str,
) -> Ended:
    """Run ``hal-lab`` to its end."""
    return Command(*arguments, prefix=prefix, **environment).end(timeout_s)


def shared_memory_of(pid: int) -> list[str]:
    """Shared memory under names that a process made up (`lab.play.names.unique_shm_name`)."""
    return sorted(path.name for path in Path("/dev/shm").glob(f"hl{pid}.*"))
