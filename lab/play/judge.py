"""From what happened to a result: pure, and the same for every way of playing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lab.measure.blame import (
    NOT_THE_DRIVER,
    SENTENCES,
    Cause,
    Loss,
    blame_cycles,
    blame_gap,
    blame_loss,
    blame_underrun,
    count_causes,
)
from lab.measure.cycles import CycleSummary, summarise_cycles
from lab.measure.fitness import Fitness
from lab.measure.latency import summarise_ns
from lab.measure.trace import Records
from lab.measure.underrun import simulate_player
from lab.play.settings import PlayFacts, PlaySettings
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
from lab.signals.align import Alignment, Seam, align
from lab.transport.recording import ARRIVAL_NEW_GENERATION

GLITCHES_KEPT = 1_000


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
    found = align(facts.source[:sent], facts.recorded)
    under_way = frames_under_way(found, facts)
    if under_way:
        found = replace(found, missing_tail=0)
    heard = facts.far_end != "none"
    glitches = [*_seam_glitches(found, facts), *_cycle_glitches(facts.records)]
    measurements = [Measurement(name="frames-sent", value=sent, unit="frames")]
    if heard:
        measurements += _stream_rows(found, glitches)
    if under_way:
        measurements.append(Measurement(name="frames-under-way", value=under_way, unit="frames"))
    measurements += _latency_rows(facts)
    underruns, underrun_row = _underruns(settings, facts)
    glitches += underruns
    measurements += underrun_row
    measurements += _cycle_rows(facts, summarise_cycles(facts.records))
    record = HostFitness.of(fitness) if fitness is not None else None
    verdict, reason = judge(measurements, _with_late_machine(record, glitches))
    note = _note(found, facts, sent)
    if note and verdict is Verdict.PASS:
        verdict, reason = (Verdict.SKIPPED if not heard else Verdict.MARGINAL), note
    return Result(
        scenario=f"play {settings.file.name}",
        driver=DriverIdentity(
            path=facts.plugin.path,
            sha256=bundle_sha256(Path(facts.plugin.path)),
            bundle_id=facts.plugin.bundle_id or "",
        ),
        clock=settings.clock,
        seed=settings.seed,
        duration_s=duration_s,
        fitness=record,
        measurements=measurements,
        glitches=glitches[:GLITCHES_KEPT],
        glitch_count=len(glitches),
        verdict=verdict,
        reason=reason,
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


def _stream_rows(found: Alignment, glitches: list[Glitch]) -> list[Measurement]:
    """Exact counts. They count against the wall clock where nothing points at the driver."""
    stream = [glitch for glitch in glitches if glitch.kind != "late-cycle"]
    innocent = {cause.id for cause in NOT_THE_DRIVER}
    excused = bool(stream) and all(glitch.cause in innocent for glitch in stream)
    counts = {
        "frames-received": found.matched,
        "frames-lost": lost_frames(found),
        "frames-duplicated": found.duplicated,
        "frames-reordered": found.reordered,
        "frames-inserted": found.inserted,
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


def _latency_rows(facts: PlayFacts) -> list[Measurement]:
    """From the cycle that delivered a block to the moment at which its reader had it."""
    timed = facts.arrivals[facts.arrivals["host_ns"] >= 0]
    delay = timed["arrival_ns"] - timed["host_ns"]
    if facts.layout == "v1" and len(facts.arrivals) and len(facts.records):
        delay = _v1_delay(facts)
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

    The reader attached before IO began, so recorded frame 0 is the first frame of the trace.
    """
    end = np.cumsum(facts.records["frames"].astype(np.int64))
    last = facts.arrivals["recorded_frame"].astype(np.int64) + facts.arrivals["frames"] - 1
    cycle = np.searchsorted(end, last, side="right")
    known = cycle < len(end)
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
    glitches = [
        Glitch(
            kind="underrun",
            position_frame=-1,
            frames=frames,
            cause=blame_underrun(at_ns, facts.arrivals, facts.records).id,
            at_ns=at_ns,
        )
        for at_ns, frames in zip(report.at_ns.tolist(), report.frames.tolist(), strict=True)
    ]
    milliseconds = buffer_frames / facts.sample_rate * 1e3
    row = Measurement(
        name=f"underruns-of-a-{milliseconds:.0f}-ms-player", value=report.underruns, wall_clock=True
    )
    return glitches, [row]


