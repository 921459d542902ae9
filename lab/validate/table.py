"""What a validation looks like in a terminal: a line a check, and below it why."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.text import Text

from lab.report.console import Output
from lab.validate.check import Check
from lab.validate.outcome import Head, Outcome, Status, Summary

_STYLES = {
    Status.SUCCESS: "green",
    Status.WARNING: "yellow",
    Status.FAILED: "bold red",
    Status.CRASHED: "bold red",
    Status.TIMEOUT: "bold red",
    Status.SKIPPED: "dim",
    Status.ERROR: "bold magenta",
}
_BACKTRACE = 8


class Table:
    """Prints outcomes as they come.

    Parameters
    ----------
    checks
        All that are run: how wide the table is.
    only_failed
        What passes, or was skipped, is not told.
    """

    def __init__(self, checks: Sequence[type[Check]], *, only_failed: bool = False) -> None:
        self._by_id = {check.id: check for check in checks}
        self._width = max(len(check.id) for check in checks)
        self._only_failed = only_failed
        self._output = Output(highlight=False, markup=False, emoji=False, soft_wrap=True)

    def begin(self, head: Head) -> None:
        """Say what is validated."""
        self._output.print(
            f"{head.bundle}: {len(head.checks)} checks, strictness {head.strictness}, "
            f"{head.profile}, seed {head.seed}"
        )

    def add(self, outcome: Outcome) -> None:
        """One more."""
        if self._only_failed and outcome.status in {Status.SUCCESS, Status.SKIPPED}:
            return
        check = self._by_id[outcome.check]
        style = _STYLES[outcome.status]
        self._output.print(
            Text.assemble(
                f"{outcome.check:{self._width}}  ",
                (f"{outcome.status.value:8}", style),
                f" {check.sentence()}",
            )
        )
        for line in outcome.evidence:
            self._output.print(Text(f"    {line}", style=style))
        if outcome.ending is not None:
            for line in outcome.ending.backtrace[:_BACKTRACE]:
                self._output.print(Text(f"      {line}", style="dim"))
        if outcome.status.is_drivers_fault:
            self._output.print(Text(f"    {check.need.value}, says {check.source}", style="dim"))
        for line in outcome.notes:
            self._output.print(Text(f"    {line}", style="dim"))

    def end(self, summary: Summary) -> None:
        """Say what came of it."""
        counts = ", ".join(f"{count} {name}" for name, count in summary.counts.items())
        said = {0: "passed", 1: "not passed", 2: "not judged"}[summary.exit_code]
        style = {0: "green", 1: "bold red", 2: "bold magenta"}[summary.exit_code]
        self._output.print(Text.assemble((said, style), f": {counts}, in {summary.seconds:.1f} s"))


def show_checks(checks: Sequence[type[Check]]) -> None:
    """List checks by family."""
    output = Output(highlight=False, markup=False, emoji=False, soft_wrap=True)
    width = max((len(check.id) for check in checks), default=0)
    for family, members in groupby(checks, key=lambda check: check.family):
        output.print(Text(family, style="bold"))
        for check in members:
            output.print(
                f"  {check.id:{width}}  {check.strictness:2}  {check.need.value:11} "
                f"{check.sentence()}"
            )
