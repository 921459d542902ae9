"""Drivers in processes of their own: what a death takes with it, and what it does not."""

from __future__ import annotations

import json
import os
import plistlib
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab.measure.trace import read_trace
from lab.profiles import load_profile
from tests.daemon.talk import (
    SHM,
    Daemon,
    driver,
    has_address_sanitizer,
    is_gone,
    run,
    shm_exists,
    unique_shm,
    wait_until,
)

pytestmark = [pytest.mark.native, pytest.mark.linux]

HELPER = ("--process-model", "helper")
VIRTUAL = ("--clock", "virtual", *HELPER)
REAL = ("--clock", "realtime", *HELPER)
GONE = 0x216F626A  # '!obj'
OLD_TYPE = "443ABEB8-E7B0-48D3-B2A0-381E2D0BB556"
TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"


@pytest.fixture
def gecko_shm() -> Iterator[str]:
    """A name for Gecko's shared memory; removed if a test has left it."""
    name = unique_shm()
    yield name
    for left in SHM.glob(f"{name[1:]}*"):
        left.unlink()


def pair(clock: tuple[str, ...], shm: str, fault: str = "", *more: str) -> Daemon:
    """Loop, which does what `fault` says, as plug-in 0, and Gecko, which plays, as plug-in 1."""
    daemon = Daemon(*clock, *more, environment={"GECKO_SHM_NAME": shm, "LOOP_FAULT": fault})
    daemon.ask("plugin.load", path=driver("Loop"))
    daemon.ask("plugin.load", path=driver("GeckoAudioDevice"))
    assert daemon.ask("client.add", device=1) == {"client": 1}
    daemon.ask("client.set_source", device=1, client=1, source={"kind": "counter"})
    daemon.ask("io.start", device=1, client=1)
    return daemon


def helpers(daemon: Daemon) -> dict[int, dict[str, Any]]:
    """Those that run or wait, by plug-in."""
    return {one["plugin"]: one for one in daemon.ask("host.info")["helpers"]}


def devices(daemon: Daemon) -> dict[int, str]:
    """Names by number."""
    return {one["device"]: one["name"] for one in daemon.ask("device.list")}


def cycles(daemon: Daemon, device: int = 1) -> int:
    """How many the device has done."""
    return int(daemon.ask("io.stats", device=device)["cycles"])


def kinds(daemon: Daemon) -> list[str]:
    """Of the notices about helpers and devices so far."""
    told = [notice["kind"] for notice in daemon.notices]
    return [kind for kind in told if kind.startswith(("helper-", "device-"))]


def changed_copy(name: str, folder: Path, **changes: object) -> str:
    """A copy of a bundle with another Info.plist."""
    copy = folder / f"{folder.name}-{Path(driver(name)).name}"
    shutil.copytree(driver(name), copy)
    plist = copy / "Contents" / "Info.plist"
    plist.write_bytes(plistlib.dumps({**plistlib.loads(plist.read_bytes()), **changes}))
    return str(copy)


def profile_file(folder: Path, name: str, **values: object) -> str:
    """A profile as a file; `values` are put in the place of its own."""
    flat = load_profile(name).flat()
    flat["values"].update(
        {key.replace("__", ".").replace("_", "-"): v for key, v in values.items()}
    )
    path = folder / f"{name}.json"
    path.write_text(json.dumps(flat))
    return str(path)


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


# ---- deaths --------------------------------------------------------------------------------------

DEATHS = [
    ("crash:StartIO", "driver-crashed", "SIGSEGV"),
    ("abort:StartIO", "driver-crashed", "SIGABRT"),
    ("exit:StartIO", "driver-crashed", "exit"),
    ("quit:StartIO", "driver-crashed", "exit"),
    ("hang:StartIO", "driver-hung", None),
]


