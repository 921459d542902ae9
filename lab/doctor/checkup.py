"""Going through the needs, and saying what was found."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from lab.doctor import install
from lab.doctor.detect import Finding
from lab.doctor.needs import NEEDS, Need, Weight

_COLOURS = {"ok": "32", "missing": "31", "absent": "33"}


@dataclass(frozen=True)
class Check:
    """A need and what was found."""

    need: Need
    finding: Finding

    @property
    def is_blocking(self) -> bool:
        """Missing and required."""
        return not self.finding.ok and self.need.weight is Weight.REQUIRED

    @property
    def word(self) -> str:
        """``ok``, ``missing`` (required) or ``absent`` (something is skipped)."""
        if self.finding.ok:
            return "ok"
        return "missing" if self.is_blocking else "absent"


def check_up(purpose: str | None, needs: Iterable[Need] = NEEDS) -> list[Check]:
    """Look for everything that matters for a purpose.

    Parameters
    ----------
    purpose
        A session's name; None for everything.
    needs
        The table.

    Returns
    -------
    list of Check
    """
    return [Check(need, need.detect()) for need in needs if need.applies(purpose)]


def examine(
    purpose: str | None,
    *,
    with_install: bool,
    quiet: bool,
    as_json: bool,
    needs: Iterable[Need] = NEEDS,
) -> int:
    """Check, install if told to, and say what there is.

    Parameters
    ----------
    purpose
        A session's name; None for everything.
    with_install
        Install what is missing and can be installed.
    quiet
        Say nothing when nothing required is missing.
    as_json
        Say it to a program.
    needs
        The table.

    Returns
    -------
    int
        Exit code: 0 when nothing required is missing, else 3.
    """
    checks = check_up(purpose, needs)
    if with_install:
        checks = _install_missing(checks, purpose, needs)
    blocking = [check for check in checks if check.is_blocking]
    if as_json:
        sys.stdout.write(to_json(checks) + "\n")
    elif blocking or not (quiet or with_install):
        sys.stdout.write(to_text(checks, colour=sys.stdout.isatty()) + "\n")
    elif not quiet:
        sys.stdout.write(summary(checks, purpose) + "\n")
    return 3 if blocking else 0


def summary(checks: list[Check], purpose: str | None) -> str:
    """One line for when nothing required is missing."""
    absent = [check.need.id for check in checks if not check.finding.ok]
    line = f"doctor: all that is required{f' for {purpose}' if purpose else ''} is there"
    return f"{line}; without {', '.join(absent)}" if absent else line


def to_json(checks: list[Check]) -> str:
    """All that was found, as JSON."""
    return json.dumps(
        [
            {
                "id": check.need.id,
                "ok": check.finding.ok,
                "weight": check.need.weight.value,
                "detail": check.finding.detail,
                "why": check.need.why,
                "debian": list(check.need.debian),
                "brew": list(check.need.brew),
            }
            for check in checks
        ],
        indent=2,
    )


def to_text(checks: list[Check], *, colour: bool) -> str:
    """All that was found, for people, with the line that installs what is missing."""
    width = max((len(check.need.id) for check in checks), default=0)
    lines = []
    for check in checks:
        word = f"{check.word:8}"
        if colour:
            word = f"\033[{_COLOURS[check.word]}m{word}\033[0m"
        lines.append(f"{word} {check.need.id:{width}}  {check.finding.detail}")
        if not check.finding.ok:
            lines.append(f"{'':8} {'':{width}}  for: {check.need.why}")
            if check.need.otherwise and not install.packages([check.need]):
                lines.append(f"{'':8} {'':{width}}  do:  {check.need.otherwise}")
    for title, chosen in (
        ("install what is missing", [c.need for c in checks if c.is_blocking]),
        ("install the rest as well", [c.need for c in checks if c.word == "absent"]),
    ):
        command = install.line(install.packages(chosen))
        if command:
            lines.append(f"{title}:\n    {command}")
    return "\n".join(lines)


def _install_missing(
    checks: list[Check], purpose: str | None, needs: Iterable[Need]
) -> list[Check]:
    missing = [check.need for check in checks if not check.finding.ok]
    required = [need for need in missing if need.weight is Weight.REQUIRED]
    wanted = [need for need in missing if need.weight is not Weight.OPTIONAL]
    names = install.packages(wanted)
    if not names:
        return checks
    if not install.may_install():
        sys.stderr.write("doctor: cannot install anything as this user (no root, no sudo)\n")
        return checks
    sys.stderr.write(f"doctor: installing {' '.join(names)}\n")
    only_required = install.packages(required)
    if not install.install(names) and only_required and only_required != names:
        # One package that a release does not have must not keep the others away.
        install.install(only_required)
    return check_up(purpose, needs)
