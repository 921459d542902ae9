"""The short-lived folder of a guest, and sweeping up those that nobody removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from lab.errors import LabError

PREFIX = "hal-lab-guest-"
_LOCK = "lock"
_WITHOUT_LOCK_S = 3600.0
_LONGEST_SOCKET = "vsock/port-4294967295.sock"
_SOCKET_PATH_BYTES = 107


class RunFolder:
    """A folder of one guest. It lives as long as somebody holds its lock.

    Parameters
    ----------
    scratch
        Where to make it; None: where `tempfile` does.

    Attributes
    ----------
    path
        The folder; nobody but this user may look into it.
    lock_fd
        To be inherited by whoever removes it.

    Raises
    ------
    LabError
        When it cannot be made, or its path is too long for sockets.
    """

    def __init__(self, scratch: Path | None = None) -> None:
        try:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=scratch)).resolve()
        except OSError as error:
            raise LabError(
                f"no folder can be made for a guest ({error.strerror})",
                where=str(scratch or tempfile.gettempdir()),
                do="set TMPDIR to a folder that this user may write to",
            ) from error
        if len(str(self.path / _LONGEST_SOCKET).encode()) > _SOCKET_PATH_BYTES:
            self.path.rmdir()
            raise LabError(
                "the path of the temporary folder is too long for sockets",
                where=str(self.path.parent),
                do="set TMPDIR to a shorter one",
            )
        self.lock_fd = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self.lock_fd, fcntl.LOCK_EX)
        self.shared.mkdir()
        self.sockets.mkdir()

    @property
    def shared(self) -> Path:
        """What the guest may write to, at the same path."""
        return self.path / "shared"

    @property
    def sockets(self) -> Path:
        """Where the host's ends of vsock streams are."""
        return self.path / "vsock"

    @property
    def log(self) -> Path:
        """What the guest's console says."""
        return self.path / "serial.log"

    def release(self) -> None:
        """Let go of the lock: whoever inherited it removes the folder."""
        if self.lock_fd >= 0:
            os.close(self.lock_fd)
            self.lock_fd = -1

    def remove(self) -> None:
        """Remove the folder, when nobody else does."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def sweep(scratch: Path | None = None) -> list[Path]:
    """Remove folders whose guest and keepers were all killed.

    Parameters
    ----------
    scratch
        Where to look; None: where `tempfile` makes folders.

    Returns
    -------
    list of Path
        What has been removed.
    """
    removed = []
    for folder in Path(scratch or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid() or not _is_left(folder):
                continue
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed


def _is_left(folder: Path) -> bool:
    try:
        fd = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        # Just being made, or half removed.
        return time.time() - folder.stat().st_mtime > _WITHOUT_LOCK_S
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True
