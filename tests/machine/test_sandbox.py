"""The sandbox: what it shows, what it keeps in, and what is left of it."""

from __future__ import annotations

import os
import plistlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.machine.base import CannotError, MachineError
from lab.machine.description import Description
from lab.machine.sandbox import PREFIX, SandboxMachine, sweep
from lab.machine.snapshot import compare

pytestmark = [pytest.mark.native, pytest.mark.linux]

ROOT = Path(__file__).resolve().parents[2]


def started(profile: str = "macos-26") -> SandboxMachine:
    try:
        return SandboxMachine(Description(profile=profile))
    except CannotError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def machine() -> Iterator[SandboxMachine]:
    with started() as made:
        yield made


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_launchd_is_process_1_and_keeps_a_real_coreaudiod(machine: SandboxMachine) -> None:
    assert "lab.launchd" in machine.run(["ps", "-o", "args=", "-p", "1"]).out
    before = machine.coreaudiod_pids()
    assert len(before) == 2  # the guard and the daemon
    machine.restart_audio()
    assert not set(before) & set(machine.coreaudiod_pids())


def test_nothing_of_the_host_can_be_written(machine: SandboxMachine) -> None:
    for path in ("/usr/x", "/opt/hal-lab/python/lab/x", "/proc/sys/kernel/core_pattern"):
        done = machine.run(["sh", "-c", 'echo x > "$1"', "sh", path])
        assert done.code != 0, path
    # Of the checkout it sees the build folder at most, when that lies in it.
    assert machine.run(["ls", str(ROOT / "pyproject.toml")]).code != 0


def test_it_has_no_network_and_shared_memory_of_its_own(machine: SandboxMachine) -> None:
    interfaces = machine.must(["cat", "/proc/net/dev"]).out.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    machine.must(["touch", "/dev/shm/only-in-there"])
    assert not Path("/dev/shm/only-in-there").exists()
    machine.must(["rm", "/dev/shm/only-in-there"])


def test_its_processes_are_alone(machine: SandboxMachine) -> None:
    pids = machine.must(["ps", "-e", "-o", "pid="]).out.split()
    assert len(pids) < 20
    assert machine.run(["kill", "-0", str(os.getpid())]).code != 0 or os.getpid() < 100


