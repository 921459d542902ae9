"""Questions to all nights: SQL by DuckDB, over views of the files.

- ``results``: one row per result, `lab.history.table.SCHEMA`; of results of a night that have one
  ID, the last that was written
- ``measurements``: one row per measurement: night, id, key, driver (its name), sha256, profile,
  clock, seed, attempt, audio_s, fit, verdict, and name, value, unit, kind, limit, better, margin,
  wall_clock
- ``glitches``: one row per glitch: night, id, key, driver, and kind, position_frame, frames, cause,
  at_ns, cycle, clip
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.closing import Closing
from lab.errors import LabError, MissingError, UsageError, first_line
from lab.history.store import Contents, Part, Store
from lab.results import SCHEMA_VERSION, Result

if TYPE_CHECKING:
    import pyarrow as pa

_VIEWS = """
create view measurements as
    select night, id, key, driver.name as driver, driver.sha256 as sha256, profile, clock, seed,
           attempt, audio_s, coalesce(len(fitness.reasons), 0) = 0 as fit, verdict,
           unnest(measurements, recursive := true)
    from results;
create view glitches as
    select night, id, key, driver.name as driver, unnest(glitches, recursive := true) from results;
"""
_LAST = "qualify row_number() over (partition by night, id order by written_at desc) = 1"


class History(Closing):
    """All nights of a place.

    Parameters
    ----------
    root
        A folder, or a URL that fsspec knows.

    Attributes
    ----------
    store
        The files.
    complaints
        What could not be read, a line each.
    """

    def __init__(self, root: str | Path) -> None:
        self.store = Store(root)
        self.complaints: list[str] = []
        self._duckdb = _duckdb()
        self._connection: Any = None
        self._contents = Contents(())
        self.refresh()

    def close(self) -> None:
        """Let go of the files. May be called twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def refresh(self) -> None:
        """Look again at what there is."""
        self.close()
        self._contents = self.store.contents()
        self.complaints += [c for c in self._contents.complaints if c not in self.complaints]
        self._connection = self._duckdb.connect()
        self._connection.execute("set enable_progress_bar = false")
        if not self.store.is_local:
            self._connection.register_filesystem(self.store.filesystem)
        self._make_views()

    # ---- asking ------------------------------------------------------------------------------

    @property
    def nights(self) -> list[str]:
        """In their order."""
        return self._contents.nights

    def check_there(self, night: str) -> None:
        """Refuse a night that is not there.

        Parameters
        ----------
        night
            Its name.

        Raises
        ------
        UsageError
            Says which one is the last.
        """
        if night not in self.nights:
            there = f"the last one is {self.nights[-1]}" if self.nights else "there is none"
            raise UsageError("no such night", where=night, do=f"choose another one; {there}")

    def ask(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Ask in SQL.

        Parameters
        ----------
        query
            One statement; ``?`` stands for a parameter.
        parameters
            In their order.

        Returns
        -------
        pyarrow.Table

        Raises
        ------
        UsageError
            When DuckDB does not understand it.
        LabError
            When files are broken behind their footers, and cannot be set aside.
        """
        try:
            return self._answer(query, parameters)
        except (self._duckdb.Error, OSError) as error:
            if not self._leave_out_broken():
                raise LabError(first_line(error), where=str(self.store.root)) from error
            return self._answer(query, parameters)

    def results(self, night: str) -> list[Result]:
        """All results of a night, in the order in which they were begun.

        Raises
        ------
        UsageError
            When there is no such night.
        """
        from lab.history.table import from_table

        self.check_there(night)
        ask = "select * from results where night = ? order by started_at, id"
        return from_table(self.ask(ask, [night]))

    def write(self, night: str, results: Sequence[Result]) -> None:
        """Add results to a night, see `Store.write`."""
        self.store.write(night, results)
        self.refresh()

    # ---- inside ------------------------------------------------------------------------------

    def _answer(self, query: str, parameters: Sequence[Any]) -> pa.Table:
        try:
            return self._connection.sql(query, params=list(parameters)).to_arrow_table()
        except (
            self._duckdb.ParserException,
            self._duckdb.BinderException,
            self._duckdb.CatalogException,
            self._duckdb.ConversionException,
        ) as error:
            raise UsageError(first_line(error), where=query.strip()) from error

    def _make_views(self) -> None:
        """Of nights with several files the last of each ID; the others need not be looked at."""
        from lab.history.table import SCHEMA

        self._connection.register("nothing", SCHEMA.empty_table())
        files = Counter(part.night for part in self._contents.parts)
        single = [part for part in self._contents.parts if files[part.night] == 1]
        several = [part for part in self._contents.parts if files[part.night] > 1]
        of_all = ["select * from nothing"]
        if single:
            of_all.append(self._select("single", single))
        if several:
            of_several = self._select("several", several)
            of_all.append(f"(select * from ({of_several}) {_LAST})")  # noqa: S608
        self._connection.execute(f"create view results as {' union all by name '.join(of_all)}")
        self._connection.execute(_VIEWS)

    def _select(self, name: str, parts: Sequence[Part]) -> str:
        """What reads files; those of an older schema are brought up here."""
        import pyarrow as pa

        now = [part for part in parts if part.version == SCHEMA_VERSION]
        old = [part for part in parts if part.version != SCHEMA_VERSION]
        selects = []
        if now:
            listed = ", ".join(_quoted(self._address(part)) for part in now)
            selects.append(f"select * from read_parquet([{listed}])")  # noqa: S608
        if old:
            tables = [self.store.read(part) for part in old]
            self._connection.register(f"old_{name}", pa.concat_tables(tables))
            selects.append(f"select * from old_{name}")  # noqa: S608
        return " union all by name ".join(selects)

    def _address(self, part: Part) -> str:
        if self.store.is_local:
            return part.path
        return str(self.store.filesystem.unstrip_protocol(part.path))

    def _leave_out_broken(self) -> bool:
        """Read every file to its end; set aside those that cannot be. Whether there were any."""
        found = False
        for part in self._contents.parts:
            try:
                self.store.read(part)
            except Exception as error:  # noqa: BLE001  (whatever a broken file leads to)
                found = True
                self.complaints.append(self.store.set_aside(part.path, first_line(error)))
        if found:
            self.refresh()
        return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise MissingError(
            "the history needs DuckDB", do="pip install 'hal-lab[nightly]'"
        ) from error
    return duckdb
