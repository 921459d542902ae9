"""Where the time of a packet goes, stage by stage, from capture to playout.

Every packet has six times. The difference of two neighbours is a stage, and of the first and last
the total. Both ends of the wire read clocks of their own; the caller brings the receiver's times
onto the sender's clock and says how far that may be off. So a packet may seem to arrive a little
before it was sent: up to the uncertainty that is no time at all, and counted as such; beyond it, it
cannot be, and is reported instead of hidden in a percentile.

Percentiles come from HdrHistogram: three significant digits at any magnitude, and the histograms
of several runs can be added, which percentiles cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

MISSING = -1
"""The time of what never happened: packets that were lost were not received."""

_MOST_NS = 60_000_000_000
_DIGITS = 3
_MOST_LISTED = 20


@dataclass(frozen=True)
class PacketTimes:
    """When each packet passed each point, ns on the sender's clock, `MISSING` where it never did.

    Attributes
    ----------
    captured
        Its first frame was mixed.
    encoded
        Encoding began: until then it waited in the ring for the rest of its packet.
    sent
        It was given to the socket.
    received
        The far end had all of it.
    decoded
        The decoder was done.
    played
        Its first frame was played, the codec's look-ahead included.
    """

    captured: NDArray[np.int64]
    encoded: NDArray[np.int64]
    sent: NDArray[np.int64]
    received: NDArray[np.int64]
    decoded: NDArray[np.int64]
    played: NDArray[np.int64]

    def __post_init__(self) -> None:
        shapes = {getattr(self, one.name).shape for one in fields(self)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"six times per packet, one row each: shapes {sorted(shapes)}")


@dataclass(frozen=True)
class Stage:
    """From one point to another.

    Attributes
    ----------
    name, begin, end
        The stage, and fields of `PacketTimes`.
    crosses
        The two ends read different clocks.
    """

    name: str
    begin: str
    end: str
    crosses: bool = False


STAGES = (
    Stage("packet", "captured", "encoded"),
    Stage("encode", "encoded", "sent"),
    Stage("wire", "sent", "received", crosses=True),
    Stage("decode", "received", "decoded"),
    Stage("playout", "decoded", "played"),
)
TOTAL = Stage("total", "captured", "played", crosses=True)


@dataclass(frozen=True)
class LatencyFloor:
    """What no implementation can go below.

    Attributes
    ----------
    packet_frames
        Frames that must be there before one can be encoded.
    look_ahead_frames
        Delay of the codec itself.
    period_frames
        IO period of the side that plays.
    sample_rate
        Hz.
    """

    packet_frames: int = 960
    look_ahead_frames: int = 312
    period_frames: int = 480
    sample_rate: float = 48_000.0

    @property
    def ns(self) -> int:
        """Nanoseconds."""
        frames = self.packet_frames + self.look_ahead_frames + self.period_frames
        return round(frames / self.sample_rate * 1e9)


@dataclass(frozen=True)
class Disorder:
    """A packet that came to a point before it had left the one before.

    Attributes
    ----------
    stage
        Name.
    packet
        Index.
    early_ns
        By how much.
    uncertainty_ns
        How much of that the clocks could explain: less.
    """

    stage: str
    packet: int
    early_ns: int
    uncertainty_ns: int

    def __str__(self) -> str:
        return (
            f"packet {self.packet}: {self.stage} ends {self.early_ns / 1e3:.1f} us before it "
            f"begins, the clocks explain {self.uncertainty_ns / 1e3:.1f} us"
        )


@dataclass(frozen=True)
class StageSummary:
    """How long a stage took.

    Attributes
    ----------
    name
        The stage.
    count
        Packets that passed both its ends, impossible ones left out.
    min_us, mean_us, p50_us, p90_us, p99_us, p999_us, max_us
        Microseconds, to three significant digits; 0 when there are none.
    uncertainty_us
        By how much all of them may be off, either way.
    clamped
        Packets within the uncertainty of no time at all, counted as 0.
    impossible
        Packets beyond it.
    histogram
        Nanoseconds; histograms of several runs can be added.
    """

    name: str
    count: int
    min_us: float
    mean_us: float
    p50_us: float
    p90_us: float
    p99_us: float
    p999_us: float
    max_us: float
    uncertainty_us: float
    clamped: int
    impossible: int
    histogram: HdrHistogram = field(repr=False, compare=False)


@dataclass(frozen=True)
class StageReport:
    """Where the time went.

    Attributes
    ----------
    stages
        In the order of `STAGES`.
    total
        Capture to playout.
    floor_us
        `LatencyFloor` in microseconds.
    packets
        How many there were.
    lost
        Sent and not received.
    below_floor
        Packets whose total is less than the floor by more than the uncertainty: a time is wrong.
    disorders
        The first ones of what cannot be; ``impossible`` of each stage says how many.
    """

    stages: tuple[StageSummary, ...]
    total: StageSummary
    floor_us: float
    packets: int
    lost: int
    below_floor: int
    disorders: tuple[Disorder, ...]

    @property
    def over_floor_p50_us(self) -> float:
        """What the median lies above the floor."""
        return self.total.p50_us - self.floor_us

    @property
    def over_floor_p99_us(self) -> float:
        """What the 99th percentile lies above the floor."""
        return self.total.p99_us - self.floor_us

    @property
    def possible(self) -> bool:
        """Nothing contradicts itself."""
        return self.below_floor == 0 and not self.disorders


def measure_stages(
    times: PacketTimes,
    *,
    offset_uncertainty_ns: int,
    floor: LatencyFloor | None = None,
) -> StageReport:
    """Account for the time of packets.

    Parameters
    ----------
    times
        Of each packet; the receiver's already on the sender's clock.
    offset_uncertainty_ns
        How far the offset between the two clocks may be off; 0 when they are one.
    floor
        What to compare the total with.

    Returns
    -------
    StageReport

    Raises
    ------
    ValueError
        When the uncertainty is negative.
    """
    if offset_uncertainty_ns < 0:
        raise ValueError("an uncertainty is not negative")
    floor = floor or LatencyFloor()
    found: list[Disorder] = []
    summaries = []
    for stage in (*STAGES, TOTAL):
        spent, packet = _spent(times, stage)
        allowed = offset_uncertainty_ns if stage.crosses else 0
        wrong = spent < -allowed
        found += [
            Disorder(stage.name, number, -early, allowed)
            for number, early in zip(packet[wrong].tolist(), spent[wrong].tolist(), strict=True)
        ][:_MOST_LISTED]
        summaries.append(_summary(stage.name, spent, allowed))
    total, _ = _spent(times, TOTAL)
    sent, received = times.sent != MISSING, times.received != MISSING
    return StageReport(
        stages=tuple(summaries[:-1]),
        total=summaries[-1],
        floor_us=floor.ns / 1e3,
        packets=len(times.captured),
        lost=int(np.count_nonzero(sent & ~received)),
        below_floor=int(np.count_nonzero(total < floor.ns - offset_uncertainty_ns)),
        disorders=tuple(found),
    )


def _spent(times: PacketTimes, stage: Stage) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Nanoseconds of the packets that passed both ends, and which these are."""
    begin = np.asarray(getattr(times, stage.begin), dtype=np.int64)
    end = np.asarray(getattr(times, stage.end), dtype=np.int64)
    packet = np.flatnonzero((begin != MISSING) & (end != MISSING))
    return end[packet] - begin[packet], packet


def _summary(name: str, spent: NDArray[np.int64], allowed: int) -> StageSummary:
    real = spent[spent >= -allowed]
    histogram = HdrHistogram(1, _MOST_NS, _DIGITS)
    values, counts = np.unique(np.clip(real, 0, _MOST_NS), return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(value, count)

    # All in one pass: the histogram is walked in Python.
    shares = (50.0, 90.0, 99.0, 99.9)
    found = (
        histogram.get_percentile_to_value_dict(shares) if real.size else dict.fromkeys(shares, 0)
    )
    p50, p90, p99, p999 = (float(found[share]) / 1e3 for share in shares)
    return StageSummary(
        name=name,
        count=int(real.size),
        min_us=float(values[0]) / 1e3 if real.size else 0.0,
        mean_us=float(np.mean(np.maximum(real, 0))) / 1e3 if real.size else 0.0,
        p50_us=p50,
        p90_us=p90,
        p99_us=p99,
        p999_us=p999,
        max_us=float(values[-1]) / 1e3 if real.size else 0.0,
        uncertainty_us=allowed / 1e3,
        clamped=int(np.count_nonzero(real < 0)),
        impossible=int(spent.size - real.size),
        histogram=histogram,
    )
