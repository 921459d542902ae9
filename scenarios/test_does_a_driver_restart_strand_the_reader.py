"""Does a restart of the driver strand the reader?

coreaudiod dies and comes back, or the driver is replaced; the reader, an application, lives on.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.signals.counter_check import CounterCheck
from lab.transport import posix_shm
from lab.transport.shm import ShmReader, open_reader
from lab.transport.shm_types import ReaderState
from scenarios.steps import LAYOUTS, drain, run_and_read, start_counting

pytestmark = pytest.mark.native


def start(start_host: StartHost, driver: Path, *, keep_shm: bool) -> tuple[SubprocessHost, Device]:
    host = start_host(keep_shm=keep_shm)
    host.load(driver)
    return host, host.set_buffer_frames(host.devices()[0].device, 480)


def kill_all_at_once(host: SubprocessHost) -> None:
    """As a power cut would: neither daemon nor guard gets to clean up after the other."""
    os.kill(host.pid, signal.SIGSTOP)
    os.kill(host.daemon_pid, signal.SIGKILL)
    wait_until(lambda: is_over(host.daemon_pid))
    os.kill(host.pid, signal.SIGKILL)
    wait_until(lambda: host.exit_status is not None)


def is_over(pid: int) -> bool:
    """Whether a process has ended, buried or not: it holds nothing then."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def goes_on(host: SubprocessHost, device: Device, reader: ShmReader) -> CounterCheck:
    """Play 100 cycles from frame 1,000,000 on and read them."""
    start_counting(host, device, start_frame=1_000_000)
    return run_and_read(host, device, reader, cycles=100)


@pytest.mark.parametrize("death", ["daemon killed", "everything killed", "in good order"])
def test_a_v2_reader_goes_on_and_knows_what_it_lost(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings, death: str
) -> None:
    host, device = start(start_host, driver, keep_shm=death == "daemon killed")
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        before = run_and_read(host, device, reader, cycles=100)
        assert before.clean
        host.run(device=device.device, cycles=7)  # not read before the end
        if death == "daemon killed":
            host.kill()
        elif death == "everything killed":
            kill_all_at_once(host)
            assert posix_shm.size_of(shm_name) > 0  # nobody has cleaned up
        else:
            host.close()
        left = CounterCheck(2)
        unread = drain(reader, left)
        findings.require("frames-lost-that-were-written", 7 * 480 - unread, 0, "frames")
        if death == "in good order":
            assert reader.state is ReaderState.CLOSED
        host, device = start(start_host, driver, keep_shm=False)
        assert reader.wait(2.0)
        after = goes_on(host, device, reader)
        findings.tell("generation-changes", reader.generation_changes)
        findings.require("frames-received-after-the-restart", after.received, 48_000, "frames",
                         better="higher")  # fmt: skip
        assert after.clean
        assert after.first_frame == 1_000_000
        assert reader.generation_changes >= 1
        assert reader.lost_frames == 0
        # And the new driver sees it, although it has made another object for its readers.
        said = host.get_property(device.plugin, device.object_id, "gsta", type_="plist")
        assert [entry["position"] for entry in said["readers"]] == [reader.next_frame]


@pytest.mark.parametrize("layout", ["v1"])
def test_a_v1_reader_is_stranded(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings
) -> None:
    host, device = start(start_host, driver, keep_shm=True)
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        assert run_and_read(host, device, reader, cycles=100).clean
        host.kill()
        host, device = start(start_host, driver, keep_shm=False)
        after = goes_on(host, device, reader)
        findings.tell("frames-missed-after-the-restart", 48_000 - after.received, "frames")
        findings.note("v1: the reader keeps an object that nobody writes to, and hears silence")
        assert after.received == 0
        # Only a reader that opens the name again hears anything.
        with open_reader(shm_name) as second:
            assert run_and_read(host, device, second, cycles=10).received == 4_800


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_daemon_that_is_killed_leaves_no_shared_memory(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings
) -> None:
    host, device = start(start_host, driver, keep_shm=False)
    start_counting(host, device)
    host.run(device=device.device, cycles=10)
    host.kill()
    host.close()
    left = sorted(Path("/dev/shm").glob(f"{shm_name[1:]}*"))
    findings.require("objects-left", len(left), 0)


def test_a_reader_that_waits_for_a_driver_gets_its_first_frame(
    start_host: StartHost, driver: Path, shm_name: str
) -> None:
    host, device = start(start_host, driver, keep_shm=False)
    with open_reader(shm_name) as reader:
        start_counting(host, device)
        host.close()
        drain(reader, CounterCheck(2))
        for _ in range(3):
            host, device = start(start_host, driver, keep_shm=False)
            assert reader.wait(2.0)
            after = goes_on(host, device, reader)
            assert after.clean
            assert after.received == 48_000
            host.close()
