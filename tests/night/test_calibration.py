"""The detectors' calibration in a night's record is what was published."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from lab.night.assemble import assemble
from lab.night.calibration import calibration_of
from lab.night.record import CalibrationRow, Night
from lab.signals.calibration_table import by_row
from lab.signals.lossy import published


def row_of(content: dict[str, Any], detector: str, fault: str, path: str) -> CalibrationRow:
    [found] = [
        row
        for row in calibration_of(content).rows
        if (row.detector, row.fault, row.path) == (detector, fault, path)
    ]
    return found


def test_every_detector_fault_and_path_has_a_row_and_no_other_has() -> None:
    told = [(r.detector, r.fault, r.path, r.unit) for r in calibration_of(published()).rows]
    assert told == list(by_row(published()))


def test_a_row_is_the_smallest_size_with_its_lower_bound() -> None:
    row = row_of(published(), "dips", "dip -1 dB", "before")
    assert (row.smallest, row.unit, row.is_smallest_tried) == (48, "frames", False)
    assert 99 < row.found_percent < 100
    assert row.false_alarms_per == "hour"
    assert 2.9 < (row.false_alarms or 0) < 3.1
    assert row_of(published(), "time-line", "drop", "before").is_smallest_tried


def test_a_delay_is_alarmed_by_search_and_what_was_not_measured_is_not_told() -> None:
    delay = row_of(published(), "delay-sweep", "burst", "before")
    assert delay.false_alarms_per == "search"
    assert 0 < (delay.false_alarms or 0) < 0.01
    assert row_of(published(), "dips", "gap", "before, 1 % lost").false_alarms is None


def test_a_detector_that_became_worse_is_told_as_worse() -> None:
    worse = deepcopy(published())
    for cell in worse["cells"]:
        if (cell["detector"], cell["fault"], cell["path"]) == ("dips", "gap", "before"):
            cell["found"] = cell["trials"] // 2
    before, after = (row_of(c, "dips", "gap", "before") for c in (published(), worse))
    assert before.smallest == 24
    assert after.smallest is None
    assert after.found_percent == 50


def test_a_night_tells_it_and_one_of_before_that_does_not_can_be_read() -> None:
    night = assemble("2026-11-22", [])
    assert night.calibration == calibration_of(published())
    old = night.model_dump(mode="json")
    del old["calibration"]
    assert Night.model_validate(old).calibration is None
