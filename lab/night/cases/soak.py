"""A run of `lab.faults` for a night: one schedule, made small when it fails."""

from __future__ import annotations

import re
import shlex
import time
from dataclasses import dataclass, field
from typing import Literal

from lab.faults.far_end import choose_far_end, fit_for
from lab.faults.replay import write_case
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup
from lab.faults.shrink import shrink
from lab.faults.soak import NOT_DETERMINISTIC, SoakReport, SoakSettings, confirm, soak
from lab.faults.swarm import chosen_faults
from lab.host.locate import find_driver
from lab.night.cases.base import Case, Place, Subject
from lab.night.cases.coverage import coverage_of_run
from lab.night.cases.soak_clips import hear_failure
from lab.play.environment import set_words
from lab.results import Glitch, Measurement, Result, Verdict

CYCLES_PER_S = 100
"""At 48 kHz and 480 frames, where a run begins."""
SHRINK_RUNS = 150
"""A night has no hours for one failure; `hal-lab soak` makes it smaller."""


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
        return shlex.join(line + set_words(self.subject.environment.items()))

    def perform(self, place: Place) -> list[Result]:
        """Soak it."""
        return [perform_soak(self, place)]


def perform_soak(case: SoakCase, place: Place) -> Result:
    """Run a schedule; a failing one is kept as a ``.replay``.

    Parameters
    ----------
    case
        Which.
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
    bundle = find_driver(case.subject.bundle)
    environment = dict(case.subject.environment)
    heard = choose_far_end("auto", bundle, layout=case.layout, environment=environment)
    names, _ = fit_for(heard.kind, chosen_faults(case.faults))
    settings = SoakSettings(
        setup=Setup(
            driver=str(bundle),
            layout=case.layout,
            far_end=heard.kind,
            cycles=max(1, round(case.minutes * 60 * CYCLES_PER_S)),
            environment=environment,
        ),
        runs=1,
        seed=case.seed,
        faults=names,
        jobs=1,
        twice_percent=0,
        coverage=True,
    )
    began = time.monotonic()
    report = soak(settings, stop=place.stop)
    kept = _kept(settings, report, case, place)
    failure = report.failure
    verdict, reason = Verdict.PASS, ""
    if failure is not None:
        verdict, reason = Verdict.FAIL, f"{failure.kind}: {failure.sentence}"
    elif report.interrupted:
        verdict, reason = Verdict.SKIPPED, "stopped before the end"
    return Result(
        scenario="soak",
        parameters={
            "faults": case.faults,
            "layout": case.layout,
            "minutes": f"{case.minutes:g}",
            **({"schedule": str(case.number + 1)} if case.number else {}),
        },
        driver=case.subject.identity(bundle),
        seed=case.seed,
        command=kept.command,
        duration_s=time.monotonic() - began,
        audio_s=report.simulated_s,
        measurements=_measurements(report),
        glitches=kept.glitches,
        glitch_count=int(failure is not None),
        verdict=verdict,
        reason=reason,
        coverage=coverage_of_run(
            [row for outcome in report.outcomes.values() for row in outcome.calls],
            bundle,
            environment,
        ),
        artefacts=kept.artefacts,
    )


def _measurements(report: SoakReport) -> list[Measurement]:
    clocks = report.clocks
    rows = [
        Measurement(name="cycles", value=report.cycles),
        Measurement(name="frames-verified", value=report.frames_verified, unit="frames"),
        Measurement(name="faults", value=report.counted("injected").total()),
        Measurement(name="failures", value=int(report.failure is not None), kind="count", limit=0),
    ]
    if clocks.lines:
        rows.append(Measurement(name="clock-off", value=clocks.rate_ppm, unit="ppm"))
        rows.append(
            Measurement(name="clock-jitter-p99", value=clocks.jitter_p99_ns / 1e3, unit="us")
        )
    return rows


def _glitch(report: SoakReport) -> list[Glitch]:
    failure = report.failure
    if failure is None:
        return []
    kind = failure.kind.removeprefix("frames-")
    return [
        Glitch(kind=kind, position_frame=-1, frames=0, cause="driver-logic", cycle=failure.cycle)
    ]


@dataclass(frozen=True)
class _Kept:
    """What is there of a run: for a person to type, to look at, and to hear."""

    command: str
    glitches: list[Glitch]
    artefacts: dict[str, str] = field(default_factory=dict)


def _kept(settings: SoakSettings, report: SoakReport, case: SoakCase, place: Place) -> _Kept:
    """Make a failure small, cut out its sound, and say how to make it again."""
    if report.failure is None or report.failed_run is None:
        return _Kept(case.command, [])
    if report.failure.kind == NOT_DETERMINISTIC or not confirm(settings, report, stop=place.stop):
        return _Kept(case.command, _glitch(report))
    run = report.failed_run
    small = shrink(
        settings.setup_of(run),
        settings.schedule(run),
        report.outcomes[run],
        lambda candidate, events: run_schedule(candidate, events, stop=place.stop),
        runs_max=SHRINK_RUNS,
    )
    if small.outcome.failure is None:
        return _Kept(case.command, _glitch(report))
    replay, test = write_case(place.file("").parent, re.sub(r"\W", "_", place.name), small)
    [glitch] = _glitch(report)
    glitch, clips = hear_failure(small, glitch, place, stop=place.stop)
    kept = {"replay": replay, "test": test}
    named = {name: place.address(path) for name, path in kept.items()}
    command = shlex.join(["hal-lab", "replay", str(replay)])
    return _Kept(command, [glitch], {**named, **clips})
