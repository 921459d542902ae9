"""Files between a guest and its host, by way of the shared folder.

Guests may remember what they have seen of the host's files, names that were not there included. So
each file passes under a name that has never been used.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.guest.errors import CommandRefused
from lab.guest.frames import Frame, Kind, with_json

if TYPE_CHECKING:
    from lab.guest.guest import Guest

COPY_LIMIT_S = 60.0


class FileTransfer:
    """Copies into and out of one guest.

    Parameters
    ----------
    guest
        That guest.

    Attributes
    ----------
    answers
        What the agent has answered, by the number of the request.
    """

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self.answers: dict[int, Frame] = {}

    def put(self, source: Path, target: Path, limit_s: float) -> None:
        """Copy a file or folder of the host into the guest.

        Raises
        ------
        LabError
            When the host's cannot be read, or the guest's not be written (`CommandRefused`).
        """
        number, passing = self._passing()
        try:
            _copy(source, passing)
            self._ask(number, passing, target, limit_s)
        finally:
            _remove(passing)

    def take(self, source: Path, target: Path, limit_s: float) -> None:
        """Copy a file or folder of the guest to the host.

        Raises
        ------
        LabError
            When the guest's cannot be read (`CommandRefused`), or the host's not be written.
        """
        number, passing = self._passing()
        try:
            self._ask(number, source, passing, limit_s)
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(passing, target)
        finally:
            _remove(passing)

    def _passing(self) -> tuple[int, Path]:
        number = self._guest.next_number()
        return number, self._guest.shared / f".passing-{number}"

    def _ask(self, number: int, source: Path, target: Path, limit_s: float) -> None:
        self._guest.send(with_json(Kind.COPY, number, source=str(source), target=str(target)))
        self._guest.wait_for(
            lambda: number in self.answers,
            limit_s,
            f"the guest does not copy {source} to {target}",
        )
        answer = self.answers.pop(number)
        if answer.kind is Kind.REFUSED:
            said = answer.json()
            raise CommandRefused(
                f"the guest cannot copy {source} to {target} ({said['what']})",
                where=said["where"],
                do="its own folders are /tmp, /run, /var/tmp, /dev/shm, and the shared one",
            )


def _copy(source: Path, target: Path) -> None:
    try:
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    except shutil.Error as error:
        raise LabError("a folder cannot be copied", where=str(source)) from error
    except OSError as error:
        raise LabError(
            f"a file cannot be copied ({error.strerror})",
            where=str(error.filename or source),
            do="check the path and its permissions",
        ) from error


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