def _cycle_rows(facts: PlayFacts, summary: CycleSummary) -> list[Measurement]:
    rows = [
        Measurement(name="cycles", value=summary.cycles),
        Measurement(name="late-cycles", value=summary.late_cycles, wall_clock=True),
    ]
    for cause, count in count_causes(blame_cycles(facts.records)).items():
        rows.append(Measurement(name=f"late-cycles-by-{cause.id}", value=count, wall_clock=True))
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


def _seam_glitches(found: Alignment, facts: PlayFacts) -> list[Glitch]:
    glitches: list[Glitch] = []
    behind = 0
    for seam in found.seams:
        cause = _cause_of(seam, facts, seam.recorded_frame + behind).id
        if seam.inserted_frames:
            glitches.append(
                Glitch(
                    kind="inserted",
                    position_frame=seam.recorded_frame,
                    frames=seam.inserted_frames,
                    cause=cause,
                )
            )
        if seam.source_step:
            glitches.append(
                Glitch(
                    kind="lost" if seam.source_step > 0 else "duplicate",
                    position_frame=seam.recorded_frame,
                    frames=abs(seam.source_step),
                    cause=cause,
                )
            )
        behind += max(seam.source_step, 0)
    ends = ((found.missing_head, 0), (found.missing_tail, found.leading + found.matched))
    for missing, position in ends:
        if missing and found.matched:
            seam = Seam(position, missing, 0, 0)
            cause = _cause_of(seam, facts, position + behind).id
            glitches.append(
                Glitch(kind="lost", position_frame=position, frames=missing, cause=cause)
            )
    return glitches


def _cause_of(seam: Seam, facts: PlayFacts, stream_frame: int) -> Cause:
    """The reader's own count first: what it was late for, the driver did deliver."""
    rows = facts.arrivals[facts.arrivals["lost"] > 0]
    near = np.flatnonzero(rows["recorded_frame"] == seam.recorded_frame)
    if near.size:
        row = rows[near[0]]
        loss = Loss(
            first_frame=int(row["first_frame"]) - int(row["lost"]),
            frames=int(row["lost"]),
            away_ns=int(row["away_ns"]),
            new_generation=bool(row["flags"] & ARRIVAL_NEW_GENERATION),
        )
        return blame_loss(loss, ring_frames=facts.ring_frames, sample_rate=facts.sample_rate)
    return blame_gap(stream_frame, facts.records)


def _cycle_glitches(records: Records) -> list[Glitch]:
    cause = blame_cycles(records)
    late = np.flatnonzero(cause)
    begin = np.cumsum(records["frames"].astype(np.int64)) - records["frames"]
    return [
        Glitch(
            kind="late-cycle",
            position_frame=int(begin[at]),
            frames=int(records["skipped_cycles"][at]) * int(records["frames"][at]),
            cause=Cause(int(cause[at])).id,
            at_ns=int(records["scheduled_ns"][at]),
        )
        for at in late.tolist()
    ]


def _with_late_machine(fitness: HostFitness | None, glitches: list[Glitch]) -> HostFitness | None:
    """A machine that ran a thread late while playing was not fit then, whatever the probe said."""
    if fitness is None:
        return None
    late = [c for c in NOT_THE_DRIVER if any(glitch.cause == c.id for glitch in glitches)]
    return fitness.model_copy(
        update={"reasons": [*fitness.reasons, *(SENTENCES[cause] for cause in sorted(late))]}
    )


def _note(found: Alignment, facts: PlayFacts, sent: int) -> str:
    if facts.far_end == "none":
        return "nobody knows how to listen to this driver: its cycles are all that was seen"
    if sent == 0:
        return "stopped before the first frame"
    if found.matched == 0 and not np.any(facts.source[:sent]):
        return "the file is silent: silence cannot be told from silence"
    if facts.interrupted:
        return "stopped before the end; the figures are of what was played until then"
    return ""
