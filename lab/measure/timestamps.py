"""Does a device's clock hold? A verdict on what the host found of its zero timestamps.

The host counts and measures (`lab.host.models.TimestampReport`); the limits are here. A check has
an id and a sentence; one that fails says how often, in which cycle first, and with which two
timestamps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lab.host.models import Timestamp, TimestampReport, TimestampViolation

CHECKS = {
    "impossible": "a timestamp is a finite sample time from 0 on and a host time near now",
    "host-time-not-increasing": "with another sample time comes a later host time",
    "host-time-moved-alone": "the host time of a sample time does not change",
    "not-a-multiple-of-the-period": "a sample time is a multiple of the zero-timestamp period",
    "odd-advance": "timestamps advance by whole periods",
    "break-without-a-new-seed": "a time line that breaks gets a new seed",
    "new-seed-without-a-break": "a time line that goes on keeps its seed",
    "stale": "a timestamp is never older than two periods (and the cycle in which it is read)",
    "in-the-future": "a timestamp is never of a time that is still to come",
    "skipped-periods": "no period is left out between two timestamps",
    "rate": "the device's rate is near its nominal rate",
    "jitter": "timestamps lie near a straight line",
    "step": "no timestamp is far from where the one before it leads",
    "too-few-timestamps": "a run is long enough for its rate and its jitter to mean something",
}
"""What is checked; the first nine are found by the host, by that name."""


@dataclass(frozen=True)
class TimestampLimits:
    """The last good values. None of them is Apple's: these are what a crystal and a timer give.

    Attributes
    ----------
    rate_ppm
        Either way of nominal.
    jitter_p99_ns
        Distance from the line of least squares.
    step_ns
        Distance from where the timestamp before leads.
    points
        Fewer timestamps than that say nothing about the three above.
    """

    rate_ppm: float = 200.0
    jitter_p99_ns: float = 50_000.0
    step_ns: float = 100_000.0
    points: int = 16


@dataclass(frozen=True)
class TimestampFault:
    """A check that failed.

    Attributes
    ----------
    check
        A key of `CHECKS`.
    text
        What was found, in one line.
    count
        How often; 1 for a figure beyond its limit.
    first_cycle
        Of the device, from 0; -1 when it is no single cycle's.
    """

    check: str
    text: str
    count: int = 1
    first_cycle: int = -1


def judge_timestamps(
    report: TimestampReport, limits: TimestampLimits | None = None
) -> list[TimestampFault]:
    """Hold a report against limits.

    Parameters
    ----------
    report
        Of the host.
    limits
        None: the default ones.

    Returns
    -------
    list of TimestampFault
        In the order of `CHECKS`; empty: the clock holds.
    """
    limits = limits or TimestampLimits()
    faults = [
        _of_violation(report, name, report.violations[name])
        for name in CHECKS
        if name in report.violations
    ]
    faults += _of_unknown(report)
    if report.largest_advance_periods > _periods_per_cycle(report):
        faults.append(
            TimestampFault(
                "skipped-periods", f"up to {report.largest_advance_periods} periods at a time"
            )
        )
    fit = report.driver
    if fit.points < limits.points:
        text = f"{fit.points} in the longest time line, {limits.points} are needed: run longer"
        return [*faults, TimestampFault("too-few-timestamps", text)]
    if abs(fit.rate_ppm) > limits.rate_ppm:
        text = f"{fit.rate_ppm:+.3f} ppm off nominal, at most {limits.rate_ppm:g}"
        faults.append(TimestampFault("rate", text))
    if fit.jitter_p99_ns > limits.jitter_p99_ns:
        text = f"p99 {fit.jitter_p99_ns / 1e3:.1f} us, at most {limits.jitter_p99_ns / 1e3:g}"
        faults.append(TimestampFault("jitter", text))
    if fit.step_max_ns > limits.step_ns:
        text = (
            f"{fit.step_max_ns / 1e3:.1f} us in cycle {fit.step_cycle}, "
            f"at most {limits.step_ns / 1e3:g}"
        )
        faults.append(TimestampFault("step", text, first_cycle=fit.step_cycle))
    return faults


def _periods_per_cycle(report: TimestampReport) -> int:
    """How many periods may pass between two questions of the host."""
    if report.period_frames == 0:
        return report.largest_advance_periods
    cycle_frames = round(2 * report.break_ns * report.nominal_rate / 1e9)
    return max(1, math.ceil(cycle_frames / report.period_frames))


def _of_violation(
    report: TimestampReport, name: str, violation: TimestampViolation
) -> TimestampFault:
    times = "once" if violation.count == 1 else f"{violation.count} times, first"
    text = f"{times} in cycle {violation.first_cycle}: {_pair(violation)}"
    if name == "stale":
        text += f", {_ms(violation.first_asked_ns - violation.after.host_ns)} old"
    elif name == "in-the-future":
        text += f", {_ms(violation.after.host_ns - violation.first_asked_ns)} ahead"
    elif name == "not-a-multiple-of-the-period":
        text += f", the period is {report.period_frames}"
    elif violation.before is not None and name != "impossible":
        text += f", {_ms(violation.jump_ns)} off the time line"
    return TimestampFault(name, text, violation.count, violation.first_cycle)


def _of_unknown(report: TimestampReport) -> list[TimestampFault]:
    """What a newer host finds is a fault, too."""
    return [
        _of_violation(report, name, violation)
        for name, violation in sorted(report.violations.items())
        if name not in CHECKS
    ]


def _pair(violation: TimestampViolation) -> str:
    after = _stamp(violation.after)
    return after if violation.before is None else f"{_stamp(violation.before)} -> {after}"


def _stamp(stamp: Timestamp) -> str:
    return f"(sample {stamp.sample:.15g}, {stamp.host_ns / 1e9:.9f} s, seed {stamp.seed})"


def _ms(ns: float) -> str:
    return f"{ns / 1e6:.3f} ms"
