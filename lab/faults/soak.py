"""Many runs from one seed, some of them twice, until the time is used up or one has failed."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from lab.faults.damage import Failure
from lab.faults.events import Event
from lab.faults.outcome import Outcome
from lab.faults.parting import Named, name_parting
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup
from lab.faults.swarm import draw_schedule, runs_twice
from lab.faults.zero_timestamps import ClockFigures

NOT_DETERMINISTIC = "not-deterministic"


@dataclass(frozen=True)
class SoakSettings:
    """What to soak.

    Attributes
    ----------
    setup
        Of each run; ``setup.cycles`` is the length of one.
    runs
        How many.
    seed
        All schedules come from it.
    faults
        Names of events that may be switched on; none: every run is quiet.
    jobs
        Runs at a time.
    twice_percent
        Share of the runs that are made a second time.
    schedules
        Orders of the driver's threads: the runs take so many in turn, from
        ``setup.schedule_seed`` on.
    coverage
        Count what the driver is asked, in each run's first making.
    """

    setup: Setup
    runs: int
    seed: int
    faults: Sequence[str] = ()
    jobs: int = 2
    twice_percent: int = 5
    schedules: int = 1
    coverage: bool = False

    def schedule(self, run: int) -> list[Event]:
        """Of one run."""
        return draw_schedule(self.seed, run, cycles=self.setup.cycles, faults=self.faults)

    def setup_of(self, run: int) -> Setup:
        """Of one run: the host's seed differs from run to run, and the order of threads."""
        order = self.setup.schedule_seed + run % self.schedules
        return self.setup.model_copy(
            update={"seed": (self.seed + run) % (1 << 64), "schedule_seed": order % (1 << 64)}
        )


@dataclass
class SoakReport:
    """What came of it.

    Attributes
    ----------
    hash
        Of the hashes of the runs, in their order; empty when it was stopped or one failed to run.
    outcomes
        By run, first time; runs that were not made are missing.
    repeated
        Runs that were made twice.
    failed_run
        The first that failed, by number; None when all passed.
    failure
        Of it.
    real_s
        From beginning to end.
    interrupted
        By Ctrl-C.
    """

    hash: str = ""
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    repeated: list[int] = field(default_factory=list)
    failed_run: int | None = None
    failure: Failure | None = None
    real_s: float = 0.0
    interrupted: bool = False

    @property
    def cycles(self) -> int:
        """All runs."""
        return sum(outcome.cycles for outcome in self.outcomes.values())

    @property
    def frames_verified(self) -> int:
        """All runs."""
        return sum(outcome.frames_verified for outcome in self.outcomes.values())

    @property
    def simulated_s(self) -> float:
        """All runs; what was made twice counts once."""
        return sum(outcome.simulated_s for outcome in self.outcomes.values())

    @property
    def latencies(self) -> dict[tuple[int, int], int]:
        """Frames from output to input, by frames of a cycle and rate, where a run has learnt it."""
        return {key: frames for o in self.outcomes.values() for key, frames in o.latencies.items()}

    @property
    def clocks(self) -> ClockFigures:
        """What the driver's zero timestamps were like in all runs."""
        total = ClockFigures()
        for outcome in self.outcomes.values():
            total.add(outcome.clocks)
        return total

    def counted(self, what: str) -> Counter[str]:
        """``injected``, ``skipped`` or ``marks`` of all runs."""
        total: Counter[str] = Counter()
        for outcome in self.outcomes.values():
            total.update(getattr(outcome, what))
        return total


