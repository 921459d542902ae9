"""How small a glitch is seen: the calibration of the detectors, in words."""

from __future__ import annotations

from dataclasses import dataclass

from lab.night.record import CalibrationRow, Night
from lab.report.page.figures import figure

_PATHS = {
    "before": "before the codec",
    "after": "behind the codec",
    "before, 1 % lost": "before the codec, 1 % of its packets lost",
    "concealed": "concealed by the codec",
}


@dataclass(frozen=True)
class Row:
    """One fault as one detector finds it; cells of the table.

    Attributes
    ----------
    detector, fault, place
        Who finds what, and where it was made.
    smallest
        The size from which on it is found, with its unit; else that it is not.
    found
        How surely; empty where nothing was measured.
    alarms
        How often it cries for nothing, at most.
    """

    detector: str
    fault: str
    place: str
    smallest: str
    found: str
    alarms: str


def calibration_rows(night: Night) -> list[Row]:
    """The rows of the table; none when the night does not tell, or has looked at nothing.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    list of Row
    """
    if night.calibration is None or not night.results:
        return []
    return [_row(row) for row in night.calibration.rows]


def _row(row: CalibrationRow) -> Row:
    smallest, found = "not at every size", f"{figure(round(row.found_percent, 1), '%')} at best"
    if row.smallest is not None:
        smallest = figure(row.smallest, row.unit)
        if row.smallest == 1:
            smallest = smallest.removesuffix("s")
        if row.is_smallest_tried:
            smallest += ", the smallest tried"
        # Rounded down: more was not shown.
        found = f"\N{GREATER-THAN OR EQUAL TO} {figure(int(row.found_percent * 10) / 10, '%')}"
    alarms = ""
    if row.false_alarms is not None:
        bound = float(f"{row.false_alarms:.2g}")
        alarms = f"below {figure(bound)} per {row.false_alarms_per}"
    return Row(
        detector=row.detector,
        fault=row.fault,
        place=_PATHS.get(row.path, row.path),
        smallest=smallest,
        found=found,
        alarms=alarms,
    )
