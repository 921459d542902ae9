"""After the end, however it came: no process, no shared memory, no socket."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.daemon.talk import (
    SHM,
    Daemon,
    driver,
    has_loaded,
    is_gone,
    program,
    request,
    run,
    shm_exists,
    unique_shm,
    wait_until,
)

pytestmark = [pytest.mark.native, pytest.mark.linux]


@pytest.fixture
def name() -> Iterator[str]:
    unique = unique_shm()
    yield unique
    for left in (unique, unique + ".rd"):
        (SHM / left.removeprefix("/")).unlink(missing_ok=True)


def with_shm(name: str, *arguments: str, more: str = "") -> Daemon:
    """A daemon in which Blunt has made shared memory; its threads are free."""
    options = ("--clock", "virtual", "--threads", "free", *arguments)
    daemon = Daemon(*options, environment={"BLUNT": f"shm={name} {more}"})
    daemon.refuse("plugin.load", path=driver("Blunt"))
    assert shm_exists(name)
    return daemon


def test_a_killed_daemon_leaves_nothing(name: str) -> None:
    with with_shm(name) as daemon:
        inner = daemon.inner_pid()
        os.kill(inner, signal.SIGKILL)
        ending = daemon.ending()
        assert not shm_exists(name)  # at once: the guard ends after it has cleaned
    assert ending.code == 128 + signal.SIGKILL
    assert ending.report == {
        "event": "killed",
        "signal": "SIGKILL",
        "process": "coreaudiod",
        "pid": inner,
        "text": "the daemon was killed from outside",
    }


def test_a_killed_guard_takes_the_daemon_along_and_leaves_nothing(name: str) -> None:
    with with_shm(name) as daemon:
        inner = daemon.inner_pid()
        assert inner != daemon.process.pid
        daemon.process.kill()
        daemon.ending()
        assert wait_until(lambda: is_gone(inner))
        assert wait_until(lambda: not shm_exists(name))


def test_a_killed_process_group_leaves_nothing(name: str) -> None:
    process = subprocess.Popen(
        [str(program()), "--clock", "virtual"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BLUNT": f"shm={name}"},
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(request(1, "plugin.load", path=driver("Blunt")) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        assert shm_exists(name)
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        os.killpg(process.pid, signal.SIGKILL)
        assert wait_until(lambda: not shm_exists(name))
        assert wait_until(lambda: all(is_gone(child.pid) for child in family))


def test_a_crash_leaves_nothing(name: str) -> None:
    with with_shm(name, more="thread-crash") as daemon:
        ending = daemon.ending()
    assert ending.code == 70
    assert ending.report["event"] == "driver-crashed"  # still the last line
    assert not shm_exists(name)


@pytest.mark.parametrize("guard", [(), ("--no-guard",)])
def test_an_orderly_end_removes_what_a_driver_forgot_and_says_so(
    name: str, guard: tuple[str, ...]
) -> None:
    with with_shm(name, *guard) as daemon:
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    assert ending.code == 0
    assert ending.events == [{"event": "shm-left", "names": [name]}]
    assert not shm_exists(name)


def test_what_is_to_be_kept_is_kept(name: str) -> None:
    with with_shm(name, "--keep-shm") as daemon:
        os.kill(daemon.inner_pid(), signal.SIGKILL)
        daemon.ending()
    assert shm_exists(name)
    with with_shm(name, "--keep-shm") as daemon:
        daemon.ask("host.shutdown")
        ending = daemon.ending()
    assert ending.events == [{"event": "shm-kept", "names": [name]}]
    assert shm_exists(name)


def test_shared_memory_of_somebody_else_is_left_alone(name: str) -> None:
    path = driver("Loop")
    (SHM / name.removeprefix("/")).write_bytes(b"\0" * 4096)
    with Daemon("--clock", "virtual") as daemon:
        daemon.play(path)
        os.kill(daemon.inner_pid(), signal.SIGKILL)
        daemon.ending()
    assert shm_exists(name)


def test_a_second_host_on_the_same_name_does_not_take_it_from_the_first(name: str) -> None:
    gecko = driver("GeckoAudioDevice")
    environment = {"GECKO_SHM_NAME": name}
    with Daemon("--clock", "virtual", environment=environment) as first:
        first.play(gecko)
        first.ask("io.run", seconds=0.1)
        with Daemon("--clock", "virtual", environment=environment) as second:
            second.send("plugin.load", path=gecko)
            second.send("client.add", device=0)
            second.send("io.start", device=0, client=1)
            for _ in range(3):
                second.hear()
            os.kill(second.inner_pid(), signal.SIGKILL)
            second.ending()
        assert shm_exists(name)
        first.ask("io.run", seconds=0.1)
        first.ask("host.shutdown")
        assert first.ending().code == 0
    assert not shm_exists(name)


def test_gecko_killed_in_the_middle_of_io_leaves_nothing(name: str) -> None:
    gecko = driver("GeckoAudioDevice")
    with Daemon("--clock", "realtime", environment={"GECKO_SHM_NAME": name}) as daemon:
        daemon.play(gecko)
        inner = daemon.inner_pid()
        daemon.send("io.run", seconds=600)
        time.sleep(0.1)
        assert shm_exists(name)
        os.kill(inner, signal.SIGKILL)
        daemon.ending()
        assert not shm_exists(name)
        assert not shm_exists(name + ".rd")


def test_a_hung_driver_cannot_keep_the_daemon_alive() -> None:
    path = driver("Loop")
    environment = {"LOOP_FAULT": "hang:StartIO"}
    with Daemon("--call-limit-ms", "0", environment=environment) as daemon:
        inner = daemon.inner_pid()
        daemon.ask("plugin.load", path=path)
        daemon.ask("client.add", device=0)
        daemon.send("io.start", device=0, client=1)
        time.sleep(0.1)
        daemon.process.terminate()
        time.sleep(1.3)
        assert daemon.process.poll() is None  # it waits for the driver ...
        daemon.process.terminate()  # ... until it is asked again
        assert daemon.ending().code == 128 + signal.SIGKILL
        assert is_gone(inner)


def test_stand_alone_playing_that_is_interrupted_sums_up_and_leaves_nothing(
    name: str, tmp_path: Path
) -> None:
    recording = tmp_path / "heard.raw"
    process = subprocess.Popen(
        [
            *(str(program()), "--driver", driver("GeckoAudioDevice"), "--signal", "counter"),
            *("--seconds", "600", "--far-end", f"gecko-shm:{name}", "--check"),
            *("--record", str(recording)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "GECKO_SHM_NAME": name},
    )
    assert wait_until(lambda: shm_exists(name))
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGINT, err
    assert "interrupted" in out
    assert ": clean" in out
    assert not shm_exists(name)
    frames = recording.stat().st_size // 8
    assert 0.1 * 48000 < frames < 60 * 48000  # cut to what was heard


@pytest.mark.parametrize("guard", [(), ("--no-guard",)])
@pytest.mark.parametrize("entry_point", ["Initialize", "SetPropertyData", "AddDeviceClient"])
def test_stand_alone_playing_that_is_interrupted_before_it_plays_ends_in_good_order(
    entry_point: str, guard: tuple[str, ...]
) -> None:
    process = subprocess.Popen(
        [
            *(str(program()), *guard, "--driver", driver("Loop"), "--signal", "counter"),
            *("--seconds", "600", "--rate", "96000", "--clock", "virtual", "--threads", "free"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LOOP_FAULT": f"stall:{entry_point}"},
    )
    assert wait_until(lambda: has_loaded("Loop", process.pid))
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM
    assert out == ""  # nothing was played
    assert err == ""  # nobody was killed


def test_many_starts_and_ends_leave_no_process() -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    for _ in range(10):
        assert run("--clock", "virtual", given=request(1, "host.info")).code == 0
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert after <= before
