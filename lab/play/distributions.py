"""The distributions behind a run's percentiles, for the pages and the nights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lab.measure.cycles import wake_error_ns
from lab.measure.trace import driver_ns
from lab.play.settings import PlayFacts, PlaySettings
from lab.results import Histogram
from lab.statistics.latency import make_histogram

_HOUR_NS = 3_600_000_000_000


def distributions(
    settings: PlaySettings, facts: PlayFacts, delays_ns: Mapping[str, NDArray[np.int64]]
) -> list[Histogram]:
    """Latency to the reader, wake-up error, and what the driver took of each cycle.

    Of packets each stage, too, and those in virtual time as well: there they are the driver's own.

    Every block and every cycle is there, so that nothing is left out by a stall: no correction for
    coordinated omission is needed.

    Parameters
    ----------
    settings
        What was asked for.
    facts
        What happened.
    delays_ns
        By `lab.play.latency.delays_ns`.

    Returns
    -------
    list of Histogram
        In nanoseconds; those that have no values are left out.
    """
    found = dict(delays_ns)
    if settings.clock == "realtime":
        found["wake-up-error"] = wake_error_ns(facts.records)
        found["driver-time-per-cycle"] = driver_ns(facts.records)
    return [
        make_histogram(name, np.clip(values, 0, _HOUR_NS), unit="ns")
        for name, values in found.items()
        if len(values)
    ]
