"""Checks on flaws, in a process that may fork: `python -m tests.validate.carry_out_flaws`.

Arguments are ``flaw:check``; without a flaw (``:check``) Flawed.driver is as it should be. Prints
the outcomes, a line of JSON each, in that order.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from lab.profiles import load_profile
from lab.validate.outcome import Outcome
from lab.validate.registry import choose
from lab.validate.runner import run_checks
from lab.validate.worker import Order
from tests.support.flaws import BUNDLE, find_flaw, load_flaws

Pair = tuple[str, str]
"""Name of a flaw, id of a check."""


def carry_out_flaws(pairs: Sequence[Pair], *, timeout_s: float = 300) -> dict[Pair, Outcome]:
    """Run each check on its flaw, in one new process for all of them.

    Parameters
    ----------
    pairs
        Which; the name of the flaw is empty for none.
    timeout_s
        For all of them.

    Returns
    -------
    dict of Outcome by pair
    """
    line = [sys.executable, "-m", "tests.validate.carry_out_flaws", *map(":".join, pairs)]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=timeout_s, check=True)
    made = [Outcome.model_validate_json(said) for said in done.stdout.splitlines()]
    return dict(zip(pairs, made, strict=True))


def main(arguments: Sequence[str]) -> int:
    """Carry them out; 0."""
    profile = load_profile("macos-26")
    for argument in arguments:
        name, _, check = argument.partition(":")
        flaw = find_flaw(name) if name else None
        path = flaw.path if flaw else next(one.path for one in load_flaws() if one.bundle == BUNDLE)
        order = Order(path, profile, environment=flaw.environment if flaw else {})
        for outcome in run_checks(choose(10, [check]), order):
            print(outcome.model_dump_json(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
