"""One guest's output, over all its connections: books, decoder, recording. No socket."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.transport.bunghole.limits import PACKET_NS, Bucket, Limits
from lab.transport.bunghole.recording import PacketFlag, PacketRecorder, Room
from lab.transport.bunghole.stream import ClockBook, Offset, Place, SequenceBook
from lab.transport.bunghole.wire import U32, Audio
from lab.transport.opus import CONCEALABLE_STEP, FRAMES, Decoder, OpusError

MOST_CONCEALED = 5
"""Packets in a row for which libopus makes something up; beyond, the recording has a cut."""


@dataclass(frozen=True)
class StreamSummary:
    """What came from a guest.

    Attributes
    ----------
    guest
        Its name.
    wire
        ``"v1"``, ``"v2"``, ``"v1 and v2"``, or ``"nothing"``.
    connections
        That it has made.
    packets, packet_bytes
        Of audio, those in v1 included.
    frames, recorded_frames
        Decoded, and kept of them.
    lost, lost_between_connections
        Packets missing; None when all came in v1, which cannot tell. The packets of v1 are not
        counted in it.
    lost_frames
        Frames missing, likewise.
    duplicates, reordered, discontinuities, restarts, misnumbered
        As `SequenceBook`; 0 in v1.
    concealed
        Packets that libopus made up.
    undecodable
        Packets that are no Opus; concealed, so counted there as well.
    odd_lengths
        Packets of another length than 20 ms, decoded all the same.
    too_fast
        Packets thrown away because they came faster than real time for too long.
    pings, unknown_records
        Records other than audio.
    longest_gap_ms
        Between two packets of one connection, by this machine's clock.
    clock
        Of the guest; None in v1, or before the first pong.
    transport
        ``"vsock"``, or that it was none.
    """

    guest: str
    wire: str
    connections: int
    packets: int
    packet_bytes: int
    frames: int
    recorded_frames: int
    lost: int | None
    lost_between_connections: int | None
    lost_frames: int | None
    duplicates: int
    reordered: int
    discontinuities: int
    restarts: int
    misnumbered: int
    concealed: int
    undecodable: int
    odd_lengths: int
    too_fast: int
    pings: int
    unknown_records: int
    longest_gap_ms: float
    clock: Offset | None
    transport: str


class Guest:
    """What is known of a guest, and what was recorded of it.

    Parameters
    ----------
    name
        Whose.
    room
        For the recording, which is made with the first packet.
    limits
        How fast packets may come.
    now_ns
        The clock for ``decoded_ns``.
    """

    def __init__(
        self,
        name: str,
        room: Room,
        limits: Limits,
        *,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name = name
        self.sequence = SequenceBook()
        self.clock = ClockBook()
        self.connections = 0
        self.pings = 0
        self.unknown_records = 0
        self.too_fast = 0
        self.packets = 0
        self.recorder: PacketRecorder | None = None
        self._now_ns = now_ns
        self._room = room
        self._bucket = Bucket(limits.burst_packets, PACKET_NS / limits.speed)
        self._decoder: Decoder | None = None
        self._v1_packets = 0
        self._bytes = 0
        self._frames = 0
        self._concealed = 0
        self._undecodable = 0
        self._odd_lengths = 0
        self._longest_gap_ns = 0
        self._last_ns: int | None = None

    def connected(self) -> None:
        """A connection begins: the sender has reset its encoder."""
        self.connections += 1
        self.sequence.connected()
        self._last_ns = None
        if self._decoder is not None:
            self._decoder.reset()

    def may_take(self, now_ns: int) -> bool:
        """Whether one more record is within real time; if not it is to be thrown away."""
        if self._bucket.take(now_ns):
            return True
        self.too_fast += 1
        return False

    def take_v1(self, packet: bytes, now_ns: int) -> OpusError | None:
        """A packet without a number.

        Returns
        -------
        OpusError or None
            When it cannot be decoded.
        """
        flags = PacketFlag.V1 | self._arrived(packet, now_ns)
        self._v1_packets += 1
        self.sequence.unnumbered()
        return self._decode(packet, flags, received_ns=now_ns)

    def take_v2(self, audio: Audio, now_ns: int) -> OpusError | None:
        """A packet with number and times.

        Returns
        -------
        OpusError or None
            When it cannot be decoded.
        """
        flags = PacketFlag(audio.flags) | self._arrived(audio.packet, now_ns)
        placed = self.sequence.take(audio)
        if not placed.is_usable:
            again = placed.place is Place.DUPLICATE
            flags |= PacketFlag.DUPLICATE if again else PacketFlag.REORDERED
            self._leave_out(audio, flags, now_ns)
            return None
        if placed.place is Place.RESTART:
            flags |= PacketFlag.RESTART
            self.clock.forget()
        elif placed.lost and not placed.is_new:
            self._conceal(audio, placed.lost_frames, now_ns)
        return self._decode(
            audio.packet,
            flags,
            received_ns=now_ns,
            first_frame=audio.first_frame,
            sequence=audio.sequence,
            lost=placed.lost,
            captured_ns=audio.captured_ns,
            encoded_ns=audio.encoded_ns,
            sent_ns=audio.sent_ns,
        )

    def summary(self, transport: str) -> StreamSummary:
        """All of it in numbers.

        Parameters
        ----------
        transport
            Over what it came.
        """
        book = self.sequence
        v2 = self.packets > self._v1_packets
        words = [word for word, there in (("v1", self._v1_packets), ("v2", v2)) if there]
        return StreamSummary(
            guest=self.name,
            wire=" and ".join(words) or "nothing",
            connections=self.connections,
            packets=self.packets,
            packet_bytes=self._bytes,
            frames=self._frames,
            recorded_frames=self.recorder.frames if self.recorder else 0,
            lost=book.lost if v2 else None,
            lost_between_connections=book.lost_between if v2 else None,
            lost_frames=book.lost_frames if v2 else None,
            duplicates=book.duplicates,
            reordered=book.reordered,
            discontinuities=book.discontinuities,
            restarts=book.restarts,
            misnumbered=book.misnumbered,
            concealed=self._concealed,
            undecodable=self._undecodable,
            odd_lengths=self._odd_lengths,
            too_fast=self.too_fast,
            pings=self.pings,
            unknown_records=self.unknown_records,
            longest_gap_ms=self._longest_gap_ns / 1e6,
            clock=self.clock.best,
            transport=transport,
        )

    def _arrived(self, packet: bytes, now_ns: int) -> PacketFlag:
        self.packets += 1
        self._bytes += len(packet)
        last_ns, self._last_ns = self._last_ns, now_ns
        if last_ns is None:
            return PacketFlag.CONNECTED
        self._longest_gap_ns = max(self._longest_gap_ns, now_ns - last_ns)
        return PacketFlag(0)

    def _leave_out(self, audio: Audio, flags: PacketFlag, now_ns: int) -> None:
        _, recorder = self._made()
        recorder.take(
            None,
            flags=flags,
            sequence=audio.sequence,
            first_frame=audio.first_frame,
            captured_ns=audio.captured_ns,
            encoded_ns=audio.encoded_ns,
            sent_ns=audio.sent_ns,
            received_ns=now_ns,
            decoded_ns=now_ns,
        )

    def _conceal(self, audio: Audio, missing: int, now_ns: int) -> None:
        decoder, recorder = self._made()
        # Up to what the next packet begins with; libopus makes whole steps only.
        back = min(round(missing / CONCEALABLE_STEP) * CONCEALABLE_STEP, MOST_CONCEALED * FRAMES)
        while back > 0:
            frames = back % FRAMES or FRAMES
            recorder.take(
                decoder.conceal(frames),
                flags=PacketFlag.CONCEALED,
                sequence=(audio.sequence - -(-back // FRAMES)) % U32,
                first_frame=max(audio.first_frame - back, 0),
                received_ns=now_ns,
                decoded_ns=now_ns,
            )
            back -= frames
            self._concealed += 1
            self._frames += frames

    def _decode(
        self, packet: bytes, flags: PacketFlag, *, received_ns: int, **columns: int
    ) -> OpusError | None:
        decoder, recorder = self._made()
        try:
            frames = decoder.decode(packet)
        except OpusError as error:
            # As good as lost: its place in time is kept.
            self._undecodable += 1
            self._concealed += 1
            self._frames += FRAMES
            recorder.take(
                decoder.conceal(),
                flags=flags | PacketFlag.UNDECODABLE,
                received_ns=received_ns,
                decoded_ns=self._now_ns(),
                **columns,
            )
            return error
        if len(frames) != FRAMES:
            self._odd_lengths += 1
            flags |= PacketFlag.ODD_LENGTH
        self._frames += len(frames)
        recorder.take(
            frames, flags=flags, received_ns=received_ns, decoded_ns=self._now_ns(), **columns
        )
        return None

    def _made(self) -> tuple[Decoder, PacketRecorder]:
        if self._decoder is None:
            self._decoder = Decoder()
        if self.recorder is None:
            self.recorder = PacketRecorder(self.name, self._room)
        return self._decoder, self.recorder
