"""Whether a stretch of a run cost more, or less, than its events may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.faults.damage import Failure
from lab.faults.wire.cost import Cost
from lab.faults.wire.counts import Counts
from lab.host.peer import PACKET_FRAMES, Latency

PACKET_NS = 20_000_000
LOOK_NS = 4_000_000
"""Threads look at rings and sockets each millisecond, the driver's own a few times for a packet."""
SOCKET_PACKETS = 8
"""That a connection which ends may take with it: what the kernel holds, and one under way."""
DRIFT_FRAMES = 480
"""By so much a device's clock goes off until the input runs dry, or is cut."""

_KINDS = {
    "driver_errors": ("driver-error", "calls of the driver failed"),
    "timestamp_jumps": ("timestamp-jump", "zero timestamps jumped"),
    "seed_changes": ("seed-change", "zero timestamps came with a new seed while IO ran"),
    "host_errors": ("protocol-error", "times the host could not make sense of the driver's bytes"),
    "mic_protocol_errors": ("protocol-error", "times the driver refused what was right"),
    "restarts": ("counted-anew", "times the driver's numbers began anew"),
    "undecodable": ("packets-undecodable", "packets were no Opus"),
    "duplicates": ("packets-duplicated", "packets arrived twice"),
    "out_of_order": ("packets-reordered", "packets arrived out of order"),
    "silent_packets": ("packets-silent", "packets of a tone were silent"),
    "closings": ("connection-lost", "connections ended"),
    "connections": ("connection-lost", "connections were made anew"),
    "mic_connections": ("connection-lost", "connections of the microphone were made anew"),
    "ring_full": ("frames-dropped", "frames did not fit into the driver's ring"),
    "late": ("frames-dropped", "frames were dropped by the driver as late"),
    "unconnected": ("frames-dropped", "frames were dropped by the driver as unconnected"),
    "lost": ("frames-lost", "frames did not arrive"),
    "discontinuities": ("discontinuity", "packets were marked as discontinuous"),
    "mic_lost": ("microphone-lost", "packets of the microphone were missed"),
    "mic_undecodable": ("microphone-undecodable", "packets of the microphone were not understood"),
    "mic_out_of_order": ("microphone-reordered", "packets of the microphone were out of order"),
    "dry": ("input-ran-dry", "times the input ran dry"),
    "overflow": ("input-overflow", "frames of the microphone did not fit"),
    "cuts": ("input-cut", "times the input's latency was cut"),
    "silence": ("input-silent", "frames of the input were silent"),
    "skipped_cycles": ("cycles-skipped", "cycles were left out"),
    "late_wakes": ("late-wake", "cycles woke late"),
}
"""In the order in which they are told: causes first."""


