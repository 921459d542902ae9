"""Both ends over a real AF_VSOCK connection to the own machine (CID 1), where the kernel has that.

Skipped elsewhere, with the reason; a guest that a scenario starts has it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest

from lab.signals.sine import sine
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.receiver import Receiver
from lab.transport.opus import Decoder, Encoder
from tests.support import scripted_bunghole as by_hand
from tests.support.scripted_bunghole import OWN_CID, VsockPeer, v1_frame, v2_audio, wait_until

pytestmark = [pytest.mark.linux, pytest.mark.vsock]

PORT = 50_714
GUEST = "cid 1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(Endpoint.vsock(OWN_CID), port=PORT) as made:
        yield made


def packets(receiver: Receiver) -> int:
    streams = receiver.summary().streams
    return streams[GUEST].packets if GUEST in streams else 0


def test_a_guest_is_known_by_its_cid_and_the_result_says_vsock(receiver: Receiver) -> None:
    encoder = Encoder()
    tone = sine(50 * 960, sample_rate=48_000)
    with VsockPeer(PORT) as peer:
        assert peer.read(8) == by_hand.OFFER
        peer.send(by_hand.SWITCH)
        for i in range(50):
            peer.send(v2_audio(i, encoder.encode(tone[i * 960 : (i + 1) * 960])))
        peer.send(by_hand.ping(7))
        assert {peer.read_record()[0] for _ in range(2)} == {2, 3}
        wait_until(lambda: packets(receiver) == 50)
    summary = receiver.summary()
    assert summary.transport == summary.streams[GUEST].transport == "vsock"
    assert (summary.streams[GUEST].lost, summary.streams[GUEST].wire) == (0, "v2")
    assert float(np.std(receiver.audio(GUEST)[4_800:])) == pytest.approx(0.354, abs=0.01)
    assert receiver.journal.lines[:2] == (
        f"vsock audio listener started on port {PORT}",
        "audio: vsock guest connected (cid 1)",
    )
    assert receiver.journal.lines[2].startswith("audio: first vsock packet (")


def test_a_newer_connection_of_a_cid_replaces_the_older(receiver: Receiver) -> None:
    with VsockPeer(PORT) as older:
        older.send(v1_frame())
        wait_until(lambda: packets(receiver) == 1)
        with VsockPeer(PORT) as newer:
            assert older.is_closed_by_host()
            newer.send(v1_frame())
            wait_until(lambda: packets(receiver) == 2)
    assert receiver.summary().endings["replaced-by-newer"] == 1


def test_100_connections_that_are_cut_lose_nothing_that_was_sent(receiver: Receiver) -> None:
    for i in range(100):
        with VsockPeer(PORT) as peer:
            peer.send(v1_frame() + v1_frame()[: i % 5])
            wait_until(lambda i=i: packets(receiver) == i + 1)  # type: ignore[misc]
    assert receiver.summary().streams[GUEST].connections == 100


@pytest.mark.parametrize("data", [b"\x00\x00", b"\x05\xdd", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_peer_that_breaks_the_protocol_is_closed_and_the_next_one_is_served(
    receiver: Receiver, data: bytes
) -> None:
    with VsockPeer(PORT) as peer:
        peer.send(data)
        assert peer.is_closed_by_host()
    with VsockPeer(PORT) as peer:
        peer.send(v1_frame())
        wait_until(lambda: packets(receiver) == 1)


def test_the_receivers_credit_bounds_what_can_wait_on_the_way() -> None:
    limits = Limits()
    endpoint = Endpoint.vsock(OWN_CID)
    with endpoint.listen(PORT + 1, limits) as server:
        with VsockPeer(PORT + 1) as peer:
            peer.socket.setblocking(False)
            sent = 0
            with suppress(BlockingIOError):
                while sent < 1 << 20:
                    sent += peer.socket.send(bytes(1_000))
            # Nobody reads: the own buffers and no more. It was 256 KiB, 16 s of audio, by default.
            assert sent <= 2 * limits.receive_buffer_bytes
        server.accept()[0].close()


def test_a_microphone_is_heard() -> None:
    tone = sine(48_000, sample_rate=48_000)
    with Microphone(Endpoint.vsock(OWN_CID), tone, port=PORT, loop=True) as microphone:
        with VsockPeer(PORT) as peer:
            peer.send(by_hand.OFFER)
            while (length := int.from_bytes(peer.read(2), "big")) != 0xFFFF:
                peer.read(length)
            assert peer.read(8) == by_hand.OFFER
            decoder, loudness = Decoder(), 0.0
            for _ in range(20):
                kind, body = peer.read_record()
                if kind == 1:
                    loudness = float(np.std(decoder.decode(body[36:])))
        assert loudness == pytest.approx(0.354, abs=0.02)
        assert microphone.summary().transport == "vsock"


def test_a_guest_that_never_reads_is_closed_and_the_next_one_hears() -> None:
    tone = sine(48_000, sample_rate=48_000)
    with Microphone(
        Endpoint.vsock(OWN_CID), tone, port=PORT, loop=True, limits=Limits(unwritable_ns=1)
    ) as microphone:
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as deaf:
            # Credit for a quarter of a second: else it would take 16 s until nothing more fits.
            deaf.setsockopt(socket.AF_VSOCK, socket.SO_VM_SOCKETS_BUFFER_SIZE, 4_096)
            deaf.connect((OWN_CID, PORT))
            wait_until(lambda: microphone.summary().endings.get("peer-does-not-read") == 1)
        with VsockPeer(PORT) as peer:
            assert 1 <= int.from_bytes(peer.read(2), "big") <= 1500