@pytest.mark.parametrize("clock", [VIRTUAL, REAL], ids=["virtual", "realtime"])
@pytest.mark.parametrize(("fault", "event", "signal_name"), DEATHS)
def test_a_death_takes_its_helper_only(
    gecko_shm: str, clock: tuple[str, ...], fault: str, event: str, signal_name: str | None
) -> None:
    if has_address_sanitizer() and signal_name == "SIGSEGV":
        signal_name = "sanitizer"
    with pair(clock, gecko_shm, fault, "--call-limit-ms", "300") as daemon:
        before = helpers(daemon)
        front = daemon.inner_pid()
        client = daemon.ask("client.add", device=0)["client"]
        refused = daemon.refuse("io.start", device=0, client=client)
        assert refused["data"]["status"] == "not-found"
        assert refused["data"]["os_status"] == GONE
        assert "the helper of Loop.driver" in refused["message"]
        assert "\n" not in refused["message"]
        # What happened came before the answer.
        assert kinds(daemon) == ["helper-ended", "device-gone"]
        ended, gone = daemon.notices[-2:]
        assert (ended["plugin"], ended["pid"]) == (0, before[0]["pid"])
        assert (ended["event"], ended["signal"]) == (event, signal_name)
        assert (gone["device"], gone["name"], gone["object"]) == (0, "Loop A", 2)
        assert is_gone(before[0]["pid"])
        # Old numbers mean nothing any more, and say why.
        for method, params in (
            ("device.info", {"device": 0}),
            ("io.stats", {"device": 0}),
            ("client.stats", {"device": 0, "client": client}),
            ("property.get", {"object": {"plugin": 0, "id": 2}, "selector": "nsrt"}),
            ("object.tree", {"plugin": 0}),
        ):
            error = daemon.refuse(method, **params)
            assert error["data"]["os_status"] == GONE, method
            assert "Loop.driver" in error["message"]
        assert devices(daemon) == {1: "Gecko Sink"}
        # The other one has not noticed.
        assert daemon.inner_pid() == front
        assert helpers(daemon)[1] == before[1]
        done = cycles(daemon)
        daemon.ask("io.run", seconds=0.5)
        assert cycles(daemon) >= done + 40
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    assert ending.code == 0
    (report,) = [one for one in ending.events if one["event"] != "shm-left"]
    assert report["process"] == "driver-service"
    assert report["pid"] == before[0]["pid"]
    assert report["plugin"].endswith("/Loop.driver")
    if not fault.startswith("quit"):  # which leaves no stack
        assert report["entry_point"] == "StartIO"
        assert report["plugin_index"] == 0
    assert not shm_exists(gecko_shm)


@pytest.mark.parametrize("fault", ["crash:DoIOOperation:20", "abort:GetZeroTimeStamp:30"])
def test_the_report_of_a_crash_is_the_same_in_both_models(fault: str) -> None:
    reports = []
    for model in ("in-process", "helper"):
        options = ("--clock", "virtual", "--process-model", model)
        with Daemon(*options, environment={"LOOP_FAULT": fault}) as daemon:
            daemon.play(driver("Loop"))
            daemon.send("io.run", seconds=1)
            daemon.close_stdin()
            ending = daemon.ending()
        (report,) = [one for one in ending.events if one["event"] == "driver-crashed"]
        processes = {"in-process": "coreaudiod", "helper": "driver-service"}
        assert report.pop("process") == processes[model]
        assert report.pop("pid") > 0
        report["backtrace"] = [one for one in report["backtrace"] if one.startswith("Loop")]
        report.pop("address", None)
        reports.append(report)
        assert ending.code == (70 if model == "in-process" else 0)
    assert reports[0] == reports[1]
    assert reports[0]["backtrace"]


def test_a_second_plug_in_is_named_by_its_own_number_in_the_report(gecko_shm: str) -> None:
    environment = {"GECKO_SHM_NAME": gecko_shm, "LOOP_FAULT": "crash:StartIO"}
    with Daemon(*VIRTUAL, environment=environment) as daemon:
        daemon.ask("plugin.load", path=driver("GeckoAudioDevice"))
        daemon.ask("plugin.load", path=driver("Loop"))
        client = daemon.ask("client.add", device=1)["client"]
        daemon.refuse("io.start", device=1, client=client)
        daemon.ask("host.shutdown")
        report = next(e for e in daemon.ending().events if e["event"] == "driver-crashed")
    assert report["plugin_index"] == 1


@pytest.mark.parametrize("clock", [VIRTUAL, REAL], ids=["virtual", "realtime"])
def test_a_crash_in_the_middle_of_a_run_ends_one_device_and_not_the_run(
    gecko_shm: str, clock: tuple[str, ...]
) -> None:
    with pair(clock, gecko_shm, "crash:DoIOOperation:20") as daemon:
        client = daemon.ask("client.add", device=0)["client"]
        daemon.ask("io.start", device=0, client=client)
        daemon.ask("io.run", seconds=1)
        assert kinds(daemon) == ["helper-ended", "device-gone"]
        assert cycles(daemon) >= 90
        error = daemon.refuse("io.run", device=0, cycles=10)
        assert error["data"]["os_status"] == GONE


