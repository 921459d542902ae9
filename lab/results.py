"""One record per run; terminal, JSON and JUnit are views of it.

The JSON form is versioned: a reader refuses what it does not know instead of guessing.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.errors import LabError
from lab.measure.fitness import Fitness

SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """How a run ended."""

    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    MARGINAL = "marginal"
    """Within its limits, but close to one of them."""
    FAIL = "fail"
    UNFIT_MACHINE = "unfit-machine"
    """Only wall-clock limits were broken, on a machine that cannot judge them."""
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
    """

    name: str
    value: float
    unit: str = ""
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
    """

    kind: str
    position_frame: int
    frames: int
    cause: str
    at_ns: int = -1


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
    """

    path: str
    sha256: str
    bundle_id: str = ""


class HostFitness(_Record):
    """`lab.measure.fitness.Fitness` as a record."""

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
    started_at
        UTC, ISO 8601.
    duration_s
        Wall clock.
    fitness
        Of the machine, where wall-clock figures were judged.
    measurements, glitches
        What was found. The list of glitches may be cut: ``glitch_count`` is not.
    verdict, reason
        And why, in one line.
    artefacts
        Name to path.
    """

    schema_version: Literal[1] = 1
    scenario: str
    driver: DriverIdentity | None = None
    profile: str = "none"
    transport: str = ""
    clock: Literal["virtual", "realtime"] = "virtual"
    seed: int = 0
    started_at: str = Field(default_factory=_now)
    duration_s: float = 0.0
    fitness: HostFitness | None = None
    measurements: list[Measurement] = Field(default_factory=list)
    glitches: list[Glitch] = Field(default_factory=list)
    glitch_count: int = 0
    verdict: Verdict = Verdict.PASS
    reason: str = ""
    artefacts: dict[str, str] = Field(default_factory=dict)

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


def judge(
    measurements: list[Measurement], fitness: HostFitness | None = None
) -> tuple[Verdict, str]:
    """The verdict on a list of measurements.

    Parameters
    ----------
    measurements
        All of a run.
    fitness
        Of the machine; None counts as fit.

    Returns
    -------
    verdict : Verdict
    reason : str
        Empty for a pass.
    """
    failed = [m for m in measurements if m.verdict is Verdict.FAIL]
    hard = [m for m in failed if not m.wall_clock]
    if hard:
        return Verdict.FAIL, "; ".join(_broken(m) for m in hard)
    if failed and fitness is not None and fitness.reasons:
        return Verdict.UNFIT_MACHINE, f"{_broken(failed[0])}, but {fitness.reasons[0]}"
    if failed:
        return Verdict.FAIL, "; ".join(_broken(m) for m in failed)
    close = [m for m in measurements if m.verdict is Verdict.MARGINAL]
    if close:
        return Verdict.MARGINAL, "; ".join(f"close: {_broken(m)}" for m in close)
    return Verdict.PASS, ""


def bundle_sha256(bundle: Path) -> str:
    """A fingerprint of a bundle: names and contents of all its files, in order of name.

    Parameters
    ----------
    bundle
        The folder; a plain file counts as a bundle of one.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    files = [bundle] if bundle.is_file() else sorted(p for p in bundle.rglob("*") if p.is_file())
    for path in files:
        name = path.relative_to(bundle).as_posix() if path != bundle else path.name
        digest.update(name.encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def save_result(result: Result, path: Path) -> None:
    """Write a result as JSON.

    Parameters
    ----------
    result
        The record.
    path
        Replaced when it exists.
    """
    path.write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_result(path: Path) -> Result:
    """Read a result.

    Parameters
    ----------
    path
        Of the JSON.

    Returns
    -------
    Result

    Raises
    ------
    LabError
        When it is not one, or of another version.
    """
    try:
        return Result.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError(f"the result cannot be read ({error.strerror})", where=str(path)) from error
    except (ValidationError, UnicodeDecodeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else "not UTF-8"
        raise LabError(
            f"not a result of version {SCHEMA_VERSION} ({what})",
            where=str(path),
            do="use the hal-lab that wrote it",
        ) from error


def _broken(m: Measurement) -> str:
    sign = "<=" if m.better == "lower" else ">="
    unit = f" {m.unit}" if m.unit else ""
    return f"{m.name} {m.value:g}{unit}, limit {sign} {m.limit:g}{unit}"
