"""Reads Bunghole's wire: bytes in, records out. No socket, no clock.

How the bytes were cut into pieces makes no difference to what comes out, nor to the fault: what was
whole before a fault is still delivered. Never holds more than one record.
"""

from __future__ import annotations

from enum import Enum, StrEnum

from lab.errors import LabError
from lab.transport.bunghole import wire
from lab.transport.bunghole.wire import (
    Audio,
    Begun,
    Frame,
    Item,
    Kind,
    Offer,
    Ping,
    Pong,
    Switch,
    Unknown,
)


class Fault(StrEnum):
    """How bytes can be wrong."""

    EMPTY_FRAME = "a frame of length 0"
    FRAME_TOO_LONG = "a frame longer than 1500 bytes"
    NOT_OFFERED = "a switch to v2 that nobody offered"
    BAD_SWITCH = "a switch to something other than v2"
    BAD_OFFER = "bytes other than an offer of v2"
    TOO_EARLY = "a record before the switch to v2"
    RECORD_TOO_LONG = "a record longer than 1540 bytes"
    RECORD_LENGTH = "a record of a length that its kind does not have"
    WRONG_SIDE = "audio from the receiver of audio"
    TRUNCATED = "the end in the middle of a frame"


class WireError(LabError):
    """Bytes that break the protocol.

    Attributes
    ----------
    fault
        Which rule.
    at_byte
        Where the frame, record or greeting begins, from the start of the connection.
    """

    def __init__(self, fault: Fault, at_byte: int, detail: str = "") -> None:
        self.fault = fault
        self.at_byte = at_byte
        what = f"{fault.value} ({detail})" if detail else fault.value
        super().__init__(what, where=f"byte {at_byte}")


class Side(Enum):
    """Whose bytes are read."""

    SENDER = "sender of audio"
    RECEIVER = "receiver of audio"


class _State(Enum):
    V1 = 1
    OFFER = 2
    OFFERED = 3
    V2 = 4


_FIXED = {Kind.PING: wire.PING.size, Kind.PONG: wire.PONG.size, Kind.BEGUN: wire.BEGUN.size}
_SHORTEST_AUDIO = wire.AUDIO.size + 1
_LONGEST_AUDIO = wire.AUDIO.size + wire.MAX_PACKET_BYTES


