"""``sw_vers``."""

from __future__ import annotations

import sys

from lab.machine.description import read_description
from lab.machine.stand_ins.common import refuse, run, unknown
from lab.profiles.read import load_profile

HELP = """
sw_vers -productName | -productVersion        (also with two dashes)

Says the version of the machine's profile.

Not done: the build number, which no profile has: -buildVersion, and sw_vers without arguments,
which would print one, are refused.
"""


def _serve(arguments: list[str]) -> int:
    match [argument.removeprefix("-") for argument in arguments]:
        case ["-productName" | "productName"]:
            sys.stdout.write("macOS\n")
        case ["-productVersion" | "productVersion"]:
            profile = load_profile(read_description().profile, check=False)
            sys.stdout.write(".".join(map(str, profile.macos)) + "\n")
        case ["-buildVersion" | "buildVersion"] | []:
            refuse("sw_vers", "the profile has no build number")
        case _:
            unknown("sw_vers", arguments)
    return 0


if __name__ == "__main__":
    run("sw_vers", HELP, _serve)
