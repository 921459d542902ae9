"""What a night runs: drivers x profiles x clocks x signals x faults, from a file.

``lab/night/quick.toml`` and ``full.toml`` are the lab's own; a project writes one for its driver.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.clocks import Component
from lab.errors import UsageError
from lab.faults.swarm import chosen_faults
from lab.history.store import SWEEP
from lab.night.cases.base import Case, Subject
from lab.night.cases.paired import PairedCase
from lab.night.cases.play import PlayCase
from lab.night.cases.scenarios import ScenarioCase
from lab.night.cases.soak import SoakCase
from lab.night.cases.sweep import SweepCase
from lab.night.cases.validate import ValidateCase
from lab.play.signals import SIGNALS
from lab.profiles import load_profile
from lab.sweep.grid import Over, make_grid, over_of
from lab.sweep.task import Frame

OWN = ("quick", "full")
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Driver(_Part):
    """A driver of the matrix, under the name that it has in the report.

    Attributes
    ----------
    bundle
        A path, or the name of a built one.
    environment
        Of the driver.
    """

    bundle: str
    environment: dict[str, str] = Field(default_factory=dict)


class Play(_Part):
    """Signals through drivers, every frame accounted for.

    Attributes
    ----------
    drivers
        Names of `Matrix.driver`.
    signals
        Of `lab.play.signals`, or audio files.
    profiles
        Which macOS; ``"none"``: none in particular.
    clocks
        ``"virtual"``, ``"realtime"``.
    device_clocks
        Name to a clock model, virtual time only; an empty one is a perfect clock.
    layouts, frames
        Of Gecko Sink's memory, and per IO cycle.
    seconds
        Of each.
    """

    drivers: list[str]
    signals: list[str] = ["noise"]
    profiles: list[str] = ["none"]
    clocks: list[Literal["virtual", "realtime"]] = ["virtual"]
    device_clocks: dict[str, list[Component]] = {"perfect": []}
    layouts: list[Literal["v1", "v2"] | None] = [None]
    frames: list[int | None] = [None]
    seconds: Positive = 5.0


class Paired(_Part):
    """Drivers in real time, each run between two of a reference: what the machine does cancels.

    Attributes
    ----------
    drivers
        Names of `Matrix.driver`.
    reference
        One of them, or a bundle; by default the smallest correct driver.
    signal
        Of `lab.play.signals`.
    seconds
        Of each run.
    rounds
        Runs of the driver; the reference has one more. From 6 on the interval has 95 %.
    """

    drivers: list[str]
    reference: str = "Null"
    signal: str = "noise"
    seconds: Positive = 4.0
    rounds: Annotated[int, Field(ge=1, le=1000)] = 5


class Soak(_Part):
    """Seeded faults, every sample checked.

    Attributes
    ----------
    drivers
        Names of `Matrix.driver`.
    faults
        Each a run of its own: what ``hal-lab soak --faults`` takes.
    layouts
        Of Gecko Sink's memory, or the wire that Bunghole's host speaks.
    minutes
        Of audio, of each run.
    runs
        So many schedules of each, with seeds of their own.
    """

    drivers: list[str]
    faults: list[str]
    layouts: list[Literal["v1", "v2"]] = ["v2"]
    minutes: Positive = 5.0
    runs: Annotated[int, Field(ge=1, le=1000)] = 1


class Sweep(_Part):
    """A grid of virtual runs: how probable a glitch is, see `hal-lab sweep`.

    Attributes
    ----------
    drivers
        Names of `Matrix.driver`.
    over
        Parameters and their values, as in the file of a grid.
    layouts
        Of Gecko Sink's memory, each a grid of its own.
    seeds, late_wake_ups
        As for `hal-lab sweep`; the same seeds every night, so that a count that changed is the
        driver's.
    """

    drivers: list[str]
    over: Over
    layouts: list[Literal["v1", "v2"]] = ["v2"]
    seeds: Annotated[int, Field(ge=1, le=10_000)] = 10
    late_wake_ups: Annotated[int, Field(ge=1, le=10_000)] = 10


class Validate(_Part):
    """The ladder of `hal-lab validate`.

    Attributes
    ----------
    drivers
        Names of `Matrix.driver`.
    profiles
        Which macOS.
    strictness
        1 to 10.
    """

    drivers: list[str]
    profiles: list[str]
    strictness: Annotated[int, Field(ge=1, le=10)] = 5


class Scenarios(_Part):
    """Questions of this checkout's ``scenarios/``, by pytest.

    Attributes
    ----------
    select
        Files, folders or node IDs.
    marks
        As behind ``-m``.
    alone
        They judge wall-clock time: nothing runs beside them.
    """

    select: list[str]
    marks: str = "not slow"
    alone: bool = True


class Matrix(_Part):
    """All of it.

    Attributes
    ----------
    name
        Of the file, without its suffix.
    driver
        Name to driver.
    play, paired, soak, sweep, validate_, scenarios
        What is run; in the file ``validate`` has no underscore.
    """

    name: str = ""
    driver: dict[str, Driver]
    play: list[Play] = Field(default_factory=list)
    paired: list[Paired] = Field(default_factory=list)
    soak: list[Soak] = Field(default_factory=list)
    sweep: list[Sweep] = Field(default_factory=list)
    validate_: list[Validate] = Field(default_factory=list, alias="validate")
    scenarios: list[Scenarios] = Field(default_factory=list)

    def cases(self, night: str, *, history: str = "") -> list[Case]:
        """Every run, in the order in which they are told.

        Parameters
        ----------
        night
            Faults are drawn anew each night, from its name: a soak that never changes finds what
            it has found.

        Returns
        -------
        list of Case

        Raises
        ------
        UsageError
            When a name is none.
        """
        return [
            *self._plays(),
            *self._pairs(),
            *self._soaks(night),
            *self._sweeps(night, history),
            *self._ladders(),
            *self._questions(),
        ]

    def _subject(self, name: str) -> Subject:
        if name not in self.driver:
            there = ", ".join(self.driver) or "none"
            raise UsageError("no such driver in the matrix", where=name, do=f"choose: {there}")
        chosen = self.driver[name]
        return Subject(name, chosen.bundle, chosen.environment)

    def _plays(self) -> Iterator[PlayCase]:
        for part in self.play:
            for signal in part.signals:
                if signal not in SIGNALS and not Path(signal).is_file():
                    raise _no_signal(signal, "a file, or one of")
            for name, profile, clock, signal, layout, frames, model in product(
                *(part.drivers, part.profiles, part.clocks, part.signals, part.layouts),
                *(part.frames, part.device_clocks.items()),
            ):
                if model[1] and clock == "realtime":
                    continue
                yield PlayCase(
                    subject=self._subject(name),
                    signal=signal,
                    profile=None if profile == "none" else profile,
                    clock=clock,
                    layout=layout,
                    frames=frames,
                    device_clock=tuple(model[1]),
                    clock_name=model[0] if model[1] else "",
                    seconds=part.seconds,
                )

    def _pairs(self) -> Iterator[PairedCase]:
        for part in self.paired:
            if part.signal not in SIGNALS:
                raise _no_signal(part.signal, "one of")
            named = part.reference in self.driver
            reference = (
                self._subject(part.reference) if named else Subject(part.reference, part.reference)
            )
            for name in part.drivers:
                yield PairedCase(
                    subject=self._subject(name),
                    reference=reference,
                    signal=part.signal,
                    seconds=part.seconds,
                    rounds=part.rounds,
                )

    def _soaks(self, night: str) -> Iterator[SoakCase]:
        for part in self.soak:
            for name, faults, layout in product(part.drivers, part.faults, part.layouts):
                chosen_faults(faults)
                for run in range(part.runs):
                    told = f"{night}\n{name}\n{faults}\n{layout}\n{run}"
                    seed = int.from_bytes(hashlib.sha256(told.encode()).digest()[:6], "big")
                    yield SoakCase(
                        subject=self._subject(name),
                        faults=faults,
                        layout=layout,
                        minutes=part.minutes,
                        seed=seed,
                        number=run,
                    )

    def _sweeps(self, night: str, history: str) -> Iterator[SweepCase]:
        for part in self.sweep:
            for name, layout in product(part.drivers, part.layouts):
                subject = self._subject(name)
                environment = tuple(sorted(subject.environment.items()))
                frame = Frame(subject.bundle, layout, part.late_wake_ups, environment)
                grid = make_grid(over_of(part.over), frame=frame, seeds=part.seeds, first_seed=0)
                yield SweepCase(subject, grid, f"{night[:10]}{SWEEP}", history)

    def _ladders(self) -> Iterator[ValidateCase]:
        for part in self.validate_:
            for name, profile in product(part.drivers, part.profiles):
                load_profile(profile)
                yield ValidateCase(self._subject(name), profile, part.strictness)

    def _questions(self) -> Iterator[ScenarioCase]:
        for part in self.scenarios:
            for select in part.select:
                yield ScenarioCase(select=select, marks=part.marks, alone=part.alone)


def _no_signal(name: str, kind: str) -> UsageError:
    return UsageError("no such signal", where=name, do=f"{kind} {', '.join(SIGNALS)}")


def read_matrix(name: str) -> Matrix:
    """Read a matrix.

    Parameters
    ----------
    name
        ``"quick"``, ``"full"``, or a TOML file.

    Returns
    -------
    Matrix

    Raises
    ------
    UsageError
        When it cannot be read: file, place and what is wrong, in one line.
    """
    path = Path(__file__).with_name(f"{name}.toml") if name in OWN else Path(name)
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"the matrix cannot be read ({error.strerror})",
            where=name,
            do=f"name a TOML file, or one of {', '.join(OWN)}",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not TOML ({error})", where=name) from error
    try:
        return Matrix.model_validate({**told, "name": path.stem})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{place}: {first['msg']}", where=name) from error
