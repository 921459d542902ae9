"""The driver's zero timestamps in the result of a play: figures, limits, and what broke them."""

from __future__ import annotations

from dataclasses import dataclass

from lab.measure.timestamps import TimestampFault, TimestampLimits, judge_timestamps
from lab.play.settings import PlayFacts, PlaySettings
from lab.results import Measurement

_FIGURES = ("rate", "jitter", "step")
"""Checks that have a row of their own, with the limit."""
_OF_THE_MACHINE = {"stale", "skipped-periods", "rate", "jitter", "step"}
"""In real time a driver whose thread was late fails these without a mistake."""
_FAULTS_TOLD = 2


@dataclass(frozen=True)
class TimestampVerdict:
    """What is told of the zero timestamps.

    Attributes
    ----------
    rows
        For the table.
    faults
        Checks that failed, in words.
    """

    rows: list[Measurement]
    faults: list[TimestampFault]

    @property
    def words(self) -> str:
        """The first ones, for the line below the table; empty when all held."""
        told = [f"zero timestamps, {f.check}: {f.text}" for f in self.faults[:_FAULTS_TOLD]]
        more = len(self.faults) - len(told)
        return "; ".join([*told, f"and {more} more"] if more else told)

    def has(self, check: str) -> bool:
        """Whether this check failed."""
        return any(fault.check == check for fault in self.faults)


def judge_play_timestamps(settings: PlaySettings, facts: PlayFacts) -> TimestampVerdict:
    """Hold the zero timestamps of a play against the limits.

    The times are the driver's own: a clock model does not move them.

    Parameters
    ----------
    settings
        What was asked for.
    facts
        What happened.

    Returns
    -------
    TimestampVerdict
        Nothing when the host could not be asked, or never asked the driver.
    """
    report = facts.timestamps
    if report is None or report.asked == 0:
        return TimestampVerdict([], [])
    limits = TimestampLimits()
    faults = judge_timestamps(report, limits)
    if not _is_long_enough(facts, limits):
        faults = [fault for fault in faults if fault.check != "too-few-timestamps"]
    realtime = settings.clock == "realtime"
    counted = [fault for fault in faults if fault.check not in _FIGURES]
    rows = [
        Measurement(name="zero-timestamps", value=report.different),
        Measurement(name="zero-timestamp-faults", value=sum(f.count for f in counted)),
    ]
    rows += [
        Measurement(
            name=f"zero-timestamps-{fault.check.removesuffix('-timestamps')}",
            value=fault.count,
            limit=0,
            wall_clock=realtime and fault.check in _OF_THE_MACHINE,
        )
        for fault in counted
    ]
    fit = report.driver
    if fit.points >= limits.points:
        rows += [
            Measurement(name=f"zero-timestamp-{name}", value=value, unit=unit, limit=limit,
                        wall_clock=realtime)
            for name, value, unit, limit in (
                ("rate-error", abs(fit.rate_ppm), "ppm", limits.rate_ppm),
                ("jitter-p99", fit.jitter_p99_ns / 1e3, "us", limits.jitter_p99_ns / 1e3),
                ("step", fit.step_max_ns / 1e3, "us", limits.step_ns / 1e3),
            )
        ]  # fmt: skip
    if settings.device_clock or settings.host_clock:
        rows.append(
            Measurement(name="device-rate-as-modeled", value=report.modeled.rate_ppm, unit="ppm")
        )
    return TimestampVerdict(rows, faults)


def _is_long_enough(facts: PlayFacts, limits: TimestampLimits) -> bool:
    """Whether a driver that is right would have given plenty."""
    assert facts.timestamps is not None
    period = facts.timestamps.period_frames
    return period > 0 and facts.position_frames >= 2 * limits.points * period
