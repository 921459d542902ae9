"""The command ``hal-lab``: where it begins.

`lab.cli_app` has the commands. It imports a library for command lines, which costs more than it
takes to inspect a bundle; so an ``inspect`` whose words are plain (`lab.commands.inspect_plain`) is
carried out without it. Whatever else is said, also a wrong ``inspect``, is for `lab.cli_app` to
understand.
"""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        None for those of the process.

    Returns
    -------
    int
        Exit code.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["inspect"]:
        from lab.commands.inspect_plain import read_plain, run_plain

        request = read_plain(given[1:])
        if request is not None:
            return run_plain(request)
    from lab.cli_app import run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
