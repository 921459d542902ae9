"""The receiver over sockets: bad peers, many peers, and the good one that comes after them.

AF_UNIX stands in for vsock; test_bunghole_vsock.py has the real one. Nothing here waits for a
deadline: those are tested in virtual time.
"""

from __future__ import annotations

import logging
import resource
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest

from lab.errors import LabError
from lab.signals.sine import sine
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.receiver import Receiver
from lab.transport.bunghole.recording import PACKET, Room
from lab.transport.opus import Encoder
from tests.support import scripted_bunghole as by_hand
from tests.support.scripted_bunghole import Peer, v1_frame, v2_audio, wait_until

PORT = 5000


@pytest.fixture
def folder() -> Iterator[Path]:
    # A socket's path must be short; pytest's folders are not.
    with tempfile.TemporaryDirectory(prefix="bh") as made:
        yield Path(made)


@pytest.fixture
def receiver(folder: Path) -> Iterator[Receiver]:
    with Receiver(Endpoint.stand_in(folder), room=Room(seconds=20)) as made:
        yield made


def is_served(receiver: Receiver, folder: Path, name: str = "good") -> bool:
    """A good peer in v2, from the offer to the pong."""
    before = receiver.summary().streams
    had = before[name].packets if name in before else 0
    with Peer(folder, PORT, name) as peer:
        assert peer.read(8) == by_hand.OFFER
        peer.send(v1_frame() + by_hand.SWITCH + v2_audio(1) + v2_audio(2) + by_hand.ping(99))
        kinds = {peer.read_record()[0] for _ in range(2)}
        assert kinds == {2, 3}
        wait_until(lambda: receiver.summary().streams[name].packets == had + 3)
    return True


# ---- good peers ----------------------------------------------------------------------------------


def test_every_result_says_that_a_stand_in_is_no_vsock(receiver: Receiver, folder: Path) -> None:
    assert is_served(receiver, folder)
    summary = receiver.summary()
    assert summary.transport == "not vsock: AF_UNIX stand-in"
    assert summary.streams["good"].transport == "not vsock: AF_UNIX stand-in"
    assert not any("vsock guest" in line for line in receiver.journal.lines)
    assert Endpoint.vsock().transport == "vsock"


def test_a_tone_arrives_as_a_tone(receiver: Receiver, folder: Path) -> None:
    encoder = Encoder()
    tone = sine(50 * 960, sample_rate=48_000)
    with Peer(folder, PORT, "guest") as peer:
        for i in range(50):
            peer.send(v1_frame(encoder.encode(tone[i * 960 : (i + 1) * 960])))
        wait_until(lambda: receiver.summary().streams["guest"].packets == 50)
    got = receiver.audio("guest")
    lag = encoder.lookahead_frames
    assert got.shape == (50 * 960, 2)
    assert float(np.max(np.abs(got[4_800:] - tone[4_800 - lag : -lag]))) < 0.02


def test_several_guests_at_once_have_books_and_recordings_of_their_own(
    receiver: Receiver, folder: Path
) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(folder, PORT, f"guest{i}")) for i in range(4)]
        for turn in range(6):
            for i, peer in enumerate(peers):
                peer.send(v1_frame() * (i + 1))
            del turn
        wait_until(lambda: len(receiver.connected) == 4)
        wait_until(lambda: sum(s.packets for s in receiver.summary().streams.values()) == 6 * 10)
    counts = {name: s.packets for name, s in receiver.summary().streams.items()}
    assert counts == {"guest0": 6, "guest1": 12, "guest2": 18, "guest3": 24}
    assert len(receiver.audio("guest2")) == 18 * 960


