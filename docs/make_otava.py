"""Hold our change points against those of Apache otava: python docs/make_otava.py PYTHON.

PYTHON is the interpreter of an environment of its own that has otava, which needs one version of
NumPy and no other::

    python -m venv otava-env && otava-env/bin/pip install apache-otava
    python docs/make_otava.py otava-env/bin/python

Series go there as CSV; what comes back is the table of docs/explanation/statistics.md. Some four
minutes of one core.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from lab.statistics import change_points  # noqa: E402

DOCUMENT = ROOT / "docs" / "explanation" / "statistics.md"
BEGIN, END = "<!-- otava: begin (docs/make_otava.py) -->", "<!-- otava: end -->"
NIGHTS = 180
SERIES = 40
SEED = 11
NEAR = 2
"""Two points that are so many nights apart, or fewer, are one."""
Points = list[int]

# What runs in otava's environment: a column of the CSV is a series, a row a night.
ASK = """
import csv, json, sys
from importlib.metadata import version
from otava.analysis import compute_change_points_orig
from otava.series import AnalysisOptions, Metric, Series
with open(sys.argv[1], newline="") as file:
    names, *rows = csv.reader(file)
columns = {name: [float(v) for v in column] for name, column in zip(names, zip(*rows))}
metrics = {name: Metric() for name in columns}
nights = list(range(len(rows)))
done = Series("lab", None, nights, metrics, columns, {}).analyze(AnalysisOptions())
told = {"version": version("apache-otava"), "windows": {}, "permutations": {}}
for name, values in columns.items():
    told["windows"][name] = sorted(int(point.index) for point in done.change_points[name])
    whole, _ = compute_change_points_orig(list(values), max_pvalue=0.01, seed=0)
    told["permutations"][name] = sorted(int(point.index) for point in whole)
json.dump(told, sys.stdout)
"""


@dataclass(frozen=True)
class Told:
    """What otava finds.

    Attributes
    ----------
    version
        Of otava.
    windows
        By name of the series: what ``otava analyze`` does by default, windows of 50 nights, a
        t-test at 0.001.
    permutations
        By name: E-divisive as in the paper, 100 permutations at 0.01.
    """

    version: str
    windows: Mapping[str, Points]
    permutations: Mapping[str, Points]


def ask_otava(python: str, series: Mapping[str, NDArray[np.float64]]) -> Told:
    """Ask otava in its own environment, by CSV.

    Parameters
    ----------
    python
        Its interpreter.
    series
        Name to values, shape (nights,), all of one length.

    Returns
    -------
    Told

    Raises
    ------
    OSError, subprocess.CalledProcessError
        When it cannot be asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(series)
            rows = zip(*(values.tolist() for values in series.values()), strict=True)
            writer.writerows([repr(value) for value in row] for row in rows)
        done = subprocess.run(
            [python, "-c", ASK, str(path)], stdout=subprocess.PIPE, check=True, text=True
        )
    told = json.loads(done.stdout)
    return Told(told["version"], told["windows"], told["permutations"])


def ours(values: NDArray[np.float64]) -> Points:
    """What `lab.statistics.change_points` finds."""
    return [point.index for point in change_points(values)]


# ---- series --------------------------------------------------------------------------------------

Shape = NDArray[np.float64]
"""Expected level of each night, as a factor."""


def normal(rng: np.random.Generator, level: Shape) -> Shape:
    """Normal, 5 % a night."""
    return 100 * level * rng.normal(1, 0.05, level.size)


def spikes(rng: np.random.Generator, level: Shape) -> Shape:
    """Lognormal, 8 %; 2 % of the nights are spikes of 3 to 10 times."""
    tall = np.where(rng.random(level.size) < 0.02, rng.uniform(3, 10, level.size), 1)
    return 100 * level * np.exp(rng.normal(0, 0.08, level.size)) * tall


def mood(rng: np.random.Generator, level: Shape) -> Shape:
    """A mood of 5 % that keeps nine tenths from night to night, and 3 % of its own."""
    felt = np.zeros(level.size)
    felt[0] = rng.normal()
    for night in range(1, level.size):
        felt[night] = 0.9 * felt[night - 1] + rng.normal(0, np.sqrt(1 - 0.9**2))
    return 100 * level * np.exp(0.05 * felt) * rng.normal(1, 0.03, level.size)


def poisson(rng: np.random.Generator, level: Shape) -> Shape:
    """Poisson, 2 a night."""
    return rng.poisson(2 * level).astype(np.float64)


