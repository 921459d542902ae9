"""Guests at work: commands, files, limits."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.guest.command import RunningCommand
from lab.guest.errors import CommandRefused, CommandTimeout, GuestSilent
from lab.guest.guest import Guest
from lab.guest.launch import PACKAGE_ROOT
from lab.guest.settings import GuestSettings, Vsock
from tests.guest.processes import leaves_nothing, processes_of

pytestmark = [pytest.mark.guest, pytest.mark.linux]


def python(guest: Guest, code: str, *words: str) -> RunningCommand:
    command = [sys.executable, "-c", code, *words]
    return guest.start_command(command, cwd=PACKAGE_ROOT, with_stdin=True)


def test_a_guest_boots_in_time_runs_a_command_and_leaves_nothing(log_folder: Path) -> None:
    with Guest(GuestSettings(vsock=Vsock.NONE, log_folder=log_folder)) as guest:
        folder = guest.shared.parent
        assert guest.boot_s < guest.settings.boot_limit_s
        assert guest.run(["uname", "-s"]).text == "Linux\n"
        assert (
            guest.run(["cat", "/proc/sys/kernel/random/boot_id"]).stdout
            != Path("/proc/sys/kernel/random/boot_id").read_bytes()
        )
        assert processes_of(folder)
    assert leaves_nothing(folder)
    assert not log_folder.exists()
    guest.kill()


def test_exit_status_and_both_outputs_come_back(guest: Guest) -> None:
    result = guest.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (result.status, result.stdout, result.stderr) == (3, b"out\n", b"err\n")
    assert guest.run(["sh", "-c", "kill -9 $$"]).status == -9
    with pytest.raises(LabError, match=r"ended with status 3 \(err\): sh"):
        result.check()
    with pytest.raises(LabError, match="ended with signal 9"):
        guest.run(["sh", "-c", "kill -9 $$"]).check()


def test_environment_and_folder_are_what_was_asked_for_and_no_more(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_HOST", "1")
    result = guest.run(["sh", "-c", "pwd; env"], env={"MINE": "a b"}, cwd="/usr")
    lines = result.text.splitlines()
    assert lines[0] == "/usr"
    assert "MINE=a b" in lines
    assert not any(line.startswith("OF_THE_HOST") for line in lines)


def test_many_bytes_go_in_and_come_back(guest: Guest) -> None:
    data = os.urandom(1 << 18)
    result = guest.run(["cat"], stdin=data)
    assert result.stdout == data
    assert guest.run(["sha256sum"], stdin=data).text.split()[0] == hashlib.sha256(data).hexdigest()


def test_output_comes_as_it_is_made_and_input_is_taken_meanwhile(guest: Guest) -> None:
    code = "import sys\nfor line in sys.stdin: print(line.strip()[::-1], flush=True)"
    command = python(guest, code)
    for word in (b"abc", b"wxyz"):
        command.write(word + b"\n")
        command.wait_for_output(word[::-1] + b"\n", limit_s=30)
    command.close_input()
    assert command.wait(limit_s=30).status == 0


def test_output_is_told_piece_by_piece(guest: Guest) -> None:
    heard = bytearray()
    result = guest.run(["seq", "20000"], on_stdout=heard.extend)
    assert bytes(heard) == result.stdout == "".join(f"{i}\n" for i in range(1, 20001)).encode()


def test_a_listener_that_raises_is_heard_of_and_the_guest_goes_on(guest: Guest) -> None:
    def refuse(_data: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guest.run(["echo", "x"], on_stdout=refuse)
    assert guest.run(["true"]).status == 0


def test_several_commands_run_at_once(guest: Guest) -> None:
    commands = [guest.start_command(["sh", "-c", f"sleep 0.2; echo {i}"]) for i in range(4)]
    results: list[bytes] = [b""] * 4

    def wait(i: int) -> None:
        results[i] = commands[i].wait(limit_s=30).stdout

    threads = [threading.Thread(target=wait, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_a_command_over_its_limit_is_ended_with_its_children_and_the_guest_is_well(
    guest: Guest,
) -> None:
    script = "trap '' TERM; echo begun; sleep 1000 & sleep 1000"
    with pytest.raises(CommandTimeout, match="took longer than 1 s") as caught:
        guest.run(["sh", "-c", script], limit_s=1)
    assert caught.value.stdout == b"begun\n"
    assert "\n" not in str(caught.value)
    assert guest.run(["pgrep", "-c", "sleep"]).text == "0\n"


def test_what_a_command_leaves_running_ends_with_it(guest: Guest) -> None:
    assert guest.run(["sh", "-c", "sleep 1000 & exit 4"], limit_s=30).status == 4
    assert guest.run(["pgrep", "-c", "sleep"]).text == "0\n"


def test_a_command_that_does_not_read_is_no_reason_to_wait(guest: Guest) -> None:
    command = guest.start_command(["sleep", "1000"], with_stdin=True)
    with pytest.raises(GuestSilent, match="sleep does not read its input"):
        command.write(bytes(1 << 20), limit_s=1)
    command.kill()
    assert command.wait(limit_s=30).status == -9
    command.write(b"too late")
    assert guest.run(["true"], stdin=bytes(200_000)).status == 0


@pytest.mark.parametrize(
    ("argv", "cwd", "said"),
    [
        (["no-such-program-of-ours"], "/", "No such file or directory"),
        (["true"], "/no/such/folder", "No such file or directory"),
        (["/etc/passwd"], "/", "Permission denied"),
    ],
)
def test_a_command_that_cannot_be_started_is_refused_in_one_line(
    guest: Guest, argv: list[str], cwd: str, said: str
) -> None:
    with pytest.raises(CommandRefused, match=said) as caught:
        guest.run(argv, cwd=cwd)
    assert "\n" not in str(caught.value)


def test_an_empty_command_is_refused(guest: Guest) -> None:
    with pytest.raises(LabError, match="empty command"):
        guest.run([])


def test_files_and_folders_go_in_and_out(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "run").write_text("#!/bin/sh\necho $0\n")
    (tmp_path / "in" / "deep" / "run").chmod(0o755)
    guest.put(tmp_path / "in", "/tmp/folder")
    assert guest.run(["/tmp/folder/deep/run"]).text == "/tmp/folder/deep/run\n"
    guest.run(["sh", "-c", "head -c 3000000 /dev/urandom > /tmp/folder/big"]).check()
    guest.take("/tmp/folder", tmp_path / "out")
    taken = (tmp_path / "out" / "big").read_bytes()
    told = guest.run(["sha256sum", "/tmp/folder/big"]).text.split()[0]
    assert hashlib.sha256(taken).hexdigest() == told
    assert os.access(tmp_path / "out" / "deep" / "run", os.X_OK)
    for _ in range(3):
        (tmp_path / "again").write_bytes(os.urandom(8))
        guest.put(tmp_path / "again", "/tmp/again")
        assert guest.run(["cat", "/tmp/again"]).stdout == (tmp_path / "again").read_bytes()
    assert list(guest.shared.iterdir()) == []


def test_files_that_cannot_be_copied_are_refused_in_one_line(guest: Guest, tmp_path: Path) -> None:
    with pytest.raises(CommandRefused, match="No such file"):
        guest.take("/tmp/nothing", tmp_path / "x")
    with pytest.raises(LabError, match=r"cannot be copied \(No such file"):
        guest.put(tmp_path / "nothing", "/tmp/x")
    (tmp_path / "x").touch()
    with pytest.raises(CommandRefused, match="Read-only file system"):
        guest.put(tmp_path / "x", "/usr/x")


def test_the_shared_folder_is_one_for_both_and_the_rest_of_the_host_cannot_be_written(
    guest: Guest, tmp_path: Path
) -> None:
    (guest.shared / "from-host").write_text("hello")
    assert guest.run(["cat", guest.shared / "from-host"]).text == "hello"
    guest.run(["sh", "-c", f"echo hi > {guest.shared}/from-guest"]).check()
    assert (guest.shared / "from-guest").read_text() == "hi\n"
    for path in (guest.shared / "from-host", guest.shared / "from-guest"):
        path.unlink()
    assert "Read-only" in guest.run(["touch", PACKAGE_ROOT / "x"]).stderr.decode()
    assert guest.run(["touch", "/tmp/x", "/dev/shm/x", "/run/x", "/var/tmp/x"]).status == 0
    assert not Path("/run/x").exists()


def test_the_environment_of_this_python_is_there(guest: Guest) -> None:
    code = "import hypothesis, psutil, lab.errors, sys; print(sys.prefix)"
    command = python(guest, code)
    assert command.wait(limit_s=60).check().text.strip() == sys.prefix


def test_a_guest_sees_what_it_was_given_and_has_what_a_system_has(
    log_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "file").write_text("yes")
    settings = GuestSettings(
        visible=(tmp_path / "seen",), log_folder=log_folder, keep_log=True, vsock=Vsock.NONE
    )
    with Guest(settings) as guest:
        assert guest.run(["cat", tmp_path / "seen" / "file"]).text == "yes"
        for path in ("/proc/self/stat", "/sys/kernel", "/dev/null", "/dev/shm", "/dev/pts"):
            assert guest.run(["test", "-e", path]).status == 0, path
        code = "import socket; s=socket.create_server(('127.0.0.1', 0)); print('up')"
        assert guest.run([sys.executable, "-c", code]).text == "up\n"
        alive = [guest.is_alive]
    alive.append(guest.is_alive)
    assert alive == [True, False]
    assert "Linux version" in (log_folder / "guest.serial.log").read_text()
