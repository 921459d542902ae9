"""One measurement of one run, night after night, out of the history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lab.history.history import History

if TYPE_CHECKING:
    import pyarrow as pa

GLITCHES = "glitches"
"""Name of the series of `Result.glitch_count`, which is no measurement of its own."""

_ASK = """
with chosen as (
    select night, key, audio_s, fitness, clock, seed, driver, measurements, glitch_count
    from results
    where attempt = 0 and verdict <> 'skipped' and night < ? and night >= ?
          and key in (select unnest(?))
), apart as (
    select night, key, audio_s, seed, driver.sha256 as sha256,
           coalesce(len(fitness.reasons), 0) = 0 as could_judge,
           unnest(measurements) as m
    from chosen
), rows as (
    select night, key, m.name as name, m.value as value, audio_s,
           could_judge or not m.wall_clock as fit, sha256, seed
    from apart
    union all
    select night, key, 'glitches', glitch_count, audio_s,
           clock = 'virtual' or coalesce(len(fitness.reasons), 0) = 0, driver.sha256, seed
    from chosen
)
select key, name, night, value, audio_s, fit, coalesce(sha256, '') as sha256, seed
from rows order by key, name, night
"""
_VERDICTS = """
select key, list(night order by night) as nights, list(verdict order by night) as verdicts,
       list(coalesce(driver.sha256, '') order by night) as sha256
from results
where attempt = 0 and night < ? and night >= ? and key in (select unnest(?))
group by key
"""


@dataclass(frozen=True, eq=False)
class SeriesRows:
    """A series, before a night: arrays of shape (nights,), as a year of thousands needs them.

    Attributes
    ----------
    key, name
        Of the result and the measurement.
    night_of, sha256_of
        Indices into `night_names` and `sha256_names`, which many series share; nights ascending.
    values, audio_s, fit, seeds
        What was measured, over how much audio, whether the machine could judge it, with which seed.
    """

    key: str
    name: str
    night_of: NDArray[np.int32]
    sha256_of: NDArray[np.int32]
    values: NDArray[np.float64]
    audio_s: NDArray[np.float64]
    fit: NDArray[np.bool_]
    seeds: NDArray[np.uint64]
    night_names: Sequence[str]
    sha256_names: Sequence[str]

    @property
    def nights(self) -> list[str]:
        """Names, ascending."""
        return [self.night_names[at] for at in self.night_of.tolist()]

    @property
    def sha256(self) -> list[str]:
        """Of the driver, one for each night."""
        return [self.sha256_names[at] for at in self.sha256_of.tolist()]


@dataclass(frozen=True)
class VerdictRows:
    """Verdicts of a run, before a night; one of each for every night, ascending."""

    key: str
    nights: tuple[str, ...]
    verdicts: tuple[str, ...]
    sha256: tuple[str, ...]


def series_before(
    history: History, night: str, keys: Collection[str], *, since: str = ""
) -> dict[tuple[str, str], SeriesRows]:
    """All series of some runs before a night; skipped runs are left out.

    Parameters
    ----------
    history
        To ask.
    night
        Is not in them, nor is what came later.
    keys
        Of the runs.
    since
        The first night that is wanted.

    Returns
    -------
    dict
        By key and name of the measurement.
    """
    table = history.ask(_ASK, [night, since, list(keys)])
    if not table.num_rows:
        return {}
    key_of, keys_there = _encoded(table, "key")
    name_of, names = _encoded(table, "name")
    night_of, night_names = _encoded(table, "night")
    sha256_of, sha256_names = _encoded(table, "sha256")
    values, audio_s, fit, seeds = (
        table.column(name).to_numpy() for name in ("value", "audio_s", "fit", "seed")
    )
    begins = np.flatnonzero((np.diff(key_of) != 0) | (np.diff(name_of) != 0)) + 1
    found = {}
    for begin, end in pairwise([0, *begins.tolist(), table.num_rows]):
        part = slice(begin, end)
        key, name = keys_there[key_of[begin]], names[name_of[begin]]
        found[key, name] = SeriesRows(
            *(key, name, night_of[part], sha256_of[part], values[part], audio_s[part], fit[part]),
            *(seeds[part], night_names, sha256_names),
        )
    return found


def _encoded(table: pa.Table, name: str) -> tuple[NDArray[np.int32], list[str]]:
    """A column of few different texts as indices into them."""
    column = table.column(name).combine_chunks().dictionary_encode()
    return column.indices.to_numpy(zero_copy_only=False), column.dictionary.to_pylist()


def verdicts_before(
    history: History, night: str, keys: Collection[str], *, since: str = ""
) -> dict[str, VerdictRows]:
    """The verdicts of some runs before a night; parameters as for `series_before`."""
    rows = history.ask(_VERDICTS, [night, since, list(keys)]).to_pylist()
    return {
        row["key"]: VerdictRows(
            row["key"], tuple(row["nights"]), tuple(row["verdicts"]), tuple(row["sha256"])
        )
        for row in rows
    }
