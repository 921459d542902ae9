"""What a scenario finds, collected while it runs.

The pytest plug-in hands one `Findings` to each test that asks for it and turns it into a
`lab.results.Result` at the end. `require` is for what the verdict hangs on, `tell` for what is only
good to know.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from lab.errors import LabError
from lab.host.models import Check
from lab.measure.blame import Cause
from lab.measure.fitness import Fitness
from lab.results import (
    DriverIdentity,
    Glitch,
    HostFitness,
    Measurement,
    Result,
    Verdict,
    bundle_sha256,
)
from lab.signals.counter_check import CounterCheck

GLITCHES_KEPT = 256


class LimitError(AssertionError):
    """A measurement is beyond its limit."""


class Findings:
    """Measurements and glitches of one scenario.

    Parameters
    ----------
    scenario
        Its name.

    Attributes
    ----------
    clock, seed
        Set by whoever starts the host.
    profile
        Which macOS is simulated, `lab.results.Result.profile`.
    transport
        What carries the audio, `lab.results.Result.transport`; set by who chooses it.
    """

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario
        self.clock: Literal["virtual", "realtime"] = "virtual"
        self.seed = 0
        self.profile = "none"
        self.transport = ""
        self._driver: Path | None = None
        self._fitness: Fitness | None = None
        self._measurements: list[Measurement] = []
        self._glitches: list[Glitch] = []
        self._glitch_count = 0
        self._notes: list[str] = []

    @property
    def measurements(self) -> list[Measurement]:
        """So far."""
        return list(self._measurements)

    def tell(self, name: str, value: float, unit: str = "") -> None:
        """Note a number that nothing hangs on.

        Parameters
        ----------
        name
            kebab-case.
        value
            The number.
        unit
            Its unit.

        Raises
        ------
        LabError
            When it is NaN or infinite.
        """
        self._measurements.append(
            Measurement(name=name, value=_finite(name, value, unit), unit=unit)
        )

    def require(
        self,
        name: str,
        value: float,
        limit: float,
        unit: str = "",
        *,
        better: Literal["lower", "higher"] = "lower",
        wall_clock: bool = False,
    ) -> None:
        """Note a number that has to be within a limit.

        Parameters
        ----------
        name
            kebab-case.
        value
            The number.
        limit
            The last good value.
        unit
            Of both.
        better
            Which way is good.
        wall_clock
            It depends on the machine; an unfit machine cannot fail it.

        Raises
        ------
        LimitError
            When it is beyond, and not excused.
        LabError
            When it, or the limit, is NaN or infinite.
        """
        measurement = Measurement(
            name=name,
            value=_finite(name, value, unit),
            unit=unit,
            limit=_finite(f"the limit of {name}", limit, unit),
            better=better,
            wall_clock=wall_clock,
        )
        self._measurements.append(measurement)
        excused = wall_clock and self._fitness is not None and not self._fitness.is_fit
        if measurement.verdict is Verdict.FAIL and not excused:
            sign = "at most" if better == "lower" else "at least"
            raise LimitError(
                f"{name} is {value:g} {unit}, must be {sign} {limit:g} {unit}".rstrip()
            )

    def take_check(self, check: Check | CounterCheck, cause: Cause = Cause.UNKNOWN) -> None:
        """Note the account of self-numbering PCM.

        Parameters
        ----------
        check
            The host's, or Python's.
        cause
            Of everything that was wrong in it.
        """
        for name in ("received", "lost", "duplicated", "reordered"):
            self.tell(f"frames-{name}", getattr(check, name), "frames")
        self._glitch_count += check.event_count
        for event in check.events[: GLITCHES_KEPT - len(self._glitches)]:
            kind = event.kind if isinstance(event.kind, str) else event.kind.word
            self._glitches.append(
                Glitch(
                    kind=kind, position_frame=event.position, frames=event.frames, cause=cause.id
                )
            )

    def note(self, text: str) -> None:
        """One clause for the table: what the figures mean."""
        self._notes.append(text)

    def driver(self, bundle: Path) -> None:
        """The driver that was loaded."""
        self._driver = bundle

    def fitness(self, fitness: Fitness) -> None:
        """How fit the machine is; for scenarios in real time."""
        self._fitness = fitness

    def to_result(
        self, outcome: Literal["passed", "failed", "skipped"], reason: str, duration_s: float
    ) -> Result:
        """The record, once the test is over.

        Parameters
        ----------
        outcome
            pytest's.
        reason
            Why it failed or was skipped, in one line.
        duration_s
            Of the test.

        Returns
        -------
        Result
        """
        record = HostFitness.of(self._fitness) if self._fitness is not None else None
        return Result(
            scenario=self.scenario,
            driver=_identity(self._driver),
            clock=self.clock,
            seed=self.seed,
            profile=self.profile,
            transport=self.transport,
            duration_s=duration_s,
            fitness=record,
            measurements=self._measurements,
            glitches=self._glitches,
            glitch_count=self._glitch_count,
            verdict=self._verdict(outcome),
            reason=reason or self._unfit_reason() or "; ".join(self._notes),
        )

    def _verdict(self, outcome: Literal["passed", "failed", "skipped"]) -> Verdict:
        if outcome == "skipped":
            return Verdict.SKIPPED
        if outcome == "failed":
            return Verdict.FAIL
        if self._unfit_reason():
            return Verdict.UNFIT_MACHINE
        verdicts = {measurement.verdict for measurement in self._measurements}
        return Verdict.MARGINAL if Verdict.MARGINAL in verdicts else Verdict.PASS

    def _unfit_reason(self) -> str:
        """Why a limit on the wall clock that was broken says nothing; empty when none was."""
        if self._fitness is None or self._fitness.is_fit:
            return ""
        broken = [m for m in self._measurements if m.verdict is Verdict.FAIL]
        if not broken:
            return ""
        return f"{broken[0].name} is beyond its limit, but {self._fitness.reasons[0]}"


def _finite(name: str, value: float, unit: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise LabError(
            f"{name} is {number} {unit}".rstrip(), do="look at what was measured: it was nothing"
        )
    return number


def _identity(bundle: Path | None) -> DriverIdentity | None:
    if bundle is None or not bundle.exists():
        return None
    return DriverIdentity(path=str(bundle), sha256=bundle_sha256(bundle))
