"""The account of a lossless way: every frame that was played, bit by bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lab.measure.underrun import simulate_player
from lab.play.account import Account, are_innocent
from lab.play.glitches import stream_glitches, underrun_glitches
from lab.play.latency import delays_ns, latency_rows
from lab.play.settings import PlayFacts, PlaySettings
from lab.results import Glitch, Measurement
from lab.signals.align import Alignment, align


def judge_frames(settings: PlaySettings, facts: PlayFacts, sent: int) -> Account:
    """Account for every frame that was played.

    Parameters
    ----------
    settings
        What was asked for.
    facts
        What happened.
    sent
        Frames of the source that were played.

    Returns
    -------
    Account
    """
    # The reader of shared memory was there before the first cycle; a loopback has its latency.
    start = 0 if facts.far_end == "shared memory" else None
    found = align(facts.source[:sent], facts.recorded, start=start)
    under_way = frames_under_way(found, facts)
    if under_way:
        found = replace(found, missing_tail=0)
    if facts.interrupted:
        # What came behind the last frame that is known to have been played may be of the file.
        found = replace(found, trailing=0, trailing_silence=0)
    stream = stream_glitches(found, facts)
    rows = _stream_rows(found, stream) if facts.far_end != "none" else []
    if under_way:
        rows.append(Measurement(name="frames-under-way", value=under_way, unit="frames"))
    underruns, underrun_rows = _underruns(settings, facts)
    delays = delays_ns(facts, None)
    return Account(
        rows=rows,
        glitches=stream,
        underruns=underruns,
        underrun_rows=underrun_rows,
        latency_rows=latency_rows(delays),
        delays_ns=delays,
        words=(
            "the file repeats itself: counts are the smallest that fit"
            if found.repeats and stream
            else ""
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
    excused = are_innocent(stream)
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
