"""What ends a session."""

from __future__ import annotations


class GuestFault(Exception):  # noqa: N818  (whose fault it is)
    """The guest, or its kernel's end of the socket, said something that cannot be true.

    Parameters
    ----------
    what
        One clause, without a final stop.
    """


class GuestLeft(Exception):  # noqa: N818
    """The guest closed its end: the ordinary end of a session."""
