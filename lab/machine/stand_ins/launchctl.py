"""``launchctl``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lab.launchd.wire import SOCKET, LaunchdGoneError, ask
from lab.machine.stand_ins.common import run, unknown

HELP = """
launchctl bootstrap DOMAIN PATH...     launchctl bootout DOMAIN PATH | DOMAIN/LABEL
launchctl kickstart [-k] DOMAIN/LABEL
launchctl kill SIGNAL DOMAIN/LABEL     launchctl print DOMAIN[/LABEL]

Domains: system, loginwindow, gui/<uid>. Asks the machine's launchd, which refuses what the profile
of its macOS version refuses, in the same words.

Not done: load, unload, start, stop, list, enable, disable, asuser, limit and all others; names of
properties in what print says, beyond those that scripts look for.
"""


def _serve(arguments: list[str]) -> int:
    requests: list[dict[str, Any]]
    match arguments:
        case ["bootstrap", domain, *paths] if paths:
            requests = [
                {"verb": "bootstrap", "target": domain, "path": str(Path(path).absolute())}
                for path in paths
            ]
        case ["bootout", target]:
            requests = [{"verb": "bootout", "target": target}]
        case ["bootout", domain, path]:
            requests = [{"verb": "bootout", "target": f"{domain}/{_label_of(path)}"}]
        case ["kickstart", target] if not target.startswith("-"):
            requests = [{"verb": "kickstart", "target": target}]
        case ["kickstart", "-k", target]:
            requests = [{"verb": "kickstart", "target": target, "kill": True}]
        case ["kill", signal, target]:
            requests = [{"verb": "kill", "target": target, "signal": signal}]
        case ["print", target]:
            requests = [{"verb": "print", "target": target}]
        case _:
            unknown("launchctl", arguments)
    return max(_ask(request) for request in requests)


def _label_of(path: str) -> str:
    from lab.launchd.spec import SpecError, read_spec

    try:
        return read_spec(Path(path), check_owner=False).label
    except SpecError:
        return Path(path).stem


def _ask(request: dict[str, Any]) -> int:
    try:
        answer = ask(Path(SOCKET), request)
    except LaunchdGoneError as error:
        sys.stderr.write(f"launchctl: {error}\n")
        return 1
    for stream, key in ((sys.stdout, "out"), (sys.stderr, "error")):
        if answer[key]:
            stream.write(f"{answer[key]}\n")
    code: int = answer["code"]
    return code


if __name__ == "__main__":
    run("launchctl", HELP, _serve)
