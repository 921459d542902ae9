"""The distributions behind a run's percentiles, for the pages and the nights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.measure.cycles import wake_error_ns
from lab.measure.trace import driver_ns
from lab.play.settings import PlayFacts
from lab.results import Histogram
from lab.statistics.latency import make_histogram

_HOUR_NS = 3_600_000_000_000


def distributions(facts: PlayFacts, latency_ns: NDArray[np.int64]) -> list[Histogram]:
    """Latency to the reader, wake-up error, and what the driver took of each cycle.

    Every block and every cycle is there, so that nothing is left out by a stall: no correction for
    coordinated omission is needed.

    Parameters
    ----------
    facts
        Of a run in real time.
    latency_ns
        By `lab.play.judge.latency_ns`.

    Returns
    -------
    list of Histogram
        In nanoseconds; those that have no values are left out.
    """
    found = {
        "latency": latency_ns,
        "wake-up-error": wake_error_ns(facts.records),
        "driver-time-per-cycle": driver_ns(facts.records),
    }
    return [
        make_histogram(name, np.clip(values, 0, _HOUR_NS), unit="ns")
        for name, values in found.items()
        if len(values)
    ]
