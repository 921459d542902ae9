"""How long a year of nights takes to open, and to hold tonight against."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.conftest import Judge
from bench.ratios import Ratio, floor, typical
from lab.history.history import History
from lab.history.series import series_before
from lab.history.table import to_table
from lab.results import DriverIdentity, Measurement, Result

NIGHTS, RESULTS, MEASUREMENTS = 365, 2_000, 10
ROUNDS = 3
OPEN_LIMIT_S = 2.0
_OVERVIEW = """
select night, count(*) as results, count(*) filter (verdict = 'fail') as failed,
       sum(glitch_count) as glitches
from results group by night order by night
"""


def result(number: int) -> Result:
    return Result(
        scenario=f"play-{number % 50}",
        parameters={"case": str(number), "signal": "noise"},
        driver=DriverIdentity(path="/x/My.driver", sha256="0" * 64),
        profile="macos-26",
        audio_s=5.0,
        measurements=[
            Measurement(name=f"measurement-{n}", value=number * 0.37 + n, unit="us")
            for n in range(MEASUREMENTS)
        ],
    )


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year: every night the same results, which DuckDB cannot know."""
    root = tmp_path_factory.mktemp("history")
    one = to_table("", [result(n) for n in range(RESULTS)])
    column = one.schema.get_field_index("night")
    for n in range(NIGHTS):
        night = (date(2026, 1, 1) + timedelta(days=n)).isoformat()
        names = pa.array([night] * RESULTS, pa.string())
        (root / night).mkdir()
        table = one.set_column(column, one.schema.field(column), names)
        pq.write_table(table, root / night / "x.parquet", compression="zstd")
    return root


def test_a_year_of_nights_opens_within_two_seconds(year: Path, judge: Judge) -> None:
    times, series = [], []
    keys = [result(n).key for n in range(0, RESULTS, 10)]
    last = (date(2026, 1, 1) + timedelta(days=NIGHTS)).isoformat()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with History(year) as history:
            rows = history.ask(_OVERVIEW)
            times.append(time.perf_counter() - began)
            assert rows.num_rows == NIGHTS
            assert sum(rows.column("results").to_pylist()) == NIGHTS * RESULTS
            began = time.perf_counter()
            found = series_before(history, last, keys)
            series.append(time.perf_counter() - began)
            assert len(found) == len(keys) * (MEASUREMENTS + 1)
            assert all(len(rows.nights) == NIGHTS for rows in found.values())
    judge(
        Ratio(
            f"opening {NIGHTS} nights of {RESULTS:,} results",
            typical(times),
            limit=OPEN_LIMIT_S,
            unit="s",
            gates=True,
            margin=2.0,
            detail={"fastest s": floor(times)},
        )
    )
    judge(
        Ratio(
            f"the series of {len(keys)} runs over {NIGHTS} nights",
            typical(series),
            limit=5.0,
            unit="s",
            detail={"fastest s": floor(series)},
        )
    )
