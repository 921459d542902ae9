"""The legacy agent ``bunghole-vm-audio``, as far as its transport goes.

A program of the guest's user: it captures, encodes, and sends on the same wire as the driver, in
v1. Transport ``auto`` tries vsock, then UDP. Between capture and sending is a channel of 256
packets; when it is full new packets are dropped (the seed does not say which). A packet that cannot
be sent is logged and dropped, and the agent goes on. Capture, launchd and permissions are not
modelled here.

``python -m lab.transport.agent FILE --udp 127.0.0.1:5004`` runs it.

The vsock is dialled by a function that is passed in: the only one that may do that is in
``lab.guest``. `run` takes it; the program alone has none.
"""

from __future__ import annotations

import argparse
import json
import logging
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lab.closing import Closing
from lab.errors import LabError, UsageError
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.microphone import Pace
from lab.transport.bunghole.signal import Signal, signal_of
from lab.transport.bunghole.wire import OUTPUT_PORT, frame_bytes
from lab.transport.opus import BITRATE, FRAMES, SAMPLE_RATE, Encoder
from lab.transport.udp import parse_address

CHANNEL = 256
TransportChoice = Literal["auto", "vsock", "udp"]
Dial = Callable[[int], socket.socket]
"""Given the port: a connected stream socket. Raises OSError or LabError."""
_SEND_S = 2.0
_LONGEST_S = 86_400.0


class Wire(Protocol):
    """How packets leave."""

    name: str

    def send(self, packet: bytes) -> None:
        """Send one. Raises OSError."""

    def close(self) -> None:
        """End."""


class StreamWire:
    """Frames of v1 over a connected socket; dials again when it was lost.

    Parameters
    ----------
    dial
        Connects.
    port
        5000.

    Attributes
    ----------
    name
        ``"vsock"``, or that it is none.
    """

    def __init__(self, dial: Dial, port: int = OUTPUT_PORT) -> None:
        self.name = ""
        self._dial = dial
        self._port = port
        self._socket: socket.socket | None = self._connect()

    def send(self, packet: bytes) -> None:
        """Send a packet, on a new connection if the old one is gone."""
        if self._socket is None:
            self._socket = self._connect()
        try:
            self._socket.sendall(frame_bytes(packet))
        except OSError:
            # Part of it may have gone: what follows would not be understood.
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        made = self._dial(self._port)
        made.settimeout(_SEND_S)
        is_vsock = made.family == getattr(socket, "AF_VSOCK", None)
        self.name = (Endpoint.vsock() if is_vsock else Endpoint.stand_in(Path())).transport
        return made


class DatagramWire:
    """Raw packets to a UDP address.

    Parameters
    ----------
    target
        ``host:port``.
    anywhere
        Allow an address that is not of the loopback.
    """

    name = "udp"

    def __init__(self, target: str, *, anywhere: bool = False) -> None:
        address = parse_address(target)
        if not address.is_loopback and not anywhere:
            raise UsageError("not an address of this machine", where=target, do="send to 127.0.0.1")
        self._socket = socket.socket(address.family, socket.SOCK_DGRAM)
        self._target = (address.host, address.port)

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        self._socket.sendto(packet, self._target)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def open_wire(
    choice: TransportChoice,
    *,
    dial_vsock: Dial | None,
    udp_target: str | None,
    journal: Journal,
) -> Wire:
    """The agent's choice of transport.

    Parameters
    ----------
    choice
        ``"auto"`` takes vsock, or UDP when vsock cannot be had.
    dial_vsock
        Connects to the host; None when there is no vsock.
    udp_target
        ``host:port``; None when there is none.
    journal
        For the lines.

    Returns
    -------
    Wire

    Raises
    ------
    LabError
        When none can be had.
    """
    if choice != "udp":
        try:
            wire = StreamWire(dial_vsock or _no_vsock)
        except (LabError, OSError) as error:
            journal.say(f"agent: vsock failed: {error}")
            if choice == "vsock":
                raise _none(str(error)) from error
        else:
            journal.say(f"agent: transport={wire.name}")
            return wire
    if udp_target is None:
        raise _none("no UDP target was given")
    made = DatagramWire(udp_target)
    journal.say("agent: transport=udp")
    return made


def _no_vsock(_port: int) -> socket.socket:
    raise LabError("no vsock here")


def _none(why: str) -> LabError:
    return LabError(f"the agent has no transport ({why})", do="start the host first")


