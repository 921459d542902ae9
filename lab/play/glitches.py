"""The glitches of a run: where each was, how big, and whose fault."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.measure.blame import Cause, Loss, blame_cycles, blame_gap, blame_loss, blame_underrun
from lab.measure.underrun import UnderrunReport
from lab.play.settings import PlayFacts
from lab.results import Glitch
from lab.signals.align import Alignment
from lab.signals.faults import Fault, faults_of


def stream_glitches(found: Alignment, facts: PlayFacts) -> list[Glitch]:
    """Everything that was wrong with what arrived.

    Parameters
    ----------
    found
        The account.
    facts
        What happened.

    Returns
    -------
    list of Glitch
        In the order of the recording; each with the cycle that delivered its first frame.
    """
    faults = faults_of(found)
    cycles = cycles_of([fault.stream_frame for fault in faults], facts)
    return [
        Glitch(
            kind=fault.kind,
            position_frame=fault.recorded_frame,
            frames=fault.frames,
            cause=_cause_of(fault, facts).id,
            cycle=cycle,
        )
        for fault, cycle in zip(faults, cycles, strict=True)
    ]


def cycle_glitches(facts: PlayFacts) -> list[Glitch]:
    """The cycles that did damage.

    Parameters
    ----------
    facts
        What happened.

    Returns
    -------
    list of Glitch
        In the order of the trace.
    """
    records = facts.records
    cause = blame_cycles(records)
    late = np.flatnonzero(cause)
    frames = records["frames"].astype(np.int64)
    begin = facts.untraced_frames + np.cumsum(frames) - frames
    return [
        Glitch(
            kind="late-cycle",
            position_frame=int(begin[at]),
            frames=int(records["skipped_cycles"][at]) * int(frames[at]),
            cause=Cause(int(cause[at])).id,
            at_ns=int(records["scheduled_ns"][at]),
            cycle=int(records["cycle"][at]),
        )
        for at in late.tolist()
    ]


def underrun_glitches(report: UnderrunReport, facts: PlayFacts) -> list[Glitch]:
    """The underruns of a player behind the reader.

    Parameters
    ----------
    report
        What the player went through.
    facts
        What happened.

    Returns
    -------
    list of Glitch
        In the order in which they were due.
    """
    return [
        Glitch(
            kind="underrun",
            position_frame=-1,
            frames=frames,
            cause=blame_underrun(
                at_ns,
                facts.arrivals,
                facts.records,
                ring_frames=facts.ring_frames,
                sample_rate=facts.sample_rate,
            ).id,
            at_ns=at_ns,
            cycle=cycle_before(at_ns, facts),
        )
        for at_ns, frames in zip(report.at_ns.tolist(), report.frames.tolist(), strict=True)
    ]


def cycles_of(stream_frames: Sequence[int], facts: PlayFacts) -> list[int]:
    """Which cycles delivered frames.

    Parameters
    ----------
    stream_frames
        Counted in frames that were played.
    facts
        What happened.

    Returns
    -------
    list of int
        Numbers as the trace has them; -1 where it does not hold the cycle.
    """
    records = facts.records
    end = facts.untraced_frames + np.cumsum(records["frames"].astype(np.int64))
    at = np.searchsorted(end, np.asarray(stream_frames, dtype=np.int64), side="right")
    return [
        int(records["cycle"][place])
        if place < len(records) and frame >= facts.untraced_frames
        else -1
        for place, frame in zip(at.tolist(), stream_frames, strict=True)
    ]


def cycle_before(at_ns: int, facts: PlayFacts) -> int:
    """Number of the last cycle that was due before a moment; -1 without one."""
    at = int(np.searchsorted(facts.records["scheduled_ns"], at_ns, side="right")) - 1
    return int(facts.records["cycle"][at]) if at >= 0 else -1


def _cause_of(fault: Fault, facts: PlayFacts) -> Cause:
    """The reader's own count first: what it was late for, the driver did deliver."""
    rows = facts.arrivals
    missed = rows["lost"] > 0
    if facts.layout == "v1":
        # A reader of v1 cannot count what it lost; it only knows for how long it was away.
        missed |= rows["away_ns"] > facts.ring_frames / facts.sample_rate * 1e9
    at = rows["recorded_frame"].astype(np.int64)
    from_frame = fault.recorded_frame - fault.slack_frames
    near = np.flatnonzero(missed & (at >= from_frame) & (at <= fault.recorded_frame))
    if near.size:
        loss = Loss.of(rows[near[-1]])
        return blame_loss(loss, ring_frames=facts.ring_frames, sample_rate=facts.sample_rate)
    if fault.at_end and facts.reader_error:
        return Cause.READER_STOPPED
    if fault.at_end and facts.dropped_frames:
        return Cause.RECORDING_FULL
    return blame_gap(fault.stream_frame, facts.records, first_frame=facts.untraced_frames)
