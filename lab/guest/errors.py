"""What can go wrong with a guest, one clear line each."""

from __future__ import annotations

from lab.errors import LabError, MissingError


class GuestMissing(MissingError):  # noqa: N818  (as MissingError's others: what is the case)
    """Nothing here can start such a guest; nothing has been started."""


class GuestError(LabError):
    """A guest could not do what it was asked to."""


class BootTimeout(GuestError):  # noqa: N818
    """The guest was not ready in time; it is ended."""


class GuestDied(GuestError):  # noqa: N818
    """The guest has ended although nobody asked it to."""


class GuestPanicked(GuestDied):
    """The guest's kernel gave up."""


class GuestSilent(GuestError):  # noqa: N818
    """The guest runs, and does not answer."""


class CommandRefused(GuestError):  # noqa: N818
    """A command could not be started, or a file not be copied; the guest is well."""


class CommandTimeout(GuestError):  # noqa: N818
    """A command took too long; it is ended, the guest is well.

    Attributes
    ----------
    stdout, stderr
        What it had said until then.
    """

    def __init__(self, what: str, *, where: str, do: str, stdout: bytes, stderr: bytes) -> None:
        self.stdout = stdout
        self.stderr = stderr
        super().__init__(what, where=where, do=do)


class DialRefused(LabError):  # noqa: N818
    """An AF_VSOCK address that may not be dialled from here; no socket was touched."""

    exit_code = 2
