"""``hal-lab checks``: all that ``hal-lab validate`` can look at."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lab.validate.registry import all_checks, choose
from lab.validate.table import show_checks


def checks_command(
    strictness: Annotated[
        int, typer.Option("--strictness", min=1, max=10, help="Those up to this one.")
    ] = 10,
    include: Annotated[
        list[str] | None, typer.Option("--include", help="As for validate.", show_default=False)
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="As for validate.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for a program.")] = False,
) -> None:
    """List the checks of `hal-lab validate`: id, strictness, need, and what a driver does."""
    asked = bool(include or exclude) or strictness < 10
    chosen = choose(strictness, include or (), exclude or ()) if asked else list(all_checks())
    if not as_json:
        show_checks(chosen)
        return
    told = [
        {
            "id": check.id,
            "family": check.family,
            "strictness": check.strictness,
            "need": check.need.value,
            "sentence": check.sentence(),
            "source": check.source,
        }
        for check in chosen
    ]
    typer.echo(json.dumps(told, indent=1))
