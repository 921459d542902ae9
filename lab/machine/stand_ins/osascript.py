"""``osascript``."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from lab.machine.description import read_description
from lab.machine.stand_ins.common import refuse, run, unknown

HELP = """
osascript -e 'do shell script "COMMAND" with administrator privileges'

Runs COMMAND by sh as root, when the machine's user says yes to the dialog and the caller may become
root here (only root may). When the user cancels, it fails as the real one does.

Not done: any other script, other languages, volumes, dialogs.
"""
_SCRIPT = re.compile(r'do shell script "((?:[^"\\]|\\.)*)" with administrator privileges')


def _serve(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] != "-e":
        unknown("osascript", arguments)
    found = _SCRIPT.fullmatch(arguments[1].strip())
    if found is None:
        refuse("osascript", "only: do shell script ... with administrator privileges")
    if read_description().administrator != "yes":
        sys.stderr.write("0:0: execution error: User canceled. (-128)\n")
        return 1
    if os.geteuid() != 0:
        refuse("osascript", "nobody but root may become root in this machine")
    command = re.sub(r"\\(.)", r"\1", found[1])
    # A shell is what the real one runs, with the caller's own text.
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip() or "The command exited with a non-zero status."
        sys.stderr.write(f"0:0: execution error: {said} ({done.returncode})\n")
        return 1
    sys.stdout.write(done.stdout.rstrip("\n") + "\n")
    return 0


if __name__ == "__main__":
    run("osascript", HELP, _serve)
