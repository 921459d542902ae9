"""A night as one record: what the page, the Markdown, the JUnit file and the JSON are views of.

Everything in it is worked out: a view only lays out. Paths of artefacts are relative to the night's
folder.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lab.results import HostFitness, Result, Verdict

RECORD_VERSION = 1


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DriverLine(_Record):
    """Is it good? One driver.

    Attributes
    ----------
    name
        `lab.results.DriverIdentity.name`.
    sha256
        Of the bundle that was tested; empty when none of its runs could load it.
    verdict
        The worst of its results, an unfit machine and skipped ones left out.
    sentence
        In one line: ``"3 of 120 runs failed, 2 changes for the worse since last night"``.
    counts
        Results by verdict.
    glitches
        In all of its results.
    """

    name: str
    sha256: str = ""
    verdict: Verdict
    sentence: str
    counts: dict[Verdict, int] = Field(default_factory=dict)
    glitches: int = 0


class Change(_Record):
    """Something is not as it was.

    Attributes
    ----------
    key, driver, scenario
        Of the result, see `lab.results.Result.key`.
    measurement
        Its name; ``"verdict"`` when a run that passed fails now, or the other way.
    unit
        Of `before` and `after`.
    before, after
        Levels: a mean, a rate per hour of audio, an exact count; None for a verdict.
    since
        The first night of the new level.
    nights
        For how many nights it has been so, tonight included.
    is_worse
        Or better.
    sentence
        For people, in one line, with figures and units.
    p_value
        How likely chance is; None where counts are exact and need no statistics.
    confirmed
        A run that was made again tonight agrees; None: it was not asked.
    command
        Makes the run again.
    result_id
        The result of tonight.
    driver_changed
        The driver's fingerprint is another one than before that night: a new build.
    wall_clock
        The machine's mood is in it.
    shared_with
        Other series that went the same way in those nights: look at the machine first.
    """

    key: str
    driver: str
    scenario: str
    measurement: str
    unit: str = ""
    before: float | None = None
    after: float | None = None
    since: str
    nights: int = 1
    is_worse: bool = True
    sentence: str
    p_value: float | None = None
    confirmed: bool | None = None
    command: str = ""
    result_id: str = ""
    driver_changed: bool = False
    wall_clock: bool = False
    shared_with: int = 0


class Trend(_Record):
    """One measurement over the nights.

    Attributes
    ----------
    key, driver, scenario, measurement, unit
        Of the result, and of its measurement.
    better
        Which way is good.
    limit
        Tonight's.
    nights
        In their order; tonight last.
    values
        One for each; None when the run was not made, or the machine was unfit.
    since
        Nights at which a new level began.
    """

    key: str
    driver: str
    scenario: str
    measurement: str
    unit: str = ""
    better: Literal["lower", "higher"] = "lower"
    limit: float | None = None
    nights: list[str] = Field(default_factory=list)
    values: list[float | None] = Field(default_factory=list)
    since: list[str] = Field(default_factory=list)


class Coverage(_Record):
    """How much of what the HAL may ask was asked.

    Attributes
    ----------
    driver
        Its name.
    what
        ``"entry points"``, ``"operations"``, ``"properties of devices"``.
    asked
        Name to how often.
    never
        Names of what was not, and could have been.
    """

    driver: str
    what: str
    asked: dict[str, int] = Field(default_factory=dict)
    never: list[str] = Field(default_factory=list)


class CalibrationRow(_Record):
    """How small a fault of one kind a detector finds.

    Attributes
    ----------
    detector, fault, path, unit
        As in ``lab/signals/calibration.json``; the unit is that of `smallest`.
    smallest
        The size from which on every one is found for certain; None: there is none.
    is_smallest_tried
        Smaller ones were not tried.
    found_percent
        Of the smallest, 95 % sure, at least so many; without one, what was found at the best size.
    false_alarms, false_alarms_per
        With nothing wrong, 95 % sure, fewer than so many per ``"hour"`` or ``"search"``; None: not
        measured.
    """

    detector: str
    fault: str
    path: str
    unit: str
    smallest: float | None = None
    is_smallest_tried: bool = False
    found_percent: float = 0.0
    false_alarms: float | None = None
    false_alarms_per: str = ""


class Calibration(_Record):
    """How small a glitch is seen behind a lossy codec.

    Attributes
    ----------
    measured_with
        Codec and format.
    trials
        Faults of each size.
    rows
        One for each detector, fault and path.
    """

    measured_with: str
    trials: int
    rows: list[CalibrationRow] = Field(default_factory=list)


class SweepCell(_Record):
    """One cell of a sweep's heat map.

    Attributes
    ----------
    column, row
        Of `Sweep.columns` and `Sweep.rows`, from 0.
    runs, glitched
        So many are known, and so many of them had a glitch.
    """

    column: int = Field(ge=0)
    row: int = Field(ge=0)
    runs: int = Field(ge=0)
    glitched: int = Field(ge=0)


class Sweep(_Record):
    """Glitch probability of one driver over two parameters, all others added up.

    Attributes
    ----------
    night
        Of the history, under which its runs are kept.
    driver, sha256
        Its name and its build.
    x, y
        The parameters of columns and rows.
    columns, rows
        Their values as text, ascending.
    cells
        Those that have runs.
    others
        Values of the other parameters that vary.
    runs, glitched, failed
        How many are known; had a glitch, which is no fault of the driver; failed, which is.
    seeds
        How many different ones.
    columns_left_out, rows_left_out
        Values that were run, and for which a heat map has no room; `runs` counts them.
    command
        Makes its whole grid again; empty when the history does not say enough.
    """

    night: str
    driver: str
    sha256: str = ""
    x: str
    y: str
    columns: list[str]
    rows: list[str]
    cells: list[SweepCell]
    others: dict[str, list[str]] = Field(default_factory=dict)
    runs: int = 0
    glitched: int = 0
    failed: int = 0
    seeds: int = 0
    columns_left_out: int = 0
    rows_left_out: int = 0
    command: str = ""


class Machine(_Record):
    """Where it ran.

    Attributes
    ----------
    name, system, processor
        ``"Linux 6.1 x86_64"``, ``"2 x AMD EPYC"``.
    fitness
        At the beginning; None when nothing was run in real time.
    fit_runs, unfit_runs
        In real time: those during which it could judge, and could not.
    """

    name: str = ""
    system: str = ""
    processor: str = ""
    fitness: HostFitness | None = None
    fit_runs: int = 0
    unfit_runs: int = 0


class Night(_Record):
    """A night.

    Attributes
    ----------
    record_version
        Of this record.
    night
        Its name, a date.
    made_at
        UTC, ISO 8601.
    hal_lab
        Version.
    commit
        Of the checkout; empty when there is none.
    matrix
        Which: ``"quick"``, ``"full"``, or a file.
    command
        Makes the night again.
    duration_s
        From beginning to end.
    planned
        Runs that the matrix asks for; more than there are results when it was stopped.
    stopped
        By Ctrl-C, or because the disk was full: why, in one line.
    complaints
        What could not be read of the history, or written to it, a line each.
    kept
        The history has it; if not, `complaints` says why.
    previous
        The night before, that changes are told from; empty: this is the first one.
    machine, drivers, changes, results, trends, coverage
        As above; drivers worst first, changes worst first, results in the order of the matrix.
    calibration
        Of the detectors that this hal-lab has; None: not told.
    sweeps
        Of the newest night of sweeps at or before this night, the newest first; none: there is no
        such night.
    """

    record_version: Literal[1] = 1
    night: str
    made_at: str
    hal_lab: str = ""
    commit: str = ""
    matrix: str = ""
    command: str = ""
    duration_s: float = 0.0
    planned: int = 0
    stopped: str = ""
    complaints: list[str] = Field(default_factory=list)
    kept: bool = True
    previous: str = ""
    machine: Machine = Field(default_factory=Machine)
    drivers: list[DriverLine] = Field(default_factory=list)
    changes: list[Change] = Field(default_factory=list)
    results: list[Result] = Field(default_factory=list)
    trends: list[Trend] = Field(default_factory=list)
    coverage: list[Coverage] = Field(default_factory=list)
    calibration: Calibration | None = None
    sweeps: list[Sweep] = Field(default_factory=list)
