"""``csrutil``."""

from __future__ import annotations

import sys

from lab.machine.description import read_description
from lab.machine.stand_ins.common import run, unknown

HELP = """
csrutil status

Says whether System Integrity Protection is on, as the machine was described. It is a sentence only:
nothing is protected.

Not done: enable, disable, authenticated-root, report.
"""


def _serve(arguments: list[str]) -> int:
    if arguments != ["status"]:
        unknown("csrutil", arguments)
    state = "enabled" if read_description().system_integrity_protection else "disabled"
    sys.stdout.write(f"System Integrity Protection status: {state}.\n")
    return 0


if __name__ == "__main__":
    run("csrutil", HELP, _serve)
