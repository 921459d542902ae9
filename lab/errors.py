"""What can go wrong, as exceptions that carry one clear line each.

The line says what happened, where, and what to do. The command line prints it and exits with
``exit_code``; a traceback is for ``--debug`` only. Standard library only: the doctor uses it.
"""

from __future__ import annotations


class LabError(Exception):
    """An error that a user can act upon.

    Parameters
    ----------
    what
        What happened, in one clause, without a final stop.
    where
        The file, device, object or address it is about.
    do
        What the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        self.what = what
        self.where = where
        self.do = do
        super().__init__(one_line(what, where, do))


class UsageError(LabError):
    """What was asked for makes no sense; nothing has been started."""

    exit_code = 2


class MissingError(LabError):
    """Something that is needed is not there: a program, a library, a built driver."""

    exit_code = 3


class SignalError(LabError):
    """A test signal or an audio file cannot be used."""


class ShmError(LabError):
    """Shared memory is absent, truncated, or its header cannot be true."""


class TraceError(LabError):
    """A trace file is not one, or of a version that this reader does not know."""


def as_lab_error(error: OSError) -> LabError:
    """What the system refused, as one line.

    Parameters
    ----------
    error
        As it was raised.

    Returns
    -------
    LabError
        With `error` as its cause.
    """
    made = LabError(
        error.strerror or str(error) or type(error).__name__,
        where=str(error.filename or ""),
        do="check the path, its permissions, and the room on the disk" if error.filename else "",
    )
    made.__cause__ = error
    return made


def first_line(error: Exception) -> str:
    """What an exception of another library says, as far as it fits into a line.

    Parameters
    ----------
    error
        As it was raised.

    Returns
    -------
    str
        At most 200 characters; the name of its class when it says nothing.
    """
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__


def one_line(what: str, where: str = "", do: str = "") -> str:
    """Join the three parts into one line.

    Returns
    -------
    str
        ``"what: where; do"``, line breaks turned into spaces.
    """
    text = what if not where else f"{what}: {where}"
    if do:
        text = f"{text}; {do}"
    return " ".join(text.split())
