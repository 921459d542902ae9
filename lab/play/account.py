"""What was made of a recording: the part of a verdict that depends on the way of listening."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lab.measure.blame import NOT_THE_DRIVER
from lab.results import Glitch, Measurement


@dataclass(frozen=True)
class Account:
    """A recording against what was played.

    Attributes
    ----------
    rows
        For the table.
    glitches
        Of the stream, in the order of the recording.
    underruns
        Of a player behind it.
    underrun_rows, latency_rows
        For the table.
    delays_ns
        What `latency_rows` are made of, by `lab.play.latency.delays_ns`.
    words
        What is to be said with a failure; empty: nothing.
    """

    rows: list[Measurement]
    glitches: list[Glitch]
    underruns: list[Glitch] = field(default_factory=list)
    underrun_rows: list[Measurement] = field(default_factory=list)
    latency_rows: list[Measurement] = field(default_factory=list)
    delays_ns: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    words: str = ""


def are_innocent(glitches: list[Glitch]) -> bool:
    """Whether there are some, and nothing points at the driver: they hang on the wall clock."""
    innocent = {cause.id for cause in NOT_THE_DRIVER}
    return bool(glitches) and all(glitch.cause in innocent for glitch in glitches)