def test_a_recording_in_files_is_what_it_is_in_memory(folder: Path) -> None:
    room = Room(seconds=1, folder=folder)
    with Receiver(Endpoint.stand_in(folder), room=room) as receiver:
        with Peer(folder, PORT, "guest") as peer:
            peer.send(v1_frame() * 60)
            wait_until(lambda: receiver.summary().streams["guest"].packets == 60)
        audio, packets = receiver.audio("guest"), receiver.packets("guest")
        receiver.release()
    assert len(audio) == 48_000  # the room, not the 57,600 that came
    assert np.array_equal(np.fromfile(folder / "guest.f32", "<f4").reshape(-1, 2), audio)
    assert np.array_equal(np.fromfile(folder / "guest.packets", PACKET), packets)
    assert len(packets) == 60


def test_the_log_goes_to_a_logger(
    receiver: Receiver, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "lab.transport.bunghole"):
        assert is_served(receiver, folder)
    assert "audio: first stand-in packet (3 bytes)" in caplog.messages


# ---- one connection for each guest ---------------------------------------------------------------


def test_a_newer_connection_of_a_guest_replaces_the_older_which_may_be_half_open(
    receiver: Receiver, folder: Path
) -> None:
    with Peer(folder, PORT, "guest") as half_open:
        half_open.send(v1_frame())
        wait_until(lambda: "guest" in receiver.summary().streams)
        assert is_served(receiver, folder, "guest")
        assert half_open.is_closed_by_host()
    assert receiver.summary().endings["replaced-by-newer"] == 1
    assert receiver.summary().streams["guest"].connections == 2


def test_v5_scenario_another_guest_does_not_wait_for_one_that_is_half_open(
    receiver: Receiver, folder: Path
) -> None:
    with Peer(folder, PORT, "half-open") as silent:
        silent.send(v1_frame()[:2])
        assert is_served(receiver, folder)


def test_connections_without_a_name_are_told_apart_by_their_process(
    receiver: Receiver, folder: Path
) -> None:
    with Peer(folder, PORT) as first, Peer(folder, PORT) as second:
        assert first.is_closed_by_host()
        second.send(v1_frame())
        wait_until(lambda: len(receiver.connected) == 1)
    assert receiver.guests[0].startswith("process ")


# ---- bad peers -----------------------------------------------------------------------------------

