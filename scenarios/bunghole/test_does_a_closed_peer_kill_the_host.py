"""Does a closed peer kill the host process?

A write to a connection that the other side has closed raises SIGPIPE, and whoever has not asked for
anything else dies of it: with the driver the process that it lives in, and all drivers in there.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest

from lab.guest.tiers import Tier
from lab.host import sources
from lab.host.errors import DriverCrashed
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.transport.bunghole.endpoint import Endpoint
from scenarios.bunghole.raw import RawListener
from scenarios.bunghole.rig import QUICK_BACKOFF, Rig, wait_until

pytestmark = [pytest.mark.native, pytest.mark.realtime]

CLOSINGS = 10


def close_while_it_plays(listener: RawListener) -> None:
    """Accept, hear something, close."""
    connection = listener.accept()
    assert connection.recv(1)
    connection.close()


def test_the_driver_survives_a_host_that_closes(
    start_host: StartHost,
    driver: Path,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
) -> None:
    with RawListener(endpoint, ports[0]) as listener:
        rig = Rig(start_host(environment=QUICK_BACKOFF), driver)
        rig.player(sources.sine())
        for _ in range(CLOSINGS):
            close_while_it_plays(listener)
        wait_until(
            lambda: rig.counted(rig.output)["connections"] == CLOSINGS + 1, "connected again"
        )
        counted = rig.counted(rig.output)
    assert rig.is_alive
    findings.tell("connections-closed", CLOSINGS)
    gone = counted["closed by peer"] + counted["connections broken"]
    findings.require("closings-noticed", gone, CLOSINGS, better="higher")


def test_a_host_that_closes_kills_the_process_and_burrow_shows_it(
    start_host: StartHost, burrow: Path, ports: tuple[int, int], findings: Findings
) -> None:
    """Over the stand-in on every tier: Linux raises no SIGPIPE on a vsock, other systems may."""
    findings.transport = Tier.STAND_IN.text
    with tempfile.TemporaryDirectory(prefix="hal-lab-") as folder:
        where = {"BUNGHOLE_UNIX": folder}
        with RawListener(Endpoint.stand_in(Path(folder)), ports[0]) as listener:
            rig = Rig(start_host(environment=QUICK_BACKOFF | where), burrow)
            rig.player(sources.sine())
            close_while_it_plays(listener)
            begin = time.monotonic()
            with pytest.raises(DriverCrashed) as caught:
                wait_until(lambda: not rig.host.info().pid, "death")
    findings.tell("died-after", (time.monotonic() - begin) * 1e3, "ms")
    findings.note(f"the process died of {caught.value.signal}")
    assert caught.value.signal == "SIGPIPE"
