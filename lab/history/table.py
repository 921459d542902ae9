"""Results as rows of a table, and back.

A row holds a whole result: a night that was written by two at once, or half, never has a result
without its measurements. The schema's version stands in the file; rows of an older one are brought
up when they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from lab.results import SCHEMA_VERSION, Result

VERSION_KEY = b"hal-lab-schema"
"""In the metadata of a file."""

_NAMES = pa.map_(pa.string(), pa.string())
_COUNTS = pa.map_(pa.string(), pa.int64())
_MEASUREMENT = pa.struct(
    [
        ("name", pa.string()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("kind", pa.string()),
        ("limit", pa.float64()),
        ("better", pa.string()),
        ("margin", pa.float64()),
        ("wall_clock", pa.bool_()),
    ]
)
_GLITCH = pa.struct(
    [
        ("kind", pa.string()),
        ("position_frame", pa.int64()),
        ("frames", pa.int64()),
        ("cause", pa.string()),
        ("at_ns", pa.int64()),
        ("cycle", pa.int64()),
        ("clip", pa.string()),
    ]
)
_HISTOGRAM = pa.struct(
    [("name", pa.string()), ("unit", pa.string()), ("encoded", pa.string()), ("period", pa.int64())]
)
_DRIVER = pa.struct(
    [
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("bundle_id", pa.string()),
        ("name", pa.string()),
    ]
)
_FITNESS = pa.struct(
    [
        ("probes", pa.int64()),
        ("wake_p50_us", pa.float64()),
        ("wake_p99_us", pa.float64()),
        ("steal_percent", pa.float64()),
        ("run_delay_percent", pa.float64()),
        ("realtime_priority", pa.bool_()),
        ("processors", pa.int64()),
        ("wake_max_us", pa.float64()),
        ("reasons", pa.list_(pa.string())),
    ]
)
SCHEMA = pa.schema(
    [
        ("night", pa.string()),
        ("id", pa.string()),
        ("key", pa.string()),
        ("written_at", pa.string()),
        ("scenario", pa.string()),
        ("parameters", _NAMES),
        ("driver", _DRIVER),
        ("profile", pa.string()),
        ("transport", pa.string()),
        ("clock", pa.string()),
        ("seed", pa.uint64()),
        ("attempt", pa.int64()),
        ("command", pa.string()),
        ("started_at", pa.string()),
        ("duration_s", pa.float64()),
        ("audio_s", pa.float64()),
        ("fitness", _FITNESS),
        ("measurements", pa.list_(_MEASUREMENT)),
        ("glitches", pa.list_(_GLITCH)),
        ("glitch_count", pa.int64()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("histograms", pa.list_(_HISTOGRAM)),
        ("coverage", _COUNTS),
        ("artefacts", _NAMES),
    ],
    metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()},
)
"""One row per result. ``night``, ``id``, ``key`` and ``written_at`` are asked for most."""


def to_table(night: str, results: Sequence[Result]) -> pa.Table:
    """Results as a table.

    Parameters
    ----------
    night
        Which night they belong to.
    results
        In any order.

    Returns
    -------
    pyarrow.Table
        Of `SCHEMA`.
    """
    now = datetime.now(UTC).isoformat()
    rows = [
        result.model_dump(mode="json")
        | {"night": night, "id": result.id, "key": result.key, "written_at": now}
        for result in results
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def from_table(table: pa.Table) -> list[Result]:
    """The results of a table.

    Parameters
    ----------
    table
        Of `SCHEMA`, or of an older version.

    Returns
    -------
    list of Result

    Raises
    ------
    pydantic.ValidationError
        When a row is none.
    """
    known = set(Result.model_fields)
    return [
        Result.model_validate({name: value for name, value in row.items() if name in known})
        for row in table.to_pylist(maps_as_pydicts="strict")
    ]


def version_of(schema: pa.Schema) -> int:
    """Which version of the schema a file has; 0: it does not say.

    Parameters
    ----------
    schema
        Of the file.
    """
    told = (schema.metadata or {}).get(VERSION_KEY, b"")
    return int(told) if told.isdigit() else 0


def brought_up(table: pa.Table) -> pa.Table:
    """A table of an older version as one of this: what it lacks has the record's default.

    Parameters
    ----------
    table
        Of one night.

    Returns
    -------
    pyarrow.Table
        Of `SCHEMA`.

    Raises
    ------
    pydantic.ValidationError
        When a row is no result.
    """
    nights = table.column("night").to_pylist()
    made = to_table(nights[0] if nights else "", from_table(table))
    at = SCHEMA.get_field_index("written_at")
    return made.set_column(at, SCHEMA.field(at), table.column("written_at"))