def soak(
    settings: SoakSettings,
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
) -> SoakReport:
    """Make the runs of a soak.

    Parameters
    ----------
    settings
        What to do.
    stop
        True ends it in good order, with what has been done so far.
    progress
        Told cycles that have been run, by all runs together.

    Returns
    -------
    SoakReport

    Raises
    ------
    UsageError, MissingError
        When it could not begin.
    """
    report = SoakReport()
    began = time.monotonic()
    meter = _Meter(progress)
    failed = threading.Event()

    def end() -> bool:
        return stop() or failed.is_set()

    with ThreadPoolExecutor(max_workers=settings.jobs) as pool:
        waiting = iter(range(settings.runs))
        under_way: dict[Future[tuple[Outcome, Failure | None, bool]], int] = {}
        try:
            while True:
                while len(under_way) < settings.jobs and not end():
                    run = next(waiting, None)
                    if run is None:
                        break
                    under_way[pool.submit(_one, settings, run, stop, meter)] = run
                if not under_way:
                    break
                done, _ = wait(under_way, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in done:
                    if _take(report, under_way.pop(future), future.result()):
                        failed.set()
        except BaseException:
            meter.ended = True
            raise
    report.real_s = time.monotonic() - began
    report.interrupted = stop()
    if len(report.outcomes) == settings.runs and not report.interrupted:
        lines = "\n".join(report.outcomes[run].hash for run in range(settings.runs))
        report.hash = hashlib.sha256(lines.encode()).hexdigest()
    return report


def _take(report: SoakReport, run: int, found: tuple[Outcome, Failure | None, bool]) -> bool:
    """Put one run into the report; whether it failed."""
    outcome, failure, twice = found
    report.outcomes[run] = outcome
    if twice:
        report.repeated = sorted([*report.repeated, run])
    if failure is not None and (report.failed_run is None or run < report.failed_run):
        report.failed_run, report.failure = run, failure
    return failure is not None


class _Meter:
    """Adds up the progress of runs that know only their own."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._total = 0
        self.ended = False

    def of_a_run(self) -> Callable[[int], None]:
        last = 0

        def told(cycles: int) -> None:
            nonlocal last
            with self._lock:
                self._total += cycles - last
                last = cycles
                self._progress(self._total)

        return told


def _one(
    settings: SoakSettings, run: int, stop: Callable[[], bool], meter: _Meter
) -> tuple[Outcome, Failure | None, bool]:
    setup, events = settings.setup_of(run), settings.schedule(run)

    def asked() -> bool:
        return meter.ended or stop()

    outcome = run_schedule(
        setup, events, stop=asked, progress=meter.of_a_run(), coverage=settings.coverage
    )
    failure, twice = outcome.failure, runs_twice(settings.seed, run, settings.twice_percent)
    if twice and not outcome.interrupted:
        again = run_schedule(setup, events, stop=asked)
        twice = not again.interrupted
        if twice and (differ := compare(outcome, again)) is not None:
            failure = _named(setup, events, outcome, again, differ, stop=asked)
    else:
        twice = False
    if failure is None:
        outcome.lives = []  # thousands of checkpoints, which nobody will ask for
    return outcome, failure, twice


def _named(
    setup: Setup,
    events: Sequence[Event],
    first: Outcome,
    second: Outcome,
    failure: Failure,
    *,
    stop: Callable[[], bool],
) -> Failure:
    """The same failure with the first event of the host that differs, if there is one."""
    found = name_parting(setup, events, first, second, stop=stop)
    if isinstance(found, Named):
        sentence = f"two runs of the same schedule differ, first {found.sentence}"
        return Failure(NOT_DETERMINISTIC, sentence, found.cycle)
    if found:
        return Failure(NOT_DETERMINISTIC, f"{failure.sentence}; they part {found}", failure.cycle)
    return failure


def confirm(settings: SoakSettings, report: SoakReport, *, stop: Callable[[], bool]) -> bool:
    """Make the run that failed again; what does not come again is a failure of its own kind.

    Parameters
    ----------
    settings, report
        Of a soak that failed. The report is changed when the failure does not come again.
    stop
        As for `soak`.

    Returns
    -------
    bool
        Whether it failed in the same way.
    """
    assert report.failure is not None
    assert report.failed_run is not None
    run = report.failed_run
    setup, events = settings.setup_of(run), settings.schedule(run)
    again = run_schedule(setup, events, stop=stop)
    kind = again.failure.kind if again.failure else "passed"
    if again.interrupted or kind == report.failure.kind:
        return not again.interrupted
    said = "it passed" if again.failure is None else f"it failed with {kind}"
    sentence = f"{report.failure.sentence}; when the run was made again, {said}"
    found = name_parting(setup, events, report.outcomes[run], again, stop=stop)
    if found:
        where = f"differ first {found.sentence}" if isinstance(found, Named) else f"part {found}"
        sentence += f"; two such runs {where}"
    report.failure = Failure(NOT_DETERMINISTIC, sentence, report.failure.cycle)
    return False


def compare(first: Outcome, second: Outcome) -> Failure | None:
    """Whether two runs of one schedule were the same.

    Parameters
    ----------
    first, second
        The two.

    Returns
    -------
    Failure or None
        It names the first observation that differs; `lab.faults.parting` finds the event.
    """
    if first.hash == second.hash:
        return None
    for number, (one, other) in enumerate(zip(first.journal, second.journal, strict=False)):
        if one != other:
            return Failure(
                NOT_DETERMINISTIC,
                f"two runs of the same schedule differ, first in observation {number}: {one} "
                f"against {other}",
                0,
            )
    verdicts = [run.failure.kind if run.failure else "passed" for run in (first, second)]
    return Failure(
        NOT_DETERMINISTIC,
        f"two runs of the same schedule differ in their end: {len(first.journal)} observations and "
        f"{verdicts[0]}, {len(second.journal)} and {verdicts[1]}",
        0,
    )
