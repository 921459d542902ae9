"""The runs of a night: whatever happens to one, the others stay."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab.errors import LabError, MissingError
from lab.night.cases.base import Case, Place
from lab.night.run import RESULTS, run_cases, run_name
from lab.report.progress import NightProgress, minutes
from lab.results import Result, Verdict, read_result


@dataclass(frozen=True)
class Fake(Case):
    """Does what it is told."""

    name: str
    alone: bool = False
    error: LabError | None = None
    beside: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"Fake: {self.name}"

    @property
    def expected_s(self) -> float:
        return 1.0

    def perform(self, place: Place) -> list[Result]:
        assert place.name
        if self.error is not None:
            raise self.error
        self.beside.append(threading.current_thread().name)
        return [Result(scenario=self.name, audio_s=5.0, glitch_count=2)]


@dataclass
class Seen:
    """Keeps what it is told."""

    told: list[str] = field(default_factory=list)
    most: int = 0
    now: int = 0

    def begun(self, case: Case) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        self.told.append(f"+{case.title}")

    def ended(self, case: Case, results: Sequence[Result], real_s: float) -> None:
        assert results
        assert real_s >= 0
        self.now -= 1
        self.told.append(f"-{case.title}")


def never() -> bool:
    return False


def test_results_come_in_the_order_of_the_matrix_and_lie_in_the_journal(tmp_path: Path) -> None:
    cases = [Fake(str(n), alone=n == 0) for n in range(6)]
    seen = Seen()
    run = run_cases(cases, tmp_path, jobs=2, stop=never, watcher=seen)
    assert [result.scenario for result in run.results] == list("012345")
    assert (run.planned, run.stopped) == (6, "")
    lines = (tmp_path / RESULTS).read_text().splitlines()
    assert {read_result(line).scenario for line in lines} == set("012345")
    assert run.case_of[run.results[3].key] is cases[3]


def test_what_needs_the_machine_for_itself_runs_last_and_alone(tmp_path: Path) -> None:
    seen = Seen()
    cases = [Fake("a", alone=True), Fake("b"), Fake("c", alone=True), Fake("d")]
    run_cases(cases, tmp_path, jobs=4, stop=never, watcher=seen)
    assert seen.told[-4:] == ["+Fake: a", "-Fake: a", "+Fake: c", "-Fake: c"]


def test_a_run_that_cannot_be_made_is_a_result_and_the_others_go_on(tmp_path: Path) -> None:
    cases = [
        Fake("good"),
        Fake("bad", error=LabError("the driver hung", where="X")),
        Fake("missing", error=MissingError("no such driver", where="Y")),
    ]
    run = run_cases(cases, tmp_path, jobs=1, stop=never, watcher=Seen())
    verdicts = {r.parameters.get("run", r.scenario): (r.verdict, r.reason) for r in run.results}
    assert verdicts["good"] == (Verdict.PASS, "")
    assert verdicts["Fake: bad"] == (Verdict.FAIL, "the driver hung: X")
    # What is missing is no fault of a driver.
    assert verdicts["Fake: missing"][0] is Verdict.SKIPPED


def test_a_night_that_is_stopped_has_what_was_run(tmp_path: Path) -> None:
    seen = Seen()

    def stop() -> bool:
        return seen.told.count("-Fake: 2") > 0

    cases = [Fake(str(n)) for n in range(10)]
    run = run_cases(cases, tmp_path, jobs=1, stop=stop, watcher=seen)
    assert [result.scenario for result in run.results] == ["0", "1", "2"]
    assert run.stopped == "stopped by Ctrl-C"
    assert run.planned == 10


def test_a_folder_that_cannot_be_written_is_said_and_the_results_stay(tmp_path: Path) -> None:
    (tmp_path / RESULTS).mkdir()  # a file cannot be opened there
    run = run_cases([Fake("a")], tmp_path, jobs=1, stop=never, watcher=Seen())
    assert run.results == []
    assert "cannot be written" in run.stopped


def test_names_of_files_are_plain_and_differ() -> None:
    case = Fake('<script>"x"/../.. é')
    assert run_name(case, number=7) == "007-fake-script-x-..-.."
    assert run_name(case, 2) == "fake-script-x-..-..-again-2"


# ---- how it is shown -----------------------------------------------------------------------------


def test_without_a_terminal_each_run_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    cases = [Fake("a"), Fake("b")]
    with NightProgress(cases, 1) as progress:
        progress.begun(cases[0])
        failed = Result(scenario="a", verdict=Verdict.FAIL, reason="1 frame lost", glitch_count=3)
        progress.ended(cases[0], [failed], 1.25)
        assert progress.left_s() >= 0
    said = capsys.readouterr().err
    assert said == "1/2 Fake: a: fail, 1.2 s: 1 frame lost\n"
    assert "1 of 2 runs: 1 fail; 3 glitches" in progress.summary()


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    case = Fake("a")
    with NightProgress([case], 1, quiet=True) as progress:
        progress.begun(case)
        progress.ended(case, [Result(scenario="a")], 1.0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min"), (-3, "0 s")],
)
def test_a_time_is_told_as_people_read_it(seconds: float, text: str) -> None:
    assert minutes(seconds) == text
