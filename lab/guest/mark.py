"""The evidence that a process runs inside a guest which our launcher started.

Two things have to agree: an argument on the command line of the kernel that runs, which only
whoever booted it can write, and a file that the guest's agent wrote into memory of the guest from
what the launcher handed it. An environment variable would prove nothing: it is inherited and left
set. Standard library only.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

ARGUMENT = "hal_lab.guest"
KERNEL_COMMAND_LINE = Path("/proc/cmdline")
MARK_FILE = Path("/run/hal-lab-guest")
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Mark:
    """A guest's mark.

    Attributes
    ----------
    token
        32 hexadecimal digits, new for each guest.
    cids
        What its processes may dial.
    """

    token: str
    cids: tuple[int, ...]

    @property
    def argument(self) -> str:
        """For the kernel's command line."""
        return f"{ARGUMENT}={self.token}"

    @property
    def text(self) -> str:
        """For the file."""
        return f"{self.token}\n{' '.join(str(cid) for cid in self.cids)}\n"


def new_mark(cids: tuple[int, ...]) -> Mark:
    """A mark for a guest that is about to be started."""
    return Mark(secrets.token_hex(16), cids)


def read_mark(command_line: Path = KERNEL_COMMAND_LINE, mark_file: Path = MARK_FILE) -> Mark | None:
    """The mark of the guest that this process runs in.

    Parameters
    ----------
    command_line, mark_file
        Where the two halves are.

    Returns
    -------
    Mark or None
        None outside a guest of ours, and wherever the two halves do not agree.
    """
    try:
        words = command_line.read_text(encoding="ascii", errors="replace").split()
        status = os.lstat(mark_file)
        lines = mark_file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    tokens = [word.partition("=")[2] for word in words if word.startswith(f"{ARGUMENT}=")]
    if len(tokens) != 1 or not _TOKEN.fullmatch(tokens[0]):
        return None
    owned = status.st_uid == 0 and not status.st_mode & 0o022
    if not owned or len(lines) != 2 or lines[0] != tokens[0]:
        return None
    numbers = lines[1].split()
    if not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    return Mark(tokens[0], tuple(int(number) for number in numbers))
