"""The host as a process: it always ends, and says how it ended."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from lab.errors import LabError, UsageError
from lab.host.errors import (
    DriverCrashed,
    DriverHung,
    HostCrashed,
    HostError,
    HostGone,
    HostTimeout,
    ProtocolError,
    ending_of,
)
from lab.host.subprocess_host import HostOptions, SubprocessHost

FAKE = Path(__file__).resolve().parents[1] / "support" / "fake_daemon.py"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    script = tmp_path / "coreaudiod-sim"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def start(program: Path, mode: str = "good") -> SubprocessHost:
    return SubprocessHost(program=program, environment={"FAKE_MODE": mode})


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_replies_are_typed_and_unknown_members_let_pass(program: Path) -> None:
    with start(program) as host:
        assert host.info().clock == "virtual"
        device = host.device("Gecko Sink")
        assert (device.name, device.output_channels, device.period_s) == ("Gecko Sink", 2, 0.01)
        assert device.has_rate(44_100)
        assert not device.has_rate(96_000)
        assert host.devices() == [device]


def test_what_is_not_given_is_not_sent(program: Path) -> None:
    with start(program) as host:
        assert host.call("echo", a=1, b=None) == {"a": 1}


def test_a_refusal_carries_the_status_and_what_the_driver_said(program: Path) -> None:
    with start(program) as host:
        with pytest.raises(HostError) as caught:
            host.get_property(0, 2, "xxxx")
        assert caught.value.status == "not-found"
        assert caught.value.os_status == 2003332927
        with pytest.raises(HostError) as caught:
            host.call("no.such")
        assert caught.value.status == "method"


def test_notices_come_between_the_answers_in_order(program: Path) -> None:
    with start(program, "notices") as host:
        host.run(0.01)
        notices = host.take_notices()
        assert [notice.kind for notice in notices] == ["overload", "warning"]
        assert notices[1].text == "a rule was broken"
        assert host.take_notices() == []


def test_a_crash_of_the_driver_says_where(program: Path) -> None:
    with start(program, "crash") as host:
        with pytest.raises(DriverCrashed) as caught:
            host.devices()
        crash = caught.value
        assert (crash.signal, crash.entry_point) == ("SIGSEGV", "StartIO")
        assert crash.backtrace == ["bad_start +0x12", "main +0x3"]
        assert crash.exit_code == 70
        assert "crashed with SIGSEGV in StartIO 'rite': /x/Bad.driver" in str(crash)


def test_a_crash_in_no_call_does_not_make_one_up() -> None:
    report = {"event": "driver-crashed", "signal": "SIGSEGV", "entry_point": None, "plugin": None}
    crash = ending_of(70, report, "")
    assert isinstance(crash, DriverCrashed)
    assert crash.entry_point == "?"
    assert "crashed with SIGSEGV outside any call: unknown plug-in; look" in str(crash)
    left = ending_of(70, {**report, "signal": "exit", "text": "a driver called _exit()"}, "")
    assert "with exit outside any call: unknown plug-in (a driver called _exit())" in str(left)


@pytest.mark.parametrize(
    ("mode", "kind", "said"),
    [
        ("hang", DriverHung, "hung in StopIO for 5000 ms"),
        ("host-crash", HostCrashed, "outside any driver"),
        ("killed", HostGone, "was ended by signal 9 without a word"),
        ("killed-under-guard", HostGone, "was ended by SIGKILL: the daemon was killed from outs"),
        ("die-with-words", HostGone, "ended with code 1: coreaudiod-sim: the disk is full"),
    ],
)
def test_every_other_end_has_its_line(
    program: Path, mode: str, kind: type[HostGone], said: str
) -> None:
    with start(program, mode) as host:
        with pytest.raises(kind, match=said) as caught:
            host.devices()
        assert type(caught.value) is kind
        # And again: the host does not come back.
        with pytest.raises(HostGone):
            host.devices()


def test_a_host_that_does_not_answer_is_ended(program: Path) -> None:
    with start(program, "silent") as host:
        with pytest.raises(HostTimeout, match=r"no answer to device\.list within 0\.3 s"):
            host.call("device.list", timeout_s=0.3)
        assert not is_alive(host.pid)


@pytest.mark.parametrize("mode", ["garbage", "array"])
def test_what_is_no_protocol_is_refused(program: Path, mode: str) -> None:
    with start(program, mode) as host, pytest.raises(ProtocolError):
        host.devices()


@pytest.mark.parametrize("mode", ["good", "crash", "garbage"])
def test_nothing_is_left_running(program: Path, mode: str) -> None:
    with start(program, mode) as host:
        if mode == "crash":
            with pytest.raises(HostGone):
                host.devices()
    host.close()
    assert not is_alive(host.pid)
    if mode == "good":
        assert host.exit_status == 0


def test_a_child_that_the_host_left_behind_ends_too(program: Path) -> None:
    with start(program, "leaves-child") as host:
        deadline = time.monotonic() + 5
        while not host.log.events("child") and time.monotonic() < deadline:
            time.sleep(0.01)
        child = int(host.log.events("child")[0].fields["pid"])
        assert is_alive(child)
        # As with the real one: what the guard's group holds is not all.
        assert os.getpgid(child) == host.daemon_pid != host.pid
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        # It was handed to init, which takes a moment to bury it.
        time.sleep(0.01)
    state = Path(f"/proc/{child}/stat")
    assert not is_alive(child) or state.read_text(encoding="utf-8").split()[2] == "Z"


def test_a_host_that_does_not_want_to_end_is_ended(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.host.subprocess_host._ENDING_S", 0.3)
    with start(program, "stubborn") as host:
        pass
    assert not is_alive(host.pid)
    assert host.exit_status == -9


def test_a_program_that_is_none_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "coreaudiod-sim"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    with pytest.raises(LabError, match="cannot be started"):
        SubprocessHost(program=path)


def test_a_program_that_ends_at_once_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "coreaudiod-sim"
    path.write_text(
        "#!/bin/sh\necho 'coreaudiod-sim: unknown option' >&2\nexit 2\n", encoding="utf-8"
    )
    path.chmod(0o755)
    with pytest.raises(HostGone, match="ended with code 2: coreaudiod-sim: unknown option"):
        SubprocessHost(program=path)


def test_run_wants_one_kind_of_time(program: Path) -> None:
    with start(program) as host:
        assert host.run(device=0, cycles=3).elapsed_ns == 10_000_000
        for bad in ({}, {"seconds": 1.0, "cycles": 3}, {"cycles": 3}):
            with pytest.raises(UsageError):
                host.run(**bad)


def test_options_become_arguments() -> None:
    options = HostOptions(
        clock="realtime",
        seed=3,
        storage=Path("/s"),
        timebase=(125, 3),
        wait="sleep",
        call_limit_ms=0,
        keep_shm=True,
        extra=("--no-guard",),
    )
    assert options.arguments() == [
        *("--rpc", "stdio", "--clock", "realtime", "--seed", "3", "--storage", "/s"),
        *("--timebase", "125/3", "--wait", "sleep", "--call-limit-ms", "0"),
        *("--keep-shm", "--no-guard"),
    ]
