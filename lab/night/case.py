"""One run of a night: what it is, how it is done, and what a person types to do it again."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lab.clocks import Component
from lab.results import DriverIdentity, Result, bundle_sha256


@dataclass(frozen=True)
class Subject:
    """A driver of a night.

    Attributes
    ----------
    name
        In the report, the same every night.
    bundle
        A path, or the name of a built one.
    environment
        Of the driver.
    """

    name: str
    bundle: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def identity(self, bundle: Path) -> DriverIdentity:
        """Which driver it was, for results.

        Parameters
        ----------
        bundle
            As it was found.
        """
        return DriverIdentity(path=str(bundle), sha256=bundle_sha256(bundle), name=self.name)


@dataclass(frozen=True)
class Place:
    """Where a run puts what it keeps, and how it is told to stop.

    Attributes
    ----------
    folder
        Of the night.
    name
        Of this run: begins the names of its files.
    stop
        True: end in good order.
    """

    folder: Path
    name: str
    stop: Callable[[], bool] = lambda: False

    def file(self, suffix: str) -> Path:
        """A file of this run, in the night's folder; its own folder is there."""
        path = self.folder / "runs" / f"{self.name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def address(self, path: Path) -> str:
        """A file as the record of the night names it: seen from the night's folder."""
        return path.relative_to(self.folder).as_posix()


class Case(ABC):
    """A run."""

    alone: bool = False
    """It judges wall-clock time: nothing runs beside it."""

    @property
    @abstractmethod
    def title(self) -> str:
        """For the table, short."""

    @property
    @abstractmethod
    def expected_s(self) -> float:
        """About how long it takes, for the time that is left."""

    @abstractmethod
    def perform(self, place: Place) -> list[Result]:
        """Do it.

        Parameters
        ----------
        place
            For its files.

        Returns
        -------
        list of Result
            One; of scenarios any number.

        Raises
        ------
        LabError
            When it could not be done at all.
        """


@dataclass(frozen=True)
class PlayCase(Case):
    """A signal through a driver. Attributes as in `Play` of the matrix; `clock_name`: its word."""

    subject: Subject
    signal: str
    profile: str | None = None
    clock: Literal["virtual", "realtime"] = "virtual"
    layout: Literal["v1", "v2"] | None = None
    frames: int | None = None
    device_clock: tuple[Component, ...] = ()
    clock_name: str = ""
    seconds: float = 5.0

    @property
    def alone(self) -> bool:  # type: ignore[override]
        """Real time is not shared."""
        return self.clock == "realtime"

    @property
    def title(self) -> str:
        """Driver, signal, macOS, time."""
        told = [self.signal, self.profile or "", self.layout or "", f"{self.clock} time"]
        if self.frames is not None:
            told.insert(1, f"{self.frames} frames")
        if self.device_clock:
            told.insert(1, f"device clock {self.clock_name}")
        return f"{self.subject.name}: {', '.join(word for word in told if word)}"

    @property
    def expected_s(self) -> float:
        """As long as it plays, or next to nothing."""
        return 2.0 + self.seconds if self.clock == "realtime" else 1.5

    def perform(self, place: Place) -> list[Result]:
        """Play it."""
        from lab.night.perform_play import perform_play

        return [perform_play(self, place)]


@dataclass(frozen=True)
class PairedCase(Case):
    """A driver between runs of a reference. Attributes as in `lab.night.matrix.Paired`."""

    subject: Subject
    reference: Subject
    signal: str = "noise"
    seconds: float = 4.0
    rounds: int = 5
    alone: bool = True

    @property
    def title(self) -> str:
        """Driver and reference."""
        return f"{self.subject.name}: beside {self.reference.name}, real time"

    @property
    def expected_s(self) -> float:
        """Every run begins a host of its own."""
        return (2 * self.rounds + 1) * (self.seconds + 0.8)

    @property
    def command(self) -> str:
        """One of the driver's runs, for a person; a night makes the others."""
        line = ["hal-lab", "play", "--signal", self.signal, "--driver", self.subject.bundle]
        line += ["--clock", "realtime", "--seconds", f"{self.seconds:g}"]
        for name, value in self.subject.environment.items():
            line += ["--set", f"{name}={value}"]
        return shlex.join(line)

    def perform(self, place: Place) -> list[Result]:
        """Run them in turn."""
        from lab.night.perform_paired import perform_paired

        return [perform_paired(self, place)]


@dataclass(frozen=True)
class SoakCase(Case):
    """Seeded faults. Attributes as in `lab.night.matrix.Soak`; `number` tells runs apart."""

    subject: Subject
    faults: str
    layout: Literal["v1", "v2"] = "v2"
    minutes: float = 5.0
    seed: int = 0
    number: int = 0

    @property
    def title(self) -> str:
        """Driver, faults."""
        nth = f", schedule {self.number + 1}" if self.number else ""
        return f"{self.subject.name}: faults {self.faults}, {self.layout}{nth}"

    @property
    def expected_s(self) -> float:
        """Virtual time, some 2,000 times real time with faults."""
        return 1.0 + self.minutes * 60 / 1_000

    @property
    def command(self) -> str:
        """For a person."""
        line = ["hal-lab", "soak", "--driver", self.subject.bundle, "--faults", self.faults]
        line += ["--hours", f"{self.minutes / 60:g}", "--seed", str(self.seed)]
        line += ["--layout", self.layout, "--runs", "1"]
        for name, value in self.subject.environment.items():
            line += ["--set", f"{name}={value}"]
        return shlex.join(line)

    def perform(self, place: Place) -> list[Result]:
        """Soak it."""
        from lab.night.perform_soak import perform_soak

        return [perform_soak(self, place)]


@dataclass(frozen=True)
class ValidateCase(Case):
    """The ladder of checks. Attributes as in `lab.night.matrix.Validate`."""

    subject: Subject
    profile: str
    strictness: int = 5

    @property
    def title(self) -> str:
        """Driver, macOS, how strict."""
        return f"{self.subject.name}: validate, {self.profile}, strictness {self.strictness}"

    @property
    def expected_s(self) -> float:
        """Measured on two processors."""
        return 8.0 if self.strictness <= 5 else 20.0

    def perform(self, place: Place) -> list[Result]:
        """Validate it."""
        from lab.night.perform_validate import perform_validate

        return [perform_validate(self, place)]


@dataclass(frozen=True)
class ScenarioCase(Case):
    """Scenarios by pytest. Attributes as in `lab.night.matrix.Scenarios`."""

    select: str
    marks: str = "not slow"
    alone: bool = True

    @property
    def title(self) -> str:
        """The question."""
        from lab.report.terminal import question_and_case

        return question_and_case(f"{Path(self.select).name}::x")[0]

    @property
    def expected_s(self) -> float:
        """Nobody knows; most take so long."""
        return 15.0

    def perform(self, place: Place) -> list[Result]:
        """Ask it."""
        from lab.night.perform_scenarios import perform_scenarios

        return perform_scenarios(self, place)
