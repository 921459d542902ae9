"""coreaudiod-sim as a command: what it says, and with which exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon.talk import driver, run

pytestmark = [pytest.mark.native, pytest.mark.linux]


def test_help_reads_like_a_manual_page_and_fits_a_terminal() -> None:
    ending = run("--help")
    assert ending.code == 0
    assert ending.err == ""
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "CONTROL", "EXIT STATUS", "EXAMPLES"):
        assert f"\n{section}\n" in "\n" + ending.out
    assert max(len(line) for line in ending.out.splitlines()) <= 100


def test_help_names_every_option() -> None:
    text = run("--help").out
    for option in (
        *("--rpc", "--driver", "--clock", "--seed", "--timebase", "--storage", "--wait"),
        *("--spin-us", "--no-realtime-priority", "--late-wake-us", "--budget-percent"),
        *("--call-limit-ms", "--sigpipe", "--keep-shm", "--no-guard", "--play", "--signal"),
        *("--sine-hz", "--seconds", "--trace", "--device", "--rate", "--frames", "--channels"),
        *("--far-end", "--record", "--check", "--help", "--version"),
    ):
        assert option in text


def test_version_names_the_protocol() -> None:
    ending = run("--version")
    assert ending.code == 0
    assert ending.out.startswith("coreaudiod-sim ")
    assert "(protocol 1)" in ending.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--frobnicate"], "--frobnicate"),
        (["--seed"], "--seed"),
        (["--seed", "-1"], "-1"),
        (["--seed", "12x"], "12x"),
        (["--clock", "lunar"], "realtime, virtual"),
        (["--timebase", "125"], "125/3"),
        (["--timebase", "1/0"], "1/0"),
        (["--rpc", "tcp:80"], "tcp:80"),
        (["--rpc", "unix:"], "unix:"),
        (["--budget-percent", "101"], "1 to 100"),
        (["stray"], "stray"),
        (["--play", "in.raw"], "--driver"),
        (["--seconds", "5"], "--play"),
        (["--driver", "x", "--signal", "sine", "--check"], "--signal counter"),
        (["--driver", "x", "--signal", "sine", "--play", "y"], "one or the other"),
        (["--driver", "x", "--signal", "sine", "--rpc", "stdio"], "one or the other"),
        (["--driver", "x", "--signal", "sine", "--record", "y"], "--far-end"),
        (["--driver", "x", "--signal", "sine", "--far-end", "name"], "gecko-shm:/NAME"),
        (["--driver", "x", "--signal", "sine", "--frames", "8"], "16 to 8192"),
        (["--driver", "x", "--signal", "sine", "--rate", "nan"], "nan"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(arguments: list[str], said: str) -> None:
    ending = run(*arguments)
    assert ending.code == 2
    assert ending.out == ""
    assert len(ending.err.splitlines()) == 1
    assert said in ending.err


def test_a_driver_that_is_not_there_is_one_line_and_exit_code_1() -> None:
    ending = run("--driver", "/no/such.driver", "--signal", "counter")
    assert ending.code == 1
    assert len(ending.err.splitlines()) == 1
    assert "/no/such.driver" in ending.err


def test_a_signal_through_a_loop_comes_back_whole(tmp_path: Path) -> None:
    trace = tmp_path / "out.trace"
    ending = run(
        *("--driver", driver("Loop"), "--signal", "counter", "--check", "--seconds", "2"),
        *("--clock", "virtual", "--frames", "256", "--rate", "96000", "--trace", str(trace)),
    )
    assert ending.code == 0, ending.err
    assert "96000 Hz, 2 channels, 256 frames a cycle" in ending.out
    assert ": clean" in ending.out
    assert trace.read_bytes()[:7] == b"HTRACE1"


def test_a_driver_that_drops_a_frame_fails_the_check() -> None:
    ending = run(
        *("--driver", driver("Loop"), "--signal", "counter", "--check", "--seconds", "2"),
        *("--clock", "virtual"),
        environment={"LOOP_FAULT": "drops-a-frame"},
    )
    assert ending.code == 3
    assert "NOT CLEAN" in ending.out


def test_a_file_plays_as_long_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "in.raw"
    file.write_bytes(bytes(4 * 2 * 48000 // 2))
    ending = run("--driver", driver("Loop"), "--play", str(file), "--clock", "virtual")
    assert ending.code == 0, ending.err
    assert "0.500 s of virtual time" in ending.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--play", "no-such.raw"], "no-such.raw"),
        (["--signal", "sine", "--device", "Nobody"], "Nobody"),
        (["--signal", "sine", "--rate", "5"], "5"),
        (["--signal", "sine", "--trace", "no/such/folder/t"], "no/such/folder"),
    ],
)
def test_what_cannot_be_played_is_one_line_and_exit_code_1(arguments: list[str], said: str) -> None:
    ending = run("--driver", driver("Loop"), "--clock", "virtual", *arguments)
    assert ending.code == 1
    assert len(ending.err.splitlines()) == 1, ending.err
    assert said in ending.err
    assert ending.out == ""