@dataclass(frozen=True)
class AgentSummary:
    """What the agent has done.

    Attributes
    ----------
    transport
        ``"vsock"``, that it was none, or ``"udp"``.
    encoded, sent
        Packets.
    channel_full
        Dropped because 256 waited.
    send_errors
        Dropped because sending failed.
    skipped
        Not captured because this machine was too late.
    """

    transport: str
    encoded: int
    sent: int
    channel_full: int
    send_errors: int
    skipped: int


class LegacyAgent(Closing):
    """Captures a signal, encodes it, and sends it, until it is closed.

    Parameters
    ----------
    wire
        As from `open_wire`.
    source
        What is captured; as for `signal_of`.
    journal
        For trouble.
    paced
        False captures as fast as it goes.
    packets
        How many; None for ever.
    bitrate
        Bits per second.
    """

    def __init__(
        self,
        wire: Wire,
        source: NDArray[np.float32] | Path | Signal,
        *,
        journal: Journal,
        paced: bool = True,
        packets: int | None = None,
        bitrate: int = BITRATE,
    ) -> None:
        self._wire = wire
        self._signal = signal_of(source)
        self._journal = journal
        self._paced = paced
        self._packets = packets
        self._encoder = Encoder(bitrate=bitrate)
        self._pace = Pace(time.monotonic_ns())
        self._channel: queue.Queue[bytes | None] = queue.Queue(CHANNEL)
        self._encoded = 0
        self._sent = 0
        self._full = 0
        self._errors = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._capture, name="agent-capture", daemon=True),
            threading.Thread(target=self._send, name="agent-send", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Until all `packets` are sent, or dropped."""
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Stop; what waits in the channel is thrown away."""
        self._stop.set()
        with suppress(queue.Full):
            self._channel.put_nowait(None)
        self.wait()
        self._wire.close()

    @property
    def summary(self) -> AgentSummary:
        """So far."""
        return AgentSummary(
            transport=self._wire.name,
            encoded=self._encoded,
            sent=self._sent,
            channel_full=self._full,
            send_errors=self._errors,
            skipped=self._pace.skipped,
        )

    def _capture(self) -> None:
        while not self._stop.is_set() and self._encoded != self._packets:
            if self._paced:
                late_s = (time.monotonic_ns() - self._pace.due_ns) / 1e9
                if late_s < 0 and self._stop.wait(-late_s):
                    break
                numbers = self._pace.take(time.monotonic_ns())
            else:
                numbers = range(self._encoded, self._encoded + 1)
            for number in numbers:
                if self._encoded == self._packets:
                    break
                packet = self._encoder.encode(self._signal(number * FRAMES, FRAMES))
                self._encoded += 1
                try:
                    self._channel.put_nowait(packet)
                except queue.Full:
                    self._full += 1
                    self._journal.trouble("channel-full", "agent", "agent: the channel is full")
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._channel.put(None, timeout=0.1)
                return

    def _send(self) -> None:
        while not self._stop.is_set():
            packet = self._channel.get()
            if packet is None:
                return
            try:
                self._wire.send(packet)
                self._sent += 1
            except (OSError, LabError) as error:
                self._errors += 1
                self._journal.trouble("send-error", "agent", f"agent: send error: {error}")


def run(arguments: list[str], *, dial_vsock: Dial | None = None) -> int:
    """The agent as a program.

    Parameters
    ----------
    arguments
        Of the command line.
    dial_vsock
        Connects to the host; None when there is no vsock.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m lab.transport.agent",
        description="Send a file as the legacy agent does; at the end one line of JSON.",
    )
    parser.add_argument("file", type=Path, help="what is captured: WAV, AIFF, FLAC, Ogg or MP3")
    parser.add_argument("--transport", choices=("auto", "vsock", "udp"), default="auto")
    parser.add_argument("--udp", metavar="HOST:PORT", help="where the host's UDP ingest listens")
    parser.add_argument("--seconds", type=float, help="at most so long; else the whole file")
    given = parser.parse_args(arguments)
    journal = Journal()
    try:
        seconds = _length_s(given.file) if given.seconds is None else given.seconds
        if not 0 < seconds < _LONGEST_S:
            raise UsageError("--seconds must be above 0", do="give a number of seconds")
        wire = open_wire(
            given.transport, dial_vsock=dial_vsock, udp_target=given.udp, journal=journal
        )
        packets = max(round(seconds * SAMPLE_RATE / FRAMES), 1)
        with LegacyAgent(wire, given.file, journal=journal, packets=packets) as agent:
            agent.wait()
    except LabError as error:
        sys.stderr.write(f"agent: {error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(asdict(agent.summary)) + "\n")
    return 0


def _length_s(file: Path) -> float:
    from lab.signals.file import read_audio

    return read_audio(file).seconds


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    sys.exit(run(sys.argv[1:]))
