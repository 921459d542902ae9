"""What was wrong with a recording, one by one, from its account.

The sizes add up to the account's counts: lost frames to ``lost + missing_head + missing_tail``,
inserted ones to ``inserted + strays``, the others to `duplicated` and `reordered`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.signals.align import Alignment, Segment


@dataclass(frozen=True)
class Fault:
    """One thing that was wrong.

    Attributes
    ----------
    kind
        ``"lost"``: source frames that never came. ``"duplicate"``: frames that came again.
        ``"reorder"``: frames that came after later ones. ``"inserted"``: frames of no source.
    recorded_frame
        Where in the recording it begins, or for lost frames, before which recorded frame.
    stream_frame
        The same place counted in frames that were played: those before it, lost ones included.
    frames
        How many.
    slack_frames
        How many recorded frames earlier it could lie just as well.
    at_end
        Nothing of the source came after it.
    """

    kind: Literal["lost", "duplicate", "reorder", "inserted"]
    recorded_frame: int
    stream_frame: int
    frames: int
    slack_frames: int = 0
    at_end: bool = False


def faults_of(found: Alignment) -> list[Fault]:
    """List the faults of a recording.

    Parameters
    ----------
    found
        The account.

    Returns
    -------
    list of Fault
        In the order of the recording; empty when nothing matched, as nothing has a place then.
    """
    if not found.segments:
        return []
    low = found.missing_head
    seen = np.zeros(max(segment.source_end for segment in found.segments) - low, dtype=bool)
    gaps = _gaps(found.segments, seen.copy(), low)
    faults: list[Fault] = []
    begin = found.segments[0].recorded_frame
    if stray := found.leading - found.leading_silence:
        faults.append(Fault("inserted", 0, 0, stray))
    if found.missing_head:
        faults.append(Fault("lost", begin, 0, found.missing_head))
    stream, reached, heard_until = found.missing_head, low, begin
    for number, segment in enumerate(found.segments):
        if segment.recorded_frame > heard_until:
            foreign = segment.recorded_frame - heard_until
            faults.append(Fault("inserted", heard_until, stream, foreign))
        part = seen[segment.source_frame - low : segment.source_end - low]
        behind = min(max(reached - segment.source_frame, 0), segment.frames)
        for at, frames, again in _runs(part[:behind]):
            kind: Literal["duplicate", "reorder"] = "duplicate" if again else "reorder"
            faults.append(Fault(kind, segment.recorded_frame + at, stream, frames))
            stream += 0 if again else frames
        stream += segment.frames - behind
        part[:] = True
        reached = max(reached, segment.source_end)
        heard_until = segment.recorded_end
        if gap := gaps.pop(segment.source_end, 0):
            slack = found.seams[number].slack_frames if number < len(found.seams) else 0
            faults.append(Fault("lost", heard_until, stream, gap, slack))
            stream += gap
    if found.missing_tail:
        # In a source that repeats itself a cut anywhere may show only at the end.
        slack = found.segments[-1].frames if found.repeats else 0
        faults.append(Fault("lost", heard_until, stream, found.missing_tail, slack, at_end=True))
    if stray := found.trailing - found.trailing_silence:
        faults.append(Fault("inserted", heard_until, stream, stray))
    return faults


def _gaps(segments: tuple[Segment, ...], covered: NDArray[np.bool_], low: int) -> dict[int, int]:
    """Source frames that no segment has: first frame to length. Each begins where one ends."""
    for segment in segments:
        covered[segment.source_frame - low : segment.source_end - low] = True
    return {low + at: frames for at, frames, there in _runs(covered) if not there}


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int, bool]]:
    """Begin, length and value of each run of equal elements."""
    if len(flags) == 0:
        return
    edges = np.flatnonzero(flags[1:] != flags[:-1]) + 1
    begins = [0, *edges.tolist()]
    for begin, end in zip(begins, [*begins[1:], len(flags)], strict=True):
        yield begin, end - begin, bool(flags[begin])
