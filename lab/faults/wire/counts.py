"""What the driver, its host and the simulated coreaudiod have counted at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from lab.host.models import IoStats
from lab.host.peer import PACKET_FRAMES, PeerStats


@dataclass(frozen=True)
class Counts:
    """Frames unless said otherwise; a difference of two is what happened between them.

    Attributes
    ----------
    played
        That output IO has handed to the driver.
    sent, unconnected, late, ring_full, waiting
        What the driver says it did with them, and what is in its ring now.
    packets
        That have arrived.
    lost
        That the host misses, by their numbers; v2.
    lost_on_way, repeated_on_way, reordered_on_way
        Packets that suffered on purpose, output.
    duplicates, out_of_order, undecodable, silent_packets, restarts, discontinuities
        As the host heard them, packets.
    connections, closings
        Of the output: made, and ended by either side.
    deadlines, mic_deadlines
        Connections that the driver gave up, for nothing was taken or said for too long.
    concealed, mic_concealed
        Frames that the host made up for, and packets that the driver did.
    host_errors, driver_errors
        Protocol errors of the driver, as the host saw them; failed calls of the driver, with those
        of its encoder.
    mic_packets, mic_lost, mic_lost_on_way, mic_undecodable, mic_out_of_order
        Packets of the microphone: that reached the driver, that it misses, ...
    mic_garbage, mic_broken, mic_connections
        What was spoilt on purpose, and connections made.
    mic_protocol_errors
        That the driver saw.
    dry, silence, cuts, overflow
        How often the input ran dry; frames of silence for want of audio; how often latency was cut;
        frames for which there was no room.
    skipped_cycles, late_wakes
        Of both devices.
    timestamp_jumps, seed_changes
        What the host thinks of the driver's clocks, without what clock models did.
    """

    played: int = 0
    sent: int = 0
    unconnected: int = 0
    late: int = 0
    ring_full: int = 0
    waiting: int = 0
    packets: int = 0
    lost: int = 0
    lost_on_way: int = 0
    repeated_on_way: int = 0
    reordered_on_way: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    undecodable: int = 0
    silent_packets: int = 0
    restarts: int = 0
    discontinuities: int = 0
    connections: int = 0
    closings: int = 0
    host_errors: int = 0
    driver_errors: int = 0
    mic_packets: int = 0
    mic_lost: int = 0
    mic_lost_on_way: int = 0
    mic_undecodable: int = 0
    mic_out_of_order: int = 0
    mic_garbage: int = 0
    mic_broken: int = 0
    mic_connections: int = 0
    mic_protocol_errors: int = 0
    deadlines: int = 0
    mic_deadlines: int = 0
    concealed: int = 0
    mic_concealed: int = 0
    dry: int = 0
    silence: int = 0
    cuts: int = 0
    overflow: int = 0
    skipped_cycles: int = 0
    late_wakes: int = 0
    timestamp_jumps: int = 0
    seed_changes: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, n) + getattr(other, n) for n in _NAMES))

    def __sub__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, n) - getattr(other, n) for n in _NAMES))

    def figures(self) -> dict[str, int]:
        """Those that are not 0."""
        return {name: value for name in _NAMES if (value := getattr(self, name))}

    @property
    def unaccounted(self) -> int:
        """Frames that IO handed over and the driver says nothing of."""
        known = self.sent + self.unconnected + self.late + self.ring_full + self.waiting
        return self.played - known

    @property
    def unexplained(self) -> int:
        """Frames that the host misses more than anybody has dropped."""
        dropped = self.unconnected + self.late + self.ring_full
        return self.lost - dropped - PACKET_FRAMES * self.lost_on_way


_NAMES = tuple(f.name for f in fields(Counts))


def counts_of(
    peer: PeerStats,
    out: Mapping[str, int],
    mic: Mapping[str, int],
    out_io: IoStats,
    mic_io: IoStats,
) -> Counts:
    """Put it together.

    Parameters
    ----------
    peer
        Of the host at the other end.
    out, mic
        The driver's statistics of its output and its input device.
    out_io, mic_io
        Of their IO.

    Returns
    -------
    Counts
    """
    output, microphone = peer.output, peer.input
    both = (out_io, mic_io)
    return Counts(
        played=out_io.frames,
        sent=out["frames sent"],
        unconnected=out["frames unconnected"],
        late=out["frames late"],
        ring_full=out["frames ring full"],
        waiting=out["ring frames"],
        packets=output.packets,
        lost=output.lost_frames,
        lost_on_way=output.lost_on_purpose,
        repeated_on_way=output.repeated,
        reordered_on_way=output.reordered,
        duplicates=output.duplicates,
        out_of_order=output.out_of_order,
        undecodable=output.decode_errors,
        silent_packets=output.silent_packets,
        restarts=output.restarts,
        discontinuities=output.discontinuities,
        connections=output.connections,
        closings=output.closed_by_peer + output.closed_by_us + output.replaced,
        host_errors=output.protocol_errors + microphone.protocol_errors,
        driver_errors=sum(io.driver_errors for io in both) + out["encode errors"],
        mic_packets=mic["packets received"],
        mic_lost=mic["packets lost"],
        mic_lost_on_way=microphone.lost_on_purpose,
        mic_undecodable=mic["decode errors"],
        mic_out_of_order=mic["packets out of order"],
        mic_garbage=microphone.garbage,
        mic_broken=microphone.broken,
        mic_connections=microphone.connections,
        mic_protocol_errors=mic["protocol errors"],
        deadlines=out["deadlines missed"],
        mic_deadlines=mic["deadlines missed"],
        concealed=output.concealed_frames,
        mic_concealed=mic["packets concealed"],
        dry=mic["underflows"],
        silence=mic["frames silent"],
        cuts=mic["latency cuts"],
        overflow=mic["frames overflow"],
        skipped_cycles=sum(io.skipped_cycles for io in both),
        late_wakes=sum(io.late_wakes for io in both),
        timestamp_jumps=sum(io.timestamp_jumps - io.clock_steps for io in both),
        seed_changes=sum(io.seed_changes for io in both),
    )
