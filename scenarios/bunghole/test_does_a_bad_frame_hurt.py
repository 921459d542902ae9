"""Does a bad frame hurt?

A length of 0, one that is too long, a frame that never ends, bytes that are no Opus, and frames
that come byte by byte: towards the driver's input, and towards the host. Each is counted, nobody
crashes, and the next good peer is served.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from lab.host import sources
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.raw import SILENT_PACKET, RawListener, dial, seconds_until_closed, v1
from scenarios.bunghole.rig import Rig, wait_until

pytestmark = [pytest.mark.native, pytest.mark.realtime]


def say(connection: socket.socket, data: bytes) -> None:
    """All at once."""
    connection.sendall(data)


def spell(connection: socket.socket, data: bytes) -> None:
    """Byte by byte."""
    for byte in data:
        connection.sendall(bytes([byte]))


@dataclass(frozen=True)
class Bad:
    """What a peer says, and what becomes of it.

    Attributes
    ----------
    data, how
        What, and in which pieces.
    closes
        Whether the other side closes.
    statistic
        Which of the driver's goes up by 1.
    ending, trouble
        Which of the host's.
    """

    data: bytes
    how: Callable[[socket.socket, bytes], None]
    closes: bool
    statistic: str
    ending: str = ""
    trouble: str = ""


# The first byte names a code that one packet of 20 ms cannot have: 48 of them.
GARBAGE = b"\xff\x30" + b"\x5a" * 70
CASES = {
    "length-0": Bad(b"\x00\x00", say, True, "protocol errors", ending="protocol-error"),
    "length-1501": Bad(
        b"\x05\xdd" + b"\x00" * 64, say, True, "protocol errors", ending="protocol-error"
    ),
    "never-ends": Bad(
        b"\x01\x00" + b"\x00" * 9, say, True, "deadlines missed", ending="unfinished-frame"
    ),
    "no-opus": Bad(v1(GARBAGE), say, False, "decode errors", trouble="undecodable"),
    "byte-by-byte": Bad(v1(), spell, False, "packets received"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_driver_s_input_survives(
    quick_rig: Rig,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
    name: str,
) -> None:
    bad, rig = CASES[name], quick_rig
    with RawListener(endpoint, ports[1]) as listener:
        connection = listener.accept()
        before = rig.counted(rig.input)
        bad.how(connection, bad.data)
        if bad.closes:
            findings.tell("closed-after", seconds_until_closed(connection), "s")
        wait_until(
            lambda: rig.counted(rig.input)[bad.statistic] == before[bad.statistic] + 1,
            f"one more {bad.statistic}",
        )
    # The next one is a good one.
    with Microphone(endpoint, np.zeros(48_000, np.float32), port=ports[1], loop=True):
        known = rig.counted(rig.input)["packets received"]
        waited_s = wait_until(
            lambda: rig.counted(rig.input)["packets received"] > known + 5, "a good microphone"
        )
    counted = rig.counted(rig.input)
    findings.tell("good-peer-served-after", waited_s, "s")
    findings.require(bad.statistic.replace(" ", "-"), counted[bad.statistic], 1, better="higher")
    assert rig.is_alive
    wrong = {"protocol errors", "decode errors", "deadlines missed"} - {bad.statistic}
    assert {what: counted[what] for what in wrong} == dict.fromkeys(wrong, 0)


@pytest.mark.parametrize("name", CASES)
def test_the_host_survives(
    start_host: StartHost,
    driver: object,
    receiver: Receiver,
    endpoint: Endpoint,
    ports: tuple[int, int],
    findings: Findings,
    name: str,
) -> None:
    bad = CASES[name]
    with dial(endpoint, ports[0]) as connection:
        bad.how(connection, bad.data)
        if bad.closes:
            findings.tell("closed-after", seconds_until_closed(connection), "s")
            wait_until(lambda: bool(receiver.summary().endings), "an ending")
            assert receiver.summary().endings == {bad.ending: 1}
        else:
            wait_until(
                lambda: any(s.packets for s in receiver.summary().streams.values()), "a packet"
            )
        assert receiver.summary().trouble.get(bad.trouble, 1) == 1
        if not bad.closes:
            # The connection is none the worse for it.
            connection.sendall(v1(SILENT_PACKET) * 3)
            wait_until(
                lambda: sum(s.packets for s in receiver.summary().streams.values()) >= 4,
                "good packets on the same connection",
            )
    # The next one is the driver.
    rig = Rig(start_host(), driver)  # type: ignore[arg-type]
    rig.wait_for_output()
    rig.player(sources.sine())
    known = sum(s.packets for s in receiver.summary().streams.values())
    waited_s = wait_until(
        lambda: sum(s.packets for s in receiver.summary().streams.values()) > known + 5, "a guest"
    )
    findings.tell("good-peer-served-after", waited_s, "s")
    findings.require("undecodable", sum(s.undecodable for s in receiver.summary().streams.values()),
                     int(name == "no-opus"))  # fmt: skip