def test_a_driver_s_child_does_not_hide_its_death() -> None:
    with Daemon(*VIRTUAL, environment={"BLUNT": "fork thread-crash", "LOOP_FAULT": ""}) as daemon:
        message = daemon.refuse("plugin.load", path=driver("Blunt"))["message"]
        assert "Blunt" in message
        assert daemon.ask("plugin.list") == []


@pytest.mark.parametrize("clock", [VIRTUAL, REAL], ids=["virtual", "realtime"])
def test_a_helper_that_is_killed_from_outside_is_a_crash(
    gecko_shm: str, clock: tuple[str, ...]
) -> None:
    with pair(clock, gecko_shm) as daemon:
        daemon.ask("io.run", seconds=0.2)
        pid = helpers(daemon)[1]["pid"]
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: helpers(daemon)[1]["pid"] is None)
        assert kinds(daemon) == ["helper-ended", "device-gone"]
        assert "SIGKILL" in daemon.notices[-1]["text"]
        assert devices(daemon) == {0: "Loop A"}
        # As on a Mac, shared memory outlives who made it, and waits for who comes back ...
        assert shm_exists(gecko_shm)
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    (report,) = [one for one in ending.events if one["event"] == "killed"]
    assert (report["process"], report["pid"], report["signal"]) == (
        "driver-service",
        pid,
        "SIGKILL",
    )
    assert report["plugin"].endswith("/GeckoAudioDevice.driver")
    assert ending.code == 0
    assert not shm_exists(gecko_shm)  # ... but not the end of coreaudiod


def test_a_crash_while_it_is_loaded_is_the_answer_and_nothing_comes_back() -> None:
    for fault in ("crash:Initialize", "quit:Factory", "hang:Initialize"):
        options = (*VIRTUAL, "--call-limit-ms", "300", "--helper-throttle-ms", "0")
        with Daemon(*options, environment={"LOOP_FAULT": fault}) as daemon:
            error = daemon.refuse("plugin.load", path=driver("Loop"))
            assert error["data"]["status"] == "load", error
            assert "Loop.driver" in error["message"]
            daemon.ask("host.advance", ns=60 * 10**9)
            assert daemon.ask("host.info")["helpers"] == []
            assert kinds(daemon) == []
            daemon.ask("host.shutdown")
            assert daemon.ending().code == 0


def test_in_process_a_crash_takes_coreaudiod(gecko_shm: str) -> None:
    with pair(("--clock", "virtual"), gecko_shm, "crash:StartIO") as daemon:
        assert daemon.ask("host.info")["process_model"] == "in-process"
        client = daemon.ask("client.add", device=0)["client"]
        daemon.send("io.start", device=0, client=client)
        ending = daemon.ending()
    assert ending.code == 70
    assert ending.report["process"] == "coreaudiod"


# ---- coming back ---------------------------------------------------------------------------------


def test_what_died_comes_back_by_the_throttle_with_new_numbers(gecko_shm: str) -> None:
    with pair(VIRTUAL, gecko_shm, "crash:StartIO") as daemon:
        client = daemon.ask("client.add", device=0)["client"]
        daemon.refuse("io.start", device=0, client=client)
        waits = helpers(daemon)[0]
        assert (waits["pid"], waits["restart_ns"]) == (None, 11_000_000_000)  # begun at 1 s
        assert "started again" in daemon.refuse("plugin.load", path=driver("Loop"))["message"]
        daemon.ask("io.run", duration_ns=9_999_000_000)
        assert devices(daemon) == {1: "Gecko Sink"}
        daemon.ask("io.run", duration_ns=2_000_000)
        assert devices(daemon) == {1: "Gecko Sink", 2: "Loop A"}
        back = daemon.notices[-1]
        assert back["kind"] == "helper-restarted"
        assert (back["replaces"], back["plugin"], back["devices"]) == (0, 2, [2])
        assert daemon.ask("device.info", device=2)["clients"] == []
        assert daemon.refuse("device.info", device=0)["data"]["os_status"] == GONE
        assert daemon.refuse("client.stats", device=2, client=client)["data"]["os_status"] == 0
        assert helpers(daemon)[2]["restarts"] == 1
        # It ran for longer than the throttle before: the next time it comes back at once.
        daemon.ask("io.run", seconds=30)
        client = daemon.ask("client.add", device=2)["client"]
        daemon.refuse("io.start", device=2, client=client)
        assert devices(daemon) == {1: "Gecko Sink", 3: "Loop A"}


