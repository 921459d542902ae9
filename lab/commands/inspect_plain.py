"""``hal-lab inspect`` without a library for command lines or terminals; see `lab.cli`.

Both ways in, this one and `lab.commands.inspect`, end in `carry_out`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from lab.bundle.inspect import Inspection, inspect_bundle
from lab.bundle.report import as_json, as_markdown, grouped, lines_of
from lab.errors import LabError, as_lab_error
from lab.profiles import load_profiles
from lab.profiles.read import are_our_own

FailOn = Literal["refused", "unknown"]
Pieces = list[tuple[str, str]]
"""A line: text and what it is, a key of `_STYLES` or nothing."""

_STYLES = {
    "accepted": "green",
    "refused": "bold red",
    "unknown": "yellow",
    "warning": "cyan",
    "note": "dim",
    "because": "dim",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done.

    Parameters
    ----------
    bundle
        The .driver folder.
    profiles
        Names; empty for every macOS version.
    as_json
        Print it for a program.
    fail_on
        The mildest outcome that fails: ``refused``, or ``unknown`` for both.
    summary
        A file to which a table in Markdown is appended.
    """

    bundle: Path
    profiles: tuple[str, ...] = ()
    as_json: bool = False
    fail_on: FailOn = "unknown"
    summary: Path | None = None


def read_plain(words: Sequence[str]) -> Request | None:
    """Understand a command line that is plainly right.

    Parameters
    ----------
    words
        Behind ``inspect``.

    Returns
    -------
    Request or None
        None for everything else, help and mistakes among it.
    """
    valued: dict[str, list[str]] = {"--profile": [], "--fail-on": [], "--summary": []}
    bundles: list[str] = []
    json_is_asked = False
    rest = iter(words)
    for word in rest:
        name, sign, value = word.partition("=")
        if word == "--json":
            json_is_asked = True
        elif name in valued:
            value = value if sign else next(rest, "")
            if not value or value.startswith("-"):
                return None
            valued[name].append(value)
        elif not word or word.startswith("-"):
            return None
        else:
            bundles.append(word)
    fail_on, summary = valued["--fail-on"], valued["--summary"]
    if len(bundles) != 1 or len(fail_on) > 1 or len(summary) > 1:
        return None
    if any(one not in get_args(FailOn) for one in fail_on):
        return None
    return Request(
        Path(bundles[0]),
        tuple(valued["--profile"]),
        json_is_asked,
        "refused" if fail_on == ["refused"] else "unknown",
        Path(summary[0]) if summary else None,
    )


def run_plain(request: Request) -> int:
    """Carry it out as `lab.cli_app.run` does: errors become one line, and an exit code."""
    try:
        code = carry_out(request)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has gone: that is their right.
        from lab.report.console import throw_output_away

        throw_output_away()
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("hal-lab: stopped\n")
        return 130
    except OSError as error:
        return _tell(as_lab_error(error))
    except LabError as error:
        return _tell(error)
    return code


def _tell(error: LabError) -> int:
    sys.stderr.write(f"hal-lab: {error}\n")
    return error.exit_code


def carry_out(request: Request) -> int:
    """Inspect, print, append the summary.

    Returns
    -------
    int
        0, or 1 when a profile's outcome is one that fails.

    Raises
    ------
    LabError
        When there is no bundle, or no such profile.
    OSError
        When the summary cannot be written.
    """
    profiles = load_profiles(list(request.profiles) or None, check=not are_our_own())
    inspection = inspect_bundle(request.bundle, profiles)
    if request.summary is not None:
        with request.summary.open("a", encoding="utf-8") as file:
            file.write(as_markdown(inspection))
    if request.as_json:
        sys.stdout.write(as_json(inspection) + "\n")
    elif sys.stdout.isatty() or "FORCE_COLOR" in os.environ:
        _print_coloured(inspection)
    else:
        for line in _lines(inspection):
            sys.stdout.write("".join(text for text, _ in line) + "\n")
    bad = {"refused"} if request.fail_on == "refused" else {"refused", "unknown"}
    return int(any(verdict.outcome in bad for verdict in inspection.verdicts))


def _lines(inspection: Inspection) -> Iterator[Pieces]:
    """All that is printed."""
    for line in lines_of(inspection):
        yield [(line, "")]
    yield []
    for verdict in inspection.verdicts:
        yield [(f"{verdict.profile:12}", ""), (verdict.outcome, verdict.outcome)]
    for finding, names in grouped(inspection.findings):
        where = f" [{', '.join(names)}]" if names else ""
        severity = finding.severity.value
        yield []
        yield [(severity, severity), (f" {finding.id}{where}: {finding.sentence}", "")]
        if finding.because:
            yield [(f"    {finding.because}", "because")]
    yield []
    for sentence in inspection.not_judged:
        yield [(f"not judged: {sentence}", "")]


def _print_coloured(inspection: Inspection) -> None:
    from rich.text import Text

    from lab.report.console import Output

    output = Output(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in _lines(inspection):
        output.print(Text.assemble(*((text, _STYLES.get(kind, "")) for text, kind in line)))
