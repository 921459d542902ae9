"""Measure the nightly judgement anew: python docs/make_statistics.py.

Writes the tables of docs/explanation/statistics.md: false alarms in simulated quiet years, and how
many planted changes are found. Takes some four minutes of one core.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from lab.statistics.series import Policy  # noqa: E402
from lab.statistics.simulation import MODELS, Plant, simulate  # noqa: E402

DOCUMENT = ROOT / "docs" / "explanation" / "statistics.md"
BEGIN, END = "<!-- tables: begin (docs/make_statistics.py) -->", "<!-- tables: end -->"
SEED = 3
QUIET_YEARS = 100
PLANTED_YEARS = 5
SERIES = 20
ONSET, LAST = 150, 180
PLANTED: tuple[tuple[str, float | None, tuple[float, ...]], ...] = (
    ("normal", None, (1.05, 1.1, 1.15, 1.3, 2.0)),
    ("spikes", None, (1.15, 1.3, 1.5, 2.0)),
    ("mood", None, (1.15, 1.3, 1.5, 2.0)),
    ("poisson", 0.5, (2.0, 3.0, 5.0)),
    ("poisson", 5.0, (1.5, 2.0, 3.0)),
    ("mood-counts", 5.0, (2.0, 3.0, 5.0)),
)
FAMILIES = {SERIES: Policy(series=SERIES), 20_000: Policy()}


def quiet_rows() -> list[str]:
    """False alarms by model of noise, for the small family and the large one."""
    rows = []
    for model, words in MODELS.items():
        cells = [f"`{model}`: {words}"]
        for policy in FAMILIES.values():
            made = simulate(model, years=QUIET_YEARS, series=SERIES, seed=SEED, policy=policy)
            alarms, changes = made.alarms_per_year(), int(made.changes_per_year().sum())
            cells += [
                f"{alarms.mean():.2f}",
                f"{alarms.max()}",
                f"{changes}",
                f"{made.suspicions / QUIET_YEARS:.1f}",
            ]
        rows.append(f"| {' | '.join(cells)} |")
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def planted_cells(model: str, rate: float | None, factor: float, policy: Policy) -> list[str]:
    """Share found within 30 nights, median delay, share whose onset is right."""
    made = simulate(
        model,
        years=PLANTED_YEARS,
        series=SERIES,
        nights=LAST,
        seed=SEED,
        policy=policy,
        plant=Plant(ONSET, factor),
        base_rate=rate,
    )
    first: dict[int, tuple[int, int]] = {}
    for told in made.alarms:
        if told.raised >= ONSET:
            first.setdefault(told.row, (told.raised - ONSET, abs(told.since - ONSET)))
    share = f"{100 * len(first) / (PLANTED_YEARS * SERIES):.0f} %"
    if not first:
        return [share, "", "", ""]
    delays, errors = np.array(list(first.values())).T
    exact, near = np.mean(errors == 0), np.mean(errors <= 1)
    return [share, f"{np.median(delays):g}", f"{100 * exact:.0f} %", f"{100 * near:.0f} %"]


def planted_rows() -> list[str]:
    """What is found, by model and magnitude."""
    rows = []
    for model, rate, factors in PLANTED:
        for factor in factors:
            name = f"`{model}`" if rate is None else f"`{model}`, {rate:g} a night"
            cells = [name, f"x {factor:g}"]
            for policy in FAMILIES.values():
                cells += planted_cells(model, rate, factor, policy)
            rows.append(f"| {' | '.join(cells)} |")
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def table(columns: list[str], rows: list[str]) -> str:
    """Markdown."""
    head = f"| {' | '.join(columns)} |"
    return "\n".join([head, "|" + "---|" * len(columns), *rows])


def main() -> None:
    """Measure and write."""
    small, large = (f"{n:,}" for n in FAMILIES)
    quiet = [
        f"{what} ({of})"
        for of in (small, large)
        for what in ("alarms a year", "worst year", "series in all", "suspicions a year")
    ]
    found = [
        f"{what} ({of})"
        for of in (small, large)
        for what in ("found", "nights until", "onset exact", "onset ±1")
    ]
    about = (
        f"Quiet: {QUIET_YEARS} years of 365 nights and {SERIES} series for each model, "
        f"seed {SEED}; limits as for a family of {small} series, and of {large}."
    )
    text = "\n\n".join(
        [
            BEGIN,
            about,
            table(["noise", *quiet], quiet_rows()),
            f"Planted on night {ONSET} of {LAST}, in {PLANTED_YEARS * SERIES} series each.",
            table(["noise", "change", *found], planted_rows()),
            END,
        ]
    )
    page = DOCUMENT.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    DOCUMENT.write_text(before + text + after, encoding="utf-8")
    print(f"wrote {DOCUMENT}", file=sys.stderr)


if __name__ == "__main__":
    main()
