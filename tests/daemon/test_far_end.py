"""The reader inside the host: what it hears of Gecko Sink, and what it misses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.talk import SHM, Daemon, driver, unique_shm

pytestmark = [pytest.mark.native, pytest.mark.linux]


@pytest.fixture
def name() -> Iterator[str]:
    unique = unique_shm()
    yield unique
    for left in (unique, unique + ".rd"):
        (SHM / left.removeprefix("/")).unlink(missing_ok=True)


def gecko(name: str, layout: str = "v2", clock: str = "virtual") -> Daemon:
    """A daemon in which Gecko Sink plays the counter, IO not started."""
    daemon = Daemon(
        *("--clock", clock),
        environment={"GECKO_SHM_NAME": name, "GECKO_SHM_LAYOUT": layout},
    )
    daemon.ask("plugin.load", path=driver("GeckoAudioDevice"))
    daemon.ask("client.add", device=0)
    daemon.ask("client.set_source", device=0, client=1, source={"kind": "counter"})
    return daemon


@pytest.mark.parametrize("layout", ["v1", "v2"])
@pytest.mark.parametrize("clock", ["virtual", "realtime"])
def test_every_frame_is_heard_once(name: str, layout: str, clock: str) -> None:
    with gecko(name, layout, clock) as daemon:
        far_end = daemon.ask("farend.open", kind="gecko-shm", name=name)["farend"]
        daemon.ask("io.start", device=0, client=1)
        daemon.ask("io.run", seconds=0.5)
        during = daemon.ask("farend.stats", farend=far_end)
        assert during["check"]["clean"] is True
        daemon.ask("io.stop", device=0, client=1)
        stats = daemon.ask("farend.close", farend=far_end)
        played = daemon.ask("client.stats", device=0, client=1)["position_frames"]
    assert stats["layout"] == layout
    assert stats["failure"] is None
    assert stats["lost_frames"] == 0
    assert stats["frames"] == played >= 24000
    assert stats["check"]["correct"] == played


def test_a_reader_that_stalls_too_long_knows_what_it_lost(name: str) -> None:
    with gecko(name) as daemon:
        far_end = daemon.ask("farend.open", kind="gecko-shm", name=name, stall_cycles=[50, 2_000])[
            "farend"
        ]
        daemon.ask("io.start", device=0, client=1)
        daemon.ask("io.run", device=0, cycles=3_000)
        stats = daemon.ask("farend.stats", farend=far_end)
        played = daemon.ask("client.stats", device=0, client=1)["position_frames"]
    assert stats["lost_frames"] > 0
    assert stats["frames"] + stats["lost_frames"] == played
    assert stats["check"]["lost"] == stats["lost_frames"]
    assert stats["check"]["event_count"] == 1
    assert stats["cycles"] == 3_000


def test_a_reader_of_every_fourth_cycle_loses_nothing(name: str) -> None:
    with gecko(name) as daemon:
        far_end = daemon.ask("farend.open", kind="gecko-shm", name=name, every_cycles=4)["farend"]
        daemon.ask("io.start", device=0, client=1)
        daemon.ask("io.run", device=0, cycles=400)
        stats = daemon.ask("farend.stats", farend=far_end)
    assert stats["reads"] == 100
    assert stats["check"]["clean"] is True
    assert stats["backlog_peak"] >= 4 * 480


def test_what_is_heard_can_be_recorded(name: str, tmp_path: Path) -> None:
    recording = tmp_path / "heard.raw"
    with gecko(name) as daemon:
        far_end = daemon.ask(
            *("farend.open",),
            kind="gecko-shm",
            name=name,
            check="none",
            record=str(recording),
            record_frames=48000,
        )["farend"]
        daemon.ask("io.start", device=0, client=1)
        daemon.ask("io.run", device=0, cycles=10)
        daemon.ask("io.stop", device=0, client=1)
        stats = daemon.ask("farend.close", farend=far_end)
    assert stats["check"] is None
    assert recording.stat().st_size == 8 * 10 * 480
    assert recording.read_bytes()[:4] == b"\x00\x00\x80\xbf"  # the first number: -1.0


def test_shared_memory_that_is_not_there_yet_is_waited_for(name: str) -> None:
    with Daemon("--clock", "virtual", environment={"GECKO_SHM_NAME": name}) as daemon:
        loop = driver("Loop")
        daemon.ask("plugin.load", path=loop)
        far_end = daemon.ask("farend.open", kind="gecko-shm", name=name)["farend"]
        daemon.ask("client.add", device=0)
        daemon.ask("io.start", device=0, client=1)
        daemon.ask("io.run", device=0, cycles=5)
        stats = daemon.ask("farend.stats", farend=far_end)
        assert stats["layout"] is None
        assert stats["check"] is None
        assert stats["failure"] is None
        daemon.ask("io.stop", device=0, client=1)
        daemon.ask("plugin.load", path=driver("GeckoAudioDevice"))
        other = daemon.ask("client.add", device=1)["client"]
        daemon.ask("client.set_source", device=1, client=other, source={"kind": "counter"})
        daemon.ask("io.start", device=1, client=other)
        daemon.ask("io.run", device=1, cycles=5)  # the far end does not look: it hangs on Loop
        daemon.ask("io.start", device=0, client=1)
        daemon.ask("io.run", device=0, cycles=5)
        stats = daemon.ask("farend.stats", farend=far_end)
        assert stats["layout"] == "v2"
        assert stats["check"]["first_frame"] == 0  # and still hears it from the beginning
        assert stats["check"]["clean"] is True


def test_a_hostile_header_is_refused_in_one_line(name: str) -> None:
    (SHM / name.removeprefix("/")).write_bytes(b"\xff" * 8192)
    with Daemon("--clock", "virtual") as daemon:
        daemon.ask("plugin.load", path=driver("Loop"))
        error = daemon.refuse("farend.open", kind="gecko-shm", name=name)
        assert error["data"]["status"] == "contract"
        assert name in error["message"]
        daemon.ask("host.info")


def test_a_far_end_that_is_refused_leaves_an_old_recording_alone(name: str, tmp_path: Path) -> None:
    recording = tmp_path / "heard.raw"
    recording.write_bytes(b"from yesterday")
    wish: dict[str, object] = {
        "kind": "gecko-shm",
        "name": name,
        "record": str(recording),
        "record_frames": 48000,
    }
    with gecko(name) as daemon:
        daemon.ask("io.start", device=0, client=1)  # now there is shared memory to record from
        assert daemon.refuse("farend.open", **wish)["data"]["status"] == "state"
        assert recording.read_bytes() == b"from yesterday"
        assert list(tmp_path.iterdir()) == [recording]


@pytest.mark.parametrize("device", [1, 999, 4294967295])
def test_a_far_end_of_a_device_that_is_not_there_is_refused(name: str, device: int) -> None:
    with gecko(name) as daemon:
        error = daemon.refuse("farend.open", kind="gecko-shm", name=name, device=device)
        assert error["data"]["status"] == "not-found"
        assert str(device) in error["message"]
        assert daemon.ask("farend.open", kind="gecko-shm", name=name, device=0)["farend"] == 0


def test_a_far_end_cannot_come_or_go_while_io_runs(name: str) -> None:
    with gecko(name) as daemon:
        far_end = daemon.ask("farend.open", kind="gecko-shm", name=name)["farend"]
        daemon.ask("io.start", device=0, client=1)
        error = daemon.refuse("farend.open", kind="gecko-shm", name=name)
        assert error["data"]["status"] == "state"
        error = daemon.refuse("farend.close", farend=far_end)
        assert error["data"]["status"] == "state"
        daemon.ask("io.stop", device=0, client=1)
        daemon.ask("farend.close", farend=far_end)
        assert daemon.refuse("farend.stats", farend=far_end)["data"]["status"] == "not-found"
