"""Is loss seen?

One packet in a hundred never arrives. By UDP nothing numbers the packets: the host cannot tell, and
says so instead of 0. In v2 the same loss is counted exactly.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.scenario import Findings
from lab.signals.lossy import glitch_pair
from lab.transport.agent import DatagramWire, LegacyAgent, Wire
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.receiver import Receiver
from lab.transport.bunghole.wire import Audio, audio_bytes
from lab.transport.opus import FRAMES, Encoder
from lab.transport.udp import LOSS, UdpIngest
from scenarios.bunghole.raw import OFFER, SWITCH, dial
from scenarios.bunghole.rig import wait_until

pytestmark = pytest.mark.realtime

PACKETS, ONE_IN = 1_000, 100
LOST = PACKETS // ONE_IN
AT_ONCE = Limits(burst_packets=2 * PACKETS)
"""Faster than real time, so as not to take 20 s."""


def is_lost(number: int) -> bool:
    """Spread, never the first nor the last."""
    return number % ONE_IN == ONE_IN // 2


class LossyWire:
    """Loses some of what is sent.

    Parameters
    ----------
    wire
        The one that works.
    """

    def __init__(self, wire: Wire) -> None:
        self.name = wire.name
        self.lost = 0
        self._wire = wire
        self._count = 0

    def send(self, packet: bytes) -> None:
        """Send a packet, or do not."""
        number, self._count = self._count, self._count + 1
        if is_lost(number):
            self.lost += 1
            return
        self._wire.send(packet)

    def close(self) -> None:
        """Close it."""
        self._wire.close()


def hurried(first: int, count: int) -> NDArray[np.float32]:
    """A signal that is there some ten times faster than real time: sockets have little room."""
    time.sleep(0.002)
    return glitch_pair(count, start_frame=first)


def test_loss_over_udp_cannot_be_told_and_the_result_says_so(findings: Findings) -> None:
    findings.transport = "udp, loopback"
    with UdpIngest("127.0.0.1:0", limits=AT_ONCE) as ingest:
        wire = LossyWire(DatagramWire(str(ingest.address)))
        with LegacyAgent(wire, hurried, journal=Journal(), paced=False, packets=PACKETS) as agent:
            agent.wait()
        sent = agent.summary.sent
        wait_until(lambda: ingest.statistics.datagrams == sent - wire.lost, "all datagrams")
        statistics = ingest.statistics
    findings.tell("packets-lost-on-the-way", wire.lost)
    findings.tell("packets-taken", statistics.packets)
    findings.note(f"loss {statistics.lost}")
    assert wire.lost > 0
    assert statistics.lost == LOSS
    # The recording is shorter by as much, and that is all there is to see.
    assert statistics.frames == statistics.packets * FRAMES
    assert statistics.undecodable == 0


def test_the_same_loss_in_v2_is_counted_exactly(
    endpoint: Endpoint, ports: tuple[int, int], findings: Findings
) -> None:
    encoder = Encoder()
    source = glitch_pair(FRAMES * PACKETS)
    with Receiver(endpoint, port=ports[0], limits=AT_ONCE) as receiver:
        with dial(endpoint, ports[0]) as guest:
            assert guest.recv(8) == OFFER
            guest.sendall(SWITCH)
            for number in range(PACKETS):
                frames = source[number * FRAMES : (number + 1) * FRAMES]
                packet = encoder.encode(np.ascontiguousarray(frames))
                if not is_lost(number):
                    at_ns = number * 20_000_000
                    guest.sendall(
                        audio_bytes(Audio(number, number * FRAMES, at_ns, at_ns, at_ns, packet))
                    )
            wait_until(
                lambda: (
                    sum(s.packets for s in receiver.summary().streams.values()) == PACKETS - LOST
                ),
                "all packets",
            )
            [stream] = receiver.summary().streams.values()
        receiver.release()
    assert stream.lost is not None
    assert stream.lost_frames is not None
    findings.tell("packets-lost-on-the-way", LOST)
    findings.require("packets-miscounted", abs(stream.lost - LOST), 0)
    findings.require("frames-miscounted", abs(stream.lost_frames - LOST * FRAMES), 0, "frames")
    assert stream.concealed == LOST
    assert stream.reordered == stream.duplicates == stream.restarts == 0
