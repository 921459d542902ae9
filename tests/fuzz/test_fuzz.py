"""The fuzzers find what was planted, keep it, and leave alone what is right."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import strategies as st

from lab.transport.bunghole.wire import Audio, audio_bytes, switch_bytes
from tests.fuzz import __main__ as fuzz_main
from tests.fuzz import files, wire
from tests.fuzz.__main__ import main
from tests.fuzz.program import run_again, run_program
from tests.fuzz.search import Note, TooLongError, at_most, noted, search
from tests.fuzz.targets import TARGETS, Target
from tests.support.elf_writer import shared_object
from tests.support.fake_gecko import v1_image, v2_image
from tests.support.macho_writer import Thin, thin

AN_INFO = b"<plist><dict><key>a</key><integer>1</integer></dict></plist>"


def test_a_mistake_in_the_parser_is_found_and_made_small() -> None:
    outcome = search(wire.INPUTS, partial(wire.check, make=wire.Planted), seconds=0, batch=4000)
    assert outcome.find is not None
    assert outcome.find.said == "AssertionError: an item that is not what came"
    # A mode, a switch and one record with 7 bytes of audio: there is nothing shorter.
    assert len(outcome.find.data) <= 1 + 10 + 2 * (4 + 36 + 7)
    wire.check(outcome.find.data)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_is_right_is_left_alone(target: Target) -> None:
    outcome = search(target.inputs, target.check, seconds=0, batch=100)
    assert outcome.find is None, outcome.find
    assert outcome.inputs >= 50


@pytest.mark.parametrize(
    ("reader", "check", "whole"),
    [
        ("open_reader", files.check_gecko, bytes(v2_image(ring_frames=256, block_count=8))),
        ("open_reader", files.check_gecko, v1_image(512, 2, 48_000)),
        ("parse_plist", files.check_plist, AN_INFO),
        ("read_macho", files.check_executable, thin(Thin())),
        ("read_elf", files.check_executable, shared_object(("Good_Create",))),
    ],
)
def test_a_reader_that_fails_in_words_of_others_is_found(
    reader: str, check: files.Check, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(whole)

    def fail(*_: object, **__: object) -> None:
        raise KeyError("a table that is not there")

    monkeypatch.setattr(files, reader, fail)
    outcome = search(st.just(whole), check, seconds=0, batch=1)
    assert outcome.find is not None
    assert outcome.find.said.startswith("KeyError")


def test_an_input_that_takes_long_is_found() -> None:
    def dwell(data: bytes) -> None:
        while len(data) >= 3:
            pass

    with pytest.raises(TooLongError), at_most(0.02):
        dwell(b"abc")
    with at_most(0.02):
        dwell(b"")


def test_the_input_of_a_process_that_crashed_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Each ends with its find, long before.
    assert main(["--plant", "--seconds", "40", "--into", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "planted-wire: FOUND after" in said
    assert "planted-crash: FOUND, it ends with -11" in said
    finds = sorted(path for path in tmp_path.glob("planted-*-*") if path.suffix == "")
    assert [path.name.rsplit("-", 1)[0] for path in finds] == ["planted-crash", "planted-wire"]
    with pytest.raises(AssertionError):
        wire.check(finds[0].read_bytes(), wire.Planted)
    assert main(["--replay", str(finds[1]), "--into", str(tmp_path)]) == 1
    assert "planted-wire: AssertionError: an item" in capsys.readouterr().out


def test_a_find_that_was_put_right_is_none_any_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    find = tmp_path / "bunghole-wire-0123456789ab"
    audio = Audio(1, 2, 3, 4, 5, bytes(7), 0)
    find.write_bytes(b"\x01" + switch_bytes() + audio_bytes(audio))
    assert main(["--replay", str(find), "--into", str(tmp_path)]) == 0
    assert "no find any more" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seconds", "0"], "'0' is no number of seconds"),
        (["--seconds", "soon"], "'soon' is no number of seconds"),
        (["--replay", "no-such-file"], "no-such-file: there is no such file"),
        (["--replay", __file__], "begins with no reader's name"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--into", str(tmp_path)])
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_what_was_looked_at_last_is_noted(tmp_path: Path) -> None:
    note = Note(tmp_path / "note")
    for data in (b"", b"a longer one", b"short"):
        note.keep(data)
        assert noted(tmp_path / "note") == data


def test_a_fuzzer_that_does_not_find_what_was_planted_is_no_fuzzer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz_main, "TARGETS", ())
    blind = program(tmp_path, 'print("5 inputs, none that failed")')
    for name in ("fuzz_wire", "fuzz_wire_planted"):
        shutil.copy(blind, tmp_path / name)
    command = ["--seconds", "1", "--into", str(tmp_path), "--programs", str(tmp_path)]
    assert main(command) == 1
    said = capsys.readouterr().out
    assert "fuzz_wire_planted: the planted mistake was NOT found" in said
    assert "fuzz_wire: 5 inputs in 1 s, none failed" in said


# ---- programs ------------------------------------------------------------------------------------


def program(folder: Path, body: str) -> Path:
    """A fuzz target without libFuzzer, in Python."""
    path = folder / "fuzz_fake"
    path.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\n"
        f'if sys.argv[1] == "-help=1":\n    sys.exit(2)\n{body}\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
    (folder / "corpus").mkdir()
    (folder / "corpus" / "one").write_bytes(b"1")
    return path


def test_a_program_that_finds_nothing_says_how_much_it_tried(tmp_path: Path) -> None:
    fake = program(tmp_path, 'print("1234 inputs, none that failed")')
    ending = run_program(fake, tmp_path / "corpus", tmp_path, seconds=1)
    assert not ending.failed
    assert ending.inputs == 1234
    assert ending.finds == ()


def test_a_program_that_fails_leaves_its_input(tmp_path: Path) -> None:
    fake = program(
        tmp_path,
        'pathlib.Path("crash-input").write_bytes(b"bad")\n'
        'print("fuzz_fake: no progress")\nprint("and more")\nsys.exit(1)',
    )
    ending = run_program(fake, tmp_path / "corpus", tmp_path, seconds=1)
    assert ending.failed
    assert ending.said == "fuzz_fake: no progress"
    assert [path.read_bytes() for path in ending.finds] == [b"bad"]
    assert run_again(fake, ending.finds[0]).failed
