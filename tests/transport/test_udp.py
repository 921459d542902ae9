"""UDP ingest: one datagram, one packet, and no way to tell what was lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import LabError, UsageError
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.recording import PacketFlag, Room
from lab.transport.udp import LOSS, UdpBook, UdpIngest, parse_address
from tests.support.scripted_bunghole import SILENT_PACKET, wait_until

MS = 1_000_000


@pytest.fixture
def ingest() -> Iterator[UdpIngest]:
    with UdpIngest("127.0.0.1:0", room=Room(seconds=5)) as made:
        yield made


@pytest.fixture
def sender(ingest: UdpIngest) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.connect((ingest.address.host, ingest.address.port))
        yield made


def book() -> UdpBook:
    return UdpBook(Room(seconds=60), Limits(), Journal(), now_ns=lambda: 0)


def test_each_datagram_is_a_packet(ingest: UdpIngest, sender: socket.socket) -> None:
    for _ in range(10):
        sender.send(SILENT_PACKET)
    wait_until(lambda: ingest.statistics.packets == 10)
    assert ingest.audio().shape == (9_600, 2)
    assert np.all(ingest.packets()["flags"] & PacketFlag.V1 != 0)
    assert ingest.statistics.senders == 1
    assert "audio: first udp packet (3 bytes)" in ingest.journal.lines


def test_v7_scenario_one_percent_of_loss_is_not_seen_and_the_result_says_so() -> None:
    made = book()
    random = np.random.default_rng(7)
    lost = 0
    for number in range(1_000):
        if random.random() < 0.01:
            lost += 1
            continue
        made.take(SILENT_PACKET, "peer", number * 20 * MS, truncated=False)
    assert lost > 0
    statistics = made.statistics
    assert statistics.packets == 1_000 - lost
    # No count of it, and the recording is shorter by what is missing.
    assert statistics.lost == LOSS
    assert made.guest.summary("udp").lost is None
    assert made.guest.summary("udp").recorded_frames == (1_000 - lost) * 960


def test_empty_oversize_and_garbage_datagrams_are_counted_and_each_said_once(
    ingest: UdpIngest, sender: socket.socket
) -> None:
    for _ in range(3):
        sender.send(b"")
        sender.send(bytes(4097))
        sender.send(b"\xff\x00")
    sender.send(SILENT_PACKET)
    wait_until(lambda: ingest.statistics.datagrams == 10)
    got = ingest.statistics
    assert (got.empty, got.oversize, got.undecodable, got.packets) == (3, 3, 3, 4)
    trouble = [line for line in ingest.journal.lines if "a udp peer" in line]
    assert len(trouble) == 3


def test_a_datagram_of_4096_bytes_is_read_and_one_of_4097_is_not(
    ingest: UdpIngest, sender: socket.socket
) -> None:
    # Three CELT frames (code 3, of equal length) with padding to 4096 bytes.
    padding = 4096 - 2 - 17 - 3
    lengths = bytes([255] * (padding // 254) + [padding % 254])
    body = bytes([0xFF, 0x41]) + lengths
    packet = body + b"\xff\xfe" + bytes(4096 - len(body) - 2)
    sender.send(packet)
    sender.send(packet + b"\x00")
    wait_until(lambda: ingest.statistics.datagrams == 2)
    assert ingest.statistics.oversize == 1
    assert ingest.statistics.packets == 1


def test_statistics_are_said_every_5_s() -> None:
    journal = Journal()
    made = UdpBook(Room(seconds=60), Limits(), journal)
    for i in range(1_001):
        made.tick(i * 20 * MS)
        made.take(SILENT_PACKET, "peer", i * 20 * MS, truncated=False)
    lines = [line for line in journal.lines if "datagrams" in line]
    assert len(lines) == 4
    assert lines[0].startswith("audio: udp 250 datagrams, 750 bytes")
    assert LOSS in lines[0]


def test_a_sender_10_times_too_fast_is_cut_to_real_time() -> None:
    made = book()
    for number in range(3_000):
        made.take(SILENT_PACKET, "peer", number * 2 * MS, truncated=False)
    assert made.statistics.packets == pytest.approx(200 + 315, abs=3)
    assert made.statistics.too_fast == 3_000 - made.statistics.packets


@given(st.lists(st.tuples(st.binary(max_size=2_000), st.booleans()), max_size=20))
def test_any_datagrams_are_counted_and_that_is_all(datagrams: list[tuple[bytes, bool]]) -> None:
    made = book()
    for i, (data, truncated) in enumerate(datagrams):
        made.take(data, i, i * 20 * MS, truncated=truncated)
    got = made.statistics
    oversize_only = sum(1 for data, truncated in datagrams if data and truncated)
    assert got.datagrams == len(datagrams) == got.packets + got.empty + oversize_only


@pytest.mark.parametrize("address", ["0.0.0.0:0", ":0", "192.0.2.1:5004", "[::]:0"])
def test_an_address_that_others_reach_has_to_be_asked_for(address: str) -> None:
    with pytest.raises(UsageError, match="others can reach"):
        UdpIngest(address)


@pytest.mark.parametrize(
    "text", ["", "5004", "localhost", "127.0.0.1:", "a:b", "127.0.0.1:65536", "::1:5004", "[::1:5"]
)
def test_what_is_no_address_is_one_clear_line(text: str) -> None:
    with pytest.raises(UsageError, match="not an address"):
        parse_address(text)


def test_a_bracket_stands_for_the_sixth_version() -> None:
    assert parse_address("[::1]:5004").family == socket.AF_INET6
    assert str(parse_address("[::1]:5004")) == "[::1]:5004"
    assert parse_address("localhost:5").is_loopback
    assert not parse_address("[fe80::1]:5").is_loopback
    assert not parse_address("127.example.org:5").is_loopback


def test_a_port_that_is_taken_is_one_clear_line(ingest: UdpIngest) -> None:
    with pytest.raises(LabError, match="cannot listen"):
        UdpIngest(str(ingest.address))


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    made = UdpIngest("127.0.0.1:0", room=Room(1, tmp_path))
    made.close()
    made.close()
