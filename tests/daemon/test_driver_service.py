"""Drivers in processes of their own: the same protocol, numbers, and time."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from lab.measure.trace import read_trace
from tests.daemon.service import REAL, VIRTUAL, changed_copy, cycles, devices, helpers, kinds, pair
from tests.daemon.talk import Daemon, driver, is_gone, shm_exists

pytestmark = [pytest.mark.native, pytest.mark.linux]

# ---- the same protocol ---------------------------------------------------------------------------


def test_each_plug_in_has_a_process_of_its_own_and_the_front_has_none(gecko_shm: str) -> None:
    with pair(VIRTUAL, gecko_shm) as daemon:
        info = daemon.ask("host.info")
        assert info["process_model"] == "helper"
        assert info["threads"] == ("free" if info["sanitizers"] else "owned")
        pids = {one["plugin"]: one["pid"] for one in info["helpers"]}
        maps = {n: Path(f"/proc/{pid}/maps").read_text() for n, pid in pids.items()}
        assert "/Loop.driver/" in maps[0]
        assert "/GeckoAudioDevice.driver/" not in maps[0]
        assert "/GeckoAudioDevice.driver/" in maps[1]
        assert ".driver/" not in Path(f"/proc/{info['pid']}/maps").read_text()


def test_one_plug_in_gives_the_same_answers_and_the_same_fingerprint_in_both_models() -> None:
    said: list[list[Any]] = []
    for model in ("in-process", "helper"):
        with Daemon("--clock", "virtual", "--process-model", model) as daemon:
            daemon.ask("fingerprint.begin")
            answers = [daemon.ask("plugin.load", path=driver("Loop"))]
            answers.append(daemon.ask("client.add", device="Loop A", name="one", process_id=7))
            source = {"kind": "noise", "seed": 3}
            daemon.ask("client.set_source", device="Loop_A_UID", client=1, source=source)
            daemon.ask("client.set_sink", device=0, client=1, sink={"kind": "check"})
            daemon.ask("io.start", device=0, client=1)
            answers.append(daemon.ask("io.run", seconds=2))
            answers.append(daemon.ask("device.set_rate", device=0, rate=96000))
            answers.append(daemon.ask("io.run", device=0, cycles=100))
            answers.append(daemon.ask("client.stats", device=0, client=1))
            answers.append(
                daemon.ask("property.get", object={"plugin": 0, "id": 2}, selector="uid ")
            )
            answers.append(daemon.ask("object.tree", plugin=0))
            answers.append(daemon.ask("object.dump", object={"plugin": 0, "id": 2}))
            answers.append(daemon.ask("device.timestamps", device=0))
            answers.append(daemon.ask("fingerprint.read"))
            answers.append(daemon.refuse("plugin.load", path="/nowhere.driver"))
            answers.append(daemon.refuse("device.info", device=7))
            answers.append(daemon.refuse("device.info", device="nobody"))
            answers.append(daemon.refuse("io.run", seconds=1, cycles=1))
            answers.append(daemon.refuse("client.add", device=0, bundle=1))
            said.append([answers, daemon.notices])
    assert said[0] == said[1]


def test_numbers_of_several_plug_ins_never_meet(gecko_shm: str) -> None:
    with pair(VIRTUAL, gecko_shm, "", "--seed", "1") as daemon:
        assert devices(daemon) == {0: "Loop A", 1: "Gecko Sink"}
        assert [p["devices"] for p in daemon.ask("plugin.list")] == [[0], [1]]
        assert daemon.ask("client.add", device=0) == {"client": 2}
        assert daemon.ask("client.add", device="Gecko Sink") == {"client": 3}
        assert [c["client"] for c in daemon.ask("device.info", device=1)["clients"]] == [1, 3]
        assert "no such client" in daemon.refuse("io.start", device=0, client=3)["message"]
        stopped = daemon.refuse("io.stop", device=1, client=3)["message"]
        assert stopped == "client 3: its IO does not run"
        far = {"kind": "gecko-shm", "name": gecko_shm}
        assert "several plug-ins" in daemon.refuse("farend.open", **far)["message"]
        daemon.ask("io.stop", device=1, client=1)
        opened = daemon.ask("farend.open", device=1, **far)
        daemon.ask("io.start", device=1, client=1)
        daemon.ask("io.run", seconds=1)
        daemon.ask("io.stop", device=1, client=1)
        assert daemon.ask("farend.close", **opened)["check"]["clean"]
        assert daemon.refuse("farend.stats", farend=5)["data"]["status"] == "not-found"
        uid = daemon.ask("property.get", object={"plugin": 1, "id": 2}, selector="uid ")
        assert uid == daemon.ask("device.info", device=1)["uid"]
        for device in daemon.ask("device.list"):
            assert daemon.ask("device.info", device=device["uid"]) == device


def test_one_bundle_identifier_is_loaded_once_at_a_time(tmp_path: Path) -> None:
    with Daemon(*VIRTUAL) as daemon:
        daemon.ask("plugin.load", path=driver("Loop"))
        assert "already loaded" in daemon.refuse("plugin.load", path=driver("Loop"))["message"]
        twin = changed_copy("Loop", tmp_path)
        assert "the same CFBundleIdentifier" in daemon.refuse("plugin.load", path=twin)["message"]
        daemon.ask("plugin.unload", plugin=0)
        assert daemon.ask("plugin.load", path=twin)["plugin"] == 1
        refused = daemon.refuse("plugin.unload", plugin=0)
        assert refused["message"].endswith("no such plug-in is loaded")
        assert refused["data"]["os_status"] == 0  # it was asked for


def test_an_unloaded_plug_in_takes_its_process_along(gecko_shm: str) -> None:
    with pair(VIRTUAL, gecko_shm) as daemon:
        pid = helpers(daemon)[0]["pid"]
        daemon.ask("plugin.unload", plugin=0)
        assert is_gone(pid)
        assert devices(daemon) == {1: "Gecko Sink"}
        assert kinds(daemon) == []


def test_each_helper_writes_a_trace_of_its_own(gecko_shm: str, tmp_path: Path) -> None:
    with Daemon(*VIRTUAL, environment={"GECKO_SHM_NAME": gecko_shm}) as daemon:
        daemon.ask("trace.open", path=str(tmp_path / "t"), capacity=1024)
        for number, name in enumerate(("Loop", "GeckoAudioDevice")):
            daemon.ask("plugin.load", path=driver(name))
            client = daemon.ask("client.add", device=number)["client"]
            daemon.ask("device.set_buffer_frames", device=number, frames=480 * (number + 1))
            daemon.ask("io.start", device=number, client=client)
        daemon.ask("io.run", seconds=1)
    assert abs(len(read_trace(tmp_path / "t").records) - 100) <= 1
    assert abs(len(read_trace(tmp_path / "t.1").records) - 50) <= 1


def test_the_ledger_says_of_which_plug_in_a_row_is(gecko_shm: str) -> None:
    with pair(VIRTUAL, gecko_shm) as daemon:
        begun = daemon.send("ledger.begin")
        answer = daemon.hear()
        assert answer["id"] == begun
        if "error" in answer:
            pytest.skip(answer["error"]["message"])
        client = daemon.ask("client.add", device=0)["client"]
        daemon.ask("io.start", device=0, client=client)
        daemon.ask("io.run", seconds=0.5)
        rows = daemon.ask("ledger.read")["rows"]
        assert {row["plugin"] for row in rows if row["entry_point"] == "DoIOOperation"} == {0, 1}


def test_several_fingerprints_are_one_that_repeats_itself(gecko_shm: str) -> None:
    said = []
    for seed in (3, 3, 4):
        with Daemon(*VIRTUAL, environment={"GECKO_SHM_NAME": gecko_shm}) as daemon:
            daemon.ask("fingerprint.begin")
            for number, name in enumerate(("Loop", "GeckoAudioDevice")):
                daemon.ask("plugin.load", path=driver(name))
                client = daemon.ask("client.add", device=number)["client"]
                source = {"kind": "noise", "seed": seed}
                daemon.ask("client.set_source", device=number, client=client, source=source)
                daemon.ask("io.start", device=number, client=client)
            daemon.ask("io.run", seconds=3)
            said.append(daemon.ask("fingerprint.read"))
    assert [one["plugin"] for one in said[0]["helpers"]] == [0, 1]
    assert said[0]["cycles"] == sum(one["cycles"] for one in said[0]["helpers"])
    assert said[0] == said[1]
    assert said[0]["hash"] != said[2]["hash"]


# ---- time ----------------------------------------------------------------------------------------


def test_the_clocks_of_helpers_stay_together(gecko_shm: str) -> None:
    with pair(VIRTUAL, gecko_shm) as daemon:
        client = daemon.ask("client.add", device=0)["client"]
        daemon.ask("io.start", device=0, client=client)
        began = daemon.ask("host.info")["now_ns"]
        elapsed = daemon.ask("io.run", device=1, cycles=250)["elapsed_ns"]
        assert daemon.ask("host.info")["now_ns"] == began + elapsed
        assert abs(cycles(daemon, 0) - 250) <= 1
        daemon.ask("host.advance", ns=3_000_000_000)
        daemon.ask("device.wake_late", device=0, ns=4_000_000_000)
        now = daemon.ask("host.info")["now_ns"]
        assert now >= began + elapsed + 4_000_000_000
        daemon.ask("io.run", seconds=2.5)
        assert daemon.ask("host.info")["now_ns"] == now + 2_500_000_000
        stats = [daemon.ask("io.stats", device=n) for n in (0, 1)]
        done = [one["cycles"] + one["skipped_cycles"] for one in stats]
        assert abs(done[0] - done[1]) <= 2


def test_a_run_can_be_interrupted_and_time_stands_where_it_ended(gecko_shm: str) -> None:
    with pair(VIRTUAL, gecko_shm) as daemon:
        began = daemon.ask("host.info")["now_ns"]
        daemon.send("io.run", seconds=1_000_000)
        time.sleep(0.2)
        daemon.send("io.interrupt")
        answers = [daemon.hear()["result"], daemon.hear()["result"]]
        assert {"interrupted": True} in answers
        (ran,) = [one for one in answers if "elapsed_ns" in one]
        assert ran["interrupted"]
        assert daemon.ask("host.info")["now_ns"] == began + ran["elapsed_ns"]
        assert daemon.ask("io.run", seconds=1) == {"elapsed_ns": 10**9, "interrupted": False}


@pytest.mark.parametrize("clock", [VIRTUAL, REAL], ids=["virtual", "realtime"])
def test_a_signal_ends_a_run_and_everything_in_good_order(
    gecko_shm: str, clock: tuple[str, ...]
) -> None:
    with pair(clock, gecko_shm) as daemon:
        pids = [one["pid"] for one in helpers(daemon).values()]
        daemon.send("io.run", seconds=1_000_000)
        time.sleep(0.2)
        daemon.process.send_signal(signal.SIGTERM)
        ending = daemon.ending()
    assert ending.code == 0
    assert ending.events == []
    assert all(is_gone(pid) for pid in pids)
    assert not shm_exists(gecko_shm)


def test_lapse_loads_beside_loop_and_both_play(gecko_shm: str) -> None:
    with Daemon(*VIRTUAL, environment={"GECKO_SHM_NAME": gecko_shm}) as daemon:
        for number, name in enumerate(("Lapse", "Loop")):
            daemon.ask("plugin.load", path=driver(name))
            client = daemon.ask("client.add", device=number)["client"]
            daemon.ask("io.start", device=number, client=client)
        daemon.ask("io.run", seconds=5)
        assert [abs(cycles(daemon, n) - 500) <= 1 for n in (0, 1)] == [True, True]
