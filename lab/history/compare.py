"""Two nights beside each other: every measurement of every run that both have."""

from __future__ import annotations

from dataclasses import dataclass

from lab.history.history import History

_ASK = """
with a as (select * from measurements where night = ? and attempt = 0),
     b as (select * from measurements where night = ? and attempt = 0)
select coalesce(a.key, b.key) as key, coalesce(a.name, b.name) as name,
       coalesce(a.unit, b.unit) as unit, a.value as before, b.value as after,
       coalesce(a.better, b.better) as better, coalesce(b."limit", a."limit") as "limit"
from a full join b on a.key = b.key and a.name = b.name
order by key, name
"""


@dataclass(frozen=True)
class Compared:
    """A measurement in two nights.

    Attributes
    ----------
    key, name, unit
        Of the run and the measurement.
    before, after
        Values; None where the night does not have it.
    better
        ``"lower"`` or ``"higher"``.
    limit
        Of the later one.
    """

    key: str
    name: str
    unit: str
    before: float | None
    after: float | None
    better: str
    limit: float | None

    @property
    def ratio(self) -> float | None:
        """``after / before``; None where there is none."""
        if self.before is None or self.after is None or self.before == 0:
            return None
        return self.after / self.before

    @property
    def differs(self) -> bool:
        """Whether it is another value, or there only once."""
        return self.before != self.after


def compare(history: History, before: str, after: str) -> list[Compared]:
    """Hold two nights side by side.

    Parameters
    ----------
    history
        To ask.
    before, after
        Names of nights.

    Returns
    -------
    list of Compared
        By run and measurement.

    Raises
    ------
    UsageError
        When there is no such night.
    """
    for night in (before, after):
        history.check_there(night)
    return [Compared(**row) for row in history.ask(_ASK, [before, after]).to_pylist()]
