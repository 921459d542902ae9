"""``python -m lab.doctor``: what this machine lacks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lab.doctor.checkup import examine
from lab.doctor.needs import PURPOSES


def make_parser() -> argparse.ArgumentParser:
    """What the doctor can be asked; the reference of the command line is made from it, too."""
    parser = argparse.ArgumentParser(
        prog="hal-lab doctor",
        description="Names what this machine lacks, with the line that installs it.",
    )
    parser.add_argument(
        "--install", action="store_true", help="install it, as root or by sudo without a password"
    )
    parser.add_argument(
        "--for",
        dest="purpose",
        choices=PURPOSES,
        metavar="SESSION",
        help=f"only what a session needs: {', '.join(PURPOSES)}",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing when all is there")
    parser.add_argument("--json", action="store_true", help="say it to a program")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the doctor.

    Parameters
    ----------
    arguments
        None for those of the process.

    Returns
    -------
    int
        Exit code: 0 when nothing required is missing, 3 when something is, 2 for a wrong command
        line.
    """
    chosen = make_parser().parse_args(arguments)
    return examine(
        chosen.purpose, with_install=chosen.install, quiet=chosen.quiet, as_json=chosen.json
    )


if __name__ == "__main__":
    sys.exit(main())
