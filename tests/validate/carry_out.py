"""Checks on drivers, in a process that may fork: `python -m tests.validate.carry_out`.

Every check has a process of its own, as in a validation; that takes a parent with a single thread,
which pytest need not be. One such parent serves many tests: a line of JSON on stdin says what to
run, a line on stdout what came of it, until stdin ends.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lab.host.locate import find_driver
from lab.profiles import load_profile
from lab.validate.outcome import Outcome
from lab.validate.registry import choose
from lab.validate.runner import run_checks
from lab.validate.worker import Order
from tests.support.flaws import find_flaw

NAMES_OF_THEIR_OWN = {"GECKO_SHM_NAME": "/{unique}", "BUNGHOLE_UNIX": "{folder}"}
"""So that drivers in several processes do not disturb each other."""
_OUTCOMES = TypeAdapter(tuple[Outcome, ...])
_PATIENCE = 4
"""Machines on which tests run are busy."""


class Request(BaseModel):
    """What is to be run.

    Attributes
    ----------
    checks
        Patterns of ids, or families.
    flaw
        To be found.
    driver
        When there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    checks: tuple[str, ...]
    flaw: str = ""
    driver: str = ""


class Bench:
    """The process, which starts at once and ends with the block."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.validate.carry_out"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._process:  # closes its stdin, and waits
            pass

    def run(self, request: Request) -> tuple[Outcome, ...]:
        """What comes of it, in the order of `lab.validate.registry.all_checks`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(request.model_dump_json() + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that carries checks out has ended"
        return _OUTCOMES.validate_json(answer)

    def find(self, flaw: str, check: str) -> Outcome:
        """What comes of a check on a flaw."""
        (outcome,) = self.run(Request(checks=(check,), flaw=flaw))
        return outcome


def _carry_out(request: Request) -> Sequence[Outcome]:
    profile = load_profile("macos-26")
    if request.flaw:
        flaw = find_flaw(request.flaw)
        order = Order(flaw.path, profile, environment=flaw.environment)
    else:
        order = Order(find_driver(request.driver), profile, environment=NAMES_OF_THEIR_OWN)
    return run_checks(choose(10, request.checks), order, patience=_PATIENCE)


def main() -> int:
    """Carry out what is asked for; 0."""
    for line in sys.stdin:
        made = _carry_out(Request.model_validate_json(line))
        sys.stdout.buffer.write(_OUTCOMES.dump_json(tuple(made)) + b"\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
