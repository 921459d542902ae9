"""The verdict on the driver's zero timestamps in a run with faults.

`lab.measure.timestamps` holds what the host found against limits. Here is added what a run with
faults needs: which checks say nothing about the driver after which fault, and for how long.

The hard rules (sample times, host times, seeds) hold whatever happens: the host looks at what the
driver says before a clock model moves it, and begins anew whenever IO does. What a fault can spoil
is left out from the fault on; when the fault is over and audio has settled, counting begins anew,
and all rules hold again.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from lab.faults.damage import Allowance, Failure
from lab.host.models import Device, TimestampReport
from lab.measure.timestamps import TimestampFault, TimestampLimits, judge_timestamps

SOAK_LIMITS = TimestampLimits(jitter_p99_ns=20_000.0, step_ns=50_000.0)
"""Virtual time has no noise of a machine: what is left is the driver's own."""
NEVER_JUDGED = {"too-few-timestamps": "IO was stopped before there were enough of them"}
"""A driver that says too little is found by ``stale``."""
CYCLES_LEFT_OUT = "cycles were late or left out"
CLOCK_OFF = "the clock model was on"
EXCUSED = {
    # Nobody asked meanwhile; a driver that goes on by one period with each question catches up,
    # and one that takes the time in the IO cycle takes it late.
    CYCLES_LEFT_OUT: frozenset({"stale", "skipped-periods", "jitter", "step"}),
    # The host's cycles go by the model: so does a driver that counts them.
    CLOCK_OFF: frozenset({"rate", "jitter", "step"}),
}
"""Which checks say nothing about the driver, by what the lab did to its clocks."""
_FAULTS_TOLD = 3


@dataclass
class ClockFigures:
    """What the zero timestamps of a run were like.

    Attributes
    ----------
    different
        Timestamps that differed from the one before.
    lines
        Time lines that were long enough for the three figures below.
    rate_ppm, jitter_p99_ns, step_max_ns
        The worst of those that were judged; rate either way of nominal.
    excused
        Checks that failed and were not held against the driver, with the reason; and how often.
    """

    different: int = 0
    lines: int = 0
    rate_ppm: float = 0.0
    jitter_p99_ns: float = 0.0
    step_max_ns: float = 0.0
    excused: Counter[str] = field(default_factory=Counter)

    def add(self, other: ClockFigures) -> None:
        """Take in those of another run."""
        self.different += other.different
        self.lines += other.lines
        self.rate_ppm = max(self.rate_ppm, other.rate_ppm)
        self.jitter_p99_ns = max(self.jitter_p99_ns, other.jitter_p99_ns)
        self.step_max_ns = max(self.step_max_ns, other.step_max_ns)
        self.excused.update(other.excused)


