"""A grid: values for parameters, and how many seeds each point gets; from options and a file."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from lab.errors import UsageError
from lab.sweep.parameters import PARAMETERS, find_parameter, read_values
from lab.sweep.task import Frame, Task

RUNS_MAX = 1_000_000
"""Of one sweep: at ten a second more than a day."""
Point = tuple[tuple[str, Decimal], ...]
_Number = StrictInt | StrictFloat
Over = dict[str, StrictStr | _Number | list[_Number]]
"""Name of a parameter to its values, as a TOML file has them."""
RING = "GECKO_SHM_RING_FRAMES"
"""Set by the point of the grid."""


@dataclass(frozen=True)
class Grid:
    """What is swept.

    Attributes
    ----------
    axes
        Values of every parameter, ascending; those that do not vary have one.
    frame
        What all runs have in common.
    seeds, first_seed
        Each point is run with so many seeds, from the first on.
    """

    axes: Mapping[str, tuple[Decimal, ...]]
    frame: Frame = field(default_factory=Frame)
    seeds: int = 20
    first_seed: int = 0

    @property
    def varied(self) -> list[str]:
        """Parameters that have more than one value."""
        return [name for name, values in self.axes.items() if len(values) > 1]

    def points(self) -> list[Point]:
        """All that can be run: a cycle that is longer than the ring cannot."""
        made = product(*([(name, value) for value in v] for name, v in self.axes.items()))
        return [point for point in made if _fits(dict(point))]

    @property
    def left_out(self) -> int:
        """Points whose cycle is longer than the ring."""
        return self.size // self.seeds - len(self.points())

    @property
    def size(self) -> int:
        """Points times seeds, those that cannot be run among them."""
        return prod(len(values) for values in self.axes.values()) * self.seeds

    def command(self) -> str:
        """What a person types to make all of it; what has its default is not told."""
        told = {name: ",".join(f"{v:f}" for v in values) for name, values in self.axes.items()}
        off = [name for name, values in told.items() if values != str(PARAMETERS[name].default)]
        # A grid must name something.
        line = self.frame.words((name, told[name]) for name in off or ["ring_frames"])
        line += ["--first-seed", str(self.first_seed)] if self.first_seed else []
        return shlex.join([*line, "--seeds", str(self.seeds)])

    def tasks(self) -> Iterator[Task]:
        """All runs: every point with the first seed, then every point with the second, ...

        A sweep that is stopped has about as many runs of one point as of another.
        """
        points = self.points()
        for seed in range(self.first_seed, self.first_seed + self.seeds):
            for point in points:
                yield Task(self.frame, point, seed)


def _fits(point: Mapping[str, Decimal]) -> bool:
    return point["period_frames"] <= point["ring_frames"]


class GridFile(BaseModel):
    """A grid as a TOML file says it; what is left out is None."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    driver: str | None = None
    layout: Literal["v1", "v2"] | None = None
    seeds: Annotated[int, Field(ge=1)] | None = None
    first_seed: Annotated[int, Field(ge=0)] | None = None
    late_wake_ups: Annotated[int, Field(ge=1)] | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    over: Over = Field(default_factory=dict)


def read_grid_file(path: Path) -> GridFile:
    """Read a grid.

    Parameters
    ----------
    path
        A TOML file.

    Returns
    -------
    GridFile

    Raises
    ------
    UsageError
        When it cannot be read: file, place and what is wrong, in one line.
    """
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"the grid cannot be read ({error.strerror})", where=str(path), do="name a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not TOML ({error})", where=str(path)) from error
    try:
        return GridFile.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{place}: {first['msg']}", where=str(path)) from error


def over_of(told: Over) -> list[str]:
    """The ``over`` of a file as ``--over`` would say it."""
    return [
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in told.items()
    ]


def make_grid(over: Sequence[str], *, frame: Frame, seeds: int, first_seed: int) -> Grid:
    """A grid from what options and file said.

    Parameters
    ----------
    over
        ``NAME=VALUES`` each; of two with one name the later counts.
    frame, seeds, first_seed
        As for `Grid`.

    Returns
    -------
    Grid

    Raises
    ------
    UsageError
        When a parameter is unknown, a value is none, nothing is left, or it is too much.
    """
    axes: dict[str, tuple[Decimal, ...]] = {
        name: (Decimal(p.default),) for name, p in PARAMETERS.items()
    }
    if RING in dict(frame.environment):
        raise UsageError(f"{RING} is set", do="vary the ring: ring_frames=4096")
    if not over:
        raise UsageError("the grid is empty", do="name a parameter: --over ring_frames=1024,4096")
    for text in over:
        name, equals, values = text.partition("=")
        parameter = find_parameter(name.strip())
        if not equals or not values.strip():
            raise UsageError("no values", where=text, do=f"write {parameter.name}=1,2,3")
        of_ring = parameter.name == "ring_frames" and frame.layout == "v2"
        axes[parameter.name] = tuple(
            sorted(
                {
                    parameter.check(value, power_of_two=of_ring)
                    for value in read_values(parameter.name, values)
                }
            )
        )
    grid = Grid(axes, frame, seeds, first_seed)
    if grid.size > RUNS_MAX:
        raise UsageError(
            f"{grid.size // seeds:,} points x {seeds:,} seeds are {grid.size:,} runs; a sweep has "
            f"at most {RUNS_MAX:,}",
            do="take larger steps, or fewer seeds",
        )
    if not grid.points():
        raise UsageError(
            "no point of the grid can be run: every period_frames is longer than every ring_frames",
            do="choose larger rings",
        )
    return grid