def test_in_real_time_it_comes_back_by_itself(gecko_shm: str) -> None:
    with pair(REAL, gecko_shm, "crash:StartIO", "--helper-throttle-ms", "600") as daemon:
        client = daemon.ask("client.add", device=0)["client"]
        daemon.refuse("io.start", device=0, client=client)
        assert devices(daemon) == {1: "Gecko Sink"}
        assert wait_until(lambda: "Loop A" in devices(daemon).values())
        assert 2 in devices(daemon)
        assert kinds(daemon) == ["helper-ended", "device-gone", "helper-restarted"]


def test_a_lone_helper_comes_back_at_the_moment_that_is_due() -> None:
    environment = {"LOOP_FAULT": "crash:DoIOOperation:100"}
    with Daemon(*VIRTUAL, environment=environment) as daemon:
        daemon.play(driver("Loop"))
        assert daemon.ask("io.run", seconds=100) == {"elapsed_ns": 10**11, "interrupted": False}
        (ended,) = [n for n in daemon.notices if n["kind"] == "helper-ended"]
        assert ended["restart_ns"] == 11_000_000_000
        assert devices(daemon) == {1: "Loop A"}
        assert daemon.ask("host.info")["now_ns"] == 101_000_000_000


def test_what_dies_each_time_is_tried_again_until_it_is_unloaded(tmp_path: Path) -> None:
    bundle = changed_copy("Loop", tmp_path)
    with Daemon(*VIRTUAL, environment={"LOOP_FAULT": "crash:StartIO"}) as daemon:
        daemon.ask("plugin.load", path=bundle)
        client = daemon.ask("client.add", device=0)["client"]
        daemon.refuse("io.start", device=0, client=client)
        # From now on its executable is one that cannot be loaded: given up, as nothing died.
        (executable,) = (Path(bundle) / "Contents" / "MacOS").iterdir()
        executable.write_bytes(b"no code")
        daemon.ask("io.run", seconds=60)
        assert kinds(daemon)[-1] == "helper-given-up"
        assert kinds(daemon).count("helper-given-up") == 1
        assert daemon.ask("host.info")["helpers"] == []
    environment = {"LOOP_FAULT": "crash:StartIO"}
    with Daemon(*VIRTUAL, "--helper-throttle-ms", "5000", environment=environment) as daemon:
        daemon.ask("plugin.load", path=driver("Loop"))
        for number in range(3):
            client = daemon.ask("client.add", device=number)["client"]
            daemon.refuse("io.start", device=number, client=client)
            daemon.ask("io.run", seconds=5)
        assert kinds(daemon).count("helper-restarted") == 3
        assert helpers(daemon)[3]["restarts"] == 3
        client = daemon.ask("client.add", device=3)["client"]
        daemon.refuse("io.start", device=3, client=client)
        daemon.ask("plugin.unload", plugin=3)
        daemon.ask("host.advance", ns=60 * 10**9)
        assert daemon.ask("host.info")["helpers"] == []


def test_what_was_asked_of_all_is_asked_of_who_comes_back(gecko_shm: str, tmp_path: Path) -> None:
    with Daemon(*VIRTUAL, environment={"LOOP_FAULT": "crash:StartIO:2"}) as daemon:
        daemon.ask("trace.open", path=str(tmp_path / "t"), capacity=1024)
        daemon.ask("fingerprint.begin")
        daemon.play(driver("Loop"))
        daemon.ask("io.run", seconds=12)
        daemon.ask("io.stop", device=0, client=1)
        daemon.refuse("io.start", device=0, client=1)
        client = daemon.ask("client.add", device=1)["client"]
        daemon.ask("io.start", device=1, client=client)
        daemon.ask("io.run", seconds=1)
        assert daemon.ask("fingerprint.read")["cycles"] >= 99
    assert (tmp_path / "t").is_file()
    assert abs(len(read_trace(tmp_path / "t.1").records) - 100) <= 1


# ---- nothing is left -----------------------------------------------------------------------------


