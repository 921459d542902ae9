"""The runs of a night, one after the other or side by side; whatever happens, what was found stays.

Each result is a line of ``results.jsonl`` as soon as it is there: a night that is killed has lost
the runs that were under way, and no other.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lab.errors import LabError, MissingError, as_lab_error
from lab.night.cases.base import Case, Place
from lab.night.cases.paired import PairedCase
from lab.night.cases.play import PlayCase
from lab.night.cases.soak import SoakCase
from lab.night.cases.sweep import SweepCase
from lab.night.cases.validate import ValidateCase
from lab.results import DriverIdentity, Result, Verdict

RESULTS = "results.jsonl"


class Watcher(Protocol):
    """Is told how a night goes on."""

    def begun(self, case: Case) -> None:
        """A run begins."""

    def ended(self, case: Case, results: Sequence[Result], real_s: float) -> None:
        """It has ended."""


@dataclass
class Run:
    """What came of all runs.

    Attributes
    ----------
    results
        In the order of the matrix.
    planned
        Runs that were asked for.
    stopped
        Why it ended early; empty when it did not.
    real_s
        From beginning to end.
    case_of
        What makes a result again, by its key.
    """

    results: list[Result] = field(default_factory=list)
    planned: int = 0
    stopped: str = ""
    real_s: float = 0.0
    case_of: dict[str, Case] = field(default_factory=dict)


def run_cases(
    cases: Sequence[Case],
    folder: Path,
    *,
    jobs: int,
    stop: Callable[[], bool],
    watcher: Watcher,
) -> Run:
    """Make all runs: those that need the machine for themselves last, one by one.

    Parameters
    ----------
    cases
        What to run.
    folder
        Of the night; is there.
    jobs
        Runs at a time.
    stop
        True: end in good order.
    watcher
        Is told.

    Returns
    -------
    Run
    """
    began = time.monotonic()
    run = Run(planned=len(cases))
    found: dict[int, list[Result]] = {}
    numbered = list(enumerate(cases))
    try:
        with (folder / RESULTS).open("w", encoding="utf-8", buffering=1) as journal:

            def keep(number: int, results: list[Result]) -> None:
                found[number] = results
                for result in results:
                    run.case_of[result.key] = cases[number]
                    journal.write(result.model_dump_json() + "\n")

            for alone in (False, True):
                chosen = [(n, case) for n, case in numbered if case.alone is alone]
                _run_some(chosen, folder, 1 if alone else jobs, stop, watcher, keep)
    except OSError as error:
        run.stopped = f"the night's folder cannot be written: {as_lab_error(error)}"
        _cut_to_whole_lines(folder / RESULTS)
    run.results = [result for number in sorted(found) for result in found[number]]
    if stop():
        run.stopped = run.stopped or "stopped by Ctrl-C"
    run.real_s = time.monotonic() - began
    return run


def _cut_to_whole_lines(journal: Path) -> None:
    """Take away the half of a line that a full disk had room for."""
    with suppress(OSError):
        whole = journal.read_bytes().rpartition(b"\n")
        os.truncate(journal, len(whole[0]) + len(whole[1]))


def _run_some(
    cases: Sequence[tuple[int, Case]],
    folder: Path,
    jobs: int,
    stop: Callable[[], bool],
    watcher: Watcher,
    keep: Callable[[int, list[Result]], None],
) -> None:
    waiting = deque(cases)
    under_way: dict[Future[tuple[list[Result], float]], tuple[int, Case]] = {}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        while waiting or under_way:
            while waiting and len(under_way) < jobs and not stop():
                number, case = waiting.popleft()
                watcher.begun(case)
                place = Place(folder, run_name(case, number=number), stop)
                under_way[pool.submit(_perform, case, place)] = (number, case)
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                number, case = under_way.pop(future)
                results, real_s = future.result()
                if not (stop() and all(r.verdict is Verdict.SKIPPED for r in results)):
                    keep(number, results)
                watcher.ended(case, results, real_s)


def _perform(case: Case, place: Place) -> tuple[list[Result], float]:
    began = time.monotonic()
    try:
        results = case.perform(place)
    except LabError as error:
        results = [without_result(case, error)]
    return results, time.monotonic() - began


def without_result(case: Case, error: LabError) -> Result:
    """The result of a run that could not be made: what is missing is no fault of a driver.

    Parameters
    ----------
    case
        Which.
    error
        Why not.

    Returns
    -------
    Result
    """
    verdict = Verdict.SKIPPED if isinstance(error, MissingError) else Verdict.FAIL
    driver = None
    if isinstance(case, PlayCase | PairedCase | SoakCase | SweepCase | ValidateCase):
        driver = DriverIdentity(path=case.subject.bundle, sha256="", name=case.subject.name)
    return Result(
        scenario=type(case).__name__.removesuffix("Case").lower(),
        parameters={"run": case.title},
        driver=driver,
        verdict=verdict,
        reason=str(error),
    )


def run_name(case: Case, attempt: int = 0, *, number: int = 0) -> str:
    """What the files of a run begin with: ``"007-geckoaudiodevice-noise-macos-26"``."""
    words = re.sub(r"[^a-z0-9.]+", "-", case.title.lower()).strip("-")[:60]
    return f"{words}-again-{attempt}" if attempt else f"{number:03}-{words}"
