"""``hal-lab inspect``: what each macOS version would make of a driver bundle."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lab.commands.inspect_plain import Request, carry_out


class FailOnChoice(StrEnum):
    """The mildest outcome that fails."""

    REFUSED = "refused"
    UNKNOWN = "unknown"


def inspect_command(
    bundle: Annotated[Path, typer.Argument(help="The .driver folder.", show_default=False)],
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            help="Judge by this one, such as macos-26 or seed-15; may be given several times.",
            show_default="every macOS version",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for a program.")] = False,
    fail_on: Annotated[
        FailOnChoice, typer.Option(help="The mildest outcome of a profile that is exit status 1.")
    ] = FailOnChoice.UNKNOWN,
    summary: Annotated[
        Path | None,
        typer.Option(
            help="Append a table in Markdown to this file, such as $GITHUB_STEP_SUMMARY.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say whether macOS 12 to 26 would load a driver, and why not; nothing of it is run.

    Looks at Info.plist, UUIDs, the executable (Mach-O, or the ELF file of a Linux build),
    libraries, signature, owner, modes and quarantine. "unknown" means that no source says what
    macOS does. Exit status 0: accepted by all that were asked; 1: not; 2: not a bundle.
    """
    asked = Request(
        bundle,
        tuple(profile or ()),
        as_json,
        "refused" if fail_on is FailOnChoice.REFUSED else "unknown",
        summary,
    )
    if carry_out(asked):
        raise typer.Exit(1)
