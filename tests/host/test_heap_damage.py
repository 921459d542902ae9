"""Who is said to be at fault when the heap is found damaged while no driver is being called."""

from __future__ import annotations

import os
import platform
import signal
from typing import Literal

import pytest

from lab.host.errors import DriverCrashed, HostCrashed
from lab.host.subprocess_host import HostOptions, SubprocessHost
from tests.support.flaws import find_flaw

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="known for glibc's allocator"),
]
FLAW = find_flaw("writes-before-buffer")


def start(
    flaw: dict[str, str] | None = None, clock: Literal["virtual", "realtime"] = "virtual"
) -> SubprocessHost:
    """A host with Flawed.driver in it."""
    host = SubprocessHost(HostOptions(clock=clock), environment=flaw)
    host.load(FLAW.path)
    return host


def play(host: SubprocessHost) -> None:
    """Some cycles of IO, twice: with the second one the buffers of the first are freed."""
    client = host.add_client(0)
    for frames in (512, 1024):
        host.set_buffer_frames(0, frames)
        client.start()
        host.run(0.1)
        client.stop()


def test_a_driver_that_wrote_beside_a_buffer_has_crashed_after_the_call_that_came_last() -> None:
    with start(FLAW.environment) as host, pytest.raises(DriverCrashed) as caught:
        play(host)
    crash = caught.value
    assert crash.damage
    assert "damaged the heap" in str(crash)
    assert crash.report["plugin"] == str(FLAW.path)
    assert crash.backtrace
    calls = crash.report["last_calls"]
    assert calls[-1]["entry_point"] == crash.entry_point
    assert calls[-1]["returned"] is True
    assert crash.exit_status == 70


def test_without_the_flaw_nothing_is_damaged() -> None:
    with start({}) as host:
        play(host)


def test_a_crash_of_the_simulator_that_is_not_the_allocators_stays_its_own() -> None:
    with start({}) as host:
        play(host)
        os.kill(host.daemon_pid, signal.SIGSEGV)
        with pytest.raises(HostCrashed):
            host.run(1)
