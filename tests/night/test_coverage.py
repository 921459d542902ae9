"""A night counts what its drivers are asked, and says what they were not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.faults.events import At, Restart
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup
from lab.host.locate import find_driver
from lab.host.models import CoverageRow
from lab.night.assemble import coverage_of
from lab.night.cases import coverage
from lab.night.cases.base import Place, Subject
from lab.night.cases.coverage import coverage_of_run
from lab.night.cases.play import PlayCase, perform_play
from lab.night.cases.soak import SoakCase
from lab.night.night import NightPlan, make_night
from lab.results import DriverIdentity, Result, Verdict
from tests.night.test_run import Seen, never


def result(driver: str, **counts: int) -> Result:
    identity = DriverIdentity(path=f"{driver}.driver", sha256="0")
    return Result(scenario="play", driver=identity, coverage=counts)


def test_runs_of_a_driver_are_taken_together_and_drivers_are_not() -> None:
    found = coverage_of(
        [result("B", StartIO=1), result("A", StopIO=5), result("B", StartIO=2), result("C")]
    )
    assert [(one.what, one.driver) for one in found] == [
        ("entry points", "A"),
        ("entry points", "B"),
        ("operations", "A"),
        ("operations", "B"),
    ]
    assert found[1].asked == {"StartIO": 3}
    assert "StopIO" in found[1].never
    assert "StopIO" not in found[0].never
    assert coverage_of([Result(scenario="x", coverage={"StartIO": 1})]) == []


def test_a_driver_that_cannot_be_looked_at_still_has_what_was_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise LabError("it crashed")

    monkeypatch.setattr(coverage, "SubprocessHost", refuse)
    row = CoverageRow(
        plugin=0, entry_point="GetPropertyData", object=2, code="uid ", calls=3, refused=0
    )
    place = Path("no such driver")
    assert coverage_of_run([row], place, {}) == {"GetPropertyData:????:uid ": 3}
    assert coverage_of_run([], place, {}) == {}


@pytest.mark.native
@pytest.mark.linux
def test_a_night_says_what_each_driver_was_asked_and_what_nobody_asked(tmp_path: Path) -> None:
    loop = Subject("Looping", "Loop")
    cases = [
        PlayCase(loop, "sweep", seconds=0.5),
        PlayCase(loop, "sweep", profile="macos-15", seconds=0.5),  # in a process of its own
        SoakCase(Subject("Gecko", "GeckoAudioDevice"), "all", minutes=0.1, seed=4),
    ]
    plan = NightPlan("2026-11-22", cases, tmp_path, str(tmp_path / "history"))
    (tmp_path / "history").mkdir()
    night = make_night(plan, stop=never, watcher=Seen())
    assert [one.verdict for one in night.results] == [Verdict.PASS] * 3, night.results
    assert all(one.coverage for one in night.results)
    here, helper, _ = night.results
    assert here.coverage["StartIO"] == helper.coverage["StartIO"] == 1
    assert here.coverage["RemoveDeviceClient"] == helper.coverage["RemoveDeviceClient"] == 1
    told = {(one.driver, one.what): one for one in night.coverage}
    assert {driver for driver, _ in told} == {"Looping", "Gecko"}
    points = told["Looping", "entry points"]
    assert points.asked["Initialize"] == 2
    assert "SetPropertyData" in points.never
    operations = told["Looping", "operations"]
    assert operations.asked["WriteMix"] >= 100
    assert operations.never == []
    devices = told["Looping", "properties of devices"]
    assert devices.asked["nsrt"] >= 2
    assert "nsrt set" in devices.never
    assert "icon" not in [*devices.asked, *devices.never]  # it has none
    assert "lcsv" in told["Gecko", "properties of volume controls"].never


@pytest.mark.native
@pytest.mark.linux
def test_counting_changes_nothing_in_a_soak() -> None:
    setup = Setup(driver=str(find_driver("GeckoAudioDevice")), layout="v2", cycles=3_000, seed=7)
    events = [Restart(at=At(cycle=1_000), how="kill"), Restart(at=At(cycle=2_000), how="quit")]
    plain = run_schedule(setup, events)
    counted = run_schedule(setup, events, coverage=True)
    assert plain.hash == counted.hash
    assert plain.calls == []
    written = [
        row.calls
        for row in counted.calls
        if (row.entry_point, row.code) == ("DoIOOperation", "rite")
    ]
    assert len(written) == 3  # lives of the daemon
    assert sum(written) >= 3_000


@pytest.mark.native
@pytest.mark.linux
def test_a_run_that_the_driver_does_not_survive_has_no_coverage(tmp_path: Path) -> None:
    subject = Subject("Loop", "Loop", {"LOOP_FAULT": "crash:StartIO"})
    found = perform_play(PlayCase(subject, "sweep", seconds=0.5), Place(tmp_path, "x"))
    assert found.verdict is Verdict.FAIL
    assert found.coverage == {}
