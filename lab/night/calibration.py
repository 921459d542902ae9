"""How small a glitch the detectors find, from their published calibration to the night's record."""

from __future__ import annotations

from typing import Any

from lab.night.record import Calibration, CalibrationRow
from lab.signals.calibration_table import Smallest, by_row, rate_bound

_LOSSY = "1 % lost"
_ALARMS_OF_LOSSY = "{}, 1 % of packets lost"


def calibration_of(content: dict[str, Any]) -> Calibration:
    """The calibration as a night tells it.

    Parameters
    ----------
    content
        Of ``calibration.json``, see `lab.signals.lossy.published`.

    Returns
    -------
    Calibration
        Rows in the order of the file.
    """
    alarms = content["false_alarms"]
    return Calibration(
        measured_with=content["codec"],
        trials=content["trials"],
        rows=[
            _row(detector, fault, path, unit, found, alarms)
            for (detector, fault, path, unit), found in by_row(content).items()
        ],
    )


def _row(
    detector: str,
    fault: str,
    path: str,
    unit: str,
    found: Smallest,
    alarms: dict[str, dict[str, float]],
) -> CalibrationRow:
    best = max(found.outcomes, key=lambda outcome: outcome.found / outcome.trials)
    per, bound = _false_alarms(detector, path, alarms)
    return CalibrationRow(
        detector=detector,
        fault=fault,
        path=path,
        unit=unit,
        smallest=found.outcome.cell.size if found.outcome else None,
        is_smallest_tried=found.outcome is found.outcomes[0],
        found_percent=100 * (found.low if found.outcome else best.found / best.trials),
        false_alarms=bound,
        false_alarms_per=per,
    )


def _false_alarms(
    detector: str, path: str, alarms: dict[str, dict[str, float]]
) -> tuple[str, float | None]:
    """Upper bound of the rate with nothing wrong, where it was measured for this path."""
    family = detector.partition("-")[0] if detector.startswith("delay") else detector
    name = _ALARMS_OF_LOSSY.format(family) if _LOSSY in path else family
    count = alarms.get(name)
    if count is None:
        return "", None
    per = "hour" if "hours" in count else "search"
    exposure = count["hours"] if per == "hour" else count["searches"]
    return per, rate_bound(count["alarms"], exposure)
