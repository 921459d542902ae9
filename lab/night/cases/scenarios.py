"""Scenarios for a night: pytest in a process of its own, its results taken over."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from lab.errors import LabError, MissingError
from lab.night.cases.base import Case, Place
from lab.night.cases.program import run_program
from lab.results import Result, read_result

LIMIT_S = 1_800.0
_NOTHING_COLLECTED = 5


@dataclass(frozen=True)
class ScenarioCase(Case):
    """Scenarios by pytest. Attributes as in `lab.night.matrix.Scenarios`."""

    select: str
    marks: str = "not slow"
    alone: bool = True

    @property
    def title(self) -> str:
        """The question."""
        from lab.report.terminal import question_and_case

        return question_and_case(f"{Path(self.select).name}::x")[0]

    @property
    def expected_s(self) -> float:
        """Nobody knows; most take so long."""
        return 15.0

    def perform(self, place: Place) -> list[Result]:
        """Ask it."""
        return perform_scenarios(self, place)


def perform_scenarios(case: ScenarioCase, place: Place) -> list[Result]:
    """Ask a question.

    Parameters
    ----------
    case
        Which.
    place
        For its log, of a run that failed.

    Returns
    -------
    list of Result
        Of all tests that have findings.

    Raises
    ------
    MissingError
        When it is not here.
    LabError
        When pytest could not ask it: the log is kept.
    """
    if not Path(case.select.partition("::")[0]).exists():
        raise MissingError(
            "no such scenario", where=case.select, do="run the night in a checkout of hal-lab"
        )
    told = place.file(".results.json")
    log = place.file(".log")
    line = [sys.executable, "-m", "pytest", "-q", case.select, "-m", case.marks]
    line += ["--hal-results", str(told), "-p", "no:cacheprovider", "-p", "no:benchmark"]
    if not entry_points(group="pytest11", name="hal-lab"):
        line += ["-p", "lab.pytest_plugin"]  # a checkout that is not installed
    code = run_program(line, place, log, limit_s=LIMIT_S)
    results = _taken(told) if told.is_file() else []
    told.unlink(missing_ok=True)
    if not results and code not in {0, _NOTHING_COLLECTED} and not place.stop():
        raise LabError(
            f"pytest ended with {code} and no results", where=str(log), do="read the log"
        )
    if code == 0:
        log.unlink(missing_ok=True)
    return [
        result.model_copy(
            update={"command": shlex.join(["pytest", _node(case.select, result.scenario)])}
        )
        for result in results
    ]


def _taken(told: Path) -> list[Result]:
    rows = json.loads(told.read_text(encoding="utf-8"))
    return [read_result(json.dumps(row), where=str(told)) for row in rows]


def _node(select: str, scenario: str) -> str:
    """A result names the file without its folder."""
    file, _, test = scenario.partition("::")
    chosen = Path(select.partition("::")[0])
    path = chosen if chosen.name == file else next(iter(chosen.rglob(file)), chosen)
    return f"{path}::{test}" if test else str(path)
