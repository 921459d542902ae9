"""Starting the keeper and talking to it; see `lab.guest.keeper`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lab.errors import LabError
from lab.guest.launch import PACKAGE_ROOT
from lab.guest.run_folder import RunFolder

_CODE = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from lab.guest.keeper import main; sys.exit(main())"
)
_END_S = 15.0


class KeeperProcess:
    """The keeper of one guest, from the side of whoever started it.

    Parameters
    ----------
    command, environment
        The guest's program.
    memory
        Folder for the guest's memory.
    line_fd
        What it inherits.
    folder
        Of the guest.
    kept_log
        Where its log goes when it is kept.

    Attributes
    ----------
    control
        The socket to it; JSON lines come from there.

    Raises
    ------
    LabError
        When it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        memory: Path | None,
        line_fd: int,
        folder: RunFolder,
        kept_log: Path | None,
    ) -> None:
        self.control, theirs = socket.socketpair()
        plan = {
            "command": list(command),
            "environment": dict(environment),
            "memory": str(memory) if memory else "",
            "pass_fds": [line_fd],
            "folder": str(folder.path),
            "log": str(folder.log),
            "kept_log": str(kept_log.absolute()) if kept_log else "",
            "parent": os.getpid(),
        }
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _CODE, str(PACKAGE_ROOT), json.dumps(plan)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[line_fd, folder.lock_fd],
                start_new_session=True,
                cwd=folder.path,
            )
        except OSError as error:
            self.control.close()
            raise LabError(
                f"the guest's keeper cannot be started ({error.strerror})", where=sys.executable
            ) from error
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def end(self, *, keep_log: bool) -> None:
        """Let it kill what is left of the guest, and end; everything is gone afterwards.

        Parameters
        ----------
        keep_log
            Whether the log is copied to where it is to be kept.
        """
        with suppress(OSError):
            self.control.sendall(b"keep\n" if keep_log else b"discard\n")
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            # Its guard ends the guest then.
            self._process.kill()
            self._process.wait()
        self.control.close()
