"""A sweep for a night: one result; the runs go to the history, where the page looks for them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from lab.errors import LabError
from lab.host.locate import find_driver
from lab.night.cases.base import Case, Place, Subject
from lab.results import Measurement, Result, Verdict
from lab.sweep.grid import Grid
from lab.sweep.keep import Keeper
from lab.sweep.local import LocalPool
from lab.sweep.run import Swept, sweep

SCENARIO = "sweep-grid"
"""Not that of its runs: a question to the history about runs is not answered with their sum."""
SHARE = "runs-with-a-glitch"


class _Nobody:
    """Is told nothing: a night shows its runs, not what they are made of."""

    def begun(self, total: int, there: int) -> None:
        """How many are asked for."""

    def went_on(self, swept: Swept, waiting_for: str) -> None:
        """How far it is."""


@dataclass(frozen=True)
class SweepCase(Case):
    """A grid of virtual runs, told as one result; the runs themselves are kept in the history.

    Attributes
    ----------
    subject
        The driver.
    grid
        All runs.
    night
        Of the history, under which they are kept.
    history
        Folder or URL; empty: they are not kept.
    """

    subject: Subject
    grid: Grid
    night: str
    history: str = ""

    @property
    def title(self) -> str:
        """Driver, what varies."""
        varied = " and ".join(self.grid.varied) or "one point"
        return f"{self.subject.name}: sweep over {varied}, {self.grid.frame.layout}"

    @property
    def expected_s(self) -> float:
        """Measured: every run begins a host of its own."""
        return 2.0 + 0.2 * self.grid.size

    def perform(self, place: Place) -> list[Result]:
        """Make them."""
        return [perform_sweep(self, place)]


def perform_sweep(case: SweepCase, place: Place) -> Result:
    """Make all runs of a grid, anew, and keep them.

    Parameters
    ----------
    case
        Which.
    place
        Says when to stop.

    Returns
    -------
    Result
        Late readers are no fault of the driver: it fails when the driver failed in a run. How many
        runs had a glitch is told as a share, without a limit; it is exact, so that a night says
        when it changed.

    Raises
    ------
    LabError
        When a run could not be made, or nothing can be kept.
    """
    began = time.monotonic()
    driver = case.subject.identity(find_driver(case.subject.bundle))
    with Keeper(case.history or None, case.night) as keeper, LocalPool(1) as pool:
        swept = sweep(case.grid, pool, keeper, again=True, stop=place.stop, watcher=_Nobody())
    if swept.errors:
        reason, count = max(swept.errors.items(), key=lambda item: item[1])
        raise LabError(f"{count} of {swept.total} runs could not be made: {reason}")
    command = case.grid.command()
    verdict, reason = Verdict.PASS, ""
    if swept.failed:
        verdict, command = Verdict.FAIL, swept.failed[0].command
        reason = f"the driver failed in {swept.failed_count} of {swept.made} runs, first: "
        reason += swept.failed[0].reason
    elif swept.stopped:
        verdict, reason = Verdict.SKIPPED, "stopped before the end"
    frame = case.grid.frame
    return Result(
        scenario=SCENARIO,
        parameters={name: told(case, name) for name in case.grid.varied}
        | {"layout": frame.layout, "late_wake_ups": str(frame.late_wake_ups)}
        | {"seeds": str(case.grid.seeds)},
        driver=driver,
        command=command,
        duration_s=time.monotonic() - began,
        audio_s=swept.audio_s,
        measurements=[
            Measurement(name="runs", value=swept.made),
            Measurement(name="runs-that-failed", value=swept.failed_count, limit=0),
            Measurement(name=SHARE, value=100 * swept.glitched / max(swept.made, 1), unit="%"),
        ],
        verdict=verdict,
        reason=reason,
    )


def told(case: SweepCase, name: str) -> str:
    """The values of a parameter: with others it is another sweep, and not compared."""
    return ",".join(f"{value:f}" for value in case.grid.axes[name])
