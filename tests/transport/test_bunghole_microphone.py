"""The host's microphone over sockets: what a guest reads, written out by hand."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lab.errors import SignalError
from lab.signals.file import write_wav
from lab.signals.sine import sine
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.signal import signal_of
from lab.transport.opus import Decoder
from tests.support import scripted_bunghole as by_hand
from tests.support.scripted_bunghole import Peer, wait_until

PORT = 5001
MS = 1_000_000
TONE = sine(48_000, sample_rate=48_000)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bh") as made:
        yield Path(made)


@pytest.fixture
def microphone(folder: Path) -> Iterator[Microphone]:
    with Microphone(Endpoint.stand_in(folder), TONE, loop=True) as made:
        yield made


class Ear:
    """A guest that speaks v2; keeps (sequence, first frame, captured, flags, packet)."""

    def __init__(self, folder: Path, name: str = "guest") -> None:
        self.peer = Peer(folder, PORT, name)
        self.peer.send(by_hand.OFFER)
        self.heard: list[tuple[int, int, int, int, bytes]] = []
        # v1 until the offer was read.
        while (length := int.from_bytes(self.peer.read(2), "big")) != 0xFFFF:
            self.peer.read(length)
        assert self.peer.read(8) == by_hand.OFFER

    def hear(self, packets: int) -> None:
        goal = len(self.heard) + packets
        while len(self.heard) < goal:
            header = self.peer.read(4)
            body = self.peer.read(int.from_bytes(header[2:], "big"))
            if header[0] == 2:
                self.peer.send(by_hand.pong(int.from_bytes(body[:8], "big"), 1, 1))
            elif header[0] == 1:
                number = [int.from_bytes(body[a:b], "big") for a, b in ((0, 4), (4, 12), (12, 20))]
                self.heard.append((number[0], number[1], number[2], header[1], body[36:]))


def test_a_guest_that_offers_v2_gets_numbered_packets_20_ms_apart(
    microphone: Microphone, folder: Path
) -> None:
    ear = Ear(folder)
    ear.hear(25)
    summary = microphone.summary()
    ear.peer.close()
    for sequence, first_frame, captured_ns, _, _ in ear.heard:
        assert first_frame == sequence * 960
        assert captured_ns == microphone.begin_ns + sequence * 20 * MS
    missing = sum(b[0] - a[0] - 1 for a, b in pairwise(ear.heard))
    assert missing <= summary.skipped + summary.late
    # The first of a connection, and what follows a loss, say so.
    assert [h[3] & 1 for h in ear.heard][:1] == [1]
    assert sum(h[3] & 1 for h in ear.heard) <= 1 + summary.skipped + summary.late


def test_what_it_sends_is_the_signal(microphone: Microphone, folder: Path) -> None:
    ear, decoder = Ear(folder), Decoder()
    ear.hear(12)
    ear.peer.close()
    loudness = [float(np.std(decoder.decode(packet))) for *_, packet in ear.heard]
    assert loudness[-1] == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_guest_of_the_old_kind_gets_v1(microphone: Microphone, folder: Path) -> None:
    with Peer(folder, PORT, "old") as peer:
        for _ in range(10):
            length = int.from_bytes(peer.read(2), "big")
            assert 1 <= length <= 1500
            assert len(Decoder().decode(peer.read(length))) == 960


def test_a_microphone_of_the_old_kind_never_speaks_v2(folder: Path) -> None:
    with (
        Microphone(Endpoint.stand_in(folder), TONE, wire="v1") as microphone,
        Peer(folder, PORT, "new") as peer,
    ):
        peer.send(by_hand.OFFER)
        for _ in range(10):
            length = int.from_bytes(peer.read(2), "big")
            assert 1 <= length <= 1500
            peer.read(length)
        assert microphone.summary().clocks == {}


def test_a_guest_that_comes_back_hears_what_is_captured_then(
    microphone: Microphone, folder: Path
) -> None:
    first = Ear(folder)
    first.hear(3)
    first.peer.close()
    second = Ear(folder)
    second.hear(3)
    second.peer.close()
    last = first.heard[-1]
    for sequence, _, captured_ns, _, _ in second.heard:
        assert sequence > last[0]
        assert captured_ns == microphone.begin_ns + sequence * 20 * MS
    wait_until(lambda: not microphone.connected)
    assert sum(microphone.summary().endings.values()) == 2


def test_100_guests_that_go_without_a_word_leave_a_microphone_that_goes_on(
    microphone: Microphone, folder: Path
) -> None:
    for i in range(100):
        peer = Peer(folder, PORT, f"gone{i % 7}")
        peer.send(by_hand.OFFER[: i % 9])
        peer.close()
    ear = Ear(folder, "stays")
    ear.hear(2)
    ear.peer.close()


def test_all_guests_hear_the_same(microphone: Microphone, folder: Path) -> None:
    ears = [Ear(folder, f"guest{i}") for i in range(3)]
    for ear in ears:
        ear.hear(8)
        ear.peer.close()
    by_number = [{h[0]: h[4] for h in ear.heard} for ear in ears]
    common = set(by_number[0]) & set(by_number[1]) & set(by_number[2])
    assert common
    assert all(by_number[0][n] == by_number[1][n] == by_number[2][n] for n in common)


def test_nothing_is_encoded_while_nobody_listens(microphone: Microphone, folder: Path) -> None:
    def packets_later(count: int) -> int:
        end = time.monotonic_ns() + count * 20 * MS
        wait_until(lambda: time.monotonic_ns() > end)
        return microphone.summary().made

    assert packets_later(3) == 0
    ear = Ear(folder)
    ear.hear(2)
    ear.peer.close()
    wait_until(lambda: not microphone.connected)
    made = microphone.summary().made
    assert made >= 2
    assert packets_later(3) == made


def test_a_guest_that_never_reads_loses_the_oldest_and_is_closed(folder: Path) -> None:
    limits = Limits(unwritable_ns=1)
    with Microphone(Endpoint.stand_in(folder), TONE, loop=True, limits=limits) as microphone:
        with Peer(folder, PORT, "deaf"):
            wait_until(lambda: microphone.summary().endings.get("peer-does-not-read") == 1)
            assert microphone.summary().trouble == {"peer-does-not-read": 1}
        ear = Ear(folder, "good")
        ear.hear(2)
        ear.peer.close()


@pytest.mark.linux  # how much a socket's buffer holds is each system's affair
def test_what_waits_for_a_guest_that_never_reads_is_bounded(
    microphone: Microphone, folder: Path
) -> None:
    with Peer(folder, PORT, "deaf"):
        wait_until(lambda: microphone.summary().late >= 3)
        waiting = microphone._listener.ask(
            lambda: [len(c.outbox) for c in microphone._listener._connections.values()]
        )
        assert waiting
        assert max(waiting) <= Limits().queued_audio
        # Some in the socket, three in the queue, one begun: less than 200 ms.
        assert microphone.summary().sent <= 8


@pytest.mark.parametrize("wrong", [b"\x00" * 100, by_hand.OFFER + by_hand.ping(1)])
def test_a_guest_that_breaks_the_protocol_is_closed_and_the_next_one_is_served(
    microphone: Microphone, folder: Path, wrong: bytes
) -> None:
    with Peer(folder, PORT, "bad") as peer:
        with suppress(BrokenPipeError, ConnectionResetError):
            peer.send(wrong)
        assert peer.is_closed_by_host()
    assert microphone.summary().trouble["protocol-error"] == 1
    ear = Ear(folder, "good")
    ear.hear(1)
    ear.peer.close()


def test_a_signal_that_fails_is_told_of_when_the_microphone_is_closed(folder: Path) -> None:
    def broken(first: int, count: int) -> np.ndarray:
        raise RuntimeError("no signal")

    microphone = Microphone(Endpoint.stand_in(folder), broken)
    with Peer(folder, PORT, "guest"):
        wait_until(lambda: microphone._listener._failure is not None)
    with pytest.raises(RuntimeError, match="no signal"):
        microphone.close()


# ---- signals -------------------------------------------------------------------------------------


def test_an_array_is_played_once_or_round_and_round() -> None:
    ramp = np.arange(10, dtype=np.float32)
    once, round_ = signal_of(ramp), signal_of(ramp, loop=True)
    assert once(8, 4)[:, 0].tolist() == [8, 9, 0, 0]
    assert round_(8, 4)[:, 1].tolist() == [8, 9, 0, 1]
    assert once(1_000, 3).tolist() == [[0, 0]] * 3


def test_a_file_is_brought_to_48_khz(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    write_wav(path, sine(4_410, sample_rate=44_100), 44_100)
    played = signal_of(path)(0, 4_800)
    assert played.shape == (4_800, 2)
    assert float(np.std(played[1_000:3_000])) == pytest.approx(0.354, abs=0.01)


@pytest.mark.parametrize("shape", [(0, 2), (10, 3), (2, 2, 2)])
def test_what_cannot_be_a_signal_is_one_clear_line(shape: tuple[int, ...]) -> None:
    with pytest.raises(SignalError, match="give one or two channels"):
        signal_of(np.zeros(shape, dtype=np.float32))