@pytest.mark.parametrize("clock", [VIRTUAL, REAL], ids=["virtual", "realtime"])
@pytest.mark.parametrize("whom", ["front", "guard", "guard without a guard"])
def test_killing_the_front_or_its_guard_ends_all_helpers(
    gecko_shm: str, clock: tuple[str, ...], whom: str
) -> None:
    more = ("--no-guard",) if whom.startswith("guard without") else ()
    with pair(clock, gecko_shm, "", *more) as daemon:
        daemon.ask("io.run", seconds=0.2)
        pids = [one["pid"] for one in helpers(daemon).values()]
        front = daemon.inner_pid()
        os.kill(daemon.process.pid if whom == "guard" else front, signal.SIGKILL)
        ending = daemon.ending()
        assert wait_until(lambda: all(is_gone(pid) for pid in [front, *pids]))
        if not more:
            assert wait_until(lambda: not shm_exists(gecko_shm))
    if whom == "front":
        assert ending.code == 128 + signal.SIGKILL
        assert ending.report["process"] == "coreaudiod"


def test_a_socket_and_shared_memory_go_with_a_front_that_is_killed(
    gecko_shm: str, tmp_path: Path
) -> None:
    path = tmp_path / "socket"
    environment = {"GECKO_SHM_NAME": gecko_shm}
    options = (*VIRTUAL, "--rpc", f"unix:{path}", "--driver", driver("GeckoAudioDevice"))
    with Daemon(*options, environment=environment) as daemon:
        assert wait_until(path.exists)
        assert wait_until(lambda: shm_exists(gecko_shm))
        family = psutil.Process(daemon.process.pid).children(recursive=True)
        os.kill(family[0].pid, signal.SIGKILL)
        assert daemon.ending().code == 137
    assert not path.exists()
    assert not shm_exists(gecko_shm)
    assert all(is_gone(one.pid) for one in family)


# ---- profiles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["in-process", "helper"])
def test_a_refused_type_says_which_profile_key_source_and_what_to_do(
    tmp_path: Path, model: str
) -> None:
    old = changed_copy(
        "Loop", tmp_path, CFPlugInTypes={OLD_TYPE: ["6C1D3F1E-0A53-4C27-8B52-6D9B4C7F2A10"]}
    )
    for name in ("macos-12", "macos-15", "macos-26"):
        options = ("--profile", profile_file(tmp_path, name), "--process-model", model)
        with Daemon("--clock", "virtual", *options) as daemon:
            error = daemon.refuse("plugin.load", path=old)
            assert error["data"]["status"] == "bundle"
            for part in (
                name,
                "loading.plugin-type-uuids",
                "AudioServerPlugIn.h",
                OLD_TYPE,
                TYPE,
                "add the accepted one",
            ):
                assert part in error["message"]
            assert daemon.ask("plugin.load", path=driver("Loop"))["devices"] == [0]
    options = ("--profile", profile_file(tmp_path, "seed-15"), "--process-model", model)
    with Daemon("--clock", "virtual", *options) as daemon:
        error = daemon.refuse("plugin.load", path=driver("Loop"))
        assert "seed-15" in error["message"]
        assert "seed 001" in error["message"]
        error = daemon.refuse("plugin.load", path=old)  # found, but it makes nothing of that type
        assert error["data"]["status"] == "factory"
    with Daemon("--clock", "virtual", *options, environment={"LOOP_SHAPE": "seed-uuids"}) as daemon:
        assert daemon.ask("plugin.load", path=old)["devices"] == [0]


def test_a_refused_interface_says_which_profile_asked_for_it(tmp_path: Path) -> None:
    interface = "EEA5773D-CC43-49F1-8E00-8F9635872532"
    wanted = profile_file(tmp_path, "macos-15", loading__driver_interface_uuids=[interface])
    with Daemon("--clock", "virtual", "--profile", wanted) as daemon:
        message = daemon.refuse("plugin.load", path=driver("Loop"))["message"]
    assert interface in message
    assert "macos-15" in message
    assert "loading.driver-interface-uuids" in message


