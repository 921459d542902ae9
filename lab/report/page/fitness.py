"""The machine: could it judge what hangs on the wall clock?"""

from __future__ import annotations

from dataclasses import dataclass

from lab.measure.fitness import (
    RUN_DELAY_LIMIT_PERCENT,
    STALL_LIMIT_US,
    STEAL_LIMIT_PERCENT,
    WAKE_P99_LIMIT_US,
)
from lab.night.record import Machine
from lab.report.page.figures import figure

GAUGE_WIDTH = 160


@dataclass(frozen=True)
class Gauge:
    """One figure of the probe against its limit.

    Attributes
    ----------
    name
        What it is.
    value, limit
        With units; the limit is empty where nothing is judged.
    fill
        Width of the bar, of `GAUGE_WIDTH`, which is twice the limit.
    broken
        Beyond the limit.
    """

    name: str
    value: str
    limit: str
    fill: float
    broken: bool


def gauges_of(machine: Machine) -> list[Gauge]:
    """What the probe saw at the beginning; nothing when it was not asked.

    Parameters
    ----------
    machine
        Of the night.

    Returns
    -------
    list of Gauge
    """
    fitness = machine.fitness
    if fitness is None:
        return []
    told = [
        ("wake-up error, median", fitness.wake_p50_us, "us", None),
        ("wake-up error, p99", fitness.wake_p99_us, "us", WAKE_P99_LIMIT_US),
        ("wake-up error, greatest", fitness.wake_max_us, "us", STALL_LIMIT_US),
        ("taken by the hypervisor", fitness.steal_percent, "%", STEAL_LIMIT_PERCENT),
    ]
    if fitness.run_delay_percent >= 0:
        told.append(
            ("waiting for a processor", fitness.run_delay_percent, "%", RUN_DELAY_LIMIT_PERCENT)
        )
    return [_gauge(*row) for row in told]


def _gauge(name: str, value: float, unit: str, limit: float | None) -> Gauge:
    if limit is None:
        return Gauge(name, figure(value, unit), "", 0.0, broken=False)
    share = min(max(value / limit, 0.0), 2.0)
    return Gauge(
        name=name,
        value=figure(value, unit),
        limit=figure(limit, unit),
        fill=round(share * GAUGE_WIDTH / 2, 1),
        broken=value > limit,
    )