class Parser:
    """One direction of one connection.

    Parameters
    ----------
    side
        Whose bytes these are.
    offered
        `Side.SENDER` only: an offer has been made, so that a switch may come.

    Attributes
    ----------
    fault
        What was wrong; None so far. Nothing is read after it.
    """

    def __init__(self, side: Side, *, offered: bool = False) -> None:
        self.fault: WireError | None = None
        self._side = side
        self._offered = offered
        self._state = _State.V1 if side is Side.SENDER else _State.OFFER
        self._rest = b""
        self._taken = 0

    @property
    def is_v2(self) -> bool:
        """Whether records are read now."""
        return self._state is _State.V2

    @property
    def pending_bytes(self) -> int:
        """Bytes of something that is not whole yet."""
        return len(self._rest)

    @property
    def taken_bytes(self) -> int:
        """Bytes of all that was whole: where the next frame or record begins."""
        return self._taken

    def switched(self) -> None:
        """`Side.RECEIVER` only: the own side has written the switch, records may come."""
        assert self._side is Side.RECEIVER
        if self._state is _State.OFFERED:
            self._state = _State.V2

    def feed(self, data: bytes | bytearray | memoryview) -> list[Item]:
        """Read bytes.

        Parameters
        ----------
        data
            As they came.

        Returns
        -------
        list of Item
            What is whole now. `fault` tells whether reading goes on.
        """
        if self.fault is not None:
            return []
        bytes_ = self._rest + bytes(data)
        at, items = 0, list[Item]()
        while at < len(bytes_):
            if self._state is _State.V2:
                used = self._record(bytes_, at, items)
            elif self._state is _State.V1:
                used = self._frame(bytes_, at, items)
            else:
                used = self._greeting(bytes_, at, items)
            if used == 0:
                break
            at += used
            self._taken += used
        # After a fault this is of no use, and not much: reading ended where it began.
        self._rest = bytes_[at:][: wire.HEADER.size + wire.MAX_BODY_BYTES]
        return items

    def end(self) -> WireError | None:
        """The peer has closed.

        Returns
        -------
        WireError or None
            `Fault.TRUNCATED` when that was in the middle of something.
        """
        if self.fault is None and self._rest:
            self._wrong(Fault.TRUNCATED, f"{len(self._rest)} bytes of it")
        return self.fault

    def _wrong(self, fault: Fault, detail: str = "") -> int:
        self.fault = WireError(fault, self._taken, detail)
        return 0

    # Each takes what begins at `at`; returns how many bytes that was, 0 when it is not whole.

    def _frame(self, data: bytes, at: int, items: list[Item]) -> int:
        if len(data) - at < wire.LENGTH.size:
            return 0
        length: int = wire.LENGTH.unpack_from(data, at)[0]
        begin = at + wire.LENGTH.size
        if length == wire.SWITCH_LENGTH:
            return self._switch(data, begin, items)
        if length == 0:
            return self._wrong(Fault.EMPTY_FRAME)
        if length > wire.MAX_PACKET_BYTES:
            return self._wrong(Fault.FRAME_TOO_LONG, f"{length} bytes")
        end = begin + length
        if end > len(data):
            return 0
        items.append(Frame(data[begin:end]))
        return end - at

    def _switch(self, data: bytes, begin: int, items: list[Item]) -> int:
        if not self._offered:
            return self._wrong(Fault.NOT_OFFERED)
        features = self._features(data, begin, Fault.BAD_SWITCH)
        if features is None:
            return 0
        if features & ~wire.FEATURES:
            return self._wrong(Fault.BAD_SWITCH, f"features {features:#06x} were not offered")
        self._state = _State.V2
        items.append(Switch(features))
        return wire.LENGTH.size + wire.GREETING.size

    def _greeting(self, data: bytes, at: int, items: list[Item]) -> int:
        if self._state is _State.OFFERED:
            return self._wrong(Fault.TOO_EARLY)
        features = self._features(data, at, Fault.BAD_OFFER)
        if features is None:
            return 0
        self._state = _State.OFFERED
        items.append(Offer(features))
        return wire.GREETING.size

    def _features(self, data: bytes, begin: int, fault: Fault) -> int | None:
        # What is wrong shows with its first byte: who sends garbage need not send eight of them.
        magic = data[begin : begin + len(wire.MAGIC)]
        for place, (byte, due) in enumerate(zip(magic, wire.MAGIC, strict=False)):
            if byte != due:
                self._wrong(fault, f"byte {place} of it is {byte:#04x}, not {due:#04x}")
                return None
        if len(data) - begin < wire.GREETING.size:
            return None
        _, features, _ = wire.GREETING.unpack_from(data, begin)
        return int(features)

    def _record(self, data: bytes, at: int, items: list[Item]) -> int:
        if len(data) - at < wire.HEADER.size:
            return 0
        kind, flags = data[at], data[at + 1]
        length: int = wire.HEADER.unpack_from(data, at)[2]
        if not self._length_fits(kind, length):
            return 0
        begin = at + wire.HEADER.size
        end = begin + length
        if end > len(data):
            return 0
        if kind == Kind.AUDIO:
            sequence, first, captured, encoded, sent = wire.AUDIO.unpack_from(data, begin)
            packet = data[begin + wire.AUDIO.size : end]
            items.append(Audio(sequence, first, captured, encoded, sent, packet, flags))
        elif kind == Kind.PING:
            items.append(Ping(wire.PING.unpack_from(data, begin)[0], flags))
        elif kind == Kind.PONG:
            items.append(Pong(*wire.PONG.unpack_from(data, begin)))
        elif kind == Kind.BEGUN:
            items.append(Begun(wire.BEGUN.unpack_from(data, begin)[0]))
        else:
            items.append(Unknown(kind, length))
        return end - at

    def _length_fits(self, kind: int, length: int) -> bool:
        if length > wire.MAX_BODY_BYTES:
            self._wrong(Fault.RECORD_TOO_LONG, f"{length} bytes")
        elif kind == Kind.AUDIO and self._side is Side.RECEIVER:
            self._wrong(Fault.WRONG_SIDE)
        elif (kind == Kind.AUDIO and not _SHORTEST_AUDIO <= length <= _LONGEST_AUDIO) or (
            kind in _FIXED and length != _FIXED[Kind(kind)]
        ):
            self._wrong(Fault.RECORD_LENGTH, f"kind {kind}, {length} bytes")
        return self.fault is None