class ClockWatch:
    """What was done to the clocks of a daemon, and what its driver says may be held against it.

    Parameters
    ----------
    settle_cycles
        Of the run: so long after a fault nothing is expected yet.

    Attributes
    ----------
    figures
        Of all daemons so far.
    away_until
        Cycle of the run from which on cycles that were left out no longer spoil anything; None
        when there were none.
    """

    def __init__(self, settle_cycles: int) -> None:
        self.figures = ClockFigures()
        self._settle_cycles = settle_cycles
        self.away_until: int | None = None
        self._gain = 1.0
        self._drifting = self._has_drifted = False
        self._most_periods = 1
        self._excused: set[str] = set()

    def begin_life(self, device: Device) -> None:
        """A daemon has come up: nothing has been done to its clocks yet.

        Parameters
        ----------
        device
            Of it.
        """
        self.away_until = None
        self._gain = 1.0
        self._drifting = self._has_drifted = False
        self._most_periods = 1
        self._note_period(device, 0)

    def note(self, device: Device, allowed: Allowance, *, cycle: int, drift_ppm: int) -> None:
        """Take in what an event did.

        Parameters
        ----------
        device
            As it is now.
        allowed
            What the event may cost: it says whether cycles are left out.
        cycle
            Of the run, after the event.
        drift_ppm
            Of the clock model, now.
        """
        self._note_period(device, drift_ppm)
        self._drifting = drift_ppm != 0
        self._has_drifted |= self._drifting
        gain = _gain(device)
        if (
            self.away_until is not None and gain < self._gain
        ):  # longer cycles: it takes more of them
            left = max(0, self.away_until - cycle)
            self.away_until = cycle + math.ceil(left * self._gain / gain)
            self._gain = gain
        skipped = allowed.high.skipped_cycles
        if skipped or allowed.high.late_wakes:
            # One period for each question: so many questions later the last driver has caught up.
            owed = skipped * device.buffer_frames // max(1, device.zero_period_frames) + 1
            self._gain = gain if self.away_until is None else min(gain, self._gain)
            # Those of a stall that is not over yet are still owed as well.
            since = max(cycle, self.away_until or 0)
            self.away_until = since + math.ceil(owed / self._gain) + self._settle_cycles

    def left_out(self) -> dict[str, str]:
        """Checks that say nothing about the driver now, and why."""
        found = dict(NEVER_JUDGED)
        if self._has_drifted:
            found |= dict.fromkeys(EXCUSED[CLOCK_OFF], CLOCK_OFF)
        if self.away_until is not None:
            found |= dict.fromkeys(EXCUSED[CYCLES_LEFT_OUT], CYCLES_LEFT_OUT)
        return found

    def judge(self, report: TimestampReport) -> list[TimestampFault]:
        """What is held against the driver.

        Parameters
        ----------
        report
            Of the host, of this daemon.

        Returns
        -------
        list of TimestampFault
            In the order of the checks; empty: the clock holds.
        """
        if report.asked == 0:
            return []
        left_out = self.left_out()
        held = []
        for fault in judge_timestamps(report, SOAK_LIMITS):
            if fault.check in NEVER_JUDGED or self._is_of_the_cycle(fault, report):
                continue
            if fault.check in left_out:
                self._excused.add(f"{fault.check}: {left_out[fault.check]}")
            else:
                held.append(fault)
        return held

    def is_over(self, cycle: int) -> bool:
        """Whether what the lab did is over, and counting is to begin anew.

        Parameters
        ----------
        cycle
            Of the run; audio has settled.
        """
        is_back = self._has_drifted and not self._drifting
        if self.away_until is None:
            return is_back
        return cycle >= self.away_until

    def begin_anew(self, report: TimestampReport, device: Device, drift_ppm: int) -> None:
        """Counting has begun anew, in the same daemon.

        Parameters
        ----------
        report
            The last one of before.
        device, drift_ppm
            As they are now.
        """
        self.close(report)
        self.begin_life(device)
        self._note_period(device, drift_ppm)
        self._drifting = self._has_drifted = drift_ppm != 0

    def close(self, report: TimestampReport) -> None:
        """Take in the figures of a daemon that ends, or of one that begins to count anew."""
        left_out = self.left_out()
        made, fit = self.figures, report.driver
        made.different += report.different
        if fit.points >= SOAK_LIMITS.points:
            made.lines += 1
            if "rate" not in left_out:
                made.rate_ppm = max(made.rate_ppm, abs(fit.rate_ppm))
            if "jitter" not in left_out:
                made.jitter_p99_ns = max(made.jitter_p99_ns, fit.jitter_p99_ns)
                made.step_max_ns = max(made.step_max_ns, fit.step_max_ns)
        made.excused.update(self._excused)
        self._excused = set()

    def _note_period(self, device: Device, drift_ppm: int) -> None:
        """How many zero timestamps may pass from one cycle to the next; the most so far counts."""
        if device.zero_period_frames:
            frames = device.buffer_frames * (1 + abs(drift_ppm) * 1e-6)
            periods = math.ceil(frames / device.zero_period_frames)
            self._most_periods = max(self._most_periods, periods)

    def _is_of_the_cycle(self, fault: TimestampFault, report: TimestampReport) -> bool:
        """Whether periods were skipped because cycles were longer than they are now."""
        within = report.largest_advance_periods <= self._most_periods
        return fault.check == "skipped-periods" and within


def _gain(device: Device) -> float:
    """Periods by which a driver catches up with each question, when it goes on by one.

    Where a period is no longer than a cycle no such driver is right, and none has to catch up.
    """
    passed = device.buffer_frames / max(1, device.zero_period_frames)
    return 1.0 - passed if passed < 1 else 1.0


def as_failure(faults: list[TimestampFault], *, life: int, began: int, cycle: int) -> Failure:
    """What is told of zero timestamps that do not hold.

    Parameters
    ----------
    faults
        At least one; the first names the failure.
    life, began
        Of the daemon, from 0, and the cycle of the run with which it began: the host counts cycles
        from there.
    cycle
        Of the run, now.

    Returns
    -------
    Failure
        Its cycle is that of the first violation, where there is one.
    """
    first = faults[0]
    told = "; ".join(f"{fault.check}: {fault.text}" for fault in faults[:_FAULTS_TOLD])
    more = f"; and {len(faults) - _FAULTS_TOLD} more" if len(faults) > _FAULTS_TOLD else ""
    where = f" (of life {life + 1} of the daemon, which began at cycle {began})" if life else ""
    seen = cycle if first.first_cycle < 0 else min(cycle, began + first.first_cycle)
    kind = "timestamp-" + first.check.removeprefix("timestamp-")
    sentence = f"zero timestamps, {told}{more}{where} (noticed by cycle {cycle})"
    return Failure(kind, sentence, seen)
