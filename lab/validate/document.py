"""The reference of the checks, made from them: docs/reference/checks.md."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from lab.validate.check import Check
from lab.validate.registry import all_checks

REFERENCE = Path("docs") / "reference" / "checks.md"

_HEAD = """\
# Checks: what `hal-lab validate` looks at

Made by `python -m lab.validate` from `lab/validate/checks/*.py`; a test fails when it is stale.
Change the docstrings, not this page.

A check is run from its *strictness* on: 1 is what any driver must do, 5 the default, 10 what hardly
anybody will notice. *required*: macOS, or programs that keep to its interface, do not work with a
driver that fails it. *recommended*, *optional*: a warning. Nothing here was tried on a Mac by this
project; the source says who asks for it.
"""

_TITLES = {
    "bundle": "Bundle and load",
    "objects": "The tree of objects",
    "settings": "Settings",
    "lifecycle": "Lifecycle",
    "time": "Time",
    "io": "IO",
    "real-time": "Real-time safety",
    "threads": "Threads",
    "robustness": "Robustness",
}


def reference() -> str:
    """The page as it should be: Markdown, the same for the same checks."""
    checks = all_checks()
    parts = [_HEAD, f"{len(checks)} checks.\n"]
    for family, members in groupby(checks, key=lambda check: check.family):
        parts.append(_section(_TITLES[family], list(members)))
    return "\n".join(parts)


def _section(title: str, members: list[type[Check]]) -> str:
    rows = [f"## {title}", "", "| check | strictness | | what a driver does | source |"]
    rows.append("|---|---|---|---|---|")
    rows += [
        f"| `{check.id}` | {check.strictness} | {check.need.value} | {_cell(check.sentence())} "
        f"| {_cell(check.source)} |"
        for check in members
    ]
    return "\n".join([*rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
