"""Port 5000: the output of guests arrives, is decoded and recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.closing import Closing
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.guest import Guest, StreamSummary
from lab.transport.bunghole.heartbeat import Heartbeat
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.listener import Listener
from lab.transport.bunghole.parser import Parser, Side, WireError
from lab.transport.bunghole.recording import PACKET, Room
from lab.transport.bunghole.session import NEVER_NS, Ending, Link
from lab.transport.bunghole.wire import (
    OUTPUT_PORT,
    Audio,
    Begun,
    Frame,
    Item,
    Ping,
    Pong,
    Switch,
    Unknown,
    offer_bytes,
)


class OutputSession:
    """One connection from a guest's output; a `Session`.

    Parameters
    ----------
    guest
        Its books.
    limits
        Bounds.
    journal
        For what there is to say.
    word
        ``"vsock"``, or what stands in for it.
    offers_v2
        Whether v2 is offered.
    """

    def __init__(
        self, guest: Guest, limits: Limits, journal: Journal, *, word: str, offers_v2: bool = True
    ) -> None:
        self.gives_way = False
        self._guest = guest
        self._limits = limits
        self._journal = journal
        self._word = word
        self._offers_v2 = offers_v2
        self._parser = Parser(Side.SENDER, offered=offers_v2)
        self._heartbeat: Heartbeat | None = None
        self._link: Link
        self._heard_ns = 0
        self._begun: tuple[int, int] | None = None  # which byte a frame begins at, and since when
        self._is_first = True

    def opened(self, link: Link, now_ns: int) -> None:
        """Say so, and offer v2."""
        self._link = link
        self._heard_ns = now_ns
        self._guest.connected()
        self._journal.say(f"audio: {self._word} guest connected ({link.peer})")
        if self._offers_v2:
            link.outbox.control(lambda _: offer_bytes(), must=True)

    def received(self, data: bytes, now_ns: int) -> None:
        """Decode what is whole."""
        self._heard_ns = now_ns
        self.gives_way = False
        if self._heartbeat is not None:
            self._heartbeat.heard(now_ns)
        for item in self._parser.feed(data):
            self._take(item, now_ns)
        if self._parser.fault is not None:
            self._refuse(self._parser.fault)
            return
        begins = self._parser.taken_bytes
        if not self._parser.pending_bytes:
            self._begun = None
        elif self._begun is None or self._begun[0] != begins:
            self._begun = begins, now_ns

    def due_ns(self) -> int:
        """The next deadline, or ping."""
        due = NEVER_NS
        if self._begun is not None:
            due = self._begun[1] + self._limits.unfinished_ns
        if self._heartbeat is not None:
            return min(due, self._heartbeat.due_ns())
        return due if self.gives_way else min(due, self._heard_ns + self._limits.silent_ns)

    def tick(self, now_ns: int) -> None:
        """Close what has hung for too long."""
        link = self._link
        if self._begun is not None and now_ns - self._begun[1] >= self._limits.unfinished_ns:
            link.close(Ending.UNFINISHED)
            self._trouble(Ending.UNFINISHED, "has begun a frame and does not end it; closed")
        elif self._heartbeat is not None:
            if self._heartbeat.is_half_open(now_ns):
                link.close(Ending.HALF_OPEN)
                self._trouble(Ending.HALF_OPEN, "says nothing any more; closed")
            else:
                self._heartbeat.beat(link.outbox, now_ns)
        elif not self.gives_way and now_ns - self._heard_ns >= self._limits.silent_ns:
            self.gives_way = True
            self._trouble("silent", "is silent, in v1: idle or gone; gives way when others come")

    def closed(self, ending: Ending, now_ns: int) -> None:
        """Say so when it was in the middle of a frame."""
        del now_ns
        if ending in (Ending.PEER_CLOSED, Ending.PEER_RESET):
            fault = self._parser.end() if self._parser.fault is None else None
            if fault is not None:
                self._trouble(Ending.TRUNCATED, f"closed: {fault}")

    def _take(self, item: Item, now_ns: int) -> None:
        if not self._guest.may_take(now_ns):
            self._link.rest()
            self._trouble("too-fast", "sends faster than real time; what is too much is dropped")
            if not isinstance(item, Switch):
                return
        error = None
        if isinstance(item, Frame):
            self._say_first(item.packet)
            error = self._guest.take_v1(item.packet, now_ns)
        elif isinstance(item, Audio):
            self._say_first(item.packet)
            error = self._guest.take_v2(item, now_ns)
        elif isinstance(item, Switch):
            self._heartbeat = Heartbeat(self._limits, self._guest.clock, now_ns)
            self._guest.clock.forget()
            self._heartbeat.beat(self._link.outbox, now_ns)
        elif isinstance(item, Ping):
            assert self._heartbeat is not None
            self._guest.pings += 1
            self._heartbeat.answer(item, self._link.outbox, now_ns)
        elif isinstance(item, Pong):
            assert self._heartbeat is not None
            self._heartbeat.take(item, now_ns)
        elif isinstance(item, Begun):
            self._guest.sequence.begun(item.begun_ns)
        elif isinstance(item, Unknown):
            self._guest.unknown_records += 1
        if error is not None:
            self._trouble("undecodable", f"sent {error.what}; concealed")

    def _say_first(self, packet: bytes) -> None:
        if self._is_first:
            self._is_first = False
            self._journal.say(f"audio: first {self._word} packet ({len(packet)} bytes)")

    def _refuse(self, fault: WireError) -> None:
        self._link.close(Ending.PROTOCOL)
        self._trouble(Ending.PROTOCOL, f"broke the protocol: {fault}; closed")

    def _trouble(self, kind: str, line: str) -> None:
        self._journal.trouble(str(kind), self._guest.name, f"audio: {self._guest.name} {line}")


@dataclass(frozen=True)
class ReceiverSummary:
    """What a receiver has seen.

    Attributes
    ----------
    transport
        ``"vsock"``, or that it was none.
    streams
        By guest.
    accepted
        Connections.
    endings
        How they ended.
    trouble
        Kinds of trouble, and how often.
    """

    transport: str
    streams: dict[str, StreamSummary]
    accepted: int
    endings: dict[str, int]
    trouble: dict[str, int]


class Receiver(Closing):
    """Listens for the output of guests, until it is closed.

    Parameters
    ----------
    endpoint
        Where.
    port
        5000.
    room
        How much is recorded of each guest.
    limits
        Bounds.
    offers_v2
        False makes it a host of the original's kind.

    Raises
    ------
    LabError
        When it cannot listen.
    MissingError
        When there is no libopus, or no vsock.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        port: int = OUTPUT_PORT,
        room: Room | None = None,
        limits: Limits | None = None,
        offers_v2: bool = True,
    ) -> None:
        self.endpoint = endpoint
        self.journal = Journal()
        self._room = room or Room()
        self._limits = limits or Limits()
        self._offers_v2 = offers_v2
        self._guests: dict[str, Guest] = {}
        self._listener = Listener(
            endpoint, port, self._admit, limits=self._limits, journal=self.journal
        )
        self._listener.start()
        self.journal.say(f"{endpoint.word} audio listener started on port {port}")

    def close(self) -> None:
        """Stop listening. What was recorded stays readable until `release`."""
        self._listener.stop()

    def release(self) -> None:
        """Close the files of the recordings."""
        self.close()
        for guest in self._guests.values():
            if guest.recorder is not None:
                guest.recorder.close()

    @property
    def guests(self) -> tuple[str, ...]:
        """Names, in the order in which they came first."""
        return self._listener.ask(lambda: tuple(self._guests))

    @property
    def connected(self) -> tuple[str, ...]:
        """Names of those that are connected now."""
        return self._listener.connected

    def cut(self, guest: str | None = None) -> int:
        """Close connections as a fault on purpose; see `Listener.cut`."""
        return self._listener.cut(guest)

    def hold(self, seconds: float, guest: str | None = None) -> int:
        """Read nothing for a while, as a fault on purpose; see `Listener.hold`."""
        return self._listener.hold(seconds, guest)

    def audio(self, guest: str) -> NDArray[np.float32]:
        """A copy of what was recorded of a guest; shape (n, 2), 48 kHz."""

        def look() -> NDArray[np.float32]:
            recorder = self._guests[guest].recorder
            return np.empty((0, 2), dtype=np.float32) if recorder is None else recorder.audio()

        # Copied here: packets that come meanwhile are not to wait for it.
        return self._listener.ask(look).copy()

    def packets(self, guest: str) -> NDArray[Any]:
        """A copy of the table of a guest's packets; dtype `PACKET`."""

        def look() -> NDArray[Any]:
            recorder = self._guests[guest].recorder
            return np.empty(0, dtype=PACKET) if recorder is None else recorder.packets()

        return self._listener.ask(look).copy()

    def summary(self) -> ReceiverSummary:
        """All of it in numbers, at one moment."""
        return self._listener.ask(
            lambda: ReceiverSummary(
                transport=self.endpoint.transport,
                streams={
                    name: guest.summary(self.endpoint.transport)
                    for name, guest in self._guests.items()
                },
                accepted=self._listener.accepted,
                endings={str(ending): n for ending, n in self._listener.endings.items()},
                trouble=dict(self.journal.counts),
            )
        )

    def _admit(self, name: str) -> OutputSession:
        guest = self._guests.get(name)
        if guest is None:
            if len(self._guests) >= self._limits.guests:
                self._forget_one()
            guest = self._guests[name] = Guest(name, self._room, self._limits)
        return OutputSession(
            guest,
            self._limits,
            self.journal,
            word=self.endpoint.word,
            offers_v2=self._offers_v2,
        )

    def _forget_one(self) -> None:
        """Make room for the books of a guest, at the price of one that is gone; best a dumb one."""
        here = self._listener.connected
        gone = [guest for name, guest in self._guests.items() if name not in here]
        oldest = min(gone, key=lambda guest: guest.packets > 0, default=None)
        if oldest is None:
            return
        del self._guests[oldest.name]
        if oldest.recorder is not None:
            oldest.recorder.close()
            line = f"audio: too many guests; {oldest.name} and its recording are forgotten"
            self.journal.trouble("forgotten", oldest.name, line)
