"""Runs checks on flaws, as a program: `python -m tests.validate.found_flaws FLAW=CHECK...`.

Prints an outcome a line, in the order asked. A process of its own, because checks are forked from
one that has a single thread.
"""

from __future__ import annotations

import sys

from lab.profiles import load_profile
from lab.validate.registry import all_checks
from lab.validate.runner import run_checks
from lab.validate.worker import Order
from tests.support.flaws import find_flaw


def main(pairs: list[str]) -> None:
    """Run each."""
    by_id = {check.id: check for check in all_checks()}
    profile = load_profile("macos-26")
    for pair in pairs:
        name, _, check = pair.partition("=")
        flaw = find_flaw(name)
        order = Order(flaw.path, profile, environment=flaw.environment)
        [outcome] = run_checks([by_id[check]], order)
        print(outcome.model_dump_json(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
