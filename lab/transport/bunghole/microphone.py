"""Port 5001: the host's microphone, sent to every guest that listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.closing import Closing
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.heartbeat import Heartbeat
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.limits import PACKET_NS, Bucket, Limits
from lab.transport.bunghole.listener import Listener
from lab.transport.bunghole.outbox import Outbox
from lab.transport.bunghole.parser import Parser, Side
from lab.transport.bunghole.session import NEVER_NS, Ending, Link
from lab.transport.bunghole.signal import Signal, signal_of
from lab.transport.bunghole.stream import ClockBook, Offset
from lab.transport.bunghole.wire import (
    INPUT_PORT,
    Audio,
    AudioFlag,
    Offer,
    Ping,
    Pong,
    audio_bytes,
    frame_bytes,
    switch_bytes,
)
from lab.transport.opus import BITRATE, FRAMES, Encoder

_MOST_BEHIND = 3
Wire = Literal["auto", "v1"]


@dataclass(frozen=True)
class MicrophonePacket:
    """One packet for all guests.

    Attributes
    ----------
    number
        Counted since the microphone began, sent or not.
    packet
        Opus.
    captured_ns, encoded_ns
        On this machine's clock.
    """

    number: int
    packet: bytes
    captured_ns: int
    encoded_ns: int


class Pace:
    """Packets of 20 ms of a signal that never waits.

    Packet n ends, and is due, n + 1 periods after the beginning: an error of one sleep is not
    carried into the next.

    Parameters
    ----------
    begin_ns
        When frame 0 is captured.

    Attributes
    ----------
    skipped
        Packets that were more than 60 ms late, and were not made.
    """

    def __init__(self, begin_ns: int) -> None:
        self.skipped = 0
        self._begin_ns = begin_ns
        self._next = 0

    @property
    def due_ns(self) -> int:
        """When the next packet is."""
        return self._begin_ns + (self._next + 1) * PACKET_NS

    def captured_ns(self, number: int) -> int:
        """When a packet's first frame was."""
        return self._begin_ns + number * PACKET_NS

    def take(self, now_ns: int) -> range:
        """Numbers of the packets to make now."""
        complete = (now_ns - self._begin_ns) // PACKET_NS
        first = max(self._next, complete - _MOST_BEHIND)
        self.skipped += first - self._next
        self._next = max(first, complete)
        return range(first, self._next)