BAD = {
    "length-0": b"\x00\x00",
    "length-1501": b"\x05\xdd" + bytes(1501),
    "switch-to-nothing": b"\xff\xff" + b"BHA\x09\x00\x00\x00\x00",
    "record-too-long": by_hand.SWITCH + b"\x01\x00\xff\xff",
    "record-length": by_hand.SWITCH + b"\x02\x00\x00\x01x",
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "zeros": bytes(100_000),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_a_peer_that_breaks_the_protocol_is_closed_counted_and_said_once(
    receiver: Receiver, folder: Path, data: bytes
) -> None:
    for _ in range(3):
        with Peer(folder, PORT, "bad") as peer:
            # It may be closed before all of it is written.
            with suppress(BrokenPipeError, ConnectionResetError):
                peer.send(data)
            assert peer.is_closed_by_host()
    summary = receiver.summary()
    assert summary.endings == {"protocol-error": 3}
    assert summary.trouble["protocol-error"] == 3
    assert sum("broke the protocol" in line for line in receiver.journal.lines) == 1
    assert is_served(receiver, folder)


def test_a_truncated_frame_is_counted_and_the_next_peer_is_served(
    receiver: Receiver, folder: Path
) -> None:
    with Peer(folder, PORT, "bad") as peer:
        peer.send(v1_frame()[:-1])
    wait_until(lambda: "truncated-frame" in receiver.summary().trouble)
    assert is_served(receiver, folder)


def test_garbage_opus_is_concealed_and_the_connection_stays(
    receiver: Receiver, folder: Path
) -> None:
    random = np.random.default_rng(3)
    with Peer(folder, PORT, "bad") as peer:
        for _ in range(100):
            peer.send(v1_frame(random.bytes(int(random.integers(1, 400)))))
        peer.send(v1_frame())
        wait_until(lambda: receiver.summary().streams["bad"].packets == 101)
        assert receiver.connected == ("bad",)
        stream = receiver.summary().streams["bad"]
        assert stream.undecodable > 0
        assert stream.recorded_frames > 0
        assert np.all(np.isfinite(receiver.audio("bad")))
    assert is_served(receiver, folder)


def test_single_bytes_make_whole_frames(receiver: Receiver, folder: Path) -> None:
    with Peer(folder, PORT, "slow") as peer:
        for byte in v1_frame() * 3 + by_hand.SWITCH + v2_audio(1):
            peer.send(bytes([byte]))
        wait_until(lambda: receiver.summary().streams["slow"].packets == 4)


def test_a_peer_that_never_says_anything_does_not_keep_the_next_one_out(
    receiver: Receiver, folder: Path
) -> None:
    with Peer(folder, PORT, "silent"):
        assert is_served(receiver, folder)


def test_when_all_places_are_taken_silent_peers_give_way_and_others_are_closed_at_once(
    folder: Path,
) -> None:
    limits = Limits(connections=4, silent_ns=1)
    with Receiver(Endpoint.stand_in(folder), limits=limits) as receiver, ExitStack() as stack:
        peers = [stack.enter_context(Peer(folder, PORT, f"silent{i}")) for i in range(4)]
        wait_until(lambda: receiver.summary().trouble.get("silent") == 4)
        assert is_served(receiver, folder)
        assert peers[0].is_closed_by_host()
        assert receiver.summary().endings["silent-gave-way"] == 1


def test_while_all_are_busy_a_further_guest_is_closed_and_one_of_them_may_connect_anew(
    folder: Path,
) -> None:
    with (
        Receiver(Endpoint.stand_in(folder), limits=Limits(connections=4)) as receiver,
        ExitStack() as stack,
    ):
        for i in range(4):
            stack.enter_context(Peer(folder, PORT, f"busy{i}")).send(v1_frame())
        wait_until(lambda: len(receiver.connected) == 4)
        late = stack.enter_context(Peer(folder, PORT, "late"))
        assert late.is_closed_by_host()
        assert receiver.summary().endings == {"too-many-connections": 1}
        # Who is here already may connect anew.
        assert is_served(receiver, folder, "busy0")


def test_1000_connections_of_1000_guests_are_counted_and_the_next_good_peer_is_served(
    receiver: Receiver, folder: Path
) -> None:
    with ExitStack() as stack:
        for i in range(1_000):
            peer = stack.enter_context(Peer(folder, PORT, f"crowd{i}"))
            if i >= 16:
                assert peer.is_closed_by_host()
                peer.close()
        summary = receiver.summary()
        assert summary.accepted == 1_000
        assert summary.endings == {"too-many-connections": 984}
        assert sum("no room" in line for line in receiver.journal.lines) == 1
        assert len(receiver.connected) == 16
        assert len(summary.streams) == 16
    wait_until(lambda: receiver.connected == ())
    assert is_served(receiver, folder)


def test_the_books_of_as_many_guests_are_kept_as_the_limit_says_and_dumb_ones_go_first(
    folder: Path,
) -> None:
    with Receiver(Endpoint.stand_in(folder), limits=Limits(guests=3)) as receiver:
        for name in ("first", "second"):
            assert is_served(receiver, folder, name)
        Peer(folder, PORT, "dumb").close()
        wait_until(lambda: "dumb" in receiver.guests and not receiver.connected)
        assert is_served(receiver, folder, "third")
        assert receiver.guests == ("first", "second", "third")
        wait_until(lambda: not receiver.connected)
        assert is_served(receiver, folder, "fourth")
        assert receiver.guests == ("second", "third", "fourth")
        assert receiver.summary().trouble == {"forgotten": 1}


def test_1000_connections_of_one_guest_replace_each_other(receiver: Receiver, folder: Path) -> None:
    peers = []
    try:
        for _ in range(1_000):
            peers.append(Peer(folder, PORT))
            if len(peers) > 50:
                peers.pop(0).close()
        wait_until(lambda: receiver.summary().accepted == 1_000)
        assert len(receiver.connected) == 1
        assert len(receiver.summary().streams) == 1
    finally:
        for peer in peers:
            peer.close()
    assert is_served(receiver, folder)


def test_100_connections_that_are_cut_in_the_middle_of_a_frame_cost_nothing_else(
    receiver: Receiver, folder: Path
) -> None:
    for i in range(100):
        with Peer(folder, PORT, "guest") as peer:
            peer.send(v1_frame() + v1_frame()[: i % 5])
            wait_until(
                lambda i=i: (
                    "guest" in receiver.guests  # type: ignore[misc]
                    and receiver.summary().streams["guest"].packets == i + 1
                )
            )
    stream = receiver.summary().streams["guest"]
    assert (stream.packets, stream.undecodable, stream.connections) == (100, 0, 100)


def test_a_peer_that_floods_is_held_to_bounds_while_a_good_one_is_served(
    receiver: Receiver, folder: Path
) -> None:
    limits = Limits()
    with Peer(folder, PORT, "flood") as flood:
        flood.socket.settimeout(0)
        data = v1_frame() * 20_000
        sent = 0
        for i in range(50):
            with suppress(BlockingIOError):
                # Where the last piece ended, maybe in the middle of a frame.
                sent += flood.socket.send(data[sent % len(v1_frame()) :])
            # Ten guests: one that connected 50 times a second would be too fast itself.
            assert is_served(receiver, folder, f"good{i % 10}")
        stream = receiver.summary().streams["flood"]
        assert stream.too_fast > 0
        assert stream.recorded_frames <= 20 * 48_000
        assert stream.packets >= limits.burst_packets
    assert sum("flood sends faster" in line for line in receiver.journal.lines) == 1


def test_a_peer_that_never_reads_makes_no_queue(receiver: Receiver, folder: Path) -> None:
    with Peer(folder, PORT, "deaf") as peer:
        peer.socket.settimeout(0)
        peer.socket.send(by_hand.SWITCH)
        for _ in range(200):
            try:
                peer.socket.send(by_hand.ping(1) * 50)
            except BlockingIOError:
                break
        links = receiver._listener.ask(lambda: list(receiver._listener._connections.values()))
        waiting = receiver._listener.ask(lambda: [len(link.outbox) for link in links])
        assert all(count <= Limits().queued_control + 1 for count in waiting)
        assert is_served(receiver, folder)


@pytest.mark.linux
def test_out_of_descriptors_nothing_spins_or_ends_and_it_goes_on_when_there_are_some(
    receiver: Receiver, folder: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Peer(folder, PORT, "first") as first, ExitStack() as stack:
        first.send(v1_frame())
        wait_until(lambda: "first" in receiver.guests)
        with socket.socket() as probe:
            # The next socket of the peer takes the last descriptor.
            lowest = probe.fileno()
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
            begin = time.monotonic()
            stack.enter_context(Peer(folder, PORT, "second"))
            wait_until(lambda: receiver.journal.counts["cannot-accept"] >= 3)
            # It waits between two tries, though the peer could be accepted all the time.
            assert time.monotonic() - begin > 0.15
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        wait_until(lambda: "second" in receiver.guests)
    assert is_served(receiver, folder)


# ---- where it listens ----------------------------------------------------------------------------


def test_a_port_that_is_taken_is_one_clear_line(receiver: Receiver, folder: Path) -> None:
    with pytest.raises(LabError, match="somebody listens there already"):
        Receiver(Endpoint.stand_in(folder))
    assert is_served(receiver, folder)


def test_a_socket_that_a_killed_program_left_is_taken_over(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(folder / "5000.sock"))
    with Receiver(Endpoint.stand_in(folder)) as receiver:
        assert is_served(receiver, folder)
    assert not (folder / "5000.sock").exists()


@pytest.mark.linux  # where a full backlog is EAGAIN
def test_a_socket_of_a_living_program_that_is_busy_is_left_alone(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, ExitStack() as stack:
        busy.bind(str(folder / "5000.sock"))
        busy.listen(0)
        with suppress(BlockingIOError):
            while True:
                waits = stack.enter_context(socket.socket(socket.AF_UNIX))
                waits.setblocking(False)
                waits.connect(str(folder / "5000.sock"))
        with pytest.raises(LabError, match="already"):
            Receiver(Endpoint.stand_in(folder))
        assert (folder / "5000.sock").exists()


@pytest.mark.parametrize("name", ["no-such-folder", "x" * 120])
def test_a_folder_that_cannot_hold_a_socket_is_one_clear_line(folder: Path, name: str) -> None:
    with pytest.raises(LabError, match=r"cannot listen|longer than"):
        Receiver(Endpoint.stand_in(folder / name))


def test_a_file_in_the_way_is_left_alone(folder: Path) -> None:
    (folder / "5000.sock").write_text("mine")
    with pytest.raises(LabError, match="already"):
        Receiver(Endpoint.stand_in(folder))
    assert (folder / "5000.sock").read_text() == "mine"


def test_limits_that_would_let_nobody_in_are_refused() -> None:
    with pytest.raises(ValueError, match="connections must be at least 1"):
        Limits(connections=0)


@pytest.mark.linux
def test_it_listens_on_a_real_vsock_where_there_is_one() -> None:
    if getattr(socket, "AF_VSOCK", None) is None:
        pytest.skip("this system has no AF_VSOCK")
    try:
        receiver = Receiver(Endpoint.vsock(), port=50_713)
    except LabError as error:
        pytest.skip(str(error))
    with receiver:
        assert receiver.summary().transport == "vsock"
        assert receiver.journal.lines == ("vsock audio listener started on port 50713",)
        with pytest.raises(LabError, match="somebody listens there already"):
            Receiver(Endpoint.vsock(), port=50_713)


def test_what_a_guest_sent_before_it_came_back_is_not_lost(
    receiver: Receiver, folder: Path
) -> None:
    for i in range(50):
        # Two at once for the host: the end of the one, and the other.
        with Peer(folder, PORT, "guest") as first:
            first.send(v1_frame() * 5)
            with Peer(folder, PORT, "guest") as second:
                second.send(v1_frame() * 2)
        wait_until(
            lambda i=i: (
                receiver.summary().streams["guest"].packets  # type: ignore[misc]
                + receiver.summary().streams["guest"].too_fast
                == 7 * (i + 1)
            )
        )


def test_a_mistake_in_the_lab_is_told_of_when_the_receiver_is_closed(folder: Path) -> None:
    receiver = Receiver(Endpoint.stand_in(folder))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    with Peer(folder, PORT, "guest") as peer:
        wait_until(lambda: "guest" in receiver.guests)
        receiver._listener.ask(lambda: setattr(receiver._guests["guest"], "take_v1", broken))
        peer.send(v1_frame())
        assert peer.is_closed_by_host()
    assert receiver.summary().endings == {"internal-error": 1}
    assert is_served(receiver, folder)
    with pytest.raises(ZeroDivisionError, match="ours"):
        receiver.close()


def test_connections_are_cut_on_purpose_and_only_those_that_are_meant(
    receiver: Receiver, folder: Path
) -> None:
    with Peer(folder, PORT, "one") as one, Peer(folder, PORT, "two") as two:
        wait_until(lambda: len(receiver.connected) == 2)
        assert receiver.cut("nobody") == 0
        assert receiver.cut("one") == 1
        assert one.is_closed_by_host()
        two.send(v1_frame())
        wait_until(lambda: receiver.summary().streams["two"].packets == 1)
        assert receiver.cut() == 1
        assert two.is_closed_by_host()
    assert receiver.summary().endings == {"cut-on-purpose": 2}


def test_a_host_that_is_held_reads_nothing_and_then_all_of_it(
    receiver: Receiver, folder: Path
) -> None:
    with Peer(folder, PORT, "guest") as peer:
        wait_until(lambda: receiver.connected == ("guest",))
        assert receiver.hold(0.3) == 1
        peer.send(v1_frame() * 5)
        begin = time.monotonic()
        wait_until(lambda: receiver.summary().streams["guest"].packets == 5)
        assert time.monotonic() - begin > 0.2
