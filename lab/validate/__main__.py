"""``python -m lab.validate``: write docs/reference/checks.md from the checks."""

from __future__ import annotations

import sys
from pathlib import Path

from lab.validate.document import REFERENCE, reference


def main() -> int:
    """Write the page of the source tree that this package lies in; 1 when there is none."""
    page = Path(__file__).resolve().parents[2] / REFERENCE
    if not page.parent.is_dir():
        sys.stderr.write(f"validate: no source tree to write to: {page}; work in a clone\n")
        return 1
    page.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
