"""A guest's program is shut in: what it held cannot go on on the host."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lab.guest import confine, uml_files
from lab.guest.guest import Guest
from lab.guest.launch import PACKAGE_ROOT
from lab.guest.settings import GuestSettings, Vsock
from tests.guest.processes import leaves_nothing

pytestmark = [pytest.mark.guest, pytest.mark.linux]

# What follows runs in a child that has been shut in, with a time limit.
FRAME = """
import os, socket, sys
from lab.guest import confine
confine.enter_namespaces()
child = os.fork()
if child == 0:
    confine.shut_in(sys.argv[1], "")
    try:
        {body}
    except OSError as error:
        print(error.strerror, flush=True)
    os._exit(0)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(status)
"""


def said(body: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", FRAME.format(body=body), folder],
        cwd=PACKAGE_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.split("\n")[:-1]


def test_nothing_can_be_written_but_its_own_folder(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    assert said(f"open({str(own / 'x')!r}, 'w').write('x')", own) == ["0"]
    assert (own / "x").exists()
    other = tmp_path / "other"
    assert said(f"open({str(other)!r}, 'w')", own) == ["Read-only file system", "0"]
    assert not other.exists()


def test_it_is_the_first_and_only_process_it_can_see(tmp_path: Path) -> None:
    assert said("print(os.getpid(), flush=True)", tmp_path) == ["1", "0"]
    # Signal 0 asks whether it could be sent: there is nobody it could be sent to.
    assert said("os.kill(-1, 0)", tmp_path) == ["No such process", "0"]


@pytest.mark.skipif(not hasattr(socket, "AF_VSOCK"), reason="no AF_VSOCK")
def test_an_af_vsock_socket_ends_it_and_others_do_not(tmp_path: Path) -> None:
    assert said("socket.socket(40, socket.SOCK_STREAM)", tmp_path) == [str(-signal.SIGSYS)]
    assert said("socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)", tmp_path) == ["0"]


def test_where_it_cannot_be_shut_in_no_guest_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    assert confine.why_not() == ""
    monkeypatch.setattr(confine, "why_not", lambda: "namespaces are not permitted (no)")
    assert uml_files.why_missing(()) == "namespaces are not permitted (no)"


def test_what_a_killed_guest_was_doing_does_not_go_on_on_the_host(
    log_folder: Path, tmp_path: Path
) -> None:
    # The same path is a folder of the guest's own memory and one of the host's.
    tmp_path.chmod(0o777)
    code = f"""
import os
os.makedirs({str(tmp_path)!r}, exist_ok=True)
print("begun", flush=True)
while True:
    os.close(os.open({str(tmp_path / "escaped")!r}, os.O_CREAT | os.O_WRONLY))
"""
    with Guest(GuestSettings(vsock=Vsock.NONE, log_folder=log_folder)) as guest:
        folder = guest.shared.parent
        guest.start_command([sys.executable, "-c", code]).wait_for_output(b"begun", limit_s=30)
        (main,) = [
            child
            for child in psutil.Process(guest.keeper_pid).children()
            if child.cmdline()[0].endswith(uml_files.PROGRAM)
        ]
        held = main.children(recursive=True)
        assert held
        main.kill()
        psutil.wait_procs(held, timeout=30)
    assert leaves_nothing(folder)
    assert not (tmp_path / "escaped").exists()
