"""Can a reader of another user listen?

coreaudiod has a user of its own; the application runs as whoever is logged in. The reader here is a
child process that has become nobody.
"""

from __future__ import annotations

import ctypes
import faulthandler
import mmap
import os
import signal
from pathlib import Path

import pytest

from lab.errors import ShmError
from lab.host.subprocess_host import SubprocessHost
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.transport.posix_shm import open_mapping
from lab.transport.shm import open_reader
from lab.transport.shm_v2 import ShmReaderV2
from scenarios.steps import start_counting
from tests.support.other_user import as_nobody

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
]


def listen(name: str) -> int:
    """Read what is there; 0 when it was something, 13 when that is not allowed."""
    try:
        with open_reader(name, attach="oldest") as reader:
            block = reader.read()
            return 0 if block is not None and len(block.frames) >= 4_800 else 1
    except ShmError as error:
        return 13 if "Permission denied" in str(error) else 2


def played(start_host: StartHost, driver: Path, **environment: str) -> SubprocessHost:
    host = start_host(environment=environment)
    host.load(driver)
    device = host.set_buffer_frames(host.devices()[0].device, 480)
    start_counting(host, device)
    host.run(device=device.device, cycles=10)
    return host


def test_v2_can_be_read_by_all_and_written_by_none(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings
) -> None:
    played(start_host, driver)
    assert as_nobody(lambda: listen(shm_name)) == 0

    def write() -> int:
        try:
            open_mapping(shm_name, writable=True)
        except ShmError:
            return 13
        return 0

    assert as_nobody(write) == 13
    findings.note("read-only, and that is enough")


def test_v2_gives_the_other_user_a_slot_to_say_where_it_is(
    start_host: StartHost, driver: Path, shm_name: str
) -> None:
    played(start_host, driver)

    def claim() -> int:
        with open_reader(shm_name) as reader:
            assert isinstance(reader, ShmReaderV2)
            return 0 if reader.slot is not None else 1

    assert as_nobody(claim) == 0


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_the_umask_of_the_host_does_not_decide(
    start_host: StartHost, driver: Path, shm_name: str, layout: str
) -> None:
    before = os.umask(0o077)
    try:
        played(start_host, driver, GECKO_SHM_MODE="0666")
    finally:
        os.umask(before)
    assert as_nobody(lambda: listen(shm_name)) == 0


@pytest.mark.parametrize("layout", ["v1"])
def test_v1_shuts_the_other_user_out_because_a_reader_has_to_write(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings
) -> None:
    played(start_host, driver)
    assert as_nobody(lambda: listen(shm_name)) == 13
    findings.note("v1: permission denied, unless everybody may write into the driver's memory")


@pytest.mark.parametrize("layout", ["v1"])
def test_the_v1_reader_of_the_design_crashes(
    start_host: StartHost, driver: Path, shm_name: str, findings: Findings
) -> None:
    """O_RDONLY, PROT_READ, and a store to read_head: what the design document says to do."""
    played(start_host, driver)

    def as_designed() -> int:
        faulthandler.disable()  # this one is meant to crash
        mapping = open_mapping(shm_name, writable=False)
        size = mapping.size
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int,
                              ctypes.c_int, ctypes.c_long]  # fmt: skip
        base = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, mapping.fd, 0)
        ctypes.c_uint32.from_address(base + 4).value = 0
        return 0

    ended = as_nobody(as_designed)
    findings.tell("ended-by-signal", -ended)
    findings.note("v1 as designed: the reader is killed by SIGSEGV at its first read")
    assert ended == -signal.SIGSEGV


def test_a_mode_that_shuts_all_others_out_does(
    start_host: StartHost, driver: Path, shm_name: str
) -> None:
    played(start_host, driver, GECKO_SHM_MODE="0600")
    assert as_nobody(lambda: listen(shm_name)) == 13
