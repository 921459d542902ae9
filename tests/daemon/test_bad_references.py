"""A driver that answers a property with something that is no object: whose crash is that?"""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.daemon.talk import Daemon, Ending, driver, request

pytestmark = [pytest.mark.native, pytest.mark.linux]


def read(fault: str, method: str, **parameters: object) -> Ending:
    """Load Loop and ask for one property that its LOOP_FAULT spoils."""
    with Daemon(environment={"LOOP_FAULT": fault}) as daemon:
        lines = [
            request(1, "plugin.load", path=driver("Loop")),
            request(2, method, object={"plugin": 0, "id": 2}, **parameters),
            request(3, "host.shutdown"),
        ]
        with suppress(BrokenPipeError):  # it may be over before the last one
            daemon.say(*lines)
        return daemon.ending()


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("property.get", {"selector": "lmak"}),
        ("property.get", {"selector": "lmak", "type": "hex"}),
        ("object.dump", {}),
    ],
)
def test_a_reference_that_is_no_object_is_the_drivers_crash(
    method: str, parameters: dict[str, object]
) -> None:
    ending = read("no-object", method, **parameters)
    assert ending.code == 70
    report = ending.report
    assert report["event"] == "driver-crashed"
    assert report["entry_point"] == "GetPropertyData"
    assert report["object"] == 2
    assert report["code"] == "'lmak'"


def test_a_block_of_the_main_queue_that_crashes_is_the_drivers_crash() -> None:
    environment = {"LOOP_SHAPE": "queue", "LOOP_FAULT": "crash:MainQueue"}
    with Daemon("--clock", "virtual", environment=environment) as daemon:
        device = {"plugin": 0, "id": 2}
        lines = [
            request(1, "plugin.load", path=driver("Loop")),
            request(2, "client.add", device=0),
            request(3, "io.start", device=0, client=1),
            request(4, "property.set", object=device, selector="nsrt", value=44100),
            request(5, "io.run", seconds=0.2),
            request(6, "host.shutdown"),
        ]
        with suppress(BrokenPipeError):
            daemon.say(*lines)
        ending = daemon.ending()
    assert ending.code == 70
    assert ending.report["entry_point"] == "MainQueue"
    assert ending.report["plugin_index"] == 0


def test_a_block_of_the_main_queue_that_hangs_ends_the_daemon() -> None:
    environment = {"LOOP_SHAPE": "queue", "LOOP_FAULT": "hang:MainQueue"}
    with Daemon("--clock", "virtual", "--call-limit-ms", "200", environment=environment) as daemon:
        device = {"plugin": 0, "id": 2}
        lines = [
            request(1, "plugin.load", path=driver("Loop")),
            request(2, "client.add", device=0),
            request(3, "io.start", device=0, client=1),
            request(4, "property.set", object=device, selector="nsrt", value=44100),
            request(5, "io.run", seconds=0.2),
        ]
        with suppress(BrokenPipeError):
            daemon.say(*lines)
        ending = daemon.ending()
    assert ending.code == 71
    assert ending.report["entry_point"] == "MainQueue"
