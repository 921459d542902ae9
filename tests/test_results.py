"""The result record, its verdict, and its views."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rich.console import Console

from lab.errors import LabError
from lab.measure.fitness import Fitness
from lab.report.terminal import number, question_and_case, results_table, show_result
from lab.results import (
    DriverIdentity,
    Glitch,
    HostFitness,
    Measurement,
    Result,
    Verdict,
    bundle_sha256,
    judge,
    load_result,
    save_result,
)
from lab.scenario import GLITCHES_KEPT, Findings, LimitError
from lab.signals.counter import counter
from lab.signals.counter_check import CounterCheck

FIT = Fitness(100, 60, 200, 0.1, 0.5, True, 2)
UNFIT = Fitness(100, 60, 20_000, 0.1, 0.5, True, 2)


def row(value: float, limit: float | None = 10, **more: object) -> Measurement:
    return Measurement.model_validate({"name": "x", "value": value, "limit": limit, **more})


@pytest.mark.parametrize(
    ("measurement", "verdict"),
    [
        (row(1e9, None), Verdict.PASS),
        (row(10), Verdict.PASS),
        (row(10.001), Verdict.FAIL),
        (row(9.5, margin=0.1), Verdict.MARGINAL),
        (row(8.9, margin=0.1), Verdict.PASS),
        (row(9, better="higher"), Verdict.FAIL),
        (row(10, better="higher"), Verdict.PASS),
        (row(10.5, better="higher", margin=0.1), Verdict.MARGINAL),
    ],
)
def test_a_measurement_is_judged_by_its_limit(measurement: Measurement, verdict: Verdict) -> None:
    assert measurement.verdict is verdict


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_no_measurement(number: float) -> None:
    with pytest.raises(ValidationError):
        row(number)
    with pytest.raises(ValidationError):
        row(1, number)
    findings = Findings("x")
    with pytest.raises(LabError, match="latency is"):
        findings.tell("latency", number, "us")
    with pytest.raises(LabError, match="the limit of latency is"):
        findings.require("latency", 1, number, "us")
    with pytest.raises(LabError, match="latency is"):
        findings.require("latency", number, 1, "us")
    assert findings.to_result("failed", "why", 1.0).measurements == []


def test_a_wall_clock_limit_is_excused_on_an_unfit_machine_only() -> None:
    late = row(11, wall_clock=True)
    assert judge([late], HostFitness.of(FIT))[0] is Verdict.FAIL
    verdict, reason = judge([late], HostFitness.of(UNFIT))
    assert verdict is Verdict.UNFIT_MACHINE
    assert "wakes 20000 us late" in reason
    assert judge([late, row(11)], HostFitness.of(UNFIT))[0] is Verdict.FAIL


def test_the_verdict_names_what_was_broken() -> None:
    assert judge([]) == (Verdict.PASS, "")
    verdict, reason = judge([row(3, 0, unit="frames")])
    assert (verdict, reason) == (Verdict.FAIL, "x 3 frames, limit <= 0 frames")
    assert judge([row(9.9, margin=0.1)])[0] is Verdict.MARGINAL


def full_result() -> Result:
    return Result(
        scenario="test_how_late.py::test_a_block[v2]",
        driver=DriverIdentity(path="/x/My.driver", sha256="0" * 64, bundle_id="com.example"),
        clock="realtime",
        seed=7,
        fitness=HostFitness.of(UNFIT),
        measurements=[row(3, 0, unit="frames"), row(1.5, None, unit="us")],
        glitches=[Glitch(kind="lost", position_frame=480, frames=3, cause="machine")] * 20,
        glitch_count=20,
        verdict=Verdict.FAIL,
        reason="x 3 frames",
        artefacts={"recording": "out.wav"},
    )


def test_a_result_comes_back_from_its_file(tmp_path: Path) -> None:
    result = full_result()
    save_result(result, tmp_path / "r.json")
    assert load_result(tmp_path / "r.json") == result
    assert result.value_of("x") == 3
    with pytest.raises(KeyError):
        result.value_of("y")


def test_a_result_of_the_first_version_is_read_as_one_of_this(tmp_path: Path) -> None:
    old = {
        "schema_version": 1,
        "scenario": "x",
        "driver": {"path": "/a/My.driver", "sha256": "0" * 64, "bundle_id": ""},
        "measurements": [{"name": "late-cycles", "value": 3}],
        "glitches": [{"kind": "lost", "position_frame": 1, "frames": 2, "cause": "machine"}],
    }
    (tmp_path / "r.json").write_text(json.dumps(old))
    read = load_result(tmp_path / "r.json")
    assert read.schema_version == 2
    assert read.driver is not None
    assert read.driver.name == "My"
    assert (read.measurements[0].kind, read.glitches[0].clip) == ("scalar", "")


def test_a_result_of_a_newer_version_says_so_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"schema_version": 9, "scenario": "x", "more": []}')
    with pytest.raises(LabError, match=r"version 9; this hal-lab knows up to 2.*update hal-lab"):
        load_result(tmp_path / "r.json")


def test_the_key_is_all_that_makes_a_run_but_its_seed_and_the_id_has_that_too() -> None:
    result = full_result()
    assert result.key == "My, test_how_late.py::test_a_block[v2], realtime time"
    same = result.model_copy(update={"started_at": "2030-01-01", "verdict": Verdict.PASS})
    assert same.id == result.id
    others: list[dict[str, object]] = [
        {"scenario": "other"},
        {"parameters": {"signal": "sine"}},
        {"profile": "macos-26"},
        {"transport": "unix"},
        {"clock": "virtual"},
        {"driver": None},
    ]
    changed = [result.model_copy(update=one) for one in others]
    assert len({result.key, *(one.key for one in changed)}) == 7
    again = [result.model_copy(update=one) for one in ({"seed": 8}, {"attempt": 1})]
    assert {one.key for one in again} == {result.key}
    assert len({result.id, *(one.id for one in [*changed, *again])}) == 9


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"scenario": 2, "schema_version": 2}', "\xff"])
def test_what_is_no_result_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text, encoding="latin-1")
    with pytest.raises(LabError, match="not a result of version 2") as caught:
        load_result(tmp_path / "r.json")
    assert "\n" not in str(caught.value)
    with pytest.raises(LabError, match="cannot be read"):
        load_result(tmp_path / "none.json")


def test_an_unknown_member_is_refused() -> None:
    with pytest.raises(ValidationError):
        Result.model_validate({"scenario": "x", "verdikt": "pass"})


def test_the_fingerprint_changes_with_any_byte_or_name(tmp_path: Path) -> None:
    bundle = tmp_path / "X.driver"
    (bundle / "Contents").mkdir(parents=True)
    (bundle / "Contents" / "a").write_bytes(b"1")
    first = bundle_sha256(bundle)
    assert first == bundle_sha256(bundle)
    (bundle / "Contents" / "a").write_bytes(b"2")
    second = bundle_sha256(bundle)
    (bundle / "Contents" / "a").rename(bundle / "Contents" / "b")
    assert len({first, second, bundle_sha256(bundle)}) == 3


def printed(result: Result, *, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=120,
        force_terminal=colour,
        color_system="auto" if not colour else "standard",
    )
    show_result(console, result)
    return out.getvalue()


def test_the_table_says_what_whose_and_why() -> None:
    text = printed(full_result())
    assert "machine: the machine ran the IO thread late" in text
    assert "glitches: 20" in text
    assert "8 more" in text
    assert "verdict: fail: x 3 frames" in text
    assert "test_how_late.py::test_a_block[v2]" in text
    assert "recording: out.wav" in text


def test_causes_of_glitches_that_were_cut_off_are_not_claimed() -> None:
    result = full_result()
    assert "in all: machine 20" in printed(result)
    text = printed(result.model_copy(update={"glitch_count": 5_000}))
    assert "glitches: 5000" in text
    assert "4,988 more" in text
    assert "of the first 20: machine 20" in text


def test_colour_is_only_there_on_a_terminal() -> None:
    assert "\033[" not in printed(full_result())
    assert "\033[" in printed(full_result(), colour=True)


def test_questions_are_grouped() -> None:
    out = io.StringIO()
    first, second = full_result(), full_result().model_copy(update={"clock": "virtual"})
    Console(file=out, width=120).print(results_table([first, second]))
    assert out.getvalue().count("how late?") == 1
    assert out.getvalue().count("a block [v2]") == 2
    assert out.getvalue().count("in real time") == 1


@pytest.mark.parametrize(
    ("scenario", "read"),
    [
        ("test_how_late.py::test_it_is[v1-2]", ("how late?", "it is [v1-2]")),
        ("test_x.py::TestReal::test_y_z", ("x?", "y z")),
        ("play song.wav", ("play song.wav", "")),
    ],
)
def test_a_node_id_reads_as_a_question(scenario: str, read: tuple[str, str]) -> None:
    assert question_and_case(scenario) == read


@given(st.floats(-1e12, 1e12))
def test_numbers_are_readable_and_keep_their_value(value: float) -> None:
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.1, abs=0.051)


def test_a_finding_beyond_its_limit_fails_the_scenario() -> None:
    findings = Findings("x")
    findings.require("good", 1, 2)
    with pytest.raises(LimitError, match="lost is 3 frames, must be at most 0 frames"):
        findings.require("lost", 3, 0, "frames")
    with pytest.raises(LimitError, match="at least"):
        findings.require("heard", 3, 5, better="higher")
    assert findings.to_result("failed", "why", 1.0).verdict is Verdict.FAIL


def test_a_wall_clock_finding_does_not_fail_on_an_unfit_machine() -> None:
    findings = Findings("x")
    findings.fitness(UNFIT)
    findings.require("latency", 99, 5, "us", wall_clock=True)
    result = findings.to_result("passed", "", 1.0)
    assert result.verdict is Verdict.UNFIT_MACHINE
    assert "latency is beyond its limit" in result.reason
    with pytest.raises(LimitError):
        findings.require("lost", 1, 0)
    strict = Findings("y")
    strict.fitness(FIT)
    with pytest.raises(LimitError):
        strict.require("latency", 99, 5, "us", wall_clock=True)


def test_glitches_are_counted_before_they_are_cut() -> None:
    check = CounterCheck(2)
    # Every second frame left out: more holes than a result keeps.
    check.take(counter(4_000)[::2])
    assert check.event_count > GLITCHES_KEPT
    findings = Findings("x")
    findings.take_check(check)
    findings.take_check(check)
    result = findings.to_result("passed", "", 1.0)
    assert len(result.glitches) == GLITCHES_KEPT
    assert result.glitch_count == 2 * check.event_count


def test_a_skipped_scenario_is_not_a_pass() -> None:
    assert Findings("x").to_result("skipped", "no vsock", 0.0).verdict is Verdict.SKIPPED
