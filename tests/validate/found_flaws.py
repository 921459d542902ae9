"""Runs checks on flaws, for the tests: `python -m tests.validate.found_flaws`.

Reads ``[[check, flaw], ...]`` from stdin; prints the outcome of each as a line of JSON, in that
order. Every check has a process of its own, as in a validation; that takes a parent with a single
thread, which pytest need not be.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from lab.profiles import load_profile
from lab.validate.outcome import Outcome
from lab.validate.registry import all_checks
from lab.validate.runner import run_checks
from lab.validate.worker import Order
from tests.support.flaws import find_flaw


def outcomes_of(rows: Sequence[tuple[str, str]], *, timeout_s: float = 240.0) -> list[Outcome]:
    """What comes of checks on flaws.

    Parameters
    ----------
    rows
        Check and flaw.
    timeout_s
        For all of them.

    Returns
    -------
    list of Outcome
        In the order of `rows`.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.validate.found_flaws"],
        input=json.dumps(rows),
        stdout=subprocess.PIPE,
        text=True,
        timeout=timeout_s,
        check=True,
    )
    return [Outcome.model_validate_json(line) for line in done.stdout.splitlines()]


def main() -> int:
    """Run what stdin asks for."""
    by_id = {check.id: check for check in all_checks()}
    for check, name in json.load(sys.stdin):
        flaw = find_flaw(name)
        order = Order(flaw.path, load_profile("macos-26"), environment=flaw.environment)
        (outcome,) = run_checks([by_id[check]], order, jobs=1)
        print(outcome.model_dump_json(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
