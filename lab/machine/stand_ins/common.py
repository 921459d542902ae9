"""What the stand-ins share: how they are called, and how they refuse."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

USAGE = 64
"""EX_USAGE of sysexits(3)."""


class Refused(SystemExit):
    """An argument that is not known, or an answer that nobody can give."""


def refuse(name: str, why: str) -> NoReturn:
    """Say so and end with 64."""
    sys.stderr.write(f"{name}: stand-in of hal-lab: {why} (see {name} --help)\n")
    raise Refused(USAGE)


def unknown(name: str, arguments: list[str]) -> NoReturn:
    """Refuse what is not known."""
    refuse(name, f"not known here: {' '.join(arguments) or 'no arguments'}")


def need_root(name: str) -> None:
    """End with 1 unless root calls."""
    if os.geteuid() != 0:
        sys.stderr.write(f"{name}: must be run as root\n")
        raise SystemExit(1)


def run(name: str, text: str, serve: Callable[[list[str]], int]) -> None:
    """Call a stand-in with its arguments.

    Parameters
    ----------
    name
        As it is called.
    text
        What ``--help`` prints.
    serve
        Takes the arguments, returns the exit status.
    """
    arguments = sys.argv[1:]
    if arguments == ["--help"]:
        sys.stdout.write(f"{name} - a stand-in of hal-lab\n\n{text.strip()}\n")
        sys.exit(0)
    try:
        sys.exit(serve(arguments))
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        sys.stderr.write(f"{name}: {error.filename or ''}: {error.strerror}\n")
        sys.exit(1)
