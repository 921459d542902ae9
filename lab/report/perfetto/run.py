"""From what `hal-lab play` has to a Perfetto trace."""

from __future__ import annotations

from pathlib import Path

from lab.measure.stages import PacketTimes
from lab.play.settings import PlayFacts
from lab.report.perfetto.write import Written, write_perfetto
from lab.results import Result


def write_run(
    path: Path, facts: PlayFacts, result: Result, *, packets: PacketTimes | None = None
) -> Written:
    """Write a Perfetto trace of a run that was played and judged.

    Parameters
    ----------
    path
        Of the file; replaced when it exists.
    facts
        What happened.
    result
        What was found: its glitches point at cycles and blocks of `facts`.
    packets
        As `lab.measure.packet_times.time_packets` gives them, where a far end kept them.

    Returns
    -------
    Written

    Raises
    ------
    LabError
        When the file cannot be written.
    """
    return write_perfetto(
        path,
        records=facts.records,
        sample_rate=facts.sample_rate,
        title=result.key,
        glitches=result.glitches,
        arrivals=facts.arrivals,
        ring_frames=facts.ring_frames,
        packets=packets,
        clock=result.clock,
        device_names={facts.device.device: facts.device.name},
        first_frame=facts.untraced_frames,
    )
