"""One run of a night: a driver, a place for what is kept, and what every run has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
