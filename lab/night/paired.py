"""Figures of a driver beside those of a reference that ran right before and after it.

The runs alternate: reference, driver, reference, driver, ..., reference. Each driver's run is held
against its two neighbours, so that what the machine does to all of them cancels
(`lab.statistics.paired`). A reference between two drivers' runs is the neighbour of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError
from lab.measure.cycles import wake_error_ns
from lab.measure.latency import summarise_ns
from lab.measure.trace import driver_ns
from lab.play.latency import latency_ns
from lab.play.settings import PlayFacts
from lab.results import Histogram, Measurement
from lab.statistics.latency import make_histogram
from lab.statistics.paired import own_part

RATIO = "driver-time-ratio"
"""The machine is no part of it: it says something on an unfit one, too."""
SCENARIO = "paired"
"""Of its figures `RATIO` is compared from night to night; all others have the machine in them."""
_HOUR_NS = 3_600_000_000_000
_LEAST_US = 1e-3
"""A driver that took no time that the clock can tell took a nanosecond: a ratio needs one."""


@dataclass(frozen=True)
class PairedRun:
    """What one run was like.

    Attributes
    ----------
    driver_ns
        What the driver took of each cycle, shape (cycles,), nanoseconds.
    wake_ns
        How late the IO thread woke, shape (cycles,), nanoseconds.
    latency_ns
        From the cycle to the reader, shape (blocks,), nanoseconds; empty without a reader.
    """

    driver_ns: NDArray[np.int64]
    wake_ns: NDArray[np.int64]
    latency_ns: NDArray[np.int64]


def run_of(facts: PlayFacts) -> PairedRun:
    """Take what is compared from a play.

    Parameters
    ----------
    facts
        Of a play in real time.

    Returns
    -------
    PairedRun

    Raises
    ------
    LabError
        When the trace has no cycle.
    """
    if len(facts.records) == 0:
        raise LabError("a paired run without a cycle", where=facts.plugin.path)
    return PairedRun(driver_ns(facts.records), wake_error_ns(facts.records), latency_ns(facts))


def paired_measurements(
    references: Sequence[PairedRun], drivers: Sequence[PairedRun]
) -> list[Measurement]:
    """The driver's own part, and what the machine did.

    Parameters
    ----------
    references
        In the order in which they ran; one more than `drivers`.
    drivers
        Each between two of `references`.

    Returns
    -------
    list of Measurement
        Without limits: another night says what is too much. All but the ratio of the wall clock.

    Raises
    ------
    LabError
        When the runs do not alternate.
    """
    part = own_part(_triples(references, drivers))
    own, reference = ([_driver_us(run) for run in runs] for runs in (drivers, references))
    rows = [
        (RATIO, part.ratio, "x"),
        (f"{RATIO}-low", part.low, "x"),
        (f"{RATIO}-high", part.high, "x"),
        (f"{RATIO}-confidence", 100 * part.confidence, "%"),
        ("own-driver-time-p50", part.own, "us"),
        ("own-driver-time-low", part.own_low, "us"),
        ("own-driver-time-high", part.own_high, "us"),
        ("driver-time-p50", float(np.median(own)), "us"),
        ("reference-time-p50", float(np.median(reference)), "us"),
    ]
    for side, runs in (("", drivers), ("reference-", references)):
        wake = summarise_ns(np.concatenate([run.wake_ns for run in runs]))
        rows.append((f"{side}wake-up-error-p50", wake.p50_us, "us"))
        rows.append((f"{side}wake-up-error-p99", wake.p99_us, "us"))
    latency = summarise_ns(np.concatenate([run.latency_ns for run in drivers]))
    if latency.count:
        rows += [("latency-p50", latency.p50_us, "us"), ("latency-p99", latency.p99_us, "us")]
    rows += [
        ("machine-drift", part.drift, "x"),
        ("machine-slowest-over-fastest", max(reference) / min(reference), "x"),
    ]
    told = [
        Measurement(name=name, value=v, unit=u, wall_clock=name != RATIO) for name, v, u in rows
    ]
    return [Measurement(name="rounds", value=len(drivers)), *told]


def paired_histograms(
    references: Sequence[PairedRun], drivers: Sequence[PairedRun]
) -> list[Histogram]:
    """The distributions behind the figures, all runs of a side together.

    Parameters
    ----------
    references, drivers
        As for `paired_measurements`.

    Returns
    -------
    list of Histogram
        In nanoseconds; those that have no values are left out.
    """
    found = {
        "latency": [run.latency_ns for run in drivers],
        "wake-up-error": [run.wake_ns for run in drivers],
        "driver-time-per-cycle": [run.driver_ns for run in drivers],
        "reference-time-per-cycle": [run.driver_ns for run in references],
    }
    return [
        make_histogram(name, np.clip(values, 0, _HOUR_NS), unit="ns")
        for name, parts in found.items()
        if len(values := np.concatenate(parts))
    ]


def _driver_us(run: PairedRun) -> float:
    return max(summarise_ns(run.driver_ns).p50_us, _LEAST_US)


def _triples(
    references: Sequence[PairedRun], drivers: Sequence[PairedRun]
) -> list[tuple[float, float, float]]:
    """Reference, driver, reference."""
    if len(references) != len(drivers) + 1 or not drivers:
        raise LabError(
            f"{len(drivers)} runs of the driver between {len(references)} of the reference",
            do="give one reference more",
        )
    before = [_driver_us(run) for run in references]
    return [(before[n], _driver_us(run), before[n + 1]) for n, run in enumerate(drivers)]
