"""All streams of a guest, and the AF_UNIX sockets at their other ends."""

from __future__ import annotations

import select
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lab.guest.vhost_vsock.connection import Connection, State, refusal
from lab.guest.vhost_vsock.credit import Credit
from lab.guest.vhost_vsock.packet import GUEST_CID, HOST_CID, STREAM, Op, Packet

GUEST_SOCKET = "guest.sock"
MAX_STREAMS = 1024
MAX_WAITING = 64
ANSWER_S = 10.0
_FIRST_HOST_PORT = 1 << 30
_LINE_BYTES = 32


def port_socket(folder: Path, port: int) -> Path:
    """Where a listener of the host waits for a guest that connects to CID 2, that port."""
    return folder / f"port-{port}.sock"


@dataclass(eq=False)
class _Stream:
    connection: Connection
    host: socket.socket
    deadline_s: float = float("inf")
    interest: int = 0
    at_end: bool = False
    end_shown: bool = False
    paused: bool = False


@dataclass(eq=False)
class _Caller:
    """Someone of the host who has not said yet which port he wants."""

    host: socket.socket
    deadline_s: float
    said: bytearray = field(default_factory=bytearray)


class Switch:
    """Streams by their ports.

    Parameters
    ----------
    folder
        Where the sockets are; ``guest.sock`` is made in it.
    selector
        Told which sockets to watch; what it is given as data is to be called with the events.
    send_room
        Payload bytes that the guest's next receive buffer has room for; 0 without one.
    send
        Puts a packet with payload into that buffer.

    Attributes
    ----------
    control
        Packets without payload that wait for receive buffers.
    """

    def __init__(
        self,
        folder: Path,
        selector: selectors.BaseSelector,
        *,
        send_room: Callable[[], int],
        send: Callable[[Packet], None],
    ) -> None:
        self.control: deque[Packet] = deque()
        self._folder = folder
        self._selector = selector
        self._send_room = send_room
        self._send = send
        self._streams: dict[tuple[int, int], _Stream] = {}
        self._callers: set[_Caller] = set()
        self._paused: set[_Stream] = set()
        self._next_port = _FIRST_HOST_PORT
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(str(folder / GUEST_SOCKET))
        self._listener.listen(MAX_WAITING)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Close every socket."""
        for stream in list(self._streams.values()):
            self._drop(stream)
        for caller in list(self._callers):
            self._forget(caller)
        self._selector.unregister(self._listener)
        self._listener.close()
        (self._folder / GUEST_SOCKET).unlink(missing_ok=True)

    # ---- from the guest --------------------------------------------------------------------------

    def take(self, packet: Packet) -> None:
        """Take in a packet of the guest."""
        fits = (
            packet.kind == STREAM
            and packet.source_cid == GUEST_CID
            and packet.destination_cid == HOST_CID
        )
        name = (packet.source_port, packet.destination_port)
        stream = self._streams.get(name) if fits else None
        if stream is not None:
            self.control.extend(stream.connection.take(packet))
            self._settle(stream)
        elif fits and packet.op == Op.REQUEST:
            self._open(packet)
        elif packet.op != Op.RST:
            self.control.append(refusal(packet))

    def buffers_came(self) -> None:
        """Look again at the streams that had to wait for receive buffers."""
        waiting, self._paused = self._paused, set()
        for stream in waiting:
            stream.paused = False
            self._watch(stream)

    def _open(self, packet: Packet) -> None:
        host = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        path = port_socket(self._folder, packet.destination_port)
        try:
            if len(self._streams) >= MAX_STREAMS:
                raise ConnectionRefusedError
            host.connect(str(path))
        except OSError:
            host.close()
            self.control.append(refusal(packet))
            return
        credit = Credit(peer_buffer_bytes=packet.buffer_bytes)
        connection = Connection(packet.source_port, packet.destination_port, State.OPEN, credit)
        stream = _Stream(connection, host)
        self._streams[connection.guest_port, connection.host_port] = stream
        self.control.append(connection.packet(Op.RESPONSE))
        self._watch(stream)

    # ---- from the host ---------------------------------------------------------------------------

    def _accept(self, _events: int) -> None:
        with suppress(BlockingIOError):
            host, _ = self._listener.accept()
            if len(self._callers) >= MAX_WAITING:
                host.close()
                return
            host.setblocking(False)
            caller = _Caller(host, time.monotonic() + ANSWER_S)
            self._callers.add(caller)
            self._selector.register(
                host, selectors.EVENT_READ, lambda _events: self._hear_caller(caller)
            )

    def _hear_caller(self, caller: _Caller) -> None:
        # Byte by byte up to the line's end: what follows is the stream's.
        try:
            while len(caller.said) < _LINE_BYTES and not caller.said.endswith(b"\n"):
                byte = caller.host.recv(1)
                if not byte:
                    self._forget(caller)
                    return
                caller.said += byte
        except BlockingIOError:
            return
        except OSError:
            self._forget(caller)
            return
        port = _asked_port(bytes(caller.said))
        if port is None or len(self._streams) >= MAX_STREAMS:
            self._forget(caller)
            return
        self._callers.discard(caller)
        self._selector.unregister(caller.host)
        while (port, self._next_port) in self._streams:
            self._next_port += 1
        connection = Connection(port, self._next_port, State.ASKED)
        self._next_port = max(_FIRST_HOST_PORT, (self._next_port + 1) & 0x7FFF_FFFF)
        stream = _Stream(connection, caller.host, time.monotonic() + ANSWER_S)
        self._streams[connection.guest_port, connection.host_port] = stream
        self.control.append(connection.packet(Op.REQUEST))

    def _forget(self, caller: _Caller) -> None:
        self._callers.discard(caller)
        self._selector.unregister(caller.host)
        caller.host.close()

    def _host_event(self, stream: _Stream, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._settle(stream)
        if events & selectors.EVENT_READ and stream.connection.state is State.OPEN:
            self._read_host(stream)

    def _read_host(self, stream: _Stream) -> None:
        room = min(self._send_room(), stream.connection.may_send())
        if room == 0:
            self._pause(stream)
            return
        try:
            data = stream.host.recv(room)
        except BlockingIOError:
            return
        except OSError:
            self._host_gone(stream)
            return
        if data:
            self._send(stream.connection.send_bytes(data))
        elif _hung_up(stream.host):
            self._host_gone(stream)
        else:
            stream.at_end = True
            self.control.extend(stream.connection.host_closed(both=False))
            self._settle(stream)

    def _host_gone(self, stream: _Stream) -> None:
        stream.at_end = True
        self.control.extend(stream.connection.host_closed(both=True))
        self._settle(stream)

    def expire(self, now_s: float) -> None:
        """Give up on whoever has not answered in `ANSWER_S`; to be called now and then."""
        for caller in [c for c in self._callers if c.deadline_s < now_s]:
            self._forget(caller)
        for stream in [s for s in self._streams.values() if s.deadline_s < now_s]:
            self.control.extend(stream.connection.host_closed(both=True))
            self._drop(stream)

    # ---- one stream ------------------------------------------------------------------------------

    def _settle(self, stream: _Stream) -> None:
        """Do what a change of the stream asks for."""
        connection = stream.connection
        if stream.deadline_s != float("inf") and connection.state is State.OPEN:
            stream.deadline_s = float("inf")
            if not self._greet(stream):
                return
        if connection.to_host and not self._write_host(stream):
            return
        if connection.is_closed:
            self._drop(stream)
            return
        if connection.host_should_see_end and not stream.end_shown:
            stream.end_shown = True
            with suppress(OSError):
                stream.host.shutdown(socket.SHUT_WR)
        self._paused.discard(stream)
        stream.paused = False
        self._watch(stream)

    def _greet(self, stream: _Stream) -> bool:
        try:
            stream.host.send(b"OK %d\n" % stream.connection.host_port)
        except OSError:
            self._host_gone(stream)
            return False
        return True

    def _write_host(self, stream: _Stream) -> bool:
        connection = stream.connection
        try:
            taken = stream.host.send(connection.to_host)
        except BlockingIOError:
            taken = 0
        except OSError:
            self._host_gone(stream)
            return False
        if taken:
            self.control.extend(connection.forwarded(taken))
        return True

    def _pause(self, stream: _Stream) -> None:
        stream.paused = True
        self._paused.add(stream)
        self._watch(stream)

    def _watch(self, stream: _Stream) -> None:
        connection = stream.connection
        interest = 0
        if connection.state is State.OPEN and not stream.at_end and not stream.paused:
            interest |= selectors.EVENT_READ
        if connection.to_host:
            interest |= selectors.EVENT_WRITE
        if interest == stream.interest:
            return
        if not stream.interest:
            self._selector.register(
                stream.host, interest, lambda events: self._host_event(stream, events)
            )
        elif not interest:
            self._selector.unregister(stream.host)
        else:
            self._selector.modify(
                stream.host, interest, lambda events: self._host_event(stream, events)
            )
        stream.interest = interest

    def _drop(self, stream: _Stream) -> None:
        connection = stream.connection
        self._streams.pop((connection.guest_port, connection.host_port), None)
        self._paused.discard(stream)
        if stream.interest:
            self._selector.unregister(stream.host)
            stream.interest = 0
        stream.host.close()


def _asked_port(line: bytes) -> int | None:
    word, _, number = line.partition(b" ")
    digits = number.removesuffix(b"\n")
    if word != b"CONNECT" or not digits.isdigit() or not line.endswith(b"\n"):
        return None
    port = int(digits)
    return port if port < 1 << 32 else None


def _hung_up(host: socket.socket) -> bool:
    """Whether the other end is closed altogether, not only for writing."""
    poll = select.poll()
    poll.register(host, 0)
    return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))
