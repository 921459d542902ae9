"""Doing something as another user."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable

NOBODY = 65_534


def as_nobody(work: Callable[[], int]) -> int:
    """Run `work` in a child that has become nobody; only root can.

    The child is forked, not started anew: nobody may not be allowed to read what Python has
    imported already.

    Returns
    -------
    int
        What `work` returned, negative for the signal that ended it, 98 for an exception.
    """
    with warnings.catch_warnings():
        # Other threads of this process hold no lock that the child needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 99
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            code = work()
        except BaseException as error:  # noqa: BLE001  (a child must not return into pytest)
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            code = 98
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
