"""What is on Bunghole's wire, and how to write it. All numbers are big endian.

docs/reference/bunghole-wire.md is the contract; `lab.transport.bunghole.parser` reads.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

OUTPUT_PORT = 5000
"""A guest's output to its host."""
INPUT_PORT = 5001
"""A microphone of the host to its guest."""

MAX_PACKET_BYTES = 1500
MAX_BODY_BYTES = 1540
SWITCH_LENGTH = 0xFFFF
MAGIC = b"BHA\x02"
FEATURES = 0
"""What this end can do beyond v2: nothing yet."""
U32 = 1 << 32
U64 = 1 << 64

LENGTH = struct.Struct(">H")
GREETING = struct.Struct(">4sHH")
HEADER = struct.Struct(">BBH")
AUDIO = struct.Struct(">IQQQQ")
PING = struct.Struct(">Q")
PONG = struct.Struct(">QQQ")
BEGUN = struct.Struct(">Q")
_AUDIO_RECORD = struct.Struct(">BBHIQQQQ")


class Kind(IntEnum):
    """Of a v2 record."""

    AUDIO = 1
    PING = 2
    PONG = 3
    BEGUN = 4


class AudioFlag(IntFlag):
    """On an audio record."""

    DISCONTINUITY = 1
    """Audio before this packet is missing, or IO has just begun."""
    MUTED = 2
    LAST = 4
    """Of a run of IO: filled up with silence."""


PING_IDLE = 1
"""Flag of a ping: no audio is sent because no IO runs."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A packet as v1 carries it."""

    packet: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """The receiver knows v2."""

    features: int


@dataclass(frozen=True, slots=True)
class Switch:
    """From here on the sender speaks v2."""

    features: int


@dataclass(frozen=True, slots=True)
class Audio:
    """A packet as v2 carries it.

    Attributes
    ----------
    sequence
        Of the packet, modulo 2^32.
    first_frame
        Number of its first frame.
    captured_ns, encoded_ns, sent_ns
        On the sender's clock: handed over by the IO cycle, encoding began, given to the socket.
    packet
        Opus.
    flags
        `AudioFlag`.
    """

    sequence: int
    first_frame: int
    captured_ns: int
    encoded_ns: int
    sent_ns: int
    packet: bytes
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Ping:
    """A question for the time, and a sign of life.

    Attributes
    ----------
    asked_ns
        On the clock of who asks.
    flags
        `PING_IDLE`.
    """

    asked_ns: int
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer.

    Attributes
    ----------
    asked_ns
        As in the ping.
    heard_ns, answered_ns
        On the clock of who answers.
    """

    asked_ns: int
    heard_ns: int
    answered_ns: int


@dataclass(frozen=True, slots=True)
class Begun:
    """When the sender's numbers began; another time means that they are others.

    Attributes
    ----------
    begun_ns
        On the sender's clock.
    """

    begun_ns: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A record of a kind that is not known; skipped."""

    kind: int
    length: int


Item = Frame | Offer | Switch | Audio | Ping | Pong | Begun | Unknown


def frame_bytes(packet: bytes) -> bytes:
    """A packet in v1.

    Raises
    ------
    ValueError
        When it is empty or longer than 1500 bytes.
    """
    _check_packet(packet)
    return LENGTH.pack(len(packet)) + packet


def offer_bytes(features: int = FEATURES) -> bytes:
    """What a receiver says first."""
    return GREETING.pack(MAGIC, features, 0)


def switch_bytes(features: int = FEATURES) -> bytes:
    """What a sender says between v1 and v2."""
    return LENGTH.pack(SWITCH_LENGTH) + offer_bytes(features)


def audio_bytes(audio: Audio) -> bytes:
    """A packet in v2; numbers are taken modulo their width.

    Raises
    ------
    ValueError
        When the packet is empty or longer than 1500 bytes.
    """
    _check_packet(audio.packet)
    return (
        _AUDIO_RECORD.pack(
            Kind.AUDIO,
            audio.flags & 0xFF,
            AUDIO.size + len(audio.packet),
            audio.sequence % U32,
            audio.first_frame % U64,
            audio.captured_ns % U64,
            audio.encoded_ns % U64,
            audio.sent_ns % U64,
        )
        + audio.packet
    )


def ping_bytes(ping: Ping) -> bytes:
    """A ping."""
    return HEADER.pack(Kind.PING, ping.flags & 0xFF, PING.size) + PING.pack(ping.asked_ns % U64)


def pong_bytes(pong: Pong) -> bytes:
    """A pong."""
    return HEADER.pack(Kind.PONG, 0, PONG.size) + PONG.pack(
        pong.asked_ns % U64, pong.heard_ns % U64, pong.answered_ns % U64
    )


def begun_bytes(begun: Begun) -> bytes:
    """When numbers began."""
    return HEADER.pack(Kind.BEGUN, 0, BEGUN.size) + BEGUN.pack(begun.begun_ns % U64)


def _check_packet(packet: bytes) -> None:
    if not 1 <= len(packet) <= MAX_PACKET_BYTES:
        raise ValueError(f"a packet has 1 to {MAX_PACKET_BYTES} bytes, not {len(packet)}")
