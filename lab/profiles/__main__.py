"""``python -m lab.profiles``: check the data, and write docs/reference/profiles.md from it."""

from __future__ import annotations

import sys
from pathlib import Path

from lab.errors import LabError
from lab.profiles.document import REFERENCE, reference


def main() -> int:
    """Write the page of the source tree that this package lies in.

    Returns
    -------
    int
        Exit status: 1 when the data is wrong, or when there is no source tree.
    """
    page = Path(__file__).resolve().parents[2] / REFERENCE
    if not page.parent.is_dir():
        sys.stderr.write(f"profiles: no source tree to write to: {page}; work in a clone\n")
        return 1
    try:
        page.write_text(reference(), encoding="utf-8")
    except LabError as error:
        sys.stderr.write(f"profiles: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