@dataclass(frozen=True)
class Stretch:
    """What is judged.

    Attributes
    ----------
    counts
        What happened in it.
    since_connected
        What happened in the life of the daemon.
    latency
        Of its packets.
    elapsed_ns
        Virtual time.
    frames
        Of the longest cycle in it.
    drift_ppm
        By how much clocks were off, at most.
    cycle
        Of the run, at its end.
    causes
        Events, as words; none: nothing went wrong on purpose.
    wire
        That was spoken all the time; None: several, or nobody was connected.
    """

    counts: Counts
    since_connected: Counts
    latency: Latency
    elapsed_ns: int
    frames: int
    drift_ppm: int
    cycle: int
    causes: Sequence[str]
    wire: str | None

    @property
    def where(self) -> str:
        """In words."""
        near = f"around {' and '.join(self.causes)}" if self.causes else "with no fault near"
        return f"{near} (noticed by cycle {self.cycle})"

    @property
    def cycle_ns(self) -> int:
        """Of the longest cycle."""
        return -(-self.frames * 1_000_000_000 // 48_000)


def together(costs: Iterable[Cost]) -> Cost:
    """What several events may cost at once.

    Parameters
    ----------
    costs
        Of each; ``back_s`` is of no meaning in the sum.

    Returns
    -------
    Cost
    """
    every = list(costs)
    may = frozenset[str]().union(*(cost.may for cost in every))
    exact = every[0].exact if len(every) == 1 else {}
    return Cost(may, 0.0, any(cost.old_audio for cost in every), exact)


def judge(stretch: Stretch, cost: Cost, *, settled: bool) -> Failure | None:
    """Give the verdict.

    Parameters
    ----------
    stretch
        What happened.
    cost
        What was allowed.
    settled
        Whether all that was allowed is over.

    Returns
    -------
    Failure or None
        The first thing in the order of causes.
    """
    return (
        _too_much(stretch, cost)
        or (_accounts(stretch, cost) if settled else None)
        or (_too_little(stretch, cost) if settled else None)
        or _latency(stretch, cost)
        or (_pace(stretch) if settled and not stretch.causes else None)
    )


def _fail(stretch: Stretch, kind: str, said: str) -> Failure:
    return Failure(kind, f"{said} {stretch.where}", stretch.cycle)


def _too_much(stretch: Stretch, cost: Cost) -> Failure | None:
    drifted = stretch.elapsed_ns * 1e-9 * 48_000 * abs(stretch.drift_ppm) * 1e-6
    by_clock = int(drifted / DRIFT_FRAMES) + 1 if stretch.drift_ppm else 0
    for name, (kind, words) in _KINDS.items():
        count = getattr(stretch.counts, name)
        if name in cost.may:
            continue
        most = by_clock if name in ("dry", "cuts") else 0
        if name == "silence" and by_clock:
            most = by_clock * (2 * 1_920 + 2 * stretch.frames)
        if count > most:
            limit = "none may" if most == 0 else f"at most {most} may"
            return _fail(stretch, kind, f"{count} {words}, {limit},")
    return None


def _accounts(stretch: Stretch, cost: Cost) -> Failure | None:
    if stretch.counts.unaccounted:
        return _fail(
            stretch,
            "frames-unaccounted",
            f"the driver says nothing of {stretch.counts.unaccounted} of {stretch.counts.played} "
            "frames that it was given",
        )
    if stretch.wire != "v2" or "thrown_away" in cost.may:
        return None
    life = stretch.since_connected
    most = life.closings * SOCKET_PACKETS * PACKET_FRAMES
    if not -most <= life.unexplained <= most:
        return _fail(
            stretch,
            "loss-not-counted",
            f"the host misses {life.lost} frames, and nobody has dropped "
            f"{life.unexplained} of them (with {life.closings} connections that ended)",
        )
    return None


def _too_little(stretch: Stretch, cost: Cost) -> Failure | None:
    for name, least in cost.exact.items():
        count = getattr(stretch.counts, name)
        if count != least:
            return _fail(stretch, "unnoticed-fault", f"{count} of {least} were counted as {name}")
    return None


def _pace(stretch: Stretch) -> Failure | None:
    played, packets = stretch.counts.played, stretch.counts.packets
    if abs(packets * PACKET_FRAMES - played) > 2 * PACKET_FRAMES + stretch.frames:
        return _fail(
            stretch, "audio-missing", f"{played} frames were played and {packets} packets arrived"
        )
    due = stretch.elapsed_ns // PACKET_NS
    if abs(stretch.counts.mic_packets - due) > 2 + stretch.cycle_ns // PACKET_NS:
        return _fail(
            stretch,
            "microphone-missing",
            f"{stretch.counts.mic_packets} packets of the microphone came, and {due} were due",
        )
    return None


def _latency(stretch: Stretch, cost: Cost) -> Failure | None:
    if stretch.latency.count == 0 or cost.old_audio:
        return None
    most = PACKET_NS + stretch.cycle_ns + LOOK_NS
    if stretch.latency.max_ns > most:
        return _fail(
            stretch,
            "stale-audio",
            f"a packet arrived {stretch.latency.max_ns / 1e6:.1f} ms after it was played, at most "
            f"{most / 1e6:.1f} ms may pass",
        )
    spread = stretch.latency.max_ns - stretch.latency.min_ns
    if not stretch.causes and spread > stretch.cycle_ns + LOOK_NS:
        return _fail(
            stretch,
            "latency-changed",
            f"packets arrived {stretch.latency.min_ns / 1e6:.1f} to "
            f"{stretch.latency.max_ns / 1e6:.1f} ms after they were played",
        )
    return None
