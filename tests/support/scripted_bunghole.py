"""Peers of the host's end of Bunghole, with every byte written out by hand.

Nothing of ``lab`` is used: what these write and read is what docs/reference/bunghole-wire.md says.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

# CELT, full band, 20 ms, stereo, one frame: digital silence.
SILENT_PACKET = bytes.fromhex("fc ff fe")
OFFER = bytes.fromhex("42 48 41 02 00 00 00 00")
SWITCH = bytes.fromhex("ff ff") + OFFER
OWN_CID = 1
WAIT_S = 20.0
"""Long enough for any machine: what takes so long does not come at all."""


def v1_frame(packet: bytes = SILENT_PACKET) -> bytes:
    return len(packet).to_bytes(2, "big") + packet


def v2_audio(
    sequence: int,
    packet: bytes = SILENT_PACKET,
    *,
    flags: int = 0,
    first_frame: int | None = None,
    captured_ns: int | None = None,
    encoded_ns: int = 0,
    sent_ns: int = 0,
) -> bytes:
    first = sequence * 960 if first_frame is None else first_frame
    captured = sequence * 20_000_000 if captured_ns is None else captured_ns
    body = (
        (sequence % 2**32).to_bytes(4, "big")
        + first.to_bytes(8, "big")
        + captured.to_bytes(8, "big")
        + encoded_ns.to_bytes(8, "big")
        + sent_ns.to_bytes(8, "big")
        + packet
    )
    return record(1, body, flags=flags)


def record(kind: int, body: bytes, *, flags: int = 0) -> bytes:
    return bytes([kind, flags]) + len(body).to_bytes(2, "big") + body


def ping(asked_ns: int, *, idle: bool = False) -> bytes:
    return record(2, asked_ns.to_bytes(8, "big"), flags=int(idle))


def pong(asked_ns: int, heard_ns: int, answered_ns: int) -> bytes:
    return record(3, b"".join(t.to_bytes(8, "big") for t in (asked_ns, heard_ns, answered_ns)))


class Peer:
    """A connected socket: a guest over AF_UNIX.

    Parameters
    ----------
    folder, port
        Of the stand-in.
    name
        Of the guest: bound, so that one process can be several.
    """

    _count = 0

    def __init__(self, folder: Path, port: int, name: str = "") -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if name:
            # One name, many sockets: each bound in a folder of its own.
            Peer._count += 1
            place = folder / str(Peer._count)
            place.mkdir()
            self.socket.bind(str(place / name))
        # Without a time limit: with one, a full backlog would be an error instead of a wait.
        self.socket.connect(str(folder / f"{port}.sock"))
        self.socket.settimeout(WAIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError(f"closed after {len(data)} of {count} bytes: {data.hex(' ')}")
            data += piece
        return data

    def read_record(self) -> tuple[int, bytes]:
        header = self.read(4)
        return header[0], self.read(int.from_bytes(header[2:], "big"))

    def is_closed_by_host(self) -> bool:
        """Waits until it is; what comes before is thrown away."""
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self) -> None:
        self.socket.close()


class VsockPeer(Peer):
    """A guest over a real vsock: this machine itself, CID 1. A test may dial no other.

    Parameters
    ----------
    port
        Of the listener.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
        self.socket.settimeout(WAIT_S)
        self.socket.connect((OWN_CID, port))


def wait_until(true: Callable[[], bool], what: str = "") -> None:
    """Until it is true; fails when that does not come."""
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end, f"did not happen: {what}"
        time.sleep(0.002)
