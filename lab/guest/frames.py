"""What goes over the line between a guest's agent and the host: frames with a checksum.

The line carries bytes faithfully as long as little is under way towards the guest: `WINDOW_BYTES`
bounds what the host sends before the agent says that it has read it. Standard library only.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

HEADER = struct.Struct("<HBxIII")
MAX_PAYLOAD_BYTES = 64 << 10
WINDOW_BYTES = 2048
"""A guest's line discipline holds 4096 bytes; beyond it the line has to be stopped and started."""
INPUT_WINDOW_BYTES = 64 << 10
"""How much of a command's input may wait in the guest."""
_MAGIC = 0x4C48


class Kind(IntEnum):
    """What a frame is."""

    # Both ways: JSON.
    RUN = 1
    SIGNAL = 2
    COPY = 3
    HALT = 4
    INPUT = 5
    INPUT_END = 6
    # From the agent.
    READY = 32
    FAILED = 33
    TAKEN = 34
    STARTED = 35
    REFUSED = 36
    OUTPUT = 37
    ERRORS = 38
    INPUT_TAKEN = 39
    ENDED = 40
    COPIED = 41


class BadFrame(Exception):  # noqa: N818
    """Bytes that are no frame: the line has lost or invented something."""


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes
    ----------
    kind
        What it is.
    number
        Of the command or request it belongs to.
    payload
        Bytes, or JSON.
    """

    kind: Kind
    number: int
    payload: bytes = b""

    def pack(self) -> bytes:
        """As bytes."""
        assert len(self.payload) <= MAX_PAYLOAD_BYTES
        size = len(self.payload)
        check = zlib.crc32(
            self.payload, zlib.crc32(struct.pack("<BII", self.kind, self.number, size))
        )
        return HEADER.pack(_MAGIC, self.kind, self.number, size, check) + self.payload

    def json(self) -> dict[str, Any]:
        """The payload as a JSON object."""
        try:
            found = json.loads(self.payload)
        except ValueError as error:
            raise BadFrame(f"frame {self.kind.name} without JSON") from error
        if not isinstance(found, dict):
            raise BadFrame(f"frame {self.kind.name} without a JSON object")
        return found


def with_json(kind: Kind, number: int, **content: Any) -> Frame:
    """A frame whose payload is a JSON object."""
    return Frame(kind, number, json.dumps(content).encode())


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take in bytes.

        Returns
        -------
        list of Frame
            Those that are complete now.

        Raises
        ------
        BadFrame
        """
        self._held += data
        frames: list[Frame] = []
        at = 0
        while len(self._held) - at >= HEADER.size:
            magic, kind, number, size, check = HEADER.unpack_from(self._held, at)
            if magic != _MAGIC or size > MAX_PAYLOAD_BYTES or kind not in Kind._value2member_map_:
                raise BadFrame(f"no frame begins with {bytes(self._held[at : at + 8])!r}")
            end = at + HEADER.size + size
            if len(self._held) < end:
                break
            frame = Frame(Kind(kind), number, bytes(self._held[at + HEADER.size : end]))
            if HEADER.unpack_from(frame.pack())[4] != check:
                raise BadFrame(f"frame {frame.kind.name} with a wrong checksum")
            frames.append(frame)
            at = end
        del self._held[:at]
        return frames
