"""Paired runs for a night: reference, driver, reference, ..., in real time, the machine alone."""

from __future__ import annotations

import shlex
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError, MissingError
from lab.host.locate import find_driver
from lab.measure.fitness import probe_fitness
from lab.night.cases.base import Case, Place, Subject
from lab.night.paired import SCENARIO, PairedRun, paired_histograms, paired_measurements, run_of
from lab.play.environment import set_words
from lab.play.names import release, unique_shm_name
from lab.play.run import PlayCut, play
from lab.play.settings import PlaySettings
from lab.play.signals import write_signal
from lab.results import HostFitness, Result, Verdict


@dataclass
class _Runs:
    """What was run so far, and what ended it early."""

    references: list[PairedRun] = field(default_factory=list)
    drivers: list[PairedRun] = field(default_factory=list)
    verdict: Verdict = Verdict.PASS
    reason: str = ""


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
        return shlex.join(line + set_words(self.subject.environment.items()))

    def perform(self, place: Place) -> list[Result]:
        """Run them in turn."""
        return [perform_paired(self, place)]


def perform_paired(case: PairedCase, place: Place) -> Result:
    """Run them in turn, and hold the driver against its neighbours.

    Parameters
    ----------
    case
        What to run.
    place
        Says whether the night is stopped.

    Returns
    -------
    Result
        A fail when the driver did not live through a run; skipped when the reference did not, or
        when it was stopped: half of it says nothing.

    Raises
    ------
    MissingError
        When a driver is not here.
    LabError
        When a run could not begin.
    """
    bundle = find_driver(case.subject.bundle)
    find_driver(case.reference.bundle)
    fitness = HostFitness.of(probe_fitness(probes=50))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hal-lab-") as name:
        runs = _run_all(case, place, Path(name))
    whole = runs.verdict is Verdict.PASS
    return Result(
        scenario=SCENARIO,
        parameters={
            "reference": case.reference.name,
            "signal": case.signal,
            "rounds": str(case.rounds),
            "seconds": f"{case.seconds:g}",
        },
        driver=case.subject.identity(bundle),
        clock="realtime",
        command=case.command,
        duration_s=time.monotonic() - began,
        audio_s=case.seconds * len(runs.drivers),
        fitness=fitness,
        measurements=paired_measurements(runs.references, runs.drivers) if whole else [],
        histograms=paired_histograms(runs.references, runs.drivers) if whole else [],
        verdict=runs.verdict,
        reason=runs.reason,
    )


def _run_all(case: PairedCase, place: Place, folder: Path) -> _Runs:
    runs = _Runs()
    audio = write_signal(case.signal, folder, case.seconds)
    for number in range(2 * case.rounds + 1):
        is_driver = number % 2 == 1
        subject = case.subject if is_driver else case.reference
        try:
            run = _run(case, subject, audio, folder, place)
        except MissingError:
            raise
        except LabError as error:
            if not is_driver:
                # Whatever it is, it says nothing about the driver.
                runs.verdict = Verdict.SKIPPED
                runs.reason = f"the reference {subject.name}: {error}"
            elif isinstance(error, PlayCut):
                runs.verdict, runs.reason = Verdict.FAIL, str(error)
            else:
                raise
            return runs
        if run is None:
            runs.verdict, runs.reason = Verdict.SKIPPED, "stopped before the end"
            return runs
        (runs.drivers if is_driver else runs.references).append(run)
    return runs


def _run(
    case: PairedCase, subject: Subject, audio: Path, folder: Path, place: Place
) -> PairedRun | None:
    """One run in a host of its own; None when it was stopped."""
    settings = PlaySettings(
        file=audio,
        folder=folder,
        shm_name=unique_shm_name(),
        driver=subject.bundle,
        clock="realtime",
        seconds=case.seconds,
        signal=case.signal,
        environment=dict(subject.environment),
    )
    try:
        facts = play(settings, progress=lambda *_: None, stop=place.stop)
    finally:
        release(settings.shm_name)
    return None if facts.interrupted else run_of(facts)
