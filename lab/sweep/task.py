"""One run of a sweep: a point with a seed, and under which name it is kept."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import PurePath
from typing import Literal

from lab.play.environment import set_words
from lab.results import DriverIdentity, Result

SCENARIO = "sweep"
"""Of all results of sweeps."""


@dataclass(frozen=True)
class Frame:
    """What all runs of a sweep have in common.

    Attributes
    ----------
    driver
        A path, or the name of a built one.
    layout
        Of Gecko Sink's shared memory.
    late_wake_ups
        So many of each kind that the point asks for happen in a run.
    environment
        Of the driver.
    """

    driver: str = "GeckoAudioDevice"
    layout: Literal["v1", "v2"] = "v2"
    late_wake_ups: int = 10
    environment: tuple[tuple[str, str], ...] = ()

    def words(self, over: Iterable[tuple[str, str]]) -> list[str]:
        """The command line of runs that have this in common, seeds left out.

        Parameters
        ----------
        over
            Parameters and their values.

        Returns
        -------
        list of str
        """
        line = ["hal-lab", "sweep", "--driver", self.driver, "--layout", self.layout]
        line += ["--late-wake-ups", str(self.late_wake_ups)]
        for name, values in over:
            line += ["--over", f"{name}={values}"]
        return line + set_words(self.environment)


@dataclass(frozen=True)
class Task:
    """One run.

    Attributes
    ----------
    frame
        What it has in common with the others.
    point
        Name and value of each parameter, in the order of `lab.sweep.parameters.PARAMETERS`.
    seed
        All that is drawn comes from it.
    """

    frame: Frame
    point: tuple[tuple[str, Decimal], ...]
    seed: int

    def value(self, name: str) -> Decimal:
        """Of a parameter.

        Raises
        ------
        KeyError
            When there is none of that name.
        """
        return dict(self.point)[name]

    def parameters(self) -> dict[str, str]:
        """What makes it another run than the others of the same driver: for `Result`."""
        told = {name: f"{value:f}" for name, value in self.point}
        told["layout"] = self.frame.layout
        told["late_wake_ups"] = str(self.frame.late_wake_ups)
        return told | dict(self.frame.environment)

    @cached_property
    def id(self) -> str:
        """`Result.id` of its result: known before the run is made."""
        return Result(
            scenario=SCENARIO,
            parameters=self.parameters(),
            driver=DriverIdentity(path="", sha256="", name=self.driver_name),
            seed=self.seed,
        ).id

    @property
    def driver_name(self) -> str:
        """In results: the same on every machine, wherever the bundle lies there."""
        return PurePath(self.frame.driver).stem

    def command(self) -> str:
        """What a person types to make just this run again."""
        line = self.frame.words((name, f"{value:f}") for name, value in self.point)
        return shlex.join([*line, "--first-seed", str(self.seed), "--seeds", "1", "--no-history"])
