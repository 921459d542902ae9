"""Checks that do what no check should, run as a program: `python -m tests.validate.strange_checks`.

Prints an outcome a line, and for each the processes that were there while it ran.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from lab.profiles import load_profile
from lab.validate.check import Check, Need
from lab.validate.runner import run_checks
from lab.validate.subject import Subject
from lab.validate.worker import Order


class Strange(Check):
    """A base."""

    family = "robustness"
    strictness = 1
    need = Need.REQUIRED
    source = "nobody"


class Passes(Strange):
    """It passes, and has something to say."""

    id = "passes"

    def run(self, subject: Subject) -> None:
        """Look at a folder of its own."""
        self.expect(subject.folder.is_dir(), "no folder")
        self.note(subject.environment["NAME"])


class Fails(Strange):
    """It fails."""

    id = "fails"

    def run(self, subject: Subject) -> None:
        """Three complaints."""
        del subject
        self.expect_all(f"complaint {number}" for number in range(3))


class Recommends(Fails):
    """It fails, and is only recommended."""

    id = "recommends"
    need = Need.RECOMMENDED


class Warns(Strange):
    """It warns, and goes on."""

    id = "warns"

    def run(self, subject: Subject) -> None:
        """Twice."""
        del subject
        self.warn("one")
        self.warn("two")


class Skips(Strange):
    """It has nothing to check."""

    id = "skips"

    def run(self, subject: Subject) -> None:
        """Nothing found."""
        del subject
        self.some([], "inputs")


class HasABug(Strange):
    """It divides by nothing."""

    id = "has-a-bug"

    def run(self, subject: Subject) -> None:
        """As it says."""
        del subject
        _ = 1 / 0


class Dies(Strange):
    """It kills itself."""

    id = "dies"

    def run(self, subject: Subject) -> None:
        """Without a word."""
        del subject
        os.kill(os.getpid(), signal.SIGKILL)


class NeverEnds(Strange):
    """It starts a host, and never ends."""

    id = "never-ends"
    limit_s = 1.0

    def run(self, subject: Subject) -> None:
        """Leave word of the host's process, and sleep."""
        host = subject.host()
        Path(os.environ["PIDS"]).write_text(f"{os.getpid()} {host.pid} {host.daemon_pid}")
        time.sleep(1000)


ALL: list[type[Check]] = [Passes, Fails, Recommends, Warns, Skips, HasABug, Dies, NeverEnds]


def main() -> None:
    """Run them on the bundle that is named."""
    order = Order(
        Path(sys.argv[1]), load_profile("macos-26"), environment={"NAME": "{unique} {folder}"}
    )
    for outcome in run_checks(ALL, order, jobs=2):
        print(outcome.model_dump_json())


if __name__ == "__main__":
    main()
