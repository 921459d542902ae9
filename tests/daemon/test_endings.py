"""When a driver crashes, hangs or does worse: who was it, where, and what is left."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.daemon.talk import (
    Daemon,
    Ending,
    driver,
    has_address_sanitizer,
    is_gone,
    program,
    request,
)

pytestmark = [pytest.mark.native, pytest.mark.linux]

IO_ENTRY_POINTS = [
    "GetZeroTimeStamp",
    "BeginIOOperation",
    "DoIOOperation",
    "EndIOOperation",
]
ENTRY_POINTS = [
    "QueryInterface",
    "Initialize",
    "AddDeviceClient",
    "RemoveDeviceClient",
    "HasProperty",
    "IsPropertySettable",
    "GetPropertyDataSize",
    "GetPropertyData",
    "SetPropertyData",
    "PerformDeviceConfigurationChange",
    "StartIO",
    "StopIO",
    "WillDoIOOperation",
    "Release",
    *IO_ENTRY_POINTS,
]


def segv() -> str:
    """What a SIGSEGV is called in a report."""
    return "sanitizer" if has_address_sanitizer() else "SIGSEGV"


def provoke(fault: str, *arguments: str) -> Ending:
    """Call every entry point of Loop until one of them does what LOOP_FAULT says."""
    path = driver("Loop")
    with Daemon(*arguments, environment={"LOOP_FAULT": fault}) as daemon:
        inner = daemon.inner_pid()
        device = {"plugin": 0, "id": 2}
        lines = [
            request(1, "plugin.load", path=path),
            request(2, "property.is_settable", object=device, selector="nsrt"),
            request(3, "property.set", object=device, selector="nsrt", value=44100),
            request(4, "client.add", device=0),
            request(5, "io.start", device=0, client=1),
            request(6, "io.run", seconds=0.2),
            request(7, "io.stop", device=0, client=1),
            request(8, "client.remove", device=0, client=1),
            request(9, "host.shutdown"),
        ]
        with suppress(BrokenPipeError):  # it may be over before the last one
            daemon.say(*lines)
        ending = daemon.ending()
        assert is_gone(inner)
    return ending


@pytest.mark.parametrize("clock", ["virtual", "realtime"])
@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_a_crash_is_reported_with_the_entry_point_it_was_in(entry_point: str, clock: str) -> None:
    ending = provoke(f"crash:{entry_point}", "--clock", clock)
    assert ending.code == 70
    report = ending.report
    assert report["event"] == "driver-crashed"
    assert report["signal"] == segv()
    assert report["entry_point"] == entry_point
    assert report["plugin"].endswith("/Loop.driver")
    assert any(line.startswith("Loop + 0x") for line in report["backtrace"])


def test_a_crash_in_io_says_in_which_operation() -> None:
    report = provoke("crash:DoIOOperation", "--clock", "virtual").report
    assert report["code"] in {"'read'", "'rite'"}
    assert report["object"] == 2


def test_an_abort_is_a_crash() -> None:
    ending = provoke("abort:StartIO", "--clock", "virtual")
    assert ending.code == 70
    assert ending.report["signal"] == "SIGABRT"


@pytest.mark.parametrize("entry_point", ["Initialize", "GetPropertyData", "StartIO", "StopIO"])
def test_a_hang_is_reported_with_the_entry_point_and_the_stack(entry_point: str) -> None:
    ending = provoke(f"hang:{entry_point}", "--clock", "virtual", "--call-limit-ms", "200")
    assert ending.code == 71
    report = ending.report
    assert report["event"] == "driver-hung"
    assert report["entry_point"] == entry_point
    assert 200 <= report["elapsed_ms"] < 5000
    assert any("nanosleep" in line for line in report["backtrace"])
    assert any(line.startswith("Loop + 0x") for line in report["backtrace"])


@pytest.mark.parametrize("entry_point", IO_ENTRY_POINTS)
def test_a_hang_on_the_io_thread_is_found(entry_point: str) -> None:
    ending = provoke(f"hang:{entry_point}", "--clock", "realtime", "--call-limit-ms", "200")
    assert ending.code == 71
    assert ending.report["entry_point"] == entry_point


def blunt(words: str, *arguments: str) -> Ending:
    """Let Blunt do something to the daemon, and wait for its end.

    Its threads are free: no cycle is run here that would move the time in which they wait.
    """
    path = driver("Blunt")
    options = ("--clock", "virtual", "--threads", "free", *arguments)
    with Daemon(*options, environment={"BLUNT": words}) as daemon:
        daemon.send("plugin.load", path=path)
        return daemon.ending()


@pytest.mark.parametrize(
    ("word", "signal_name"),
    [
        ("thread-crash", "SIGSEGV"),
        ("thread-abort", "SIGABRT"),
        ("thread-exit", "exit"),
        ("thread-pipe", "SIGPIPE"),
    ],
)
def test_a_thread_of_the_driver_is_the_driver(word: str, signal_name: str) -> None:
    ending = blunt(word)
    assert ending.code == 70
    report = ending.report
    assert report["event"] == "driver-crashed"
    assert report["signal"] == (segv() if signal_name == "SIGSEGV" else signal_name)
    assert report["entry_point"] is None
    assert report["plugin"].endswith("/Blunt.driver")


def test_a_factory_that_uses_up_the_stack_is_reported() -> None:
    ending = blunt("overflow")
    assert ending.code == 70
    assert ending.report["signal"] == segv()
    assert ending.report["entry_point"] == "Factory"


def test_a_thread_that_uses_up_its_stack_is_reported_by_the_guard() -> None:
    if has_address_sanitizer():
        pytest.skip("AddressSanitizer gives every thread a second stack and reports by itself")
    ending = blunt("thread-overflow")
    assert ending.code == 128 + signal.SIGSEGV
    assert ending.report["event"] == "killed"
    assert ending.report["signal"] == "SIGSEGV"


def test_a_driver_that_calls_exit_is_reported() -> None:
    ending = blunt("exit")
    assert ending.code == 70
    assert ending.report["signal"] == "exit"
    assert ending.report["entry_point"] == "Factory"


@pytest.mark.parametrize("word", ["quit", "thread-quit"])
def test_a_driver_that_ends_the_process_past_everybody_is_reported(word: str) -> None:
    ending = blunt(word)
    assert ending.code == 70
    report = ending.report
    assert report["event"] == "driver-crashed"
    assert report["signal"] == "exit"
    assert report["status"] == 0
    assert report["backtrace"] == []


@pytest.mark.parametrize(("word", "signal_name"), [("trap", "SIGTRAP"), ("sys", "SIGSYS")])
def test_a_trap_and_a_forbidden_system_call_are_crashes(word: str, signal_name: str) -> None:
    ending = blunt(word)
    assert ending.code == 70
    assert ending.report["event"] == "driver-crashed"
    assert ending.report["signal"] == signal_name
    assert ending.report["entry_point"] == "Factory"


def test_threads_that_crash_together_make_one_report() -> None:
    if has_address_sanitizer():
        pytest.skip("AddressSanitizer handles SIGSEGV and has a report of its own")
    for _ in range(20):
        ending = blunt("together")
        assert ending.code == 70
        (report,) = ending.events
        assert report == ending.report
        assert report["signal"] == "SIGSEGV"
        assert "text" not in report  # its stack was walked to the end
        assert any(line.startswith("Blunt + 0x") for line in report["backtrace"])


def test_a_stack_that_cannot_be_walked_does_not_keep_the_daemon_alive() -> None:
    if has_address_sanitizer():
        pytest.skip("AddressSanitizer handles SIGSEGV and has a report of its own")
    ending = blunt("in-loader", "--call-limit-ms", "0")
    assert ending.code == 72  # without a stack nobody knows that the thread is the driver's
    assert ending.report["signal"] == "SIGSEGV"
    assert ending.report["text"] == "the stack could not be walked"
    assert ending.report["backtrace"] == []


def test_children_of_a_driver_end_as_they_like() -> None:
    with Daemon("--clock", "virtual", environment={"BLUNT": "fork"}) as daemon:
        daemon.refuse("plugin.load", path=driver("Blunt"))
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    assert ending.code == 0
    assert ending.events == []
    assert "Blunt: child 0: status 0\n" in ending.err
    assert "Blunt: child 2: status 0\n" in ending.err


def test_a_write_to_a_closed_connection_kills_unless_sigpipe_is_ignored() -> None:
    assert blunt("pipe").report["signal"] == "SIGPIPE"
    with Daemon("--sigpipe", "ignore", environment={"BLUNT": "pipe thread-pipe"}) as daemon:
        daemon.refuse("plugin.load", path=driver("Blunt"))
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    assert ending.code == 0
    assert "write() returned -1" in ending.err


def test_a_closed_log_is_no_crash_of_the_driver() -> None:
    path = driver("Blunt")
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [str(program()), "--clock", "virtual"],
            input='{"jsonrpc": "2.0", "id": 1, "method": "plugin.load", "params": {"path": "'
            + path
            + '"}}\n{"jsonrpc": "2.0", "id": 2, "method": "host.info"}\n',
            stdout=subprocess.PIPE,
            stderr=write_end,
            text=True,
            timeout=20,
            env={**os.environ, "BLUNT": "read"},  # it writes a line to stderr
            check=False,
        )
    finally:
        os.close(write_end)
    assert done.returncode == 0
    assert '"id":2' in done.stdout
