"""A driver that dials is heard, in both times, whatever it is called; nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from lab.errors import MissingError
from lab.host.locate import find_driver
from lab.play.judge import judge_play
from lab.play.names import release, sweep_wire_folders, unique_shm_name, unique_wire_folder
from lab.play.run import PlayCut, play
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.signals import write_signal
from lab.play.wire import NoWire, open_wire
from lab.results import Result, Verdict

Clock = Literal["virtual", "realtime"]


def driver(name: str) -> str:
    try:
        return str(find_driver(name))
    except MissingError as error:
        pytest.skip(str(error))


def played(
    folder: Path,
    name: str = "BungholeAudio",
    *,
    signal: str = "noise",
    clock: Clock = "virtual",
    seconds: float = 2.0,
    **settings: Any,
) -> tuple[PlayFacts, Result]:
    made = PlaySettings(
        file=write_signal(signal, folder, seconds),
        folder=folder,
        shm_name=unique_shm_name(),
        driver=driver(name),
        clock=clock,
        signal=signal,
        **settings,
    )
    try:
        facts = play(made, progress=lambda *_: None, stop=lambda: False)
    finally:
        release(made.shm_name)
    return facts, judge_play(made, facts, fitness=None, duration_s=1.0)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A socket's path has a hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="hl") as name:
        yield Path(name)


def leftovers() -> list[Path]:
    return [*Path(tempfile.gettempdir()).glob(f"hlw{os.getpid()}.*")]


# ---- folders -------------------------------------------------------------------------------------


def test_a_folder_that_a_dead_process_left_is_swept_and_what_lives_is_not(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    mine = unique_wire_folder().name
    dead = mine.replace(str(os.getpid()), done.stdout.strip())
    elsewhere = dead.rsplit(".", 1)[0] + ".1"
    for name in (mine, dead, elsewhere, "hlwx", "hlw5"):
        (tmp_path / name).mkdir()
    (tmp_path / dead / "5000.sock").touch()
    assert sweep_wire_folders(tmp_path) == [str(tmp_path / dead)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [mine, elsewhere, "hlwx", "hlw5"]
    )


@pytest.mark.parametrize("name", ["BUNGHOLE_UNIX", "BUNGHOLE_CID"])
def test_who_names_a_place_to_dial_listens_there_alone(name: str, tmp_path: Path) -> None:
    settings = PlaySettings(file=tmp_path, folder=tmp_path, shm_name="/x", environment={name: "1"})
    with open_wire(settings, 1.0) as wire:
        assert isinstance(wire, NoWire)
        assert wire.environment == {}
    assert leftovers() == []


@pytest.mark.linux
@pytest.mark.parametrize("clock", ["virtual", "realtime"])
def test_every_other_driver_is_given_a_folder_of_this_run_to_dial(
    clock: Clock, tmp_path: Path
) -> None:
    settings = PlaySettings(file=tmp_path, folder=tmp_path, shm_name="/x", clock=clock)
    with open_wire(settings, 1.0) as wire:
        folder = Path(wire.environment["BUNGHOLE_UNIX"])
        assert folder.is_dir()
        assert folder.stat().st_mode & 0o77 == 0
        # What the driver takes.
        assert len(os.fsencode(folder)) < 80
    assert not folder.exists()


# ---- drivers -------------------------------------------------------------------------------------


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("name", ["noise", "sweep", "sine", "pair"])
@pytest.mark.parametrize("wire", ["v1", "v2"])
def test_a_good_driver_passes_in_virtual_time(
    name: str, wire: Literal["v1", "v2"], tmp_path: Path
) -> None:
    facts, result = played(tmp_path, signal=name, layout=wire)
    assert (result.verdict, result.reason) == (Verdict.PASS, "")
    assert (facts.far_end, facts.layout) == ("packets", wire)
    assert result.value_of("frames-received") == result.value_of("frames-sent") == 96_000
    assert result.transport == "not vsock: AF_UNIX stand-in"
    if wire == "v2":
        assert result.value_of("packets-sent") == result.value_of("packets-received")
        assert result.value_of("frames-unaccounted") == 0
        assert result.value_of("latency-packet-p50") == 10_000
    assert leftovers() == []


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.realtime
@pytest.mark.parametrize("profile", [None, "macos-26"])
def test_a_good_driver_is_heard_in_real_time_in_a_helper_as_well(
    profile: str | None, tmp_path: Path
) -> None:
    facts, result = played(tmp_path, signal="pair", clock="realtime", profile=profile)
    assert (facts.far_end, facts.layout) == ("packets", "v2")
    assert result.value_of("packets-received") > 99
    assert result.value_of("frames-unaccounted") == 0
    assert result.value_of("latency-p50") >= 10_000
    assert {"latency", "latency-wire"} <= {one.name for one in result.histograms}
    assert facts.wire is not None
    assert facts.wire.clock is not None
    assert leftovers() == []


@pytest.mark.native
@pytest.mark.linux
def test_a_run_in_virtual_time_is_the_same_each_time(tmp_path: Path) -> None:
    runs = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        facts, _ = played(tmp_path / str(number))
        assert facts.wire is not None
        runs.append((facts.recorded.tobytes(), facts.wire.packets.tobytes()))
    assert runs[0] == runs[1]


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("wire", ["v1", "v2"])
def test_a_driver_that_loses_each_500th_packet_fails(
    wire: Literal["v1", "v2"], tmp_path: Path
) -> None:
    _, result = played(
        tmp_path,
        "MistakenBunghole",
        signal="pair",
        seconds=12,
        layout=wire,
        environment={"BUNGHOLE_MISTAKE": "loses-a-packet"},
    )
    assert result.verdict is Verdict.FAIL
    [glitch] = result.glitches
    kind = "drop" if wire == "v1" else "lost-packet"
    assert (glitch.kind, glitch.frames, glitch.cause) == (kind, 960, "driver-logic")
    assert glitch.position_frame == pytest.approx(499 * 960, abs=960)


@pytest.mark.native
@pytest.mark.linux
def test_a_driver_that_keeps_more_and_more_back_fails(tmp_path: Path) -> None:
    _, result = played(
        tmp_path,
        "MistakenBunghole",
        seconds=12,
        environment={"BUNGHOLE_MISTAKE": "grows-latency"},
    )
    assert result.verdict is Verdict.FAIL
    assert "latency-max" in result.reason


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("clock", ["virtual", pytest.param("realtime", marks=pytest.mark.realtime)])
def test_another_driver_of_the_wire_is_heard_under_its_own_name(
    clock: Clock, tmp_path: Path
) -> None:
    facts, result = played(tmp_path, "Burrow", clock=clock)
    assert (facts.far_end, facts.layout) == ("packets", "v1")
    assert result.value_of("frames-received") == 96_000
    assert result.value_of("faults-heard") == 0


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("clock", ["virtual", pytest.param("realtime", marks=pytest.mark.realtime)])
def test_a_driver_that_does_not_dial_is_as_before(clock: Clock, tmp_path: Path) -> None:
    facts, result = played(tmp_path, "Null", clock=clock, seconds=0.5)
    assert (facts.far_end, facts.wire, facts.unheard) == ("none", None, "")
    assert result.verdict is Verdict.SKIPPED
    assert "nobody knows how to listen" in result.reason
    assert result.transport == ""
    facts, result = played(tmp_path, "GeckoAudioDevice", clock=clock, seconds=0.5)
    assert (facts.far_end, facts.wire) == ("shared memory", None)
    assert result.verdict is not Verdict.SKIPPED
    assert leftovers() == []


@pytest.mark.native
@pytest.mark.linux
def test_a_driver_that_nobody_can_hear_in_virtual_time_is_told_why(tmp_path: Path) -> None:
    facts, result = played(tmp_path, profile="macos-26", seconds=0.5)
    assert facts.far_end == "none"
    assert result.verdict is Verdict.SKIPPED
    assert "play in real time, or without a profile" in result.reason


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("frames", [16, 511, 8192])
def test_cycles_of_any_length_lose_nothing(frames: int, tmp_path: Path) -> None:
    _, result = played(tmp_path, buffer_frames=frames)
    assert (result.verdict, result.reason) == (Verdict.PASS, "")


@pytest.mark.native
@pytest.mark.linux
def test_a_far_end_that_loses_packets_is_counted_and_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lab.host.peer import Peer

    refuse = Peer.refuse

    def lose(peer: Peer, direction: Any, s: float) -> None:
        peer.lose("output", 2)
        refuse(peer, direction, s)

    monkeypatch.setattr(Peer, "refuse", lose)
    _, result = played(tmp_path)
    assert result.verdict is Verdict.FAIL
    assert result.value_of("packets-lost") == 2
    assert result.value_of("frames-lost") == 2 * 960
    assert result.glitches[0].frames == 2 * 960


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.realtime
def test_what_a_killed_session_left_is_swept_by_the_next(short_folder: Path) -> None:
    code = (
        "import sys; from lab.cli import main; sys.exit(main(['play', '--signal', 'noise', "
        f"'--seconds', '60', '--driver', {driver('BungholeAudio')!r}]))"
    )
    environment = {**os.environ, "TMPDIR": str(short_folder)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as process:
        end = time.monotonic() + 30
        try:
            while not [*short_folder.glob("hlw*/*.packets")] and time.monotonic() < end:
                time.sleep(0.05)
            assert [*short_folder.glob("hlw*/*.packets")]
        finally:
            process.send_signal(signal.SIGKILL)
    assert len(sweep_wire_folders(short_folder)) == 1
    assert [*short_folder.glob("hlw*")] == []


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.realtime
def test_a_driver_that_crashes_leaves_no_folder_and_its_packets_are_kept(tmp_path: Path) -> None:
    stops = iter([False] * 8)

    def stop() -> bool:
        if next(stops, None) is None:
            [child] = _children()
            os.kill(child, signal.SIGSEGV)
            time.sleep(0.2)
        return False

    made = PlaySettings(
        file=write_signal("noise", tmp_path, 5.0),
        folder=tmp_path,
        shm_name=unique_shm_name(),
        driver=driver("BungholeAudio"),
    )
    with pytest.raises(PlayCut) as cut:
        play(made, progress=lambda *_: None, stop=stop)
    facts = cut.value.facts
    assert facts.wire is not None
    assert len(facts.wire.packets) > 20
    assert len(facts.recorded) == int(facts.wire.packets["frames"].sum())
    result = judge_play(made, facts, fitness=None, duration_s=1.0)
    assert result.value_of("packets-lost") == 0
    assert leftovers() == []


def _children() -> list[int]:
    listed = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text()
    named = [int(word) for word in listed.split()]
    return [pid for pid in named if "coreaudiod" in Path(f"/proc/{pid}/comm").read_text()]


@pytest.mark.native
@pytest.mark.linux
def test_the_table_of_the_far_end_says_what_its_counters_say(tmp_path: Path) -> None:
    facts, _ = played(tmp_path)
    assert facts.wire is not None
    packets = facts.wire.packets
    assert len(packets) == facts.wire.counted["packets sent"]
    assert np.array_equal(packets["recorded_frame"], packets["first_frame"])
    assert np.all(np.diff(packets["received_ns"]) > 0)
    assert len(facts.recorded) == 960 * len(packets)
