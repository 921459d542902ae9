"""The books of one stream of audio: what was lost, and how two clocks stand to each other.

Pure: numbers in, numbers out. The books outlive a connection; what was lost while nobody was
connected shows in the first packet of the next one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from lab.transport.bunghole.wire import U32, Audio, AudioFlag
from lab.transport.opus import FRAMES

_WINDOW = 1024
_HALF = U32 // 2
_EXCHANGES = 64


class Place(StrEnum):
    """Where a packet stands in its stream."""

    FIRST = "first"
    NEXT = "next"
    AFTER_A_GAP = "after a gap"
    DUPLICATE = "duplicate"
    REORDERED = "reordered"
    RESTART = "restart"


@dataclass(frozen=True)
class Placed:
    """What a packet says about those before it.

    Attributes
    ----------
    place
        Where it stands.
    lost
        Packets missing right before it.
    lost_frames
        Frames missing right before it: of the first or last of those packets only some may be.
    is_new
        The first numbered one of its connection.
    is_usable
        Whether it comes in its order, and is to be decoded.
    """

    place: Place
    lost: int = 0
    lost_frames: int = 0
    is_new: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether it comes in its order, and is to be decoded."""
        return self.place not in (Place.DUPLICATE, Place.REORDERED)


def _gaps_at_most(lost: int, came: int) -> int:
    """How many gaps there may have been among what was to be sent, between two packets that came.

    A sender rounds each gap up to whole packets: a cycle that IO was late for is 512 frames, and
    one number. Between two gaps there is a packet, one of the `came` in v1 or one that was sent
    and lost: it was on its way when the connection was cut.
    """
    return min(lost, (lost + came + 1) // 2)


class SequenceBook:
    """Counts by the sequence numbers of v2.

    A gap is a loss. A sender says when its numbers began: with another time at the beginning of a
    connection they are those of a driver that was loaded anew. A guest that was restored cannot
    say it, but its numbers went back then, or its clock did. Either way counting begins afresh,
    nothing was lost.

    Attributes
    ----------
    packets
        Taken in their order.
    lost
        Missing ones, those between two connections included.
    lost_frames
        Missing frames. A packet that came late is not taken off.
    lost_between
        Missing between two connections.
    duplicates, reordered
        Packets that came again, or after a later one (which takes them off `lost`).
    discontinuities
        Packets with that flag.
    restarts
        Times that counting began afresh.
    misnumbered
        Packets whose first frame does not fit their sequence number: frames that are missing are
        as many as the missing packets hold, or less than one packet fewer for each gap in what
        was sent (`_gaps_at_most`).
    """

    def __init__(self) -> None:
        self.packets = 0
        self.lost = 0
        self.lost_frames = 0
        self.lost_between = 0
        self.duplicates = 0
        self.reordered = 0
        self.discontinuities = 0
        self.restarts = 0
        self.misnumbered = 0
        self._last: Audio | None = None
        self._seen = 0  # bit n: the packet n before the last one
        self._anew = True
        self._begun_ns: int | None = None
        self._others = False
        self._unnumbered = 0

    def connected(self) -> None:
        """A connection begins. What came in v1 on the one before has its numbers all the same."""
        self._anew = True

    def begun(self, begun_ns: int) -> None:
        """The sender says when its numbers began, on its clock."""
        if self._begun_ns is not None and self._begun_ns != begun_ns:
            self._others = True
        self._begun_ns = begun_ns

    def unnumbered(self) -> None:
        """A packet in v1: the sender has counted it, though nobody saw its number."""
        self._unnumbered += 1

    def take(self, audio: Audio) -> Placed:
        """Enter a packet.

        Parameters
        ----------
        audio
            As it came.

        Returns
        -------
        Placed
        """
        if audio.flags & AudioFlag.DISCONTINUITY:
            self.discontinuities += 1
        anew, self._anew = self._anew, False
        last = self._last
        if last is None:
            return self._begin(audio, Place.FIRST)
        if anew and (self._others or audio.captured_ns < last.captured_ns):
            return self._begin(audio, Place.RESTART)
        ahead = (audio.sequence - last.sequence) % U32
        if ahead == 0 or ahead >= _HALF:
            behind = (-ahead) % U32
            if anew or behind >= _WINDOW:
                return self._begin(audio, Place.RESTART)
            return self._late(behind)
        self._seen = ((self._seen << ahead) | 1) % (1 << _WINDOW) if ahead < _WINDOW else 1
        self._last = audio
        self.packets += 1
        lost = ahead - 1
        missing = audio.first_frame - last.first_frame - FRAMES
        came = 0
        if anew:
            # What came in v1 before the switch is not missing.
            came, self._unnumbered = min(self._unnumbered, lost), 0
            lost -= came
            missing -= came * FRAMES
        spare = lost - -(-missing // FRAMES)
        if missing < 0 or not 0 <= spare <= max(_gaps_at_most(lost, came) - 1, 0):
            self.misnumbered += 1
            missing = lost * FRAMES
        self.lost += lost
        self.lost_frames += missing
        if anew:
            self.lost_between += lost
        return Placed(Place.AFTER_A_GAP if lost else Place.NEXT, lost, missing, is_new=anew)

    def _begin(self, audio: Audio, place: Place) -> Placed:
        self.restarts += place is Place.RESTART
        self._last = audio
        self._seen = (1 << _WINDOW) - 1  # what was before the first is not missing
        self.packets += 1
        self._unnumbered = 0
        self._others = False
        return Placed(place)

    def _late(self, behind: int) -> Placed:
        if self._seen >> behind & 1:
            self.duplicates += 1
            return Placed(Place.DUPLICATE)
        self._seen |= 1 << behind
        self.lost -= 1
        self.reordered += 1
        return Placed(Place.REORDERED)


@dataclass(frozen=True)
class Offset:
    """How a peer's clock stands to one's own.

    Attributes
    ----------
    offset_ns
        Peer's clock minus own clock.
    uncertainty_ns
        It is true within this, either way: half of the round trip.
    exchanges
        From so many.
    """

    offset_ns: int
    uncertainty_ns: int
    exchanges: int

    def to_own(self, peer_ns: int) -> int:
        """A time of the peer on the own clock."""
        return peer_ns - self.offset_ns


class ClockBook:
    """Estimates the offset of a peer's clock from pings and pongs.

    Of the last 64 exchanges the one with the shortest round trip counts: what delayed it least
    distorted it least.

    Attributes
    ----------
    refused
        Pongs that cannot be true: the peer says it took longer than the round trip.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._exchanges: deque[tuple[int, int]] = deque(maxlen=_EXCHANGES)
        self._count = 0

    def take(self, asked_ns: int, heard_ns: int, answered_ns: int, back_ns: int) -> None:
        """Enter an exchange.

        Parameters
        ----------
        asked_ns, back_ns
            When the ping went and the pong came, on the own clock.
        heard_ns, answered_ns
            When the peer heard and answered, on its clock.
        """
        trip_ns = (back_ns - asked_ns) - (answered_ns - heard_ns)
        if trip_ns < 0 or answered_ns < heard_ns or back_ns < asked_ns:
            self.refused += 1
            return
        self._count += 1
        offset_ns = ((heard_ns - asked_ns) + (answered_ns - back_ns)) // 2
        self._exchanges.append((trip_ns, offset_ns))

    def forget(self) -> None:
        """Another clock may be on the other side now."""
        self._exchanges.clear()

    @property
    def best(self) -> Offset | None:
        """The estimate; None without an exchange."""
        if not self._exchanges:
            return None
        trip_ns, offset_ns = min(self._exchanges)
        return Offset(offset_ns, (trip_ns + 1) // 2, self._count)
