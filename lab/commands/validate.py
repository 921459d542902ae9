"""``hal-lab validate``: the conformance ladder for any driver."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from lab import __version__
from lab.errors import LabError
from lab.results import bundle_sha256
from lab.validate.check import Check
from lab.validate.checks.bundle_loads import Loads
from lab.validate.jsonl import JsonLines
from lab.validate.junit import as_junit
from lab.validate.outcome import Head, Outcome, Summary, summary_of
from lab.validate.preflight import check_bundle
from lab.validate.registry import choose
from lab.validate.runner import run_ladder
from lab.validate.sarif import as_sarif
from lab.validate.settings import (
    DEFAULT_STRICTNESS,
    Settings,
    find_file,
    profile_of,
    read_file,
    together,
)
from lab.validate.table import Table
from lab.validate.worker import Order


def validate_command(
    bundle: Annotated[Path, typer.Argument(help="The .driver folder.", show_default=False)],
    strictness: Annotated[
        int | None,
        typer.Option(
            "--strictness",
            envvar="HAL_LAB_STRICTNESS",
            min=1,
            max=10,
            help="1: what any driver must do, to 10: what hardly anybody will notice.",
            show_default="5",
        ),
    ] = None,
    macos: Annotated[
        str | None,
        typer.Option(
            "--macos",
            envvar="HAL_LAB_MACOS",
            help="Which version to play: 12 to 26, or a profile such as seed-15.",
            show_default="the latest",
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            envvar="HAL_LAB_INCLUDE",
            help="Only checks of this family, or whose id matches this pattern, whatever their "
            "strictness; may be given several times.",
            show_default=False,
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            envvar="HAL_LAB_EXCLUDE",
            help="None of those.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            envvar="HAL_LAB_JOBS",
            min=1,
            max=64,
            help="Checks at the same time: for drivers whose processes do not disturb each other.",
            show_default="1",
        ),
    ] = None,
    patience: Annotated[
        float | None,
        typer.Option(
            "--patience",
            envvar="HAL_LAB_PATIENCE",
            help="Take all limits of time times this: for slow machines and sanitizers.",
            show_default="1",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            envvar="HAL_LAB_SEED",
            min=0,
            help="Of everything random: the same seed, the same calls.",
            show_default="0",
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", envvar="HAL_LAB_JSON", help="Write JSON Lines.", show_default=False),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit", envvar="HAL_LAB_JUNIT", help="Write JUnit XML.", show_default=False
        ),
    ] = None,
    sarif: Annotated[
        Path | None,
        typer.Option("--sarif", envvar="HAL_LAB_SARIF", help="Write SARIF.", show_default=False),
    ] = None,
    only_failed: Annotated[
        bool,
        typer.Option(
            "--only-failed", envvar="HAL_LAB_ONLY_FAILED", help="Tell only what is wrong."
        ),
    ] = False,
) -> None:
    """Check a driver against what macOS and programs expect of it.

    Each check runs in a process of its own, so that a driver that crashes or hangs costs one check.
    Settings also come from a hal-lab.toml in the bundle's folder or above it; `hal-lab checks`
    lists what is checked. Exit status 0: the driver passes (warnings are no failures); 1: it does
    not; 2: nothing can be said, for the machine or hal-lab is at fault.
    """
    try:
        given = Settings(
            strictness=strictness,
            macos=macos,
            include=include or [],
            exclude=exclude or [],
            jobs=jobs,
            patience=patience,
            seed=seed,
        )
        file = find_file(bundle)
        settings = together(given, read_file(file)) if file is not None else given
        summary = _validate(bundle, settings, json_file, junit, sarif, only_failed=only_failed)
    except LabError as error:
        error.exit_code = 2
        raise
    if summary.exit_code:
        raise typer.Exit(summary.exit_code)


def _validate(
    bundle: Path,
    settings: Settings,
    json_file: Path | None,
    junit: Path | None,
    sarif: Path | None,
    *,
    only_failed: bool,
) -> Summary:
    strictness = settings.strictness or DEFAULT_STRICTNESS
    chosen = choose(strictness, settings.include, settings.exclude)
    checks: list[type[Check]] = [Loads, *(check for check in chosen if check is not Loads)]
    profile = profile_of(settings.macos)
    check_bundle(bundle)
    seed = settings.seed or 0
    head = Head(
        lab_version=__version__,
        bundle=str(bundle),
        sha256=bundle_sha256(bundle),
        profile=profile.name,
        strictness=strictness,
        seed=seed,
        checks=tuple(check.id for check in checks),
    )
    order = Order(bundle.absolute(), profile, seed, dict(settings.environment))
    table = Table(checks, only_failed=only_failed)
    began = time.monotonic()
    with ExitStack() as stack:
        lines = stack.enter_context(JsonLines(json_file)) if json_file is not None else None

        def done(outcome: Outcome) -> None:
            table.add(outcome)
            if lines is not None:
                lines.add(outcome)

        table.begin(head)
        if lines is not None:
            lines.add(head)
        outcomes = run_ladder(
            checks, order, jobs=settings.jobs or 1, patience=settings.patience or 1.0, done=done
        )
        summary = summary_of(outcomes, time.monotonic() - began)
        if lines is not None:
            lines.add(summary)
    if junit is not None:
        junit.write_bytes(as_junit(head, outcomes, checks))
    if sarif is not None:
        sarif.write_bytes(as_sarif(head, outcomes, checks))
    table.end(summary)
    return summary
