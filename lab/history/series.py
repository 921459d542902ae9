"""One measurement of one run, night after night, out of the history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lab.history.history import History

GLITCHES = "glitches"
"""Name of the series of `Result.glitch_count`, which is no measurement of its own."""

RATIO = "driver-time-ratio"
"""Of paired runs: the machine is no part of it, so that it says something on an unfit one, too."""

_ASK = """
with rows as (
    select night, key, name, value, audio_s,
           fit or not wall_clock or name = 'driver-time-ratio' as fit, sha256, seed
    from measurements where attempt = 0 and verdict <> 'skipped'
    union all
    select night, key, 'glitches', glitch_count, audio_s,
           clock = 'virtual' or coalesce(len(fitness.reasons), 0) = 0, driver.sha256, seed
    from results where attempt = 0 and verdict <> 'skipped'
)
select key, name,
       list(night order by night) as nights, list(value order by night) as values,
       list(audio_s order by night) as audio_s, list(fit order by night) as fit,
       list(coalesce(sha256, '') order by night) as sha256, list(seed order by night) as seeds
from rows
where night < ? and night >= ? and key in (select unnest(?))
group by key, name
"""
_VERDICTS = """
select key, list(night order by night) as nights, list(verdict order by night) as verdicts,
       list(coalesce(driver.sha256, '') order by night) as sha256
from results
where attempt = 0 and night < ? and night >= ? and key in (select unnest(?))
group by key
"""


@dataclass(frozen=True)
class SeriesRows:
    """A series, before a night.

    Attributes
    ----------
    key, name
        Of the result and the measurement.
    nights
        Ascending.
    values, audio_s, fit, sha256, seeds
        One for each night: what was measured, over how much audio, whether the machine could judge
        it, of which driver, with which seed.
    """

    key: str
    name: str
    nights: tuple[str, ...]
    values: tuple[float, ...]
    audio_s: tuple[float, ...]
    fit: tuple[bool, ...]
    sha256: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class VerdictRows:
    """Verdicts of a run, before a night. Attributes as `SeriesRows`."""

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
    rows = history.ask(_ASK, [night, since, list(keys)]).to_pylist()
    return {
        (row["key"], row["name"]): SeriesRows(
            key=row["key"],
            name=row["name"],
            **{
                part: tuple(row[part])
                for part in ("nights", "values", "audio_s", "fit", "sha256", "seeds")
            },
        )
        for row in rows
    }


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
