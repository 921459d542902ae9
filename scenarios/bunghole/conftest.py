"""What scenarios of Bunghole share: the driver, the best vsock there is, the far ends.

Real AF_VSOCK where this kernel has a loopback (a machine with ``vsock_loopback``, or a guest that
``python -m lab.guest.pytest_run`` has started), an AF_UNIX stand-in elsewhere; every result says
which it was. ``--hal-vsock real`` refuses the stand-in.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from lab.errors import MissingError
from lab.guest.tiers import Tier, current_tier
from lab.host.locate import find_driver
from lab.measure.fitness_watch import FitnessWatch
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import QUICK_BACKOFF, Rig

_numbers = itertools.count()


@pytest.fixture(scope="session")
def tier(request: pytest.FixtureRequest) -> Tier:
    """How real the vsock of these scenarios is."""
    found = current_tier()
    if request.config.getoption("--hal-vsock") == "real" and not found.is_vsock:
        pytest.fail(f"--hal-vsock real, but there is {found.text}", pytrace=False)
    return found


@pytest.fixture
def driver() -> Path:
    """Bunghole, as it was built."""
    try:
        return find_driver("BungholeAudio")
    except MissingError as error:
        pytest.skip(f"native: {error}")


@pytest.fixture
def burrow() -> Path:
    """A driver with the mistakes of the original: what a scenario guards against, it must find."""
    try:
        return find_driver("Burrow")
    except MissingError as error:
        pytest.skip(f"native: {error}")


@pytest.fixture
def clock() -> Literal["realtime"]:
    """A real socket knows no other."""
    return "realtime"


@pytest.fixture
def endpoint(tier: Tier) -> Iterator[Endpoint]:
    """Where the far ends listen."""
    if tier.is_vsock:
        yield Endpoint.vsock()
        return
    # Short: the path of a socket has 107 bytes.
    with tempfile.TemporaryDirectory(prefix="hal-lab-") as folder:
        yield Endpoint.stand_in(Path(folder))


@pytest.fixture
def ports() -> tuple[int, int]:
    """Of the output and the input, nobody else's: scenarios may run side by side."""
    first = 20_000 + (os.getpid() * 64 + next(_numbers) * 2) % 40_000
    return first, first + 1


@pytest.fixture
def driver_environment(endpoint: Endpoint, ports: tuple[int, int]) -> dict[str, str]:
    """Whom the driver dials: this machine, never its hypervisor."""
    where = {"BUNGHOLE_UNIX": str(endpoint.folder)} if endpoint.folder else {"BUNGHOLE_CID": "1"}
    return {
        **where,
        "BUNGHOLE_OUTPUT_PORT": str(ports[0]),
        "BUNGHOLE_INPUT_PORT": str(ports[1]),
    }


@pytest.fixture
def findings(findings: Findings, tier: Tier) -> Findings:
    """What this scenario finds, and over which vsock."""
    findings.transport = tier.text
    return findings


@pytest.fixture
def receiver(endpoint: Endpoint, ports: tuple[int, int]) -> Iterator[Receiver]:
    """The host's end of the output."""
    with Receiver(endpoint, port=ports[0]) as made:
        yield made
        made.release()


@pytest.fixture
def watch() -> Iterator[FitnessWatch]:
    """Looks at the machine all the time; ``findings.fitness(watch.stop())`` before judging."""
    with FitnessWatch() as made:
        yield made


@pytest.fixture
def quick_rig(start_host: StartHost, driver: Path) -> Rig:
    """A host with the driver loaded, which dials again after 50 ms."""
    return Rig(start_host(environment=QUICK_BACKOFF), driver)


@pytest.fixture
def burrow_rig(start_host: StartHost, burrow: Path) -> Rig:
    """A host with Burrow loaded, which dials again after 50 ms and outlives a peer that closes."""
    return Rig(start_host(environment=QUICK_BACKOFF, extra=("--sigpipe", "ignore")), burrow)


@pytest.fixture
def rig(start_host: StartHost, driver: Path) -> Rig:
    """A host with the driver loaded."""
    return Rig(start_host(), driver)
