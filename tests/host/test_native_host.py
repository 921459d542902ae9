"""The real host, reached in its two other ways: in this process, and over a socket."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.host import sources
from lab.host.base import Host
from lab.host.errors import HostError
from lab.host.external_host import ExternalHost
from lab.host.locate import find_daemon, find_driver
from lab.host.native_host import NativeHost, native_library_loads
from lab.play.names import release, unique_shm_name

pytestmark = pytest.mark.native


@pytest.fixture
def shm(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = unique_shm_name()
    monkeypatch.setenv("GECKO_SHM_NAME", name)
    yield name
    release(name)


def plays_without_a_fault(host: Host, shm: str) -> None:
    host.load(find_driver())
    device = host.set_buffer_frames("Gecko Sink", 480)
    far_end = host.open_far_end(shm, device=device.device)
    client = host.add_client(device.device)
    client.play(sources.counter())
    client.start()
    host.run(1.0)
    client.stop()
    check = far_end.close().check
    assert check is not None
    assert check.clean
    assert check.received >= 99 * 480
    with pytest.raises(HostError) as caught:
        host.set_rate(device.device, 22_050)
    assert caught.value.status
    host.unload(0)


def test_a_host_in_this_process_plays_without_a_fault(shm: str) -> None:
    if not native_library_loads():
        pytest.skip("libhallab_native is not built")
    with NativeHost(clock="virtual", seed=3) as host:
        assert host.info().pid == os.getpid()
        assert host.info().seed == 3
        plays_without_a_fault(host, shm)


def test_several_hosts_in_this_process_do_not_disturb_each_other(shm: str) -> None:
    del shm
    if not native_library_loads():
        pytest.skip("libhallab_native is not built")
    with NativeHost(seed=1) as first, NativeHost(seed=2) as second:
        assert (first.info().seed, second.info().seed) == (1, 2)
        first.close()
        assert second.info().seed == 2


def test_options_that_are_none_are_one_line() -> None:
    if not native_library_loads():
        pytest.skip("libhallab_native is not built")
    with pytest.raises(LabError) as caught:
        NativeHost(no_such_option=1)
    assert "no_such_option" in str(caught.value)


def test_a_host_behind_a_socket_plays_without_a_fault(shm: str, tmp_path: Path) -> None:
    socket = tmp_path / "host.sock"
    command = [str(find_daemon()), "--rpc", f"unix:{socket}", "--clock", "virtual"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as daemon:
        try:
            deadline = time.monotonic() + 10
            while not socket.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            with ExternalHost(socket) as host:
                plays_without_a_fault(host, shm)
            # Leaving it leaves it running.
            with ExternalHost(socket) as host:
                assert host.plugins() == []
                host.shutdown()
            assert daemon.wait(timeout=10) == 0
        finally:
            daemon.kill()


def test_a_socket_that_nobody_listens_on_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"no host can be reached .*: .*none\.sock; start one"):
        ExternalHost(tmp_path / "none.sock")
