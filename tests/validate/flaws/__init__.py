"""Which check finds which flaw of Flawed.driver: one table, a module for each group of families."""

from __future__ import annotations

from tests.validate.flaws import (
    bundle_lifecycle,
    io_time,
    objects,
    real_time_threads,
    robustness,
    settings,
)

TABLE = (
    *bundle_lifecycle.ROWS,
    *objects.ROWS,
    *settings.ROWS,
    *io_time.ROWS,
    *real_time_threads.ROWS,
    *robustness.ROWS,
)
"""All rows."""
