"""launchd with real processes, as an ordinary process below a root of its own."""

from __future__ import annotations

import os
import plistlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.launchd.wire import SOCKET, LaunchdGoneError, ask

pytestmark = pytest.mark.linux
UID = os.getuid()
DOMAIN = f"gui/{UID}"


class Real:
    """A launchd below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = (root / "log").open("wb")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "lab.launchd", "--profile", "macos-12", "--any-owner"),
                *("--root", str(root), "--domain", DOMAIN, "--while-stdin"),
            ],
            stdin=subprocess.PIPE,
            stderr=self.log,
        )
        self.wait(self.answers)

    def answers(self) -> bool:
        try:
            return bool(self.ask(verb="list", target=DOMAIN)["code"] == 0)
        except LaunchdGoneError:
            return False

    def ask(self, **request: Any) -> dict[str, Any]:
        return ask(self.root / SOCKET.lstrip("/"), request, timeout_s=20)

    def load(self, label: str, script: str, **keys: Any) -> None:
        content = {
            "Label": label,
            "ProgramArguments": ["/bin/sh", "-c", script],
            "ThrottleInterval": 0,
        }
        (self.root / f"{label}.plist").write_bytes(plistlib.dumps({**content, **keys}))
        answer = self.ask(verb="bootstrap", target=DOMAIN, path=f"/{label}.plist")
        assert answer["code"] == 0, answer

    def job(self, label: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(verb="list", target=DOMAIN)["jobs"][label]
        return found

    def read(self, name: str) -> str:
        path = self.root / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, self.read("log")
            time.sleep(0.01)


@pytest.fixture
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    made = Real(tmp_path_factory.mktemp("l"))
    yield made
    assert made.process.stdin
    made.process.stdin.close()
    made.process.wait(timeout=30)
    made.log.close()


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_job_that_is_killed_comes_back_with_its_environment_and_its_files(real: Real) -> None:
    real.load(
        "kept",
        'echo "$WORD" >&2; exec sleep 1000',
        KeepAlive=True,
        EnvironmentVariables={"WORD": "hello"},
        StandardErrorPath="/said",
    )
    first = real.job("kept")["pid"]
    real.wait(lambda: real.read("said") == "hello\n")
    os.kill(first, signal.SIGKILL)
    real.wait(lambda: real.job("kept")["pid"] not in {0, first})
    real.wait(lambda: real.read("said") == "hello\nhello\n")


def test_kickstart_k_answers_when_the_new_process_is_there(real: Real) -> None:
    real.load("kept", "exec sleep 1000", RunAtLoad=True)
    first = real.job("kept")["pid"]
    answer = real.ask(verb="kickstart", target=f"{DOMAIN}/kept", kill=True)
    assert answer["code"] == 0
    assert real.job("kept")["pid"] not in {0, first}
    assert not lives(first)


def test_a_file_in_a_queue_directory_starts_a_job(real: Real) -> None:
    (real.root / "queue").mkdir()
    real.load("queued", "rm /queue/* 2>/dev/null; exec sleep 1000", QueueDirectories=["/queue"])
    assert real.job("queued")["runs"] == 0
    (real.root / "queue/session-active").write_text("1", encoding="ascii")
    real.wait(lambda: real.job("queued")["runs"] == 1)


def test_a_watched_file_starts_a_job_when_it_changes(real: Real) -> None:
    real.load("watching", "exit 0", WatchPaths=["/watched"])
    time.sleep(0.3)
    assert real.job("watching")["runs"] == 0
    (real.root / "watched").write_text("x", encoding="ascii")
    real.wait(lambda: real.job("watching")["runs"] == 1)


def test_a_program_that_is_not_there_is_said_and_ends_with_127(real: Real) -> None:
    real.load(
        "missing",
        "",
        ProgramArguments=["/no/such/program"],
        RunAtLoad=True,
        StandardErrorPath="/said",
    )
    real.wait(lambda: "launchd: missing:" in real.read("said"))
    real.wait(
        lambda: "last exit code = 127" in real.ask(verb="print", target=f"{DOMAIN}/missing")["out"]
    )


def test_orphans_are_reaped(real: Real) -> None:
    real.load(
        "parent",
        '(sleep 0.2; exit 3) & echo $! > "$0"; exit 0',
        RunAtLoad=True,
        ProgramArguments=[
            "/bin/sh",
            "-c",
            '(sleep 0.2) & echo $! >"$0"',
            str(real.root / "orphan"),
        ],
    )
    real.wait(lambda: real.read("orphan").strip() != "")
    orphan = int(real.read("orphan"))
    real.wait(lambda: not Path(f"/proc/{orphan}").exists())


def test_a_job_that_is_ended_in_the_moment_of_its_start_hears_it(real: Real) -> None:
    for number in range(10):
        real.load(f"job{number}", "exec sleep 1000", RunAtLoad=True)
        answer = real.ask(verb="bootout", target=f"{DOMAIN}/job{number}")
        assert answer["code"] == 0
    # Ten times its ExitTimeOut would be 200 s, and the answer would not have come.


@pytest.mark.parametrize("how", ["SIGTERM", "its standard input ends"])
def test_the_end_of_launchd_is_the_end_of_all_jobs(real: Real, how: str) -> None:
    real.load("a", "exec sleep 1000", KeepAlive=True)
    real.load("deaf", "trap '' TERM; while :; do sleep 0.05; done", RunAtLoad=True, ExitTimeOut=1)
    pids = [real.job(label)["pid"] for label in ("a", "deaf")]
    if how == "SIGTERM":
        real.process.terminate()
    else:
        assert real.process.stdin
        real.process.stdin.close()
    assert real.process.wait(timeout=20) == 0
    assert not any(lives(pid) for pid in pids)
    assert not (real.root / SOCKET.lstrip("/")).exists()


def test_jobs_do_not_outlive_a_launchd_that_is_killed(real: Real) -> None:
    real.load("a", "exec sleep 1000", RunAtLoad=True)
    pid = real.job("a")["pid"]
    real.process.kill()
    real.process.wait()
    real.wait(lambda: not lives(pid))


def test_nonsense_on_the_socket_is_answered_or_hung_up_on(real: Real) -> None:
    import socket

    for line, expected in (
        (b"hello\n", b"Unrecognized"),
        (b"[]\n", b"Unrecognized"),
        (b"x" * 70000, b""),
    ):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(real.root / SOCKET.lstrip("/")))
            try:
                connection.sendall(line)
                assert expected in connection.recv(1000)
            except (BrokenPipeError, ConnectionResetError):
                assert not expected
    assert real.answers()
