"""Make the pictures of the README from a real run: python docs/make_pictures.py [-- command ...].

Needs the installed package (hal-lab on PATH). The picture is what the command really printed.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent / "pictures"
WIDTH = 100
# Looks like a terminal, but nothing moves.
ENVIRONMENT = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(WIDTH)}


def picture_of(command: list[str], title: str) -> str:
    """Run `command` and draw what it prints as SVG.

    Raises
    ------
    subprocess.CalledProcessError
        When it fails: there is no picture of a failure.
    """
    ended = subprocess.run(
        command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True
    )
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(ended.stdout.rstrip()))
    drawing = console.export_svg(title=title)
    # The reader's own fonts: a picture in a repository loads nothing from elsewhere.
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in drawing.splitlines())


def main() -> None:
    """Draw the main job."""
    command = sys.argv[1:]
    if command[:1] == ["--"]:
        command = command[1:]
    command = command or ["hal-lab", "play"]
    FOLDER.mkdir(exist_ok=True)
    target = FOLDER / "hal.svg"
    target.write_text(picture_of(command, shlex.join(command)), encoding="utf-8")
    print(f"wrote {target}", file=sys.stderr)


if __name__ == "__main__":
    main()