def test_what_is_put_there_belongs_to_its_root_and_can_be_read_again(
    machine: SandboxMachine, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_bytes(b"\x00\xffcontent\n")
    machine.put(tmp_path / "folder", "/Users/Shared/a b/renamed")
    path = "/Users/Shared/a b/renamed/file"
    assert machine.read(path) == b"\x00\xffcontent\n"
    assert machine.snapshot([path])[path].owner == 0
    machine.write("/Users/Shared/a b/other", b"x")
    assert machine.list_folder("/Users/Shared/a b") == ["other", "renamed"]
    machine.must(["rm", "-rf", "/Users/Shared/a b"])


def test_a_snapshot_tells_what_has_changed(machine: SandboxMachine) -> None:
    machine.write("/Library/kept", b"1")
    machine.write("/Library/gone", b"1")
    before = machine.snapshot(["/Library"])
    machine.must(["rm", "/Library/gone"])
    machine.write("/Library/new", b"1")
    machine.write("/Library/kept", b"2")
    machine.must(["chmod", "0700", "/Library/kept"])
    lines = compare(before, machine.snapshot(["/Library"]))
    assert [line for line in lines if "kept" not in line] == [
        "/Library/gone is gone",
        "/Library/new is new",
    ]
    assert "/Library/kept: mode was 0644, is 0700" in lines
    assert any(line.startswith("/Library/kept: content was ") for line in lines)
    machine.must(["rm", "/Library/kept", "/Library/new"])


def test_commands_have_a_status_and_a_limit(machine: SandboxMachine) -> None:
    assert machine.run(["sh", "-c", "exit 7"]).code == 7
    assert machine.run(["sh", "-c", "kill -9 $$"]).code == 137
    assert machine.run(["cat"], given=b"hello").out == "hello"
    with pytest.raises(MachineError, match=r"not done after 0\.3 s"):
        machine.run(["sleep", "20"], timeout_s=0.3)
    with pytest.raises(MachineError, match="exit status 1"):
        machine.must(["false"])


def test_the_user_is_no_root(machine: SandboxMachine) -> None:
    if not machine.has_users:
        with pytest.raises(CannotError):
            machine.run(["id"], who="user")
        return
    assert machine.run(["id", "-u"], who="user").out == "501\n"
    assert machine.run(["touch", "/Library/x"], who="user").code == 1
    assert machine.run(["killall", "coreaudiod"], who="user").code != 0


def test_two_machines_do_not_meet(machine: SandboxMachine) -> None:
    with started("macos-12") as other:
        before = machine.coreaudiod_pids(), machine.generation()
        other.must(["killall", "-9", "coreaudiod"])
        assert (machine.coreaudiod_pids(), machine.generation()) == before
        assert other.root != machine.root


def test_nothing_is_left_after_it_is_closed_twice() -> None:
    made = started()
    init = made._init
    made.close()
    made.close()
    assert not made.root.exists()
    assert not Path(f"/proc/{init}").exists()


def test_an_agent_of_the_user_s_session_runs_as_the_user_when_its_queue_fills() -> None:
    try:
        made = SandboxMachine(Description(), domains=["loginwindow", "gui/501"], wait=False)
    except CannotError as error:
        pytest.skip(str(error))
    with made as machine:
        if not machine.has_users:
            pytest.skip("this machine has no user but root")
        machine.must(["mkdir", "/private/var/run/agent"])
        agent = {
            "Label": "agent",
            "ProgramArguments": ["/bin/sh", "-c", "id -u >>/private/tmp/ran; exec sleep 1000"],
            "QueueDirectories": ["/private/var/run/agent"],
            "LimitLoadToSessionType": ["Aqua", "LoginWindow"],
        }
        path = "/Library/LaunchAgents/agent.plist"
        machine.write(path, plistlib.dumps(agent))
        refused = machine.run(["launchctl", "bootstrap", "gui/502", path], who="user")
        assert refused.code == 5
        machine.must(["launchctl", "bootstrap", "gui/501", path], who="user")
        assert machine.run(["cat", "/private/tmp/ran"]).code != 0
        machine.write("/private/var/run/agent/session-active", b"1")
        wait_until(lambda: machine.run(["cat", "/private/tmp/ran"]).out == "501\n")
        assert machine.run(["launchctl", "bootstrap", "system", path]).code == 134


MAKER = """
import os, signal, sys
from lab.machine.sandbox import SandboxMachine
from lab.machine.description import Description
machine = SandboxMachine(Description())
print(machine.root, machine._init, machine._keeper.pid, os.getuid(), machine.devices(), flush=True)
if sys.argv[1] == "keeper":
    os.kill(machine._keeper.pid, signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("killed", ["the test", "the test and the keeper"])
def test_nothing_lives_on_when_the_test_is_killed(killed: str) -> None:
    started().close()  # skips where there are no namespaces
    said = subprocess.run(
        [sys.executable, "-c", MAKER, "keeper" if "keeper" in killed else "test"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert said.returncode == -signal.SIGKILL, said.stderr
    root, init = said.stdout.split()[:2]
    wait_until(lambda: not Path(f"/proc/{init}").exists())
    if killed == "the test":
        wait_until(lambda: not Path(root).exists())
    else:
        wait_until(lambda: root in sweep() or not Path(root).exists())
        assert not Path(root).exists()


def test_the_sweep_leaves_alone_what_is_in_use_and_what_is_not_ours(
    machine: SandboxMachine, tmp_path: Path
) -> None:
    (tmp_path / f"{PREFIX}old").mkdir()
    (tmp_path / "else").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "else")
    assert sweep(tmp_path) == [str(tmp_path / f"{PREFIX}old")]
    assert (tmp_path / "else").exists()
    assert str(machine.root) not in sweep()
    assert machine.devices() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_has_one_as_well(tmp_path: Path) -> None:
    python = shutil.which("python3", path="/usr/bin")
    version = python and subprocess.run(
        [python, "-c", "import sys; print(sys.version_info >= (3, 11))"],
        capture_output=True,
        text=True,
        check=False,
    )
    readable = ROOT.stat().st_mode & 0o5 == 0o5
    if not version or version.stdout != "True\n" or not readable or shutil.which("setpriv") is None:
        pytest.skip("needs a Python and a checkout that everybody may use, and setpriv")
    assert python
    script = MAKER.replace(
        "os.kill(os.getpid()", "machine.close(); sys.exit(0); os.kill(os.getpid()"
    )
    said = subprocess.run(
        [
            *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
            *(python, "-B", "-c", script, "test"),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": tempfile.gettempdir(), "HOME": "/"},
    )
    if "no namespaces to be had" in said.stderr:
        pytest.skip(said.stderr.splitlines()[-1])
    assert said.returncode == 0, said.stderr
    assert said.stdout.split()[3:] == ["65534", "[]"]