class InputSession:
    """One connection to a guest's input; a `Session`.

    Parameters
    ----------
    peer
        Name of the guest.
    limits
        Bounds.
    journal
        For what there is to say.
    word
        ``"vsock"``, or what stands in for it.
    wire
        ``"auto"`` takes an offer of v2, ``"v1"`` never reads one.
    on_opened, on_closed
        Called when the connection is there, and when it is over.

    Attributes
    ----------
    clock
        The guest's, once v2 is spoken.
    is_v2
        Whether it is.
    too_fast
        Records thrown away because they came too often.
    """

    def __init__(
        self,
        peer: str,
        limits: Limits,
        journal: Journal,
        *,
        word: str,
        wire: Wire = "auto",
        on_opened: Callable[[InputSession], None] = lambda _: None,
        on_closed: Callable[[InputSession], None] = lambda _: None,
    ) -> None:
        self.gives_way = False
        self.clock = ClockBook()
        self.is_v2 = False
        self.too_fast = 0
        self.peer = peer
        self._limits = limits
        self._journal = journal
        self._word = word
        self._wire = wire
        self._on_opened = on_opened
        self._on_closed = on_closed
        self._parser = Parser(Side.RECEIVER)
        self._bucket = Bucket(limits.burst_packets, PACKET_NS)
        self._heartbeat: Heartbeat | None = None
        self._link: Link
        self._is_first = True

    @property
    def outbox(self) -> Outbox:
        """What waits to be sent."""
        return self._link.outbox

    def opened(self, link: Link, now_ns: int) -> None:
        """Say so."""
        del now_ns
        self._link = link
        self._journal.say(f"microphone: {self._word} guest connected ({link.peer})")
        self._on_opened(self)

    def send(self, packet: MicrophonePacket) -> None:
        """Queue a packet, in the version that is spoken now."""
        if not self.is_v2:
            self._link.outbox.audio(lambda _now, _dropped: frame_bytes(packet.packet))
            return
        first, self._is_first = self._is_first, False

        def make(now_ns: int, dropped: bool) -> bytes:
            flag = AudioFlag.DISCONTINUITY if dropped or first else 0
            return audio_bytes(
                Audio(
                    packet.number,
                    packet.number * FRAMES,
                    packet.captured_ns,
                    packet.encoded_ns,
                    now_ns,
                    packet.packet,
                    flag,
                )
            )

        self._link.outbox.audio(make)

    def received(self, data: bytes, now_ns: int) -> None:
        """An offer, later pings and pongs."""
        if self._wire == "v1":
            return
        if self._heartbeat is not None:
            self._heartbeat.heard(now_ns)
        # A v1 receiver never writes: whatever comes without an offer is an error.
        for item in self._parser.feed(data):
            if not self._bucket.take(now_ns) and not isinstance(item, Offer):
                self.too_fast += 1
                self._link.rest()
                self._trouble("too-fast", "asks more often than it may")
            elif isinstance(item, Offer):
                self._switch(now_ns)
            elif isinstance(item, Ping) and self._heartbeat is not None:
                self._heartbeat.answer(item, self._link.outbox, now_ns)
            elif isinstance(item, Pong) and self._heartbeat is not None:
                self._heartbeat.take(item, now_ns)
        if self._parser.fault is not None:
            self._link.close(Ending.PROTOCOL)
            self._trouble(Ending.PROTOCOL, f"broke the protocol: {self._parser.fault}; closed")

    def due_ns(self) -> int:
        """The next ping or deadline."""
        return NEVER_NS if self._heartbeat is None else self._heartbeat.due_ns()

    def tick(self, now_ns: int) -> None:
        """Ping; close what is half open."""
        if self._heartbeat is None:
            return
        if self._heartbeat.is_half_open(now_ns):
            self._link.close(Ending.HALF_OPEN)
            self._trouble(Ending.HALF_OPEN, "says nothing any more; closed")
        else:
            self._heartbeat.beat(self._link.outbox, now_ns)

    def closed(self, ending: Ending, now_ns: int) -> None:
        """Tell whoever wants to know."""
        del ending, now_ns
        self._on_closed(self)

    def _switch(self, now_ns: int) -> None:
        # Bytes that followed the offer in the same piece have been refused by now, rightly so:
        # they were written before the switch could be read.
        self._link.outbox.control(lambda _: switch_bytes(), must=True)
        self._parser.switched()
        self.is_v2 = True
        self._heartbeat = Heartbeat(self._limits, self.clock, now_ns)
        self._heartbeat.beat(self._link.outbox, now_ns)

    def _trouble(self, kind: str, line: str) -> None:
        self._journal.trouble(str(kind), self.peer, f"microphone: {self.peer} {line}")


@dataclass(frozen=True)
class MicrophoneSummary:
    """What a microphone has done.

    Attributes
    ----------
    transport
        ``"vsock"``, or that it was none.
    made, sent
        Packets encoded, and given to sockets (of all guests).
    skipped
        Packets not made because this machine was more than 60 ms late.
    late
        Packets dropped because a guest did not read them in time.
    accepted
        Connections.
    endings
        How they ended.
    trouble
        Kinds of trouble, and how often.
    clocks
        Of the guests that speak v2.
    """

    transport: str
    made: int
    sent: int
    skipped: int
    late: int
    accepted: int
    endings: dict[str, int]
    trouble: dict[str, int]
    clocks: dict[str, Offset]


