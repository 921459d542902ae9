"""--rpc unix:PATH: who may connect, what is refused, what is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.daemon.talk import Daemon, driver, has_loaded, request, run, wait_until

pytestmark = [pytest.mark.native, pytest.mark.linux]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "host.sock"


@pytest.fixture
def daemon(path: Path) -> Iterator[Daemon]:
    with Daemon("--clock", "virtual", "--rpc", f"unix:{path}") as started:
        assert wait_until(lambda: is_listening(path))
        yield started


def is_listening(path: Path) -> bool:
    """Whether a connection is taken."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


class Connection:
    """One connection to the socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(20)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rw")

    def ask(self, method: str, **params: object) -> Any:
        """The result of a request."""
        self._file.write(request(1, method, **params) + "\n")
        self._file.flush()
        while True:
            answer = json.loads(self._file.readline())
            if "method" not in answer:
                return answer["result"]

    def send(self, method: str, **params: object) -> None:
        """Send without waiting."""
        self._file.write(request(1, method, **params) + "\n")
        self._file.flush()

    def hear(self) -> Any:
        """The next line."""
        return json.loads(self._file.readline())

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


def test_only_the_owner_may_connect(daemon: Daemon, path: Path) -> None:
    status = path.stat()
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_uid == os.getuid()


def test_the_host_outlives_a_connection(daemon: Daemon, path: Path) -> None:
    first = Connection(path)
    first.ask("plugin.load", path=driver("Loop"))
    first.ask("client.add", device=0, name="stays")
    first.close()
    second = Connection(path)
    device = second.ask("device.info", device=0)
    assert [client["name"] for client in device["clients"]] == ["stays"]
    second.ask("host.shutdown")
    second.close()
    assert daemon.ending().code == 0
    assert not path.exists()


def test_hanging_up_ends_the_run_but_not_the_host(daemon: Daemon, path: Path) -> None:
    first = Connection(path)
    first.ask("plugin.load", path=driver("Loop"))
    first.ask("client.add", device=0)
    first.ask("io.start", device=0, client=1)
    first.send("io.run", seconds=1e9)
    first.close()
    second = Connection(path)
    assert second.ask("device.info", device=0)["running"] is True
    second.close()


def test_a_signal_takes_the_socket_away(daemon: Daemon, path: Path) -> None:
    daemon.process.terminate()
    assert daemon.ending().code == 0
    assert not path.exists()


def test_a_peer_that_does_not_read_cannot_keep_it_from_ending(daemon: Daemon, path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.connect(str(path))
        peer.settimeout(1)
        lines = "".join(request(i, "host.info") + "\n" for i in range(5000)).encode()
        with suppress(TimeoutError):  # it takes no more while its answers are not read
            peer.sendall(lines)
        daemon.process.terminate()
        assert daemon.process.wait(10) == 0


def settled_descriptors(pid: int) -> set[int]:
    """What a process has open, once that holds still: a daemon that starts opens and closes."""
    seen: list[set[int]] = []
    for _ in range(200):
        seen.append({int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()})
        if len(seen) >= 5 and all(each == seen[-1] for each in seen[-5:]):
            return seen[-1]
        time.sleep(0.02)
    raise AssertionError(f"the descriptors never hold still: {seen[-5:]}")


def test_who_cannot_be_let_in_waits_and_costs_nothing(daemon: Daemon, path: Path) -> None:
    (inner,) = psutil.Process(daemon.process.pid).children()
    limits = inner.rlimit(psutil.RLIMIT_NOFILE)
    used = settled_descriptors(inner.pid)
    lowest_free = min(set(range(len(used) + 1)) - used)
    inner.rlimit(psutil.RLIMIT_NOFILE, (lowest_free, limits[1]))
    connection = Connection(path)  # the kernel takes it; the daemon has no descriptor for it
    connection.send("io.interrupt")
    before = inner.cpu_times()
    time.sleep(1)
    after = inner.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.2
    inner.rlimit(psutil.RLIMIT_NOFILE, limits)
    connection.hear()
    assert connection.ask("host.info")["protocol"] == 1
    connection.close()
    daemon.process.terminate()
    ending = daemon.ending()
    assert ending.err.count("has to wait") == 1


def test_the_socket_of_a_successor_is_left_alone(daemon: Daemon, path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as successor:
        successor.bind(str(path))
        successor.listen()
        daemon.process.terminate()
        assert daemon.ending().code == 0
        assert is_listening(path)


def test_the_socket_is_there_before_any_driver_runs(path: Path) -> None:
    """Its mode needs the process's file mode mask, which drivers' threads would share."""
    with Daemon(
        *("--rpc", f"unix:{path}", "--driver", driver("Loop"), "--call-limit-ms", "0"),
        environment={"LOOP_FAULT": "hang:Initialize"},
    ) as daemon:
        assert wait_until(lambda: has_loaded("Loop", daemon.process.pid))
        time.sleep(0.1)
        assert is_listening(path)
        daemon.process.terminate()
        time.sleep(1.1)  # the guard's patience
        daemon.process.terminate()
        assert daemon.ending().code == 128 + signal.SIGKILL
    assert not path.exists()


def test_a_killed_daemon_leaves_no_socket(daemon: Daemon, path: Path) -> None:
    connection = Connection(path)
    os.kill(connection.ask("host.info")["pid"], signal.SIGKILL)
    assert daemon.ending().code == 128 + signal.SIGKILL
    assert not path.exists()
    connection.close()


def test_a_second_daemon_on_the_same_path_is_refused(daemon: Daemon, path: Path) -> None:
    ending = run("--rpc", f"unix:{path}")
    assert ending.code == 1
    assert len(ending.err.splitlines()) == 1
    assert "another daemon listens there" in ending.err
    connection = Connection(path)  # the first one is unharmed
    assert connection.ask("host.info")["protocol"] == 1
    connection.close()


def test_the_socket_of_a_dead_daemon_is_replaced(path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(path))
    dead.close()
    assert path.exists()
    with Daemon("--clock", "virtual", "--rpc", f"unix:{path}"):
        assert wait_until(lambda: is_listening(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        connection = Connection(path)
        assert connection.ask("host.info")["protocol"] == 1
        connection.close()


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.write_text("mine")
    ending = run("--rpc", f"unix:{path}")
    assert ending.code == 1
    assert "something else of that name" in ending.err
    assert path.read_text() == "mine"


@pytest.mark.parametrize("bad", ["/no/such/folder/x.sock", "/" + "x" * 200])
def test_a_path_that_cannot_be_is_one_line(bad: str) -> None:
    ending = run("--rpc", f"unix:{bad}")
    assert ending.code == 1
    assert len(ending.err.splitlines()) == 1
    assert bad in ending.err