def rare(rng: np.random.Generator, level: Shape) -> Shape:
    """Poisson, 0.1 a night."""
    return rng.poisson(0.1 * level).astype(np.float64)


def steps(*at: tuple[int, float]) -> Shape:
    """A level of 1, and from each night on another factor."""
    level = np.ones(NIGHTS)
    for night, factor in at:
        level[night:] = factor
    return level


Noise = Callable[[np.random.Generator, Shape], Shape]
CASES: tuple[tuple[str, Noise, str, Shape, Points], ...] = (
    ("normal", normal, "none", steps(), []),
    ("normal", normal, "x 1.05", steps((100, 1.05)), [100]),
    ("normal", normal, "x 1.15", steps((100, 1.15)), [100]),
    ("normal", normal, "x 1.3 for 60 nights", steps((60, 1.3), (120, 1)), [60, 120]),
    ("normal", normal, "x 1.3, the last 10 nights", steps((170, 1.3)), [170]),
    ("normal", normal, "x 1.3, the last 4 nights", steps((176, 1.3)), [176]),
    ("spikes", spikes, "none", steps(), []),
    ("spikes", spikes, "x 1.3", steps((100, 1.3)), [100]),
    ("mood", mood, "none", steps(), []),
    ("mood", mood, "x 1.3", steps((100, 1.3)), [100]),
    ("Poisson, 2 a night", poisson, "none", steps(), []),
    ("Poisson, 2 a night", poisson, "x 3", steps((100, 3)), [100]),
    ("Poisson, 0.1 a night", rare, "none", steps(), []),
    ("Poisson, 0.1 a night", rare, "x 10", steps((100, 10)), [100]),
)


# ---- comparison ----------------------------------------------------------------------------------


def same(one: Sequence[int], other: Sequence[int]) -> bool:
    """As many points, each `NEAR` the other's."""
    pairs = zip(sorted(one), sorted(other), strict=False)
    return len(one) == len(other) and all(abs(a - b) <= NEAR for a, b in pairs)


def extra(found: Sequence[int], planted: Sequence[int]) -> int:
    """Points that are near no planted one, or a second one near it."""
    hit = sum(any(abs(a - b) <= NEAR for a in found) for b in planted)
    return len(found) - hit


def all_found(found: Sequence[int], planted: Sequence[int]) -> bool:
    """Every planted one has a point near it."""
    return all(any(abs(a - b) <= NEAR for a in found) for b in planted)


def percent(told: Sequence[bool]) -> str:
    """How many are true."""
    return f"{100 * sum(told) / len(told):.0f} %"


def row(noise: str, what: str, planted: Points, lab: list[Points], told: list[list[Points]]) -> str:
    """A row of the table: found and extra of each, and how often otava's ways say the same."""
    cells = [noise, what]
    for found in (lab, *told):
        cells.append(percent([all_found(f, planted) for f in found]) if planted else "")
        cells.append(f"{sum(extra(f, planted) for f in found) / len(found):.2f}")
    cells += [percent([same(a, b) for a, b in zip(lab, f, strict=True)]) for f in told]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Compare and write."""
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/make_otava.py PYTHON, of an environment that has apache-otava")
    rng = np.random.default_rng(SEED)
    series = {
        f"{case}-{at}": draw(rng, level)
        for case, (_, draw, _, level, _) in enumerate(CASES)
        for at in range(SERIES)
    }
    told = ask_otava(sys.argv[1], series)
    rows = []
    for case, (noise, _, what, _, planted) in enumerate(CASES):
        names = [f"{case}-{at}" for at in range(SERIES)]
        others = [[of[n] for n in names] for of in (told.windows, told.permutations)]
        rows.append(row(noise, what, planted, [ours(series[n]) for n in names], others))
        print(rows[-1], file=sys.stderr, flush=True)
    whose = ("`change_points`", "otava", "otava, original")
    head = ["noise", "planted", *(f"{what}: {of}" for of in whose for what in ("found", "extra"))]
    head += ["same as otava", "same as original"]
    text = "\n\n".join(
        [
            BEGIN,
            f"apache-otava {told.version}, {SERIES} series of {NIGHTS} nights a row, seed {SEED}.",
            "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *rows]),
            END,
        ]
    )
    page = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(page.split(BEGIN)[0] + text + page.split(END)[1], encoding="utf-8")
    print(f"wrote {DOCUMENT}", file=sys.stderr)


if __name__ == "__main__":
    main()
