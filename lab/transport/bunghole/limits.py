"""What a peer may do, in one place: how many, how long, how fast."""

from __future__ import annotations

from dataclasses import dataclass

SECOND_NS = 1_000_000_000
PACKET_NS = 20_000_000


@dataclass(frozen=True)
class Limits:
    """Bounds of a far end. docs/reference/bunghole-wire.md has the table.

    Attributes
    ----------
    connections
        At once, per port; a peer beyond is closed at once, unless a silent one gives way.
    guests
        Whose books are kept; beyond, the oldest one that is not connected is forgotten.
    unfinished_ns
        A frame has begun and does not end: close.
    half_open_ns
        Nothing heard from a v2 peer: close.
    silent_ns
        Nothing heard from a v1 peer: it may be idle, so it only gives way when a place is needed.
    unwritable_ns
        The socket takes no byte: close.
    ping_ns
        Between two pings.
    queued_audio
        Packets that wait for the socket; beyond, the oldest is dropped.
    queued_control
        Pongs and pings that wait; beyond, new ones are dropped.
    burst_packets
        So many may come at once, as after a stall; above that and real time they are dropped.
    speed
        Real time times this is allowed for ever: clocks differ.
    read_bytes
        From one connection before the others have their turn.
    rest_ns
        A peer that is too fast is not read for so long after each turn.
    send_buffer_bytes
        Of the socket, where audio is sent: what waits in it cannot be dropped any more.
    receive_buffer_bytes
        Of a vsock, where audio is received: the peer's credit.
    """

    connections: int = 16
    guests: int = 64
    unfinished_ns: int = 2 * SECOND_NS
    half_open_ns: int = 3 * SECOND_NS
    silent_ns: int = 10 * SECOND_NS
    unwritable_ns: int = 2 * SECOND_NS
    ping_ns: int = SECOND_NS
    queued_audio: int = 3
    queued_control: int = 16
    burst_packets: int = 200
    speed: float = 1.05
    read_bytes: int = 16_384
    rest_ns: int = 20_000_000
    send_buffer_bytes: int = 2304
    receive_buffer_bytes: int = 16_384

    def __post_init__(self) -> None:
        """Refuse limits that would let nobody in.

        Raises
        ------
        ValueError
            When one is below 1.
        """
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")


class Bucket:
    """Lets real time through, and a burst now and then; the rest is too fast.

    Parameters
    ----------
    burst
        Tokens that it holds when full, as at the beginning.
    period_ns
        In which one token comes back.
    """

    def __init__(self, burst: int, period_ns: float) -> None:
        self._room_ns = burst * period_ns
        self._period_ns = period_ns
        self._level_ns = self._room_ns
        self._last_ns: int | None = None

    def take(self, now_ns: int) -> bool:
        """Whether one more is allowed now.

        Parameters
        ----------
        now_ns
            On any one clock.
        """
        if self._last_ns is not None:
            gone_ns = max(now_ns - self._last_ns, 0)
            self._level_ns = min(self._level_ns + gone_ns, self._room_ns)
        self._last_ns = now_ns
        if self._level_ns < self._period_ns:
            return False
        self._level_ns -= self._period_ns
        return True
