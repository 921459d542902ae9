"""The same validation as JSON Lines, JUnit XML and SARIF."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lab.errors import LabError
from lab.validate.check import Check, Need
from lab.validate.jsonl import JsonLines, read_lines
from lab.validate.junit import as_junit
from lab.validate.outcome import Ending, Head, Outcome, Status, Summary, summary_of
from lab.validate.sarif import as_sarif
from tests.validate.strange_checks import Dies, Fails, HasABug, Passes, Recommends, Skips, Warns

CHECKS: list[type[Check]] = [Passes, Fails, Recommends, Skips, HasABug, Dies]
HEAD = Head(
    lab_version="1",
    bundle="/a folder/<script>\x01.driver",
    sha256="0" * 64,
    profile="macos-26",
    strictness=5,
    seed=2**64 - 1,
    checks=tuple(check.id for check in CHECKS),
)
OUTCOMES = [
    Outcome(check="passes", status=Status.SUCCESS, notes=("good to know",)),
    Outcome(check="fails", status=Status.FAILED, evidence=("<b>no\x00</b>",), seconds=0.5),
    Outcome(check="recommends", status=Status.WARNING, evidence=("better not",)),
    Outcome(check="skips", status=Status.SKIPPED, evidence=("no input",)),
    Outcome(check="has-a-bug", status=Status.ERROR, evidence=("ours",)),
    Outcome(
        check="dies",
        status=Status.CRASHED,
        evidence=("crashed",),
        ending=Ending(signal="SIGSEGV", entry_point="StartIO", backtrace=("frame 0", "frame 1")),
    ),
]


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([Status.SUCCESS, Status.WARNING, Status.SKIPPED], 0),
        ([Status.SUCCESS, Status.FAILED], 1),
        ([Status.CRASHED], 1),
        ([Status.TIMEOUT, Status.ERROR], 1),
        ([Status.SUCCESS, Status.ERROR], 2),
        ([], 2),
    ],
)
def test_the_exit_code_says_whose_fault_it_is(statuses: list[Status], code: int) -> None:
    outcomes = [Outcome(check="x", status=status) for status in statuses]
    assert summary_of(outcomes, 1.0).exit_code == code


def test_json_lines_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    summary = summary_of(OUTCOMES, 1.5)
    with JsonLines(path) as lines:
        lines.add(HEAD)
        for outcome in OUTCOMES:
            lines.add(outcome)
        lines.add(summary)
    assert read_lines(path) == (HEAD, OUTCOMES, summary)


def test_what_was_written_before_the_end_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = JsonLines(path)
    lines.add(HEAD)
    lines.add(OUTCOMES[0])
    assert read_lines(path) == (HEAD, OUTCOMES[:1], None), "a line has to be in the file at once"
    lines.close()


@pytest.mark.parametrize("text", ["", "{}", "no json", '{"kind": "validation"}'])
def test_another_file_is_no_validation(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lines"
    path.write_text(text)
    with pytest.raises(LabError, match="no validation"):
        read_lines(path)


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="No such file"):
        JsonLines(tmp_path / "no" / "folder")


def test_junit_counts_and_says_why() -> None:
    root = ET.fromstring(as_junit(HEAD, OUTCOMES, CHECKS))
    [suite] = root
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "2", "errors": "1", "skipped": "1"}
    cases = {case.get("name"): case for case in suite}
    failure = cases["fails"].find("failure")
    assert failure is not None
    assert failure.get("message") == "<b>no\N{REPLACEMENT CHARACTER}</b>"
    crash = cases["dies"].find("failure")
    assert crash is not None
    assert crash.text is not None
    assert "frame 1" in crash.text
    assert cases["passes"].find("failure") is None
    told = cases["recommends"].find("system-out")
    assert told is not None
    assert told.text == "warning: better not"


def test_sarif_has_a_rule_for_each_check_and_a_result_for_each_that_is_unmet() -> None:
    sarif = json.loads(as_sarif(HEAD, OUTCOMES, CHECKS))
    [run] = sarif["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.id for check in CHECKS]
    results = {result["ruleId"]: result for result in run["results"]}
    assert {name: result["level"] for name, result in results.items()} == {
        "fails": "error",
        "recommends": "warning",
        "dies": "error",
    }
    for name, result in results.items():
        assert rules[result["ruleIndex"]]["id"] == name
    uri = results["fails"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "/a%20folder/%3Cscript%3E%01.driver"
    assert run["invocations"][0]["executionSuccessful"] is False


def test_a_validation_without_faults_of_the_lab_was_carried_out() -> None:
    [run] = json.loads(as_sarif(HEAD, OUTCOMES[:1], [Warns, Passes]))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is True
    assert run["results"] == []


def test_the_summary_is_the_last_line_only(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with JsonLines(path) as lines:
        lines.add(HEAD)
        lines.add(Outcome(check="x", status=Status.FAILED, evidence=('"kind":"summary"',)))
    _, outcomes, summary = read_lines(path)
    assert summary is None
    assert len(outcomes) == 1
    assert isinstance(summary_of(outcomes, 0), Summary)
    assert Need.REQUIRED in Need
