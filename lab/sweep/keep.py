"""Results of a sweep into the history, in batches, as they come; and what is there already."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

from lab.closing import Closing
from lab.errors import LabError
from lab.history.history import History
from lab.history.store import Store
from lab.results import Result
from lab.sweep.task import SCENARIO

BATCH_RESULTS = 1_000
BATCH_S = 5.0
"""What a sweep that is killed loses at most; a file for each batch."""
_ASK = """
select id, glitch_count from results
where night = ? and scenario = ? and coalesce(driver.sha256, '') = ? and verdict <> 'skipped'
"""


class Keeper(Closing):
    """Writes results to a night.

    Parameters
    ----------
    root
        Of the history, a folder or a URL; None: nothing is kept.
    night
        Its name.

    Raises
    ------
    LabError
        When nothing can be written there: before anything was run.
    """

    def __init__(self, root: str | None, night: str) -> None:
        self._night = night
        self._root = root
        self._store = None if root is None else Store(root)
        self._batch: list[Result] = []
        self._since = 0.0
        if self._store is not None:
            _try_to_write(self._store)

    def close(self) -> None:
        """Write what is left. May be called twice."""
        self.flush()

    def there_already(self, sha256: str) -> dict[str, int]:
        """IDs of the results of this night and this very driver, and how many glitches each has.

        Parameters
        ----------
        sha256
            Of the driver: a result of another build of it says nothing of this one.
        """
        if self._root is None:
            return {}
        with History(self._root) as history:
            rows = history.ask(_ASK, [self._night, SCENARIO, sha256]).to_pylist()
        return {row["id"]: int(row["glitch_count"]) for row in rows}

    def keep(self, results: Sequence[Result]) -> None:
        """Take results; they are written when they are many, or old.

        Raises
        ------
        LabError
            When they cannot be written.
        """
        if results and not self._batch:
            self._since = time.monotonic()
        self._batch += results
        if not self._batch:
            return
        if len(self._batch) >= BATCH_RESULTS or time.monotonic() - self._since >= BATCH_S:
            self.flush()

    def flush(self) -> None:
        """Write what has come.

        Raises
        ------
        LabError
            When that fails: then these results are not kept, and the next sweep makes them again.
        """
        batch, self._batch = self._batch, []
        if batch and self._store is not None:
            self._store.write(self._night, batch)


def _try_to_write(store: Store) -> None:
    """Find out now, and not after an hour."""
    path = f"{store.root}/.hal-lab-{uuid.uuid4().hex}"
    try:
        store.filesystem.makedirs(store.root, exist_ok=True)
        store.filesystem.pipe_file(path, b"")
        store.filesystem.rm_file(path)
    except OSError as error:
        raise LabError(
            f"the history cannot be written ({error.strerror or error})",
            where=str(store.root),
            do="choose another place (--history), or keep nothing (--no-history)",
        ) from error
