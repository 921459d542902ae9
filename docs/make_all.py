"""Make all pages anew that are made from something: python docs/make_all.py [--check].

With `--check` nothing is written: says which are stale, exit status 1. What takes minutes to
measure is not measured anew, only laid out: that is for docs/make_calibration.py and
docs/make_statistics.py; pictures of real runs are for docs/make_pictures.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from docs import make_command_line, make_results  # noqa: E402
from lab.profiles import document as profiles  # noqa: E402
from lab.signals import calibration_table, lossy  # noqa: E402
from lab.validate import document as checks  # noqa: E402

DETECTORS = Path("docs") / "explanation" / "lossy-detectors.md"


@dataclass(frozen=True)
class Made:
    """A file of the documentation that is made from something.

    Attributes
    ----------
    path
        In the source tree.
    make
        Gives the text that it should have.
    by
        What a person types to make it alone.
    """

    path: Path
    make: Callable[[], str]
    by: str


def _detectors() -> str:
    """The page with the table of what was measured."""
    measured = json.loads(lossy.CALIBRATION.read_text(encoding="utf-8"))
    text = (ROOT / DETECTORS).read_text(encoding="utf-8")
    return calibration_table.with_table(text, measured)


ALL: tuple[Made, ...] = (
    Made(make_command_line.PAGE, make_command_line.page, "python docs/make_command_line.py"),
    Made(make_results.PAGE, make_results.page, "python docs/make_results.py"),
    Made(make_results.SCHEMA, make_results.schema, "python docs/make_results.py"),
    Made(checks.REFERENCE, checks.reference, "python -m lab.validate"),
    Made(profiles.REFERENCE, profiles.reference, "python -m lab.profiles"),
    Made(DETECTORS, _detectors, "python docs/make_calibration.py --table"),
)


def stale(made: Made, root: Path = ROOT) -> bool:
    """Whether a file is not there, or not what it should be."""
    path = root / made.path
    return not path.is_file() or path.read_text(encoding="utf-8") != made.make()


def main(arguments: list[str]) -> int:
    """Write what is stale, or say so; 1 when `--check` found something."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("make_all: only --check is known\n")
        return 2
    found = [made for made in ALL if stale(made)]
    for made in found:
        if arguments:
            sys.stderr.write(f"stale: {made.path}; {made.by}\n")
        else:
            (ROOT / made.path).write_text(made.make(), encoding="utf-8")
            sys.stderr.write(f"wrote {made.path}\n")
    sys.stderr.write(f"{len(ALL) - len(found)} of {len(ALL)} were as they should be\n")
    return 1 if arguments and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
