"""The command line without a host: help, errors, exit codes, traces."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import __version__
from lab.cli import main
from lab.commands.play import default_file
from tests.support.fake_trace import records, write_trace

COMMANDS = ["play", "devices", "doctor", "trace", "version"]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    bare = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == bare
    for command in COMMANDS:
        assert f"  {command}" in bare
    assert "Exit status" in bare


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    page = capsys.readouterr().out.lower()
    assert page.startswith(f"usage: hal-lab {command}")
    assert "options" in page


def test_the_page_of_play_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    main(["play", "--help"])
    page = capsys.readouterr().out
    for option in ("--device", "--driver", "--clock", "--record", "--layout", "--trace", "--into"):
        assert option in page
    assert "Ctrl-C" in page


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["play", "--nonsense"], ["play", "--clock", "sundial"], ["trace"]],
)
def test_a_wrong_command_line_is_one_line_and_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert said.err.startswith("hal-lab: ")
    assert "--help" in said.err


def test_an_error_is_one_line_and_a_traceback_only_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "none")
    assert main(["trace", path]) == 1
    why = "the trace cannot be opened (No such file or directory)"
    assert capsys.readouterr().err == f"hal-lab: {why}: {path}; check the path\n"
    assert main(["--debug", "trace", path]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hal-lab {__version__}\n"
    assert main(["version"]) == 0
    assert sys.executable in capsys.readouterr().out


def test_the_doctor_is_the_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--for", "lint"]) in {0, 3}
    assert '"id": "python"' in capsys.readouterr().out
    assert main(["doctor", "--for", "nothing"]) == 2


def test_a_trace_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = records(20)
    made["flags"][3] = 1 | 4
    write_trace(tmp_path / "t", made)
    assert main(["trace", str(tmp_path / "t")]) == 0
    said = capsys.readouterr().out
    assert "virtual clock, seed 7, 20 cycles written" in said
    assert "1 x machine: the machine ran the IO thread late" in said
    assert "\033[" not in said


def test_without_a_file_the_tune_is_played() -> None:
    assert default_file().name == "tune.flac"


def test_a_build_that_is_not_there_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HAL_LAB_BUILD", str(tmp_path))
    assert main(["play"]) == 3
    assert "cmake --preset dev" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["trace", "t"], ["version"], ["--help"]])
def test_a_reader_of_our_output_that_leaves_is_no_error(
    arguments: list[str], tmp_path: Path
) -> None:
    write_trace(tmp_path / "t", records(20))
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lab.cli", *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--seconds", "nan"], "--seconds must be a number above 0"),
        (["--seconds", "inf"], "--seconds must be a number above 0"),
        (["--seconds", "0"], "--seconds must be a number above 0"),
        (["--frames", "0"], "--frames must be 16 to 8192"),
        (["--frames", "15"], "--frames must be 16 to 8192"),
        (["--frames", "8193"], "--frames must be 16 to 8192"),
        (["--call-limit-ms", "0"], "--call-limit-ms must be above 0"),
        (["--seed", "-1"], "--seed must be 0 to 2^64 - 1"),
        (["--device-clock", '{"kind": "offset", "ppm": 50}'], "--device-clock needs virtual time"),
        (["--host-clock", "[]"], "--host-clock needs virtual time; add --clock virtual"),
        (["--device-clock", "[1"], "--device-clock: no JSON (Expecting ',' delimiter"),
        (
            ["--device-clock", "fast"],
            "--device-clock: neither JSON nor a file: fast; write a clock",
        ),
        (
            ["--host-clock", '{"kind": "offset", "ppm": 6000}'],
            "--host-clock: 0.offset.ppm: Input should be less than or equal to 5000",
        ),
        (["--host-clock", '{"kind": "wobble"}'], "--host-clock: 0: Input tag 'wobble'"),
        (
            ["--device-clock", str([{"kind": "offset", "ppm": 1}] * 17).replace("'", '"')],
            "--device-clock: 17 components; use at most 16",
        ),
        (["--trace", "/no/such/folder/x"], "--trace: no such folder: /no/such/folder"),
        (["--record", "/no/such/folder/x.wav"], "--record: no such folder: /no/such/folder"),
        (["--record", "."], "--record is a folder: .; name a file in it"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_anything_starts(
    option: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lab.commands.play.play", lambda *_, **__: pytest.fail("it has started"))
    assert main(["play", *option]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"hal-lab: {said}")
    assert len(error.splitlines()) == 1


@pytest.mark.linux
def test_a_folder_that_takes_no_files_is_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.commands.play.play", lambda *_, **__: pytest.fail("it has started"))
    assert main(["play", "--into", "/proc/self"]) == 1
    assert capsys.readouterr().err.startswith("hal-lab: nothing can be written to the folder")


def test_what_the_system_refuses_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/some/file")

    monkeypatch.setattr("lab.commands.play.play", full)
    assert main(["play", "--clock", "virtual"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("hal-lab: No space left on device: /some/file; ")
    assert len(error.splitlines()) == 1
    assert main(["--debug", "play", "--clock", "virtual"]) == 1
    assert "Traceback" in capsys.readouterr().err