class Microphone(Closing):
    """Sends a signal in real time to whoever connects, until it is closed.

    It goes on whether or not anybody listens, as a microphone does: a guest that comes back hears
    what is captured then. Packets nobody is there for are not encoded.

    Parameters
    ----------
    endpoint
        Where.
    source
        As for `signal_of`.
    port
        5001.
    wire
        ``"auto"``, or ``"v1"`` to be a sender of the original's kind.
    loop
        Begin the source again at its end; else silence follows.
    bitrate
        Bits per second.
    limits
        Bounds.

    Raises
    ------
    LabError
        When it cannot listen, or the source cannot be sent.
    MissingError
        When there is no libopus, or no vsock.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        source: NDArray[np.float32] | Path | Signal,
        *,
        port: int = INPUT_PORT,
        wire: Wire = "auto",
        loop: bool = False,
        bitrate: int = BITRATE,
        limits: Limits | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.journal = Journal()
        self._wire: Wire = wire
        self._limits = limits or Limits()
        self._signal = signal_of(source, loop=loop)
        self._encoder = Encoder(bitrate=bitrate)
        self._sessions: dict[InputSession, None] = {}
        self._made = 0
        self._gone_sent = 0
        self._gone_late = 0
        self._last_made = -1
        self._pace = Pace(time.monotonic_ns())
        self._listener = Listener(
            endpoint,
            port,
            self._admit,
            limits=self._limits,
            journal=self.journal,
            before_turn=self._play,
        )
        self._listener.start()
        self.journal.say(f"{endpoint.word} microphone started on port {port}")

    def close(self) -> None:
        """Stop."""
        self._listener.stop()

    @property
    def connected(self) -> tuple[str, ...]:
        """Names of the guests that are connected now."""
        return self._listener.connected

    def cut(self, guest: str | None = None) -> int:
        """Close connections as a fault on purpose; see `Listener.cut`."""
        return self._listener.cut(guest)

    @property
    def begin_ns(self) -> int:
        """CLOCK_MONOTONIC at which frame 0 of the source was captured."""
        return self._pace.captured_ns(0)

    def summary(self) -> MicrophoneSummary:
        """All of it in numbers, at one moment."""
        return self._listener.ask(self._summary)

    def _summary(self) -> MicrophoneSummary:
        clocks = {s.peer: s.clock.best for s in self._sessions}
        return MicrophoneSummary(
            transport=self.endpoint.transport,
            made=self._made,
            sent=self._gone_sent + sum(s.outbox.sent_audio for s in self._sessions),
            skipped=self._pace.skipped,
            late=self._gone_late + sum(s.outbox.late for s in self._sessions),
            accepted=self._listener.accepted,
            endings={str(ending): n for ending, n in self._listener.endings.items()},
            trouble=dict(self.journal.counts),
            clocks={name: clock for name, clock in clocks.items() if clock is not None},
        )

    def _admit(self, name: str) -> InputSession:
        return InputSession(
            name,
            self._limits,
            self.journal,
            word=self.endpoint.word,
            wire=self._wire,
            on_opened=lambda session: self._sessions.update({session: None}),
            on_closed=self._forget,
        )

    def _forget(self, session: InputSession) -> None:
        if session in self._sessions:
            del self._sessions[session]
            self._gone_sent += session.outbox.sent_audio
            self._gone_late += session.outbox.late

    def _play(self, now_ns: int) -> int:
        for number in self._pace.take(now_ns):
            if self._sessions:
                packet = self._encode(number)
                for session in self._sessions:
                    session.send(packet)
        return self._pace.due_ns

    def _encode(self, number: int) -> MicrophonePacket:
        if number != self._last_made + 1:
            self._encoder.reset()
        self._last_made = number
        encoded_ns = time.monotonic_ns()
        packet = self._encoder.encode(self._signal(number * FRAMES, FRAMES))
        self._made += 1
        return MicrophonePacket(number, packet, self._pace.captured_ns(number), encoded_ns)
