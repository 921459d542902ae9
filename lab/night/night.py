"""A whole night: run, judge, confirm, keep, tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.history.history import History
from lab.history.store import SWEEP
from lab.history.told import keep_told
from lab.night.assemble import assemble, coverage_of
from lab.night.cases.base import Case, Place
from lab.night.judge import Suspect, confirmed_changes, judge_night, with_company
from lab.night.record import Change, Night
from lab.night.run import Run, Watcher, run_cases, run_name
from lab.night.sweeps import newest_sweeps
from lab.night.write import write_night
from lab.results import Result


@dataclass(frozen=True)
class NightPlan:
    """What a night is made of.

    Attributes
    ----------
    night
        Its name.
    cases
        What is run.
    folder
        Is there already.
    history
        Folder or URL.
    jobs
        Runs at a time.
    matrix, command
        For the record.
    """

    night: str
    cases: Sequence[Case]
    folder: Path
    history: str
    jobs: int = 1
    matrix: str = ""
    command: str = ""


def make_night(plan: NightPlan, *, stop: Callable[[], bool], watcher: Watcher) -> Night:
    """Make a night, and write all of its views.

    Parameters
    ----------
    plan
        What is asked for.
    stop
        True ends it in good order: what was run is a night.
    watcher
        Is told how it goes on.

    Returns
    -------
    Night

    Raises
    ------
    LabError
        When nothing can be kept: its folder or the history cannot be written.
    """
    run = run_cases(plan.cases, plan.folder, jobs=plan.jobs, stop=stop, watcher=watcher)
    with History(plan.history) as history:
        before = nights_before(history, plan.night)
        judged = judge_night(history, plan.night, run.results)
        again = _again(plan, run, judged.suspects, stop, watcher)
        confirmed = confirmed_changes(judged.suspects, again)
        new = with_company(confirmed, judged.told, [*before, plan.night])
        every = [*run.results, *(result for results in again.values() for result in results)]
        sweeps = newest_sweeps(history, plan.night)
        lost = _keep(history, plan.night, every, new)
    night = assemble(
        plan.night,
        run.results,
        changes=[*judged.changes, *new],
        trends=judged.trends,
        coverage=coverage_of(run.results),
        matrix=plan.matrix,
        command=plan.command,
        duration_s=run.real_s,
        planned=run.planned,
        stopped=run.stopped,
        complaints=[*history.complaints, *lost],
        kept=not lost,
        sweeps=sweeps,
        previous=before[-1] if before else "",
    )
    write_night(night, plan.folder)
    return night


def _keep(
    history: History, night: str, results: Sequence[Result], new: Sequence[Change]
) -> list[str]:
    """Add a night to the history; what cannot be kept is a complaint: there is still the page."""
    if not results:
        return []
    try:
        history.store.write(night, results)
        keep_told(history.store, night, new)
    except LabError as error:
        return [str(error)]
    return []


def nights_before(history: History, night: str) -> list[str]:
    """The nights before one, in their order; sweeps are no nights.

    Parameters
    ----------
    history
        Of all.
    night
        A name.
    """
    return [name for name in history.nights if name < night and not name.endswith(SWEEP)]


def _again(
    plan: NightPlan,
    run: Run,
    suspects: Sequence[Suspect],
    stop: Callable[[], bool],
    watcher: Watcher,
) -> dict[str, list[Result]]:
    """Make the runs of suspects again, each as often as the statistics ask, and no more often."""
    times: dict[str, int] = {}
    for suspect in suspects:
        key = suspect.result.key
        times[key] = max(times.get(key, 0), suspect.change.reruns)
    found: dict[str, list[Result]] = {}
    for key, count in times.items():
        case = run.case_of.get(key)
        if case is None:
            continue
        for attempt in range(1, count + 1):
            if stop():
                return found
            watcher.begun(case)
            place = Place(plan.folder, run_name(case, attempt), stop)
            try:
                results = case.perform(place)
            except LabError:
                results = []
            found.setdefault(key, []).extend(
                result.model_copy(update={"attempt": attempt})
                for result in results
                if result.key == key
            )
    return found
