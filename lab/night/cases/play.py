"""A run of `lab.play` for a night: the result, and for each glitch what lets one hear it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.clocks import Component
from lab.errors import LabError, MissingError
from lab.measure.fitness import probe_fitness
from lab.night.cases.base import Case, Place, Subject
from lab.night.cases.clips import keep_clips
from lab.night.cases.coverage import coverage_of_run
from lab.play.judge import judge_play
from lab.play.latency import packet_times
from lab.play.names import release, unique_shm_name
from lab.play.run import PlayCut, play
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.signals import SIGNALS, write_signal
from lab.report.perfetto import write_run
from lab.results import Result, Verdict


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
        return [perform_play(self, place)]


def perform_play(case: PlayCase, place: Place) -> Result:
    """Play, judge, keep the clips and, of a run that is not good, the trace.

    Parameters
    ----------
    case
        What to play.
    place
        For its files.

    Returns
    -------
    Result

    Raises
    ------
    LabError
        When it could not begin.
    """
    with tempfile.TemporaryDirectory(prefix="hal-lab-") as name:
        folder = Path(name)
        settings = _settings(case, folder)
        fitness = probe_fitness(probes=50) if case.clock == "realtime" else None
        began = time.monotonic()
        cut: LabError | None = None
        try:
            facts = play(settings, progress=lambda *_: None, stop=place.stop)
        except PlayCut as error:
            cut, facts = error, error.facts
        finally:
            release(settings.shm_name)
        result = judge_play(settings, facts, fitness=fitness, duration_s=time.monotonic() - began)
        asked = coverage_of_run(
            facts.calls, Path(facts.plugin.path), settings.driver_environment(), case.profile
        )
        result = _named(result, case, cut).model_copy(update={"coverage": asked})
        result = keep_clips(result, facts, place)
        if result.verdict is Verdict.FAIL:
            result = _keep_trace(result, facts, folder / "io.trace", place)
        return result


def _settings(case: PlayCase, folder: Path) -> PlaySettings:
    own = case.signal in SIGNALS
    return PlaySettings(
        file=write_signal(case.signal, folder, case.seconds) if own else Path(case.signal),
        folder=folder,
        shm_name=unique_shm_name(),
        driver=case.subject.bundle,
        clock=case.clock,
        layout=case.layout,
        buffer_frames=case.frames,
        seconds=case.seconds,
        device_clock=case.device_clock,
        signal=case.signal if own else "",
        profile=case.profile,
        environment=dict(case.subject.environment),
        coverage=True,
    )


def _named(result: Result, case: PlayCase, cut: LabError | None) -> Result:
    """Under the name that the driver has in the night; what ended the run is its verdict.

    The driver's environment is how it is built for this night, and no parameter of the run.
    """
    hidden = case.subject.environment
    told = {name: value for name, value in result.parameters.items() if name not in hidden}
    if case.clock_name:
        told["device-clock"] = case.clock_name
    changes: dict[str, object] = {"parameters": told}
    if result.driver is not None:
        changes["driver"] = result.driver.model_copy(update={"name": case.subject.name})
    if cut is not None:
        changes |= {"verdict": Verdict.FAIL, "reason": str(cut)}
    return result.model_copy(update=changes)


def _keep_trace(result: Result, facts: PlayFacts, made: Path, place: Place) -> Result:
    """Of a run that failed: the trace, and the same to look at in Perfetto."""
    kept = {"trace": place.file(".trace"), "perfetto": place.file(".pftrace.gz")}
    try:
        kept["trace"].write_bytes(made.read_bytes())
    except FileNotFoundError:
        del kept["trace"]  # a crash may have left none
    try:
        write_run(kept["perfetto"], facts, result, packets=packet_times(facts))
    except MissingError:
        del kept["perfetto"]  # the page says it all the same
    named = {name: place.address(path) for name, path in kept.items()}
    return result.model_copy(update={"artefacts": {**result.artefacts, **named}})
