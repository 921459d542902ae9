"""From what happened to a result: pure, and the same for every way of playing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lab.measure.blame import NOT_THE_DRIVER, SENTENCES, Cause, blame_cycles, count_causes
from lab.measure.cycles import CycleSummary, summarise_cycles
from lab.measure.fitness import Fitness
from lab.play.distributions import distributions
from lab.play.frames import judge_frames
from lab.play.glitches import cycle_glitches
from lab.play.packets import judge_packets
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.timestamps import judge_play_timestamps
from lab.results import (
    DriverIdentity,
    Glitch,
    HostFitness,
    Measurement,
    Result,
    Verdict,
    bundle_sha256,
    judge,
)

GLITCHES_KEPT = 1_000
OVER_BUDGET_SHARE = 0.01
"""Of the cycles of a run in real time: a hypervisor that stops the machine in the middle of a call
looks like a driver that takes too long, but it does not do so every hundredth time."""
ONE_STALL = 2
"""Cycles that one such stop makes late: the one it falls into, and the one right after it."""


def judge_play(
    settings: PlaySettings, facts: PlayFacts, *, fitness: Fitness | None, duration_s: float
) -> Result:
    """Account for every frame that was played.

    Parameters
    ----------
    settings
        What was asked for.
    facts
        What happened.
    fitness
        Of the machine, where real time was played.
    duration_s
        Wall clock.

    Returns
    -------
    Result
    """
    sent = min(facts.position_frames, len(facts.source))
    account = (judge_packets if facts.wire is not None else judge_frames)(settings, facts, sent)
    glitches = [*account.glitches, *cycle_glitches(facts), *account.underruns]
    measurements = [Measurement(name="frames-sent", value=sent, unit="frames")]
    measurements += account.rows
    for name, frames in (
        ("frames-without-room", facts.dropped_frames),
        ("frames-not-in-the-trace", facts.untraced_frames),
    ):
        if frames:
            measurements.append(Measurement(name=name, value=frames, unit="frames"))
    measurements += account.latency_rows
    measurements += account.underrun_rows
    summary = summarise_cycles(facts.records)
    stamps = judge_play_timestamps(settings, facts)
    modeled = bool(settings.device_clock or settings.host_clock)
    excused = {Cause.TIMESTAMP_JUMP} if modeled and not stamps.faults else set()
    fit = fitness is None or fitness.is_fit
    measurements += _late_rows(settings, facts, fit=fit, excused=excused)
    measurements += stamps.rows
    measurements += _cycle_rows(settings, facts, summary)
    if left := facts.threads_left:
        measurements.append(Measurement(name="threads-left-behind", value=len(left), limit=0))
    record = HostFitness.of(fitness) if fitness is not None else None
    verdict, reason = judge(measurements, _with_late_machine(record, glitches))
    if verdict is Verdict.PASS:
        verdict, reason = _note(facts, sent)
    elif reader := _reader_failure(facts):
        reason = f"{reader}: {reason}"
    elif account.words and verdict is Verdict.FAIL:
        reason += f"; {account.words}"
    if left:
        reason += f"; {left[0]}"
    if stamps.words and verdict is Verdict.FAIL:
        reason += f"; {stamps.words}"
    return Result(
        scenario="play",
        parameters=settings.parameters(),
        driver=DriverIdentity(
            path=facts.plugin.path,
            sha256=bundle_sha256(Path(facts.plugin.path)),
            bundle_id=facts.plugin.bundle_id or "",
        ),
        profile=settings.profile or "none",
        transport=facts.wire.transport if facts.wire is not None else "",
        clock=settings.clock,
        seed=settings.seed,
        command=settings.command(),
        duration_s=duration_s,
        audio_s=sent / facts.sample_rate,
        fitness=record,
        measurements=measurements,
        glitches=glitches[:GLITCHES_KEPT],
        glitch_count=len(glitches),
        verdict=verdict,
        reason=reason,
        histograms=distributions(settings, facts, account.delays_ns),
    )


def _late_rows(
    settings: PlaySettings, facts: PlayFacts, *, fit: bool, excused: set[Cause]
) -> list[Measurement]:
    """How many cycles did damage, and through whom; those of the driver have a limit.

    `excused` are causes that a clock model has, and not the driver.
    """
    causes = count_causes(blame_cycles(facts.records))
    cycles = len(facts.records)
    rows = [
        Measurement(name="cycles", value=cycles),
        Measurement(name="late-cycles", value=sum(causes.values()), kind="count", wall_clock=True),
    ]
    for cause, count in causes.items():
        limit: float | None = None
        wall_clock = True
        if cause is Cause.DRIVER_OVER_BUDGET and settings.clock == "realtime":
            limit = max(ONE_STALL, int(cycles * OVER_BUDGET_SHARE))
            innocent = sum(causes.get(other, 0) for other in NOT_THE_DRIVER)
            wall_clock = not fit or innocent >= count
        elif cause not in NOT_THE_DRIVER | {Cause.UNKNOWN} | excused:
            # An error or a jump is the driver's at any clock, however late the machine was.
            limit, wall_clock = 0, False
        rows.append(
            Measurement(
                name=f"late-cycles-by-{cause.id}",
                value=count,
                kind="count",
                limit=limit,
                wall_clock=wall_clock,
            )
        )
    return rows


def _cycle_rows(
    settings: PlaySettings, facts: PlayFacts, summary: CycleSummary
) -> list[Measurement]:
    rows: list[Measurement] = []
    if len(facts.arrivals) or (facts.wire is not None and settings.clock == "realtime"):
        rows += [
            Measurement(
                name="wake-up-error-p50",
                value=summary.wake_error.p50_us,
                unit="us",
                wall_clock=True,
            ),
            Measurement(
                name="wake-up-error-p99",
                value=summary.wake_error.p99_us,
                unit="us",
                wall_clock=True,
            ),
        ]
    rows.append(
        Measurement(
            name="driver-time-per-cycle-p50",
            value=summary.driver.p50_us,
            unit="us",
            wall_clock=True,
        )
    )
    if facts.reader_cpu_percent >= 0:
        rows.append(
            Measurement(
                name="reader-processor-time",
                value=facts.reader_cpu_percent,
                unit="% of a core",
                wall_clock=True,
            )
        )
    return rows


def _with_late_machine(fitness: HostFitness | None, glitches: list[Glitch]) -> HostFitness | None:
    """A machine that ran a thread late while playing was not fit then, whatever the probe said."""
    if fitness is None:
        return None
    late = [c for c in NOT_THE_DRIVER if any(glitch.cause == c.id for glitch in glitches)]
    return fitness.model_copy(
        update={"reasons": [*fitness.reasons, *(SENTENCES[cause] for cause in sorted(late))]}
    )


def _reader_failure(facts: PlayFacts) -> str:
    """Why what arrived is not all that there was; empty when that is not so."""
    if facts.reader_error:
        return f"the reader stopped early ({facts.reader_error})"
    if facts.dropped_frames:
        return f"the recording had no room for {facts.dropped_frames} frames"
    return ""


def _note(facts: PlayFacts, sent: int) -> tuple[Verdict, str]:
    """What a run without a broken limit is worth, and why it is not a pass."""
    if facts.far_end == "none":
        text = "nobody knows how to listen to this driver: its cycles are all that was seen"
        if facts.unheard:
            text = f"nobody listens to this driver ({facts.unheard}): its cycles are all there is"
        return Verdict.SKIPPED, text
    if sent == 0:
        return Verdict.MARGINAL, "stopped before the first frame"
    if reader := _reader_failure(facts):
        return Verdict.MARGINAL, reader
    if not np.any(facts.source[:sent]):
        return Verdict.SKIPPED, "the file is silent: silence cannot be told from silence"
    if facts.interrupted:
        text = "stopped before the end; the figures are of what was played until then"
        return Verdict.MARGINAL, text
    return Verdict.PASS, ""
