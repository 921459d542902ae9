"""UDP ingest, the host's ``--audio-udp-listen``: one datagram is one Opus packet, without a header.

As in the seed: 4096 bytes are read of a datagram, every packet counts as 20 ms, statistics come
every 5 s. Nothing numbers the packets, so **loss cannot be detected**; every summary says so.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.closing import Closing
from lab.errors import LabError, UsageError
from lab.transport.bunghole.guest import Guest
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.recording import PACKET, Room

READ_BYTES = 4096
STATISTICS_NS = 5_000_000_000
LOSS = "not detectable: the packets carry no number"


@dataclass(frozen=True)
class Address:
    """Where to listen, or whom to send to.

    Attributes
    ----------
    host
        A name or number, without brackets.
    port
        0 lets the system choose (listening only).
    family
        ``AF_INET``, or ``AF_INET6`` where the text had a bracket, as in the seed.
    """

    host: str
    port: int
    family: socket.AddressFamily

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine only."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False  # a name: nobody knows where it leads

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.family == socket.AF_INET6 else self.host
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read ``host:port`` or ``[host]:port``.

    Parameters
    ----------
    text
        ``:5004`` stands for all addresses, as in the seed's language.

    Returns
    -------
    Address

    Raises
    ------
    UsageError
        When it is none.
    """
    host, colon, port = text.strip().rpartition(":")
    bracket = "[" in text
    if bracket and host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif bracket or ":" in host:
        colon = ""
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise UsageError("not an address", where=text, do="write 127.0.0.1:5004 or [::1]:5004")
    family = socket.AF_INET6 if bracket else socket.AF_INET
    return Address(host or ("::" if bracket else "0.0.0.0"), int(port), family)  # noqa: S104


@dataclass(frozen=True)
class UdpStatistics:
    """What came in by UDP.

    Attributes
    ----------
    datagrams, datagram_bytes
        All of them.
    empty
        Without a byte.
    oversize
        Longer than the 4096 bytes that are read.
    undecodable
        That are no Opus packet.
    too_fast
        Beyond real time for too long, thrown away.
    packets
        Given to the decoder.
    frames
        Decoded.
    senders
        Addresses seen, at most 16.
    lost
        `LOSS`, always.
    """

    datagrams: int = 0
    datagram_bytes: int = 0
    empty: int = 0
    oversize: int = 0
    undecodable: int = 0
    too_fast: int = 0
    packets: int = 0
    frames: int = 0
    senders: int = 0
    lost: str = LOSS

    def line(self) -> str:
        """For the log."""
        return (
            f"audio: udp {self.datagrams} datagrams, {self.datagram_bytes} bytes, "
            f"{self.undecodable} undecodable, {self.empty} empty, {self.oversize} oversize, "
            f"{self.too_fast} too fast; loss {self.lost}"
        )


