"""How long audio took from the host to whoever heard it, block by block, packet by packet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lab.measure.latency import summarise_ns
from lab.measure.packet_times import time_packets
from lab.measure.stages import MISSING, STAGES, PacketTimes
from lab.play.settings import PlayFacts
from lab.results import Measurement

LATENCY = "latency"
_OF_A_PLAYER = "playout"
"""The stage that no machine took part in: the player behind the packets is the lab's own model."""


def latency_ns(facts: PlayFacts) -> NDArray[np.int64]:
    """From the cycle that delivered a block to the moment at which its reader had it.

    Parameters
    ----------
    facts
        What happened.

    Returns
    -------
    ndarray of int64, shape (blocks,)
        Nanoseconds; empty in virtual time. Of packets, in both times: from the cycle that
        delivered their first frame until they were decoded; empty in v1, which has no times.
    """
    return delays_ns(facts, packet_times(facts))[LATENCY]


def delays_ns(facts: PlayFacts, times: PacketTimes | None) -> dict[str, NDArray[np.int64]]:
    """How long audio took, and of packets what each stage took of that.

    Parameters
    ----------
    facts
        What happened.
    times
        By `packet_times`.

    Returns
    -------
    dict
        `LATENCY`, as `latency_ns` says; and ``latency-`` with each stage of
        `lab.measure.stages.STAGES` that took any time: nanoseconds, shape (packets,), not below 0,
        for clocks may be off by a little.
    """
    if times is None:
        return {LATENCY: np.asarray(_block_latency_ns(facts))}
    found = {LATENCY: np.asarray(times.decoded - times.captured)}
    for stage in STAGES:
        if stage.name == _OF_A_PLAYER:
            continue
        begin, end = getattr(times, stage.begin), getattr(times, stage.end)
        known = (begin != MISSING) & (end != MISSING)
        took = np.maximum(end[known] - begin[known], 0)
        if np.any(took):
            found[f"{LATENCY}-{stage.name}"] = took
    return found


def packet_times(facts: PlayFacts) -> PacketTimes | None:
    """When each packet of v2 passed each point, on this machine's clock.

    Parameters
    ----------
    facts
        What happened.

    Returns
    -------
    PacketTimes or None
        None when no packets were heard.
    """
    if facts.wire is None:
        return None
    times, _, _ = time_packets(
        facts.wire.packets, facts.wire.clock, period_frames=facts.device.buffer_frames
    )
    return times


def latency_rows(
    delays: Mapping[str, NDArray[np.int64]], *, longest_ns: int | None = None
) -> list[Measurement]:
    """Percentiles of delays, for the table.

    Parameters
    ----------
    delays
        By `delays_ns`.
    longest_ns
        The limit of all of it, where no machine can be late; None: it has none.

    Returns
    -------
    list of Measurement
        Of packets, those of each stage as well.
    """
    rows = _percentiles(LATENCY, delays[LATENCY], ("p50", "p90", "p99", "max"))
    if rows and longest_ns is not None:
        limit = {"limit": longest_ns / 1e3, "wall_clock": False}
        rows[-1] = rows[-1].model_copy(update=limit)
    for name, values in delays.items():
        if name != LATENCY:
            rows += _percentiles(name, values, ("p50", "p99"))
    return rows


def _percentiles(
    name: str, delay_ns: NDArray[np.int64], which: tuple[str, ...]
) -> list[Measurement]:
    if len(delay_ns) == 0:
        return []
    summary = summarise_ns(delay_ns)
    return [
        Measurement(
            name=f"{name}-{share}",
            value=getattr(summary, f"{share}_us"),
            unit="us",
            wall_clock=True,
        )
        for share in which
    ]


def _block_latency_ns(facts: PlayFacts) -> np.ndarray:
    if facts.layout == "v1" and len(facts.arrivals) and len(facts.records):
        return _v1_delay(facts)
    timed = facts.arrivals[facts.arrivals["host_ns"] >= 0]
    delay: np.ndarray = timed["arrival_ns"] - timed["host_ns"]
    return delay


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
