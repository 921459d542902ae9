"""``log``."""

from __future__ import annotations

import re
import sys
import time
from datetime import datetime

from lab.machine.coreaudiod import LOG
from lab.machine.stand_ins.common import refuse, run, unknown

HELP = """
log show --predicate 'process == "coreaudiod"' [--last NUMBERs|m|h] [--info] [--debug]
         [--style compact]

Prints what the machine's coreaudiod has logged about the drivers that it found.

Not done: stream, collect, config; other predicates (what drivers log themselves goes to
/private/var/log/coreaudiod.stderr.log); the real format.
"""
_UNITS = {"s": 1, "m": 60, "h": 3600}
_PREDICATE = 'process == "coreaudiod"'


def _serve(arguments: list[str]) -> int:
    if arguments[:1] != ["show"]:
        unknown("log", arguments)
    rest, predicate, seconds = arguments[1:], "", float("inf")
    while rest:
        match rest:
            case ["--predicate", predicate, *rest]:
                pass
            case ["--last", text, *rest] if found := re.fullmatch(r"(\d+)([smh])", text):
                seconds = int(found[1]) * _UNITS[found[2]]
            case ["--info" | "--debug", *rest] | ["--style", "compact", *rest]:
                pass
            case _:
                unknown("log", rest)
    if " ".join(predicate.split()) != _PREDICATE:
        refuse("log", f"only --predicate '{_PREDICATE}'")
    text = LOG.read_text(encoding="utf-8") if LOG.exists() else ""
    for line in text.splitlines():
        stamp = datetime.strptime(" ".join(line.split()[:2]), "%Y-%m-%d %H:%M:%S%z")
        if time.time() - stamp.timestamp() <= seconds:
            sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    run("log", HELP, _serve)