class UdpBook:
    """What to do with datagrams, apart from the socket.

    Parameters
    ----------
    room
        For the recording.
    limits
        How fast packets may come.
    journal
        For what there is to say.
    now_ns
        Clock for ``decoded_ns``.
    """

    def __init__(
        self,
        room: Room,
        limits: Limits,
        journal: Journal,
        *,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.guest = Guest("udp", room, limits, now_ns=now_ns)
        self._journal = journal
        self._counts = UdpStatistics()
        self._senders: set[object] = set()
        self._said_ns: int | None = None

    @property
    def statistics(self) -> UdpStatistics:
        """So far."""
        stream = self.guest.summary("udp")
        return replace(
            self._counts,
            undecodable=stream.undecodable,
            too_fast=stream.too_fast,
            packets=stream.packets,
            frames=stream.frames,
            senders=len(self._senders),
        )

    def take(self, data: bytes, sender: object, now_ns: int, *, truncated: bool) -> None:
        """A datagram.

        Parameters
        ----------
        data
            What was read of it.
        sender
            Its address.
        now_ns
            When.
        truncated
            It was longer.
        """
        self._counts = replace(
            self._counts,
            datagrams=self._counts.datagrams + 1,
            datagram_bytes=self._counts.datagram_bytes + len(data),
            empty=self._counts.empty + (not data),
            oversize=self._counts.oversize + truncated,
        )
        if len(self._senders) < 16:
            self._senders.add(sender)
        if not data:
            self._trouble("empty-datagram", "sent an empty datagram")
        elif truncated:
            self._trouble("oversize-datagram", f"sent more than {READ_BYTES} bytes in a datagram")
        elif not self.guest.may_take(now_ns):
            self._trouble("too-fast", "sends faster than real time; what is too much is dropped")
        else:
            if not self.guest.packets:
                self._journal.say(f"audio: first udp packet ({len(data)} bytes)")
            error = self.guest.take_v1(data, now_ns)
            if error is not None:
                self._trouble("undecodable", f"sent {error.what}; concealed")

    def tick(self, now_ns: int) -> None:
        """Statistics, every 5 s in which something came."""
        if self._said_ns is None:
            self._said_ns = now_ns
        elif now_ns - self._said_ns >= STATISTICS_NS:
            self._said_ns = now_ns
            self._journal.say(self.statistics.line())

    def _trouble(self, kind: str, line: str) -> None:
        # Any peer can make up addresses: one line for all of them.
        self._journal.trouble(kind, "udp", f"audio: a udp peer {line}")


class UdpIngest(Closing):
    """Listens for datagrams in a thread of its own, until it is closed.

    Parameters
    ----------
    address
        As the flag has it, such as ``127.0.0.1:5004``.
    anywhere
        Allow an address that others can reach: nothing says who sends.
    room
        For the recording.
    limits
        How fast packets may come.

    Raises
    ------
    UsageError
        When the address is none, or not of the loopback and `anywhere` is false.
    LabError
        When it cannot be bound.
    """

    def __init__(
        self,
        address: str,
        *,
        anywhere: bool = False,
        room: Room | None = None,
        limits: Limits | None = None,
    ) -> None:
        wanted = parse_address(address)
        if not wanted.is_loopback and not anywhere:
            raise UsageError(
                "others can reach this address, and anybody's audio would be taken",
                where=str(wanted),
                do="listen on 127.0.0.1, or ask for it (anywhere)",
            )
        self.journal = Journal()
        self._book = UdpBook(room or Room(), limits or Limits(), self.journal)
        self._socket = socket.socket(wanted.family, socket.SOCK_DGRAM)
        try:
            self._socket.bind((wanted.host, wanted.port))
        except OSError as error:
            self._socket.close()
            raise LabError(
                f"cannot listen ({error.strerror})", where=str(wanted), do="choose another port"
            ) from error
        self._socket.setblocking(False)
        host, port = self._socket.getsockname()[:2]
        self.address = Address(host, port, wanted.family)
        self._stop_read, self._stop_write = socket.socketpair()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="udp-ingest", daemon=True)
        self._thread.start()
        self.journal.say(f"udp audio ingest started on {self.address}")

    def close(self) -> None:
        """Stop. May be called twice."""
        if self._thread.is_alive():
            self._stop_write.send(b"!")
            self._thread.join()
        for sock in (self._socket, self._stop_read, self._stop_write):
            sock.close()

    @property
    def statistics(self) -> UdpStatistics:
        """So far."""
        with self._lock:
            return self._book.statistics

    def audio(self) -> NDArray[np.float32]:
        """A copy of what was recorded; shape (n, 2), 48 kHz."""
        with self._lock:
            recorder = self._book.guest.recorder
        return np.empty((0, 2), dtype=np.float32) if recorder is None else recorder.audio().copy()

    def packets(self) -> NDArray[Any]:
        """A copy of the table; dtype `PACKET`."""
        with self._lock:
            recorder = self._book.guest.recorder
        return np.empty(0, dtype=PACKET) if recorder is None else recorder.packets().copy()

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._socket, self._stop_read], [], [], 1.0)
            if self._stop_read in ready:
                return
            with self._lock:
                if ready:
                    self._read()
                self._book.tick(time.monotonic_ns())

    def _read(self) -> None:
        try:
            # One byte more than the seed reads tells what was longer.
            data, sender = self._socket.recvfrom(READ_BYTES + 1)
        except OSError:
            return  # an ICMP error of an earlier datagram, or nothing there after all
        self._book.take(
            data[:READ_BYTES], sender, time.monotonic_ns(), truncated=len(data) > READ_BYTES
        )
