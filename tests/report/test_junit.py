"""A night as JUnit XML: a case for each result, and a failure says why and how to see it again."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from lab.report.junit import as_junit
from lab.results import Glitch, Verdict
from tests.support import nights


def read(text: str) -> ET.Element:
    return ET.fromstring(text)


def test_there_is_a_suite_for_each_driver_and_a_case_for_each_result(tmp_path: Path) -> None:
    night = nights.planted_night(tmp_path)
    root = read(as_junit(night))
    assert root.tag == "testsuites"
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"Bunghole", "Gecko Sink", "Null"}
    assert len(root.findall(".//testcase")) == len(night.results) == int(root.get("tests", ""))
    assert (root.get("failures"), root.get("skipped"), root.get("errors")) == ("1", "2", "0")
    for suite in suites.values():
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
        assert {case.get("classname") for case in cases} == {suite.get("name")}
    names = [(case.get("classname"), case.get("name")) for case in root.findall(".//testcase")]
    assert len(set(names)) == len(names)


def test_a_failure_carries_its_reason_its_command_and_its_glitches(tmp_path: Path) -> None:
    night = nights.planted_night(tmp_path)
    failure = read(as_junit(night)).find(".//failure")
    assert failure is not None
    assert failure.get("message") == night.results[0].reason
    lines = (failure.text or "").splitlines()
    assert lines[0] == night.results[0].reason
    assert lines[1] == f"make it again: {night.results[0].command}"
    assert "frames lost: 24\xa0frames, limit ≤ 0\xa0frames, 24\xa0frames over" in lines
    assert "glitch: silence at frame 301,000, 64 frames: transport-stall" in lines


def test_an_unfit_machine_skips_and_says_so() -> None:
    run = nights.result(verdict=Verdict.UNFIT_MACHINE, reason="it slept")
    skipped = read(as_junit(nights.night_of([run]))).find(".//skipped")
    assert skipped is not None
    assert skipped.get("message") == "unfit machine: it slept"


def test_a_marginal_run_passes() -> None:
    run = nights.result(verdict=Verdict.MARGINAL, reason="close")
    (case,) = read(as_junit(nights.night_of([run]))).findall(".//testcase")
    assert [child.tag for child in case] == ["system-out"]


def test_glitches_beyond_twenty_are_counted() -> None:
    found = [Glitch(kind="lost", position_frame=at, frames=1, cause="x") for at in range(30)]
    run = nights.result(lost=3, glitches=found, glitch_count=50_000)
    failure = read(as_junit(nights.night_of([run]))).find(".//failure")
    assert failure is not None
    assert (failure.text or "").endswith("and 49,980 more glitches")


def test_an_empty_night_is_an_empty_list() -> None:
    root = read(as_junit(nights.empty_night()))
    assert (len(root), root.get("tests")) == (0, "0")


def test_words_that_are_markup_are_words() -> None:
    root = read(as_junit(nights.hostile_night()))
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == nights.REASON
    assert root[0].get("name") == nights.HOSTILE


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_reason_is_xml_that_can_be_read(reason: str) -> None:
    run = nights.result(lost=3, reason=f"x{reason}", command=reason)
    failure = read(as_junit(nights.night_of([run]))).find(".//failure")
    assert failure is not None
    told = failure.get("message", "")
    assert len(told) == len(reason) + 1
    kept = [sign for sign in reason if sign.isprintable() and sign not in "\ufffe\uffff"]
    assert [sign for sign in told[1:] if sign in kept] == kept