@pytest.mark.parametrize("model", ["in-process", "helper"])
def test_a_device_without_a_required_property_is_not_shown(tmp_path: Path, model: str) -> None:
    shown: dict[str, list[int]] = {}
    warnings: list[str] = []
    for name in ("macos-15", "macos-26"):
        options = ("--profile", profile_file(tmp_path, name), "--process-model", model)
        environment = {"LOOP_FAULT": "no-hidden"}
        with Daemon("--clock", "virtual", *options, environment=environment) as daemon:
            shown[name] = daemon.ask("plugin.load", path=driver("Loop"))["devices"]
            warnings = [n["text"] for n in daemon.notices if n["kind"] == "warning"]
    assert shown == {"macos-15": [0], "macos-26": []}
    (text,) = warnings
    for part in ("Loop A", "'hidn'", "macos-26", "activation.required-properties", "seed 001"):
        assert part in text
    with Daemon("--clock", "virtual", "--profile", profile_file(tmp_path, "macos-26")) as daemon:
        assert daemon.ask("plugin.load", path=driver("Loop"))["devices"] == [0]


def test_the_profile_decides_where_drivers_live_and_an_option_wins(tmp_path: Path) -> None:
    models = {}
    for name in ("macos-12", "macos-15", "macos-26", "seed-15"):
        with Daemon("--clock", "virtual", "--profile", profile_file(tmp_path, name)) as daemon:
            models[name] = daemon.ask("host.info")["process_model"]
    assert models.pop("seed-15") == "in-process"
    assert set(models.values()) == {"helper"}
    for model, name in (("in-process", "macos-15"), ("helper", "seed-15")):
        options = ("--profile", profile_file(tmp_path, name), "--process-model", model)
        with Daemon("--clock", "virtual", *options) as daemon:
            assert daemon.ask("host.info")["process_model"] == model


def test_the_throttle_is_the_profile_s_and_an_option_wins(tmp_path: Path) -> None:
    due = []
    for more in ((), ("--helper-throttle-ms", "7000")):
        wanted = profile_file(tmp_path, "macos-15", service__coreaudiod_throttle_s=3.5)
        environment = {"LOOP_FAULT": "crash:StartIO"}
        with Daemon(
            "--clock", "virtual", "--profile", wanted, *more, environment=environment
        ) as daemon:
            daemon.ask("plugin.load", path=driver("Loop"))
            client = daemon.ask("client.add", device=0)["client"]
            daemon.refuse("io.start", device=0, client=client)
            due.append(helpers(daemon)[0]["restart_ns"])
    assert due == [4_500_000_000, 8_000_000_000]


BAD_PROFILES = {
    "no JSON": "{",
    "no name": '{"values": {}}',
    "no values": '{"name": "x"}',
    "a model of its own": '{"name": "x", "values": {"loading.process-model": "moon"}}',
    "no UUID": '{"name": "x", "values": {"loading.plugin-type-uuids": ["443"]}}',
    "no types": '{"name": "x", "values": {"loading.plugin-type-uuids": []}}',
    "no selector": '{"name": "x", "values": {"activation.required-properties": ["hidden"]}}',
    "a negative throttle": '{"name": "x", "values": {"service.launchd-throttle-s": -1}}',
}


@pytest.mark.parametrize("what", BAD_PROFILES)
def test_a_bad_profile_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(BAD_PROFILES[what])
    ending = run("--profile", str(path))
    assert ending.code == 2
    assert ending.out == ""
    (line,) = ending.err.splitlines()
    assert line.startswith(f"coreaudiod-sim: --profile {path}: ")


@pytest.mark.parametrize(
    "line",
    [
        ("--profile", "/nowhere.json"),
        ("--process-model", "moon"),
        ("--helper-throttle-ms", "-1"),
        ("--process-model", "helper", "--driver", "X.driver", "--signal", "sine"),
        ("--service", "nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(line: tuple[str, ...]) -> None:
    ending = run(*line)
    assert ending.code in (1, 2)
    assert len(ending.err.splitlines()) == 1


def test_lapse_loads_beside_loop_and_both_play(gecko_shm: str) -> None:
    with Daemon(*VIRTUAL, environment={"GECKO_SHM_NAME": gecko_shm}) as daemon:
        for number, name in enumerate(("Lapse", "Loop")):
            daemon.ask("plugin.load", path=driver(name))
            client = daemon.ask("client.add", device=number)["client"]
            daemon.ask("io.start", device=number, client=client)
        daemon.ask("io.run", seconds=5)
        assert [abs(cycles(daemon, n) - 500) <= 1 for n in (0, 1)] == [True, True]
