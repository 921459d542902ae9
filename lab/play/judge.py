"""From what happened to a result: pure, and the same for every way of playing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lab.measure.blame import NOT_THE_DRIVER, SENTENCES, Cause, blame_cycles, count_causes
from lab.measure.cycles import CycleSummary, summarise_cycles
from lab.measure.fitness import Fitness
from lab.measure.latency import summarise_ns
from lab.measure.underrun import simulate_player
from lab.play.distributions import distributions
from lab.play.glitches import cycle_glitches, stream_glitches, underrun_glitches
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
from lab.signals.align import Alignment, align

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
    # The reader of shared memory was there before the first cycle; a loopback has its latency.
    start = 0 if facts.far_end == "shared memory" else None
    found = align(facts.source[:sent], facts.recorded, start=start)
    under_way = frames_under_way(found, facts)
    if under_way:
        found = replace(found, missing_tail=0)
    if facts.interrupted:
        # What came behind the last frame that is known to have been played may be of the file.
        found = replace(found, trailing=0, trailing_silence=0)
    heard = facts.far_end != "none"
    stream = stream_glitches(found, facts)
    glitches = [*stream, *cycle_glitches(facts)]
    measurements = [Measurement(name="frames-sent", value=sent, unit="frames")]
    if heard:
        measurements += _stream_rows(found, stream)
    for name, frames in (
        ("frames-under-way", under_way),
        ("frames-without-room", facts.dropped_frames),
        ("frames-not-in-the-trace", facts.untraced_frames),
    ):
        if frames:
            measurements.append(Measurement(name=name, value=frames, unit="frames"))
    measurements += _latency_rows(facts)
    underruns, underrun_row = _underruns(settings, facts)
    glitches += underruns
    measurements += underrun_row
    summary = summarise_cycles(facts.records)
    stamps = judge_play_timestamps(settings, facts)
    modeled = bool(settings.device_clock or settings.host_clock)
    excused = {Cause.TIMESTAMP_JUMP} if modeled and not stamps.faults else set()
    fit = fitness is None or fitness.is_fit
    measurements += _late_rows(settings, facts, fit=fit, excused=excused)
    measurements += stamps.rows
    measurements += _cycle_rows(facts, summary)
    if left := facts.threads_left:
        measurements.append(Measurement(name="threads-left-behind", value=len(left), limit=0))
    record = HostFitness.of(fitness) if fitness is not None else None
    verdict, reason = judge(measurements, _with_late_machine(record, glitches))
    if verdict is Verdict.PASS:
        verdict, reason = _note(facts, sent)
    elif reader := _reader_failure(facts):
        reason = f"{reader}: {reason}"
    elif found.repeats and stream and verdict is Verdict.FAIL:
        reason += "; the file repeats itself: counts are the smallest that fit"
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
        histograms=(
            distributions(facts, latency_ns(facts)) if settings.clock == "realtime" else []
        ),
    )


def frames_under_way(found: Alignment, facts: PlayFacts) -> int:
    """Frames that were played and not yet heard when a run was cut short: they are not lost.

    Parameters
    ----------
    found
        The account.
    facts
        What happened.

    Returns
    -------
    int
        0 for a run that came to its end, and when it is more than two cycles hold.
    """
    few = found.missing_tail <= 2 * facts.device.buffer_frames
    return found.missing_tail if facts.interrupted and few and found.matched else 0


def lost_frames(found: Alignment) -> int:
    """All source frames that never arrived: within, before and behind what did."""
    return found.lost + found.missing_head + found.missing_tail


def _stream_rows(found: Alignment, stream: list[Glitch]) -> list[Measurement]:
    """Exact counts. They count against the wall clock where nothing points at the driver."""
    innocent = {cause.id for cause in NOT_THE_DRIVER}
    excused = bool(stream) and all(glitch.cause in innocent for glitch in stream)
    counts = {
        "frames-received": found.matched,
        "frames-lost": lost_frames(found),
        "frames-duplicated": found.duplicated,
        "frames-reordered": found.reordered,
        "frames-inserted": found.inserted + (found.strays if found.matched else 0),
    }
    return [
        Measurement(
            name=name,
            value=value,
            unit="frames",
            limit=None if name == "frames-received" else 0,
            wall_clock=excused,
        )
        for name, value in counts.items()
    ]


def latency_ns(facts: PlayFacts) -> np.ndarray:
    """From the cycle that delivered a block to the moment at which its reader had it.

    Parameters
    ----------
    facts
        What happened.

    Returns
    -------
    ndarray of int64, shape (blocks,)
        Nanoseconds; empty in virtual time.
    """
    if facts.layout == "v1" and len(facts.arrivals) and len(facts.records):
        return _v1_delay(facts)
    timed = facts.arrivals[facts.arrivals["host_ns"] >= 0]
    delay: np.ndarray = timed["arrival_ns"] - timed["host_ns"]
    return delay


def _latency_rows(facts: PlayFacts) -> list[Measurement]:
    delay = latency_ns(facts)
    if len(delay) == 0:
        return []
    summary = summarise_ns(delay)
    return [
        Measurement(name=f"latency-{name}", value=value, unit="us", wall_clock=True)
        for name, value in (
            ("p50", summary.p50_us),
            ("p90", summary.p90_us),
            ("p99", summary.p99_us),
            ("max", summary.max_us),
        )
    ]


def _v1_delay(facts: PlayFacts) -> np.ndarray:
    """v1 has no host times: the trace says when each frame was delivered, as long as none is lost.

    The reader attached before IO began, so recorded frame 0 is that of the first cycle.
    """
    end = facts.untraced_frames + np.cumsum(facts.records["frames"].astype(np.int64))
    last = facts.arrivals["recorded_frame"].astype(np.int64) + facts.arrivals["frames"] - 1
    cycle = np.searchsorted(end, last, side="right")
    known = (cycle < len(end)) & (last >= facts.untraced_frames)
    delay: np.ndarray = facts.arrivals["arrival_ns"][known] - facts.records["woke_ns"][
        cycle[known]
    ].astype(np.int64)
    return delay


def _underruns(settings: PlaySettings, facts: PlayFacts) -> tuple[list[Glitch], list[Measurement]]:
    if len(facts.arrivals) == 0:
        return [], []
    period = facts.device.buffer_frames
    buffer_frames = settings.player_buffer_frames or 4 * period
    report = simulate_player(
        facts.arrivals["arrival_ns"],
        facts.arrivals["frames"].astype(np.int64),
        sample_rate=facts.sample_rate,
        period_frames=period,
        buffer_frames=max(buffer_frames, period),
    )
    milliseconds = buffer_frames / facts.sample_rate * 1e3
    row = Measurement(
        name=f"underruns-of-a-{milliseconds:.0f}-ms-player",
        value=report.underruns,
        kind="count",
        wall_clock=True,
    )
    return underrun_glitches(report, facts), [row]


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


def _cycle_rows(facts: PlayFacts, summary: CycleSummary) -> list[Measurement]:
    rows: list[Measurement] = []
    if len(facts.arrivals):
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
