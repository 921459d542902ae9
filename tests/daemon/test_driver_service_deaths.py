"""Drivers in processes of their own: what a death takes with it, and what comes back."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from lab.measure.trace import read_trace
from tests.daemon.service import (
    GONE,
    REAL,
    VIRTUAL,
    changed_copy,
    cycles,
    devices,
    helpers,
    kinds,
    pair,
)
from tests.daemon.talk import (
    Daemon,
    driver,
    has_address_sanitizer,
    is_gone,
    shm_exists,
    wait_until,
)

pytestmark = [pytest.mark.native, pytest.mark.linux]

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
    limit = (
        ("--call-limit-ms", "300") if fault.startswith("hang") else ()
    )  # a report takes time, too
    with pair(clock, gecko_shm, fault, *limit) as daemon:
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
        assert wait_until(lambda: helpers(daemon)[0]["pid"] is None)  # a report takes its time
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
        limit = "300" if fault.startswith("hang") else "5000"
        options = (*VIRTUAL, "--call-limit-ms", limit, "--helper-throttle-ms", "0")
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
        assert wait_until(lambda: 2 in devices(daemon))  # a slow machine has it back at once
        assert devices(daemon) == {1: "Gecko Sink", 2: "Loop A"}
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
