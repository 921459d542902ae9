"""Calibrate the detectors behind Opus anew: python docs/make_calibration.py.

Writes lab/signals/calibration.json, from which the detectors take their limits, and the table in
docs/explanation/lossy-detectors.md. Takes some ten minutes of two cores. `--keep-noise` keeps the
limits and measures what is found with them; `--table` only writes the table again.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from lab.signals.calibrate import (  # noqa: E402
    BITRATE,
    MARGIN,
    Cell,
    Outcome,
    all_cells,
    count_false_alarms,
    measure_cell,
    measure_noise,
)
from lab.signals.calibration_table import with_table  # noqa: E402
from lab.signals.lossy import CALIBRATION, Limits, limits_of, published  # noqa: E402
from lab.transport.opus import code, libopus_version  # noqa: E402

DOCUMENT = ROOT / "docs" / "explanation" / "lossy-detectors.md"
TRIALS = 400
DELAY_TRIALS = 380
SEED = 997
NOISE_PIECES = 60
ALARM_PIECES = 60
SEARCHES = 300


def one_cell(job: tuple[Cell, Limits]) -> dict[str, Any]:
    """Measure one cell; in a process of its own."""
    cell, limits = job
    trials = DELAY_TRIALS if cell.detector.startswith("delay") else TRIALS
    outcome: Outcome = measure_cell(cell, code, trials=trials, seed=SEED, limits=limits)
    print(".", end="", flush=True, file=sys.stderr)
    return outcome.as_record()


def noise_part(seed: int) -> dict[str, Any]:
    """A sixth of the clean audio."""
    return measure_noise(code, pieces=NOISE_PIECES // 6, searches=SEARCHES // 6, seed=seed)


def alarm_part(job: tuple[int, Limits]) -> dict[str, dict[str, float]]:
    """A sixth of the false alarms."""
    seed, limits = job
    pieces, searches = ALARM_PIECES // 6, SEARCHES // 6
    return count_false_alarms(code, pieces=pieces, searches=searches, seed=seed, limits=limits)


def greatest_noise(pool: ProcessPoolExecutor) -> dict[str, Any]:
    """The greatest unrest of all parts."""
    parts = list(pool.map(noise_part, range(SEED, SEED + 6)))
    return {
        "phase_degrees": max(part["phase_degrees"] for part in parts),
        "dip": [max(values) for values in zip(*(part["dip"] for part in parts), strict=True)],
        "click": max(part["click"] for part in parts),
        "delay_ratio": max(part["delay_ratio"] for part in parts),
    }


def calibrate(*, keep_noise: bool) -> dict[str, Any]:
    """Measure everything, or all but the noise."""
    with ProcessPoolExecutor(2) as pool:
        noise = published()["noise"] if keep_noise else greatest_noise(pool)
        print(noise, file=sys.stderr)
        limits = limits_of(noise, MARGIN)
        cells = list(pool.map(one_cell, [(cell, limits) for cell in all_cells()]))
        counts = list(pool.map(alarm_part, [(2 * SEED + n, limits) for n in range(6)]))
    alarms = {
        name: {key: sum(count[name][key] for count in counts) for key in counts[0][name]}
        for name in counts[0]
    }
    return {
        "codec": f"{libopus_version()}, 48 kHz stereo, {BITRATE // 1000} kbit/s, packets of 20 ms",
        "seed": SEED,
        "trials": TRIALS,
        "margin": MARGIN,
        "noise_hours": NOISE_PIECES / 60,
        "noise": noise,
        "false_alarms": alarms,
        "cells": cells,
    }


def as_json(content: dict[str, Any]) -> str:
    """One line per cell: a change of one shows as a change of one line."""
    head = {key: value for key, value in content.items() if key != "cells"}
    lines = ",\n".join(f"  {json.dumps(cell)}" for cell in content["cells"])
    return f'{json.dumps(head, indent=1)[:-2]},\n "cells": [\n{lines}\n ]\n}}\n'


def main() -> None:
    """Calibrate, and publish."""
    if sys.argv[1:] != ["--table"]:
        content = calibrate(keep_noise=sys.argv[1:] == ["--keep-noise"])
        CALIBRATION.write_text(as_json(content), encoding="utf-8")
    content = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(with_table(text, content), encoding="utf-8")
    print(f"wrote {CALIBRATION} and {DOCUMENT}", file=sys.stderr)


if __name__ == "__main__":
    main()
