"""Which checks find which flaws of Flawed.driver: `python -m tests.validate.find_flaws`.

With patterns, of names or families. Runs every check on every flaw that matches, and prints the
flaw, the checks that do not pass, and how; a flaw that nothing finds is marked. For whoever writes
a check.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase

from lab.profiles import load_profile
from lab.validate.outcome import Status
from lab.validate.registry import all_checks
from lab.validate.runner import run_checks
from lab.validate.worker import Order
from tests.support.flaws import load_flaws

_QUIET = {Status.SUCCESS, Status.SKIPPED}


def main(patterns: list[str]) -> int:
    """Look; 1 when a flaw was not found."""
    lost = 0
    for flaw in load_flaws():
        wanted = [
            one for one in patterns or ["*"] if fnmatchcase(flaw.name, one) or one == flaw.family
        ]
        if not wanted:
            continue
        order = Order(flaw.path, load_profile("macos-26"), environment=flaw.environment)
        found = [
            f"{outcome.check}={outcome.status.value}"
            for outcome in run_checks(all_checks(), order, jobs=2)
            if outcome.status not in _QUIET
        ]
        lost += not found
        print(f"{flaw.family:11} {flaw.name:40} {' '.join(found) or '**not found**'}", flush=True)
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
