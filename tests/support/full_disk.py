"""A disk of a test's own that is as large as it says: a tmpfs in a mount namespace of its own.

Nobody else sees it, and it goes with the last process that does: the namespace is held by a process
that ends when its standard input does, and so also when the test is killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

_HOLD = 'mount -t tmpfs -o "size=$1" none "$0" && echo mounted && exec cat'


class CannotMountError(Exception):
    """It is not allowed here, or the tools are not there."""


class SmallDisk:
    """A disk; leaving it lets it go.

    Parameters
    ----------
    folder
        Where it is; is made. Outside of the namespace it stays empty.
    size
        As for mount: ``"1m"``.

    Raises
    ------
    CannotMountError
        Why there is none.
    """

    def __init__(self, folder: Path, size: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._user = [] if os.geteuid() == 0 else ["--map-root-user"]
        line = ["unshare", *self._user, "--mount", "--propagation", "private"]
        for tool in ("unshare", "nsenter", "mount"):
            if shutil.which(tool) is None:
                raise CannotMountError(f"there is no {tool}")
        self._holder = subprocess.Popen(
            [*line, "sh", "-c", _HOLD, str(folder), size],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != b"mounted\n":
            _, said = self._holder.communicate()
            raise CannotMountError(said.decode(errors="replace").strip())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.communicate()

    @property
    def pid(self) -> int:
        """Of the process that holds the namespace."""
        return self._holder.pid

    @property
    def seen(self) -> Path:
        """The disk, as processes outside of the namespace reach it."""
        return Path(f"/proc/{self.pid}/root{self.folder}")

    @property
    def free_bytes(self) -> int:
        """So much room is left."""
        told = os.statvfs(self.seen)
        return told.f_bavail * told.f_frsize

    def inside(self, line: Sequence[str]) -> list[str]:
        """The line that runs a program where the disk is."""
        into = ["nsenter", f"--mount=/proc/{self.pid}/ns/mnt", f"--wd={Path.cwd()}"]
        if self._user:
            into += [f"--user=/proc/{self.pid}/ns/user", "--preserve-credentials"]
        return [*into, *line]

    def fill(self, *, leaving_bytes: int) -> Path:
        """Write a file that takes all room but so much; returns it, to be removed."""
        ballast = self.seen / "ballast"
        with ballast.open("wb") as file:
            file.truncate(0)
            left = self.free_bytes - leaving_bytes
            assert left >= 0
            file.write(bytes(left))
        return ballast
