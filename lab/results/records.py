"""What a run found, as records: the numbers, the glitches, and which run it was."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.measure.fitness import Fitness

SCHEMA_VERSION = 2


class Verdict(StrEnum):
    """How a run ended.

    Attributes
    ----------
    PASS
        Every limit was kept.
    MARGINAL
        Within its limits, but close to one of them, or less was looked at than was asked for.
    FAIL
        A limit was broken, or the run ended with an error.
    UNFIT_MACHINE
        Only wall-clock limits were broken, on a machine that cannot judge them.
    SKIPPED
        There was nothing to judge, or the machine lacks what it takes; ``reason`` says which.
    """

    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    MARGINAL = "marginal"
    FAIL = "fail"
    UNFIT_MACHINE = "unfit-machine"
    SKIPPED = "skipped"


class _Record(BaseModel):
    # JSON has no NaN and no infinity: a record that holds one could not be read again.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measurement(_Record):
    """A number with its unit, and the limit it is held against.

    Attributes
    ----------
    name
        kebab-case.
    value
        A finite number: never NaN.
    unit
        ``"frames"``, ``"us"``, ``"%"``, ...; empty for a count.
    limit
        The last good value; None: it is only told.
    better
        Which way is good.
    margin
        As much of the limit, as a share, counts as close to it.
    wall_clock
        It depends on the machine's mood: an unfit machine cannot fail it.
    kind
        ``"count"``: of events that come one by one, each on its own (underruns, late cycles), so
        that two nights are compared as Poisson counts over `Result.audio_s`. ``"scalar"``:
        anything else, lost frames too, which come in blocks.
    """

    name: str
    value: float
    unit: str = ""
    kind: Literal["scalar", "count"] = "scalar"
    limit: float | None = None
    better: Literal["lower", "higher"] = "lower"
    margin: float = 0.0
    wall_clock: bool = False

    @property
    def verdict(self) -> Verdict:
        """Pass, marginal or fail; pass without a limit."""
        if self.limit is None:
            return Verdict.PASS
        sign = 1.0 if self.better == "lower" else -1.0
        beyond = sign * (self.value - self.limit)
        if beyond > 0:
            return Verdict.FAIL
        room = abs(self.limit) * self.margin
        return Verdict.MARGINAL if self.margin > 0 and beyond > -room else Verdict.PASS


class Glitch(_Record):
    """One thing that was wrong with the stream.

    Attributes
    ----------
    kind
        ``"lost"``, ``"duplicate"``, ``"reorder"``, ``"silence"``, ``"corrupt"``, ``"channels"``,
        ``"inserted"``, ``"underrun"``, ``"late-cycle"``.
    position_frame
        Where in the received stream; -1 when it has no place there.
    frames
        How big; 0 when it has no size.
    cause
        `lab.measure.blame.Cause.id`.
    at_ns
        When, on the host's clock; -1 when not known.
    cycle
        Number of the IO cycle it happened in; -1 when not known.
    clip
        Which of `Result.artefacts` lets one hear it; empty: none.
    """

    kind: str
    position_frame: int
    frames: int
    cause: str
    at_ns: int = -1
    cycle: int = -1
    clip: str = ""


class Histogram(_Record):
    """A distribution.

    Attributes
    ----------
    name
        kebab-case: ``"latency"``, ``"wake-up-error"``.
    unit
        Of a value as counted: ``"us"``.
    encoded
        An HdrHistogram (V2, compressed, base64), as `hdrh.histogram.HdrHistogram.encode` gives.
    period
        Values were recorded with this expected interval, same unit: where a stall kept a probe from
        being made, those that were left out are counted (coordinated omission). 0: as they came.
    """

    name: str
    unit: str
    encoded: str
    period: int = 0


class DriverIdentity(_Record):
    """Which driver it was.

    Attributes
    ----------
    path
        Of the bundle.
    sha256
        Over the bundle's files, see `bundle_sha256`.
    bundle_id
        As Info.plist says.
    name
        What people call it, in all nights the same: that of the bundle without ``.driver``, unless
        it was given another one.
    """

    path: str
    sha256: str
    bundle_id: str = ""
    name: str = ""

    def model_post_init(self, _context: object) -> None:
        """Name it after its bundle."""
        if not self.name:
            object.__setattr__(self, "name", PurePath(self.path).stem)


class HostFitness(_Record):
    """How fit the machine was to judge the wall clock: `lab.measure.fitness.Fitness` as a record.

    Attributes
    ----------
    probes
        Wake-ups measured.
    wake_p50_us, wake_p99_us, wake_max_us
        How late the probe woke.
    steal_percent
        Processor time that the hypervisor gave to others.
    run_delay_percent
        Time that the probe was ready but not running; -1 when not known.
    realtime_priority
        Whether SCHED_FIFO is permitted.
    processors
        How many the process may use.
    reasons
        Why the machine is not fit to judge the wall clock, a line each; empty: it is.
    """

    probes: int
    wake_p50_us: float
    wake_p99_us: float
    steal_percent: float
    run_delay_percent: float
    realtime_priority: bool
    processors: int
    wake_max_us: float = 0.0
    reasons: list[str] = Field(default_factory=list)

    @classmethod
    def of(cls, fitness: Fitness) -> HostFitness:
        """The record of a probe."""
        return cls(
            probes=fitness.probes,
            wake_p50_us=fitness.wake_p50_us,
            wake_p99_us=fitness.wake_p99_us,
            steal_percent=fitness.steal_percent,
            run_delay_percent=fitness.run_delay_percent,
            realtime_priority=fitness.realtime_priority,
            processors=fitness.processors,
            wake_max_us=fitness.wake_max_us,
            reasons=fitness.reasons,
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Result(_Record):
    """A run and its outcome.

    Attributes
    ----------
    schema_version
        Of this record.
    scenario
        kebab-case, or the node ID of a test.
    parameters
        What else makes it the run it is: ``{"signal": "sine", "fault": "reader-stall"}``.
    driver
        None when no driver was loaded.
    profile
        Which macOS is simulated; ``"none"``: none in particular.
    transport
        What carried the audio, where it left the machine's memory: the tier of the vsock.
    clock
        ``"virtual"`` or ``"realtime"``.
    seed
        The host's.
    attempt
        0; 1, 2, ... for runs that were made again to confirm what the first one said.
    command
        What a person types to make this run again.
    started_at
        UTC, ISO 8601.
    duration_s
        Wall clock.
    audio_s
        Seconds of audio that were looked at, which counts are held against; 0: not known.
    fitness
        Of the machine, where wall-clock figures were judged.
    measurements
        Every number that was found.
    glitches
        What was wrong with the stream; the list may be cut.
    glitch_count
        How many there were, whether they are in the list or not.
    verdict
        How it ended.
    reason
        Why, in one line; of a pass mostly empty.
    histograms
        Distributions behind some of the measurements.
    coverage
        How often what the HAL may call was called: ``"DoIOOperation:rite"``, ``"GetPropertyData:
        adev:nsrt"``; 0: it could have been. With ``" refused"`` behind it: of those, how often the
        driver said no. See `lab.measure.coverage`.
    artefacts
        Name to path.
    """

    schema_version: Literal[2] = 2
    scenario: str
    parameters: dict[str, str] = Field(default_factory=dict)
    driver: DriverIdentity | None = None
    profile: str = "none"
    transport: str = ""
    clock: Literal["virtual", "realtime"] = "virtual"
    seed: int = 0
    attempt: int = 0
    command: str = ""
    started_at: str = Field(default_factory=_now)
    duration_s: float = 0.0
    audio_s: float = 0.0
    fitness: HostFitness | None = None
    measurements: list[Measurement] = Field(default_factory=list)
    glitches: list[Glitch] = Field(default_factory=list)
    glitch_count: int = 0
    verdict: Verdict = Verdict.PASS
    reason: str = ""
    histograms: list[Histogram] = Field(default_factory=list)
    coverage: dict[str, int] = Field(default_factory=dict)
    artefacts: dict[str, str] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """What is the same from night to night, in words: all that makes it this run but the seed.

        Two results with one key are two measurements of the same thing.
        """
        told = [f"{name} {value}" for name, value in sorted(self.parameters.items())]
        place = "" if self.profile == "none" else f"on {self.profile}"
        over = f"over {self.transport}" if self.transport else ""
        parts = [self.driver_name, self.scenario, *told, place, over, f"{self.clock} time"]
        return ", ".join(part for part in parts if part)

    @property
    def driver_name(self) -> str:
        """What people call the driver; "no driver" where none was loaded."""
        return self.driver.name if self.driver is not None else "no driver"

    @property
    def driver_sha256(self) -> str:
        """Over the driver's bundle; empty when that is not known."""
        return self.driver.sha256 if self.driver is not None else ""

    @property
    def id(self) -> str:
        """16 hexadecimal digits, of key, seed and attempt: a run that is made again has the same.

        A night holds one result of an ID: the last one that was written.
        """
        told = f"{self.key}\n{self.seed}\n{self.attempt}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def value_of(self, name: str) -> float:
        """Value of a measurement.

        Raises
        ------
        KeyError
            When there is none of that name.
        """
        for measurement in self.measurements:
            if measurement.name == name:
                return measurement.value
        raise KeyError(name)
