"""Changes that were told, night by night: so that a change is told once as new, and then as open.

``<root>/<night>/<id>.changes.jsonl``, beside the night's results; a line each.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lab.history.store import NIGHT, Store

if TYPE_CHECKING:
    from lab.night.record import Change

_SUFFIX = ".changes.jsonl"


def keep_told(store: Store, night: str, changes: Sequence[Change]) -> None:
    """Keep what was told on a night for the first time.

    Parameters
    ----------
    store
        Of the history.
    night
        Its name.
    changes
        Those whose series scatter, and that were confirmed: exact ones and verdicts are found again
        in the results.

    Raises
    ------
    LabError
        When there is no room.
    """
    if not changes:
        return
    buffer = io.StringIO()
    for change in changes:
        buffer.write(change.model_dump_json() + "\n")
    store.put(f"{store.root}/{night}/{uuid.uuid4().hex}{_SUFFIX}", buffer.getvalue().encode())


def read_told(store: Store, *, before: str) -> list[Change]:
    """What was told in the nights before one.

    Parameters
    ----------
    store
        Of the history.
    before
        This night and later ones are left out.

    Returns
    -------
    list of Change
        By night; of a file that is broken, and of records that are not known, nothing.
    """
    from lab.night.record import Change

    found: list[tuple[str, Change]] = []
    for path in sorted(_files(store)):
        night = path.rsplit("/", 2)[-2]
        if night >= before or not NIGHT.fullmatch(night):
            continue
        for line in _lines(store, path):
            try:
                found.append((night, Change.model_validate(line)))
            except ValueError:
                continue
    return [change for _, change in sorted(found, key=lambda named: named[0])]


def _files(store: Store) -> list[str]:
    if not store.filesystem.isdir(store.root):
        return []
    return list(store.filesystem.glob(f"{store.root}/*/*{_SUFFIX}"))


def _lines(store: Store, path: str) -> list[Any]:
    try:
        with store.filesystem.open(path, "rb") as file:
            data = file.read()
        return [json.loads(line) for line in data.splitlines()]
    except (OSError, ValueError):
        return []
