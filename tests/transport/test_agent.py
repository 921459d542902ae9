"""The legacy agent, as far as its transport goes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lab.errors import LabError, UsageError
from lab.signals.file import write_wav
from lab.signals.sine import sine
from lab.transport.agent import CHANNEL, DatagramWire, LegacyAgent, StreamWire, open_wire, run
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.receiver import Receiver
from lab.transport.udp import UdpIngest
from tests.support.scripted_bunghole import wait_until

TONE = sine(100 * 960, sample_rate=48_000)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bh") as made:
        yield Path(made)


class Dialler:
    """Dials the stand-in, where the real agent would dial a vsock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = 0

    def __call__(self, port: int) -> socket.socket:
        self.calls += 1
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.connect(str(self.folder / f"{port}.sock"))
        except OSError:
            made.close()
            raise
        return made


class NoWire:
    """Takes nothing until it is told to."""

    name = "none"

    def __init__(self, error: OSError | None = None) -> None:
        self.error = error
        self.go = threading.Event()
        self.taken: list[bytes] = []

    def send(self, packet: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.go.wait()
        self.taken.append(packet)

    def close(self) -> None:
        pass


def test_auto_takes_vsock_and_the_host_receives_v1(folder: Path) -> None:
    with Receiver(Endpoint.stand_in(folder)) as receiver:
        journal = Journal()
        wire = open_wire("auto", dial_vsock=Dialler(folder), udp_target=None, journal=journal)
        with LegacyAgent(wire, TONE, journal=journal, paced=False, packets=100) as agent:
            agent.wait()
            wait_until(lambda: sum(s.packets for s in receiver.summary().streams.values()) == 100)
        (stream,) = receiver.summary().streams.values()
        assert (stream.wire, stream.lost, stream.undecodable) == ("v1", None, 0)
        (guest,) = receiver.guests
        assert float(np.std(receiver.audio(guest)[48_000:])) == pytest.approx(0.354, abs=0.02)
        assert agent.summary.sent == 100
    assert journal.lines == ("agent: transport=not vsock: AF_UNIX stand-in",)
    assert agent.summary.transport == "not vsock: AF_UNIX stand-in"


@pytest.mark.parametrize("there_is_a_vsock", [True, False])
def test_auto_takes_udp_when_vsock_cannot_be_had(folder: Path, there_is_a_vsock: bool) -> None:
    with UdpIngest("127.0.0.1:0") as ingest:
        journal = Journal()
        wire = open_wire(
            "auto",
            dial_vsock=Dialler(folder) if there_is_a_vsock else None,
            udp_target=str(ingest.address),
            journal=journal,
        )
        with LegacyAgent(wire, TONE, journal=journal, packets=5) as agent:
            agent.wait()
            wait_until(lambda: ingest.statistics.packets == 5)
        assert agent.summary.transport == "udp"
    assert journal.lines[0].startswith("agent: vsock failed")
    assert journal.lines[1] == "agent: transport=udp"


@pytest.mark.parametrize("choice", ["auto", "vsock", "udp"])
def test_without_any_transport_there_is_one_clear_line(folder: Path, choice: str) -> None:
    with pytest.raises(LabError, match="no transport"):
        open_wire(choice, dial_vsock=None, udp_target=None, journal=Journal())  # type: ignore[arg-type]


def test_udp_was_asked_for_so_vsock_is_not_dialled(folder: Path) -> None:
    dial = Dialler(folder)
    wire = open_wire("udp", dial_vsock=dial, udp_target="127.0.0.1:9", journal=Journal())
    wire.close()
    assert dial.calls == 0


def test_it_sends_to_this_machine_only() -> None:
    with pytest.raises(UsageError, match="not an address of this machine"):
        DatagramWire("192.0.2.1:5004")


def test_a_packet_that_cannot_be_sent_is_logged_once_and_dropped_and_it_goes_on() -> None:
    journal = Journal()
    wire = NoWire(OSError(32, "Broken pipe"))
    with LegacyAgent(wire, TONE, journal=journal, paced=False, packets=50) as agent:
        agent.wait()
    assert (agent.summary.send_errors, agent.summary.sent) == (50, 0)
    assert [line for line in journal.lines if "send error" in line] == [
        "agent: send error: [Errno 32] Broken pipe"
    ]


def test_a_channel_of_256_that_is_full_drops_what_comes() -> None:
    wire = NoWire()
    with LegacyAgent(wire, TONE, journal=Journal(), paced=False, packets=400) as agent:
        wait_until(lambda: agent.summary.encoded == 400)
        # One is being sent, 256 wait.
        assert agent.summary.channel_full == 400 - CHANNEL - 1
        wire.go.set()
        agent.wait()
    assert len(wire.taken) == CHANNEL + 1


def test_a_host_that_went_and_came_back_is_dialled_again(folder: Path) -> None:
    dial = Dialler(folder)
    with Receiver(Endpoint.stand_in(folder)):
        wire = StreamWire(dial)
    errors = 0
    for _ in range(3):
        try:
            wire.send(b"\xfc\xff\xfe")
        except OSError:
            errors += 1
    assert errors >= 2
    with Receiver(Endpoint.stand_in(folder)) as receiver:
        wire.send(b"\xfc\xff\xfe")
        wait_until(lambda: sum(s.packets for s in receiver.summary().streams.values()) == 1)
        wire.close()


def test_closing_an_agent_that_cannot_send_does_not_hang() -> None:
    wire = NoWire()
    agent = LegacyAgent(wire, TONE, journal=Journal())
    wire.go.set()
    agent.close()


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    tone = tmp_path / "tone.wav"
    write_wav(tone, TONE[:9_600], 48_000)
    with UdpIngest("127.0.0.1:0") as ingest:
        done = subprocess.run(
            [sys.executable, "-m", "lab.transport.agent", str(tone), "--udp", str(ingest.address)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        assert summary["encoded"] == 10
        wait_until(lambda: ingest.statistics.packets == summary["sent"])
    assert "agent: transport=udp" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["no-such-file.wav", "--udp", "127.0.0.1:9"], "no such file", 1),
        (["TONE"], "no transport", 1),
        (["TONE", "--udp", "nowhere"], "not an address", 2),
        (["TONE", "--udp", "127.0.0.1:9", "--seconds", "-1"], "above 0", 2),
        (["TONE", "--udp", "127.0.0.1:9", "--seconds", "nan"], "above 0", 2),
    ],
)
def test_bad_arguments_are_one_clear_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
    code: int,
) -> None:
    tone = tmp_path / "tone.wav"
    write_wav(tone, TONE[:960], 48_000)
    assert run([str(tone) if a == "TONE" else a for a in arguments]) == code
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
