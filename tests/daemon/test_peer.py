"""The far end of Bunghole inside the host: hears all, is the same each time, fails on purpose."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from lab.errors import MissingError
from lab.host import sources
from lab.host.errors import HostError
from lab.host.locate import find_driver
from lab.host.peer import Direction, Peer, PeerStats, Wire, open_peer
from lab.host.subprocess_host import HostOptions, SubprocessHost
from tests.daemon.talk import Daemon, driver, wait_until

pytestmark = [pytest.mark.native, pytest.mark.linux]


def bunghole() -> Path:
    try:
        return find_driver("BungholeAudio")
    except MissingError as error:
        pytest.skip(str(error))


class Pair:
    """A host with Bunghole, its far end, a player and a listener.

    Parameters
    ----------
    wire, schedule, frames
        Of the far end, of the threads' order, of both devices' cycles.
    """

    def __init__(self, wire: Wire = "v2", schedule: int = 0, frames: int = 480) -> None:
        self.host = SubprocessHost(HostOptions(clock="virtual", seed=3, schedule=schedule))
        try:
            self.peer: Peer = open_peer(self.host, wire=wire, microphone=sources.sine(440.0))
            self.host.begin_fingerprint()
            self.plugin = self.host.load(bunghole())
            for device in self.plugin.devices:
                self.host.set_buffer_frames(device, frames)
            output, microphone = self.plugin.devices
            self.player = self.host.add_client(output)
            self.player.play(sources.sine(997.0))
            self.listener = self.host.add_client(microphone)
        except BaseException:
            self.host.close()
            raise

    def run(self, seconds: float) -> PeerStats:
        self.host.run(seconds)
        return self.peer.stats()

    def start(self) -> None:
        self.player.start()
        self.listener.start()

    def told(self, direction: Direction) -> dict[str, int]:
        """What the driver has counted."""
        device = self.plugin.devices[0 if direction == "output" else 1]
        found: Any = self.host.call(
            "property.get",
            object={"plugin": 0, "id": self.host.device(device).object_id},
            selector="stat",
            type="plist",
        )
        return dict(found)


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    made.start()
    made.run(2.0)
    yield made
    made.host.close()


def recorded(wire: Wire, schedule: int, frames: int) -> tuple[PeerStats, str]:
    made = Pair(wire, schedule, frames)
    with made.host:
        made.start()
        stats = made.run(4.0)
        return stats, made.host.fingerprint().hash


# ---- hearing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["v1", "v2"])
@pytest.mark.parametrize("frames", [16, 480, 4096])
def test_every_packet_is_heard_once(wire: Wire, frames: int) -> None:
    made = Pair(wire, 0, frames)
    with made.host:
        made.start()
        made.run(4.0)
        made.player.stop()
        stats = made.run(0.1).output
        told = made.told("output")
        played = made.host.io_stats(made.plugin.devices[0]).frames
    assert stats.wire == wire
    assert stats.packets == told["packets sent"]
    assert stats.frames == told["frames sent"] + told["frames padded"]
    assert told["frames sent"] + told["frames unconnected"] == played
    assert (stats.lost_frames, stats.duplicates, stats.out_of_order) == (0, 0, 0)
    assert (stats.decode_errors, stats.silent_packets, stats.protocol_errors) == (0, 0, 0)
    assert stats.decoded_frames == stats.frames
    assert stats.latency.count == (0 if wire == "v1" else stats.packets)


def test_the_microphone_comes_without_a_gap(pair: Pair) -> None:
    pair.run(10.0)
    told = pair.told("input")
    assert told["packets received"] >= 590
    assert told["packets lost"] == told["decode errors"] == told["underflows"] == 0
    assert told["frames silent"] <= 1920


@pytest.mark.parametrize("wire", ["v1", "v2"])
@pytest.mark.parametrize("schedule", [0, 1, 7])
def test_the_same_run_has_the_same_packets(wire: Wire, schedule: int) -> None:
    first, second = (recorded(wire, schedule, 512) for _ in range(2))
    assert first[0].output.hash == second[0].output.hash
    assert first[1] == second[1]


def test_another_signal_or_another_order_of_threads_has_another_hash() -> None:
    assert recorded("v2", 0, 480)[0].output.hash != recorded("v2", 5, 480)[0].output.hash


def test_what_arrives_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "heard.f32"
    host = SubprocessHost(HostOptions(clock="virtual"))
    with host:
        peer = open_peer(host, record=path, record_frames=480_000)
        output = host.load(bunghole()).devices[0]
        player = host.add_client(output)
        player.play(sources.sine(997.0))
        player.start()
        host.run(2.0)
        player.stop()
        stats = peer.close().output
    assert path.stat().st_size == stats.decoded_frames * 8


def test_it_lives_while_no_io_runs(pair: Pair) -> None:
    """A night of silence: pings go to and fro, and the connection is the same."""
    pair.player.stop()
    pair.listener.stop()
    pair.host.advance(60_000_000_000)
    stats = pair.peer.stats()
    assert (stats.output.connections, stats.input.connections) == (1, 1)
    pair.start()
    assert pair.run(1.0).output.lost_frames == 0


# ---- what goes wrong -----------------------------------------------------------------------------


def test_a_stalled_peer_costs_what_the_driver_counts_as_late(pair: Pair) -> None:
    pair.peer.stall("output", 1.0)
    stats = pair.run(3.0).output
    told = pair.told("output")
    assert stats.connections == 1
    assert told["frames late"] > 0
    assert stats.lost_frames == told["frames late"]


@pytest.mark.parametrize("direction", ["output", "input"])
def test_a_stall_of_more_than_two_seconds_ends_the_connection(
    pair: Pair, direction: Direction
) -> None:
    pair.peer.stall(direction, 5.0)
    stats = pair.run(9.0)
    link = stats.output if direction == "output" else stats.input
    assert pair.told(direction)["deadlines missed"] >= 1
    assert link.connections > 1
    assert link.wire == "v2"


@pytest.mark.parametrize("direction", ["output", "input"])
def test_audio_is_back_a_second_after_a_disconnect(pair: Pair, direction: Direction) -> None:
    now = pair.host.info().now_ns
    pair.peer.disconnect(direction)
    stats = pair.run(3.0)
    link = stats.output if direction == "output" else stats.input
    assert link.connections == 2
    assert 1_000_000_000 <= link.first_audio_ns - now <= 1_100_000_000
    assert pair.told(direction)["closed by peer"] == 1


@pytest.mark.parametrize("direction", ["output", "input"])
def test_nobody_listens_for_a_while(pair: Pair, direction: Direction) -> None:
    pair.peer.refuse(direction, 4.0)
    pair.peer.disconnect(direction)
    stats = pair.run(3.5)
    link = stats.output if direction == "output" else stats.input
    assert (link.connections, link.listening, link.wire) == (1, False, None)
    assert pair.told(direction)["dials failed"] >= 2
    stats = pair.run(2.0)
    link = stats.output if direction == "output" else stats.input
    assert (link.connections, link.listening, link.wire) == (2, True, "v2")


@pytest.mark.parametrize("direction", ["output", "input"])
def test_a_half_open_peer_is_given_up_after_three_seconds(pair: Pair, direction: Direction) -> None:
    pair.peer.half_open(direction)
    assert pair.run(2.5).output.connections == 1
    pair.run(3.0)
    assert pair.told(direction)["deadlines missed"] == 1
    stats = pair.peer.stats()
    link = stats.output if direction == "output" else stats.input
    assert (link.connections, link.half_open) == (2, False)


def test_a_slow_peer_is_sent_as_much_as_it_takes(pair: Pair) -> None:
    before = pair.peer.stats().output
    pair.peer.slow("output", 4.0, 50)
    stats = pair.run(6.0).output
    told = pair.told("output")
    assert 0.3 * 200 < stats.packets - before.packets - 100 < 0.7 * 200
    assert stats.lost_frames == told["frames late"] > 0


def test_packets_lost_on_the_way_are_counted_to_the_frame(pair: Pair) -> None:
    pair.peer.lose("output", 7)
    pair.peer.lose("input", 4)
    stats = pair.run(1.0)
    assert (stats.output.lost_packets, stats.output.lost_frames) == (7, 7 * 960)
    assert stats.output.lost_on_purpose == 7
    told = pair.told("input")
    assert (told["packets lost"], told["packets concealed"]) == (4, 4)


def test_packets_that_change_places_or_come_twice_are_counted(pair: Pair) -> None:
    for direction in ("output", "input"):
        pair.peer.reorder(direction, 3)
    stats = pair.run(1.0)
    assert (stats.output.out_of_order, stats.output.lost_frames) == (3, 0)
    assert pair.told("input")["packets out of order"] >= 3
    pair.peer.repeat("output", 5)
    assert pair.run(1.0).output.duplicates == 5


def test_packets_that_are_no_opus_do_not_end_the_connection(pair: Pair) -> None:
    pair.peer.garbage(20)
    stats = pair.run(2.0).input
    assert stats.garbage == 20
    assert stats.connections == 1
    told = pair.told("input")
    assert told["protocol errors"] == 0
    assert told["packets received"] == stats.packets


@pytest.mark.parametrize("wire", ["v1", "v2"])
@pytest.mark.parametrize("size", [0, 1501])
def test_a_frame_of_a_wrong_length_ends_the_connection(wire: Wire, size: Literal[0, 1501]) -> None:
    made = Pair(wire)
    with made.host:
        made.start()
        made.run(1.0)
        made.peer.bad_length(size)
        stats = made.run(3.0).input
        assert made.told("input")["protocol errors"] == 1
    assert (stats.broken, stats.connections, stats.wire) == (1, 2, wire)


def test_half_a_frame_and_then_nothing(pair: Pair) -> None:
    pair.peer.cut_off()
    stats = pair.run(3.0).input
    assert (stats.broken, stats.connections, stats.wire) == (1, 2, "v2")
    assert pair.told("input")["closed by peer"] == 1


def test_a_peer_may_forget_v2(pair: Pair) -> None:
    for direction in ("output", "input"):
        pair.peer.wire(direction, "v1")
        pair.peer.disconnect(direction)
    stats = pair.run(3.0)
    assert (stats.output.wire, stats.input.wire) == ("v1", "v1")


# ---- what is refused -----------------------------------------------------------------------------


def test_real_time_has_no_use_for_it() -> None:
    with (
        SubprocessHost(HostOptions(clock="realtime")) as host,
        pytest.raises(HostError, match="lives in virtual time"),
    ):
        open_peer(host)


def test_there_is_one(pair: Pair) -> None:
    with pytest.raises(HostError, match="far end 0 is there already: close it first"):
        open_peer(pair.host)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"direction": "output", "fault": "garbage", "amount": 1}, 'must be "input"'),
        ({"direction": "input", "fault": "bad-length", "amount": 7}, "must be 0 or 1501 bytes"),
        ({"direction": "input", "fault": "stall"}, '"ns"'),
        ({"direction": "input", "fault": "lose"}, '"amount"'),
        ({"direction": "input", "fault": "slow", "ns": 1, "amount": 100}, "from 0 to 99"),
        ({"direction": "up", "fault": "close"}, '"direction"'),
        ({"direction": "input", "fault": "burn"}, '"fault"'),
    ],
)
def test_a_wrong_fault_is_told_of(pair: Pair, params: dict[str, Any], said: str) -> None:
    with pytest.raises(HostError, match=said):
        pair.host.call("farend.fault", farend=0, **params)


def test_faults_of_the_other_kind_are_refused(pair: Pair) -> None:
    with pytest.raises(HostError, match="far end 0 is of Bunghole"):
        pair.host.call("farend.stall", farend=0, cycles=3)


# ---- what is left --------------------------------------------------------------------------------


def opened() -> tuple[Daemon, Path]:
    daemon = Daemon("--clock", "virtual")
    folder = Path(daemon.ask("farend.open", kind="bunghole-opus")["folder"])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["5000.sock", "5001.sock"]
    return daemon, folder


def test_its_folder_goes_with_it() -> None:
    daemon, folder = opened()
    with daemon:
        daemon.ask("farend.close", farend=0)
        assert not folder.exists()


def test_its_folder_goes_with_the_daemon() -> None:
    daemon, folder = opened()
    with daemon:
        daemon.ask("plugin.load", path=driver("BungholeAudio"))
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    assert ending.code == 0
    assert not folder.exists()


@pytest.mark.parametrize("whom", ["daemon", "guard"])
def test_its_folder_goes_when_the_daemon_is_killed(whom: str) -> None:
    daemon, folder = opened()
    with daemon:
        os.kill(daemon.inner_pid() if whom == "daemon" else daemon.process.pid, signal.SIGKILL)
        daemon.ending()
        assert wait_until(lambda: not folder.exists())


def test_a_foreign_file_in_its_folder_stays(tmp_path: Path) -> None:
    daemon, folder = opened()
    with daemon:
        foreign = folder / "foreign"
        foreign.write_text("mine")
        os.kill(daemon.inner_pid(), signal.SIGKILL)
        daemon.ending()
        assert foreign.read_text() == "mine"
        assert [path.name for path in folder.iterdir()] == ["foreign"]
    foreign.unlink()
    folder.rmdir()


def test_a_table_without_a_recording_is_refused(tmp_path: Path) -> None:
    with (
        SubprocessHost(HostOptions(clock="virtual")) as host,
        pytest.raises(HostError, match='must go with "record"'),
    ):
        open_peer(host, table=tmp_path / "packets")
    assert list(tmp_path.iterdir()) == []
