"""``hal-lab inspect``: what each macOS version would make of a driver bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lab.bundle.inspect import Inspection, inspect_bundle
from lab.bundle.report import as_json, grouped, lines_of
from lab.profiles import load_profiles
from lab.profiles.read import are_our_own

_STYLES = {
    "accepted": "green",
    "refused": "bold red",
    "unknown": "yellow",
    "warning": "cyan",
    "note": "dim",
}


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
    as_json_: Annotated[bool, typer.Option("--json", help="Print it for a program.")] = False,
) -> None:
    """Say whether macOS 12 to 26 would load a driver, and why not; nothing of it is run.

    Looks at Info.plist, UUIDs, the executable (Mach-O, or the ELF file of a Linux build),
    libraries, signature, owner, modes and quarantine. "unknown" means that no source says what
    macOS does. Exit status 0: accepted by all that were asked; 1: not; 2: not a bundle.
    """
    profiles = load_profiles(profile or None, check=not are_our_own())
    inspection = inspect_bundle(bundle, profiles)
    if as_json_:
        typer.echo(as_json(inspection))
    else:
        _show(inspection)
    if not inspection.accepted:
        raise typer.Exit(1)


def _show(inspection: Inspection) -> None:
    from rich.text import Text

    from lab.report.console import Output

    output = Output(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in lines_of(inspection):
        output.print(line)
    output.print()
    for verdict in inspection.verdicts:
        style = _STYLES[verdict.outcome]
        output.print(Text.assemble(f"{verdict.profile:12}", (verdict.outcome, style)))
    for finding, names in grouped(inspection.findings):
        where = f" [{', '.join(names)}]" if names else ""
        style = _STYLES[finding.severity.value]
        output.print()
        output.print(
            Text.assemble(
                (finding.severity.value, style), f" {finding.id}{where}: {finding.sentence}"
            )
        )
        if finding.because:
            output.print(Text(f"    {finding.because}", style="dim"))
    output.print()
    for sentence in inspection.not_judged:
        output.print(f"not judged: {sentence}")
