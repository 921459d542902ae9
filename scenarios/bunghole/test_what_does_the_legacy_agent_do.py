"""What does the legacy agent do?

Before there was a driver, a program of the guest's user captured and sent, on the same wire: vsock
first, else UDP. A send error is logged, the packet dropped, and the agent goes on. Launchd and
permissions are not modelled here.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from lab.errors import LabError
from lab.scenario import Findings
from lab.signals.envelope import listen, measure_envelope
from lab.signals.lossy import glitch_pair
from lab.signals.time_line import track_time_line
from lab.transport.agent import CHANNEL, LegacyAgent, StreamWire, open_wire
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.receiver import Receiver
from lab.transport.priority import Source, choose_source
from lab.transport.udp import UdpIngest
from scenarios.bunghole.raw import RawListener, dial
from scenarios.bunghole.rig import wait_until

pytestmark = pytest.mark.realtime

RATE = 48_000


def test_it_sends_over_the_vsock_in_v1(
    endpoint: Endpoint, ports: tuple[int, int], findings: Findings
) -> None:
    journal = Journal()
    with Receiver(endpoint, port=ports[0]) as receiver:
        wire = open_wire(
            "auto", dial_vsock=lambda _: dial(endpoint, ports[0]), udp_target=None, journal=journal
        )
        with LegacyAgent(wire, glitch_pair(RATE * 3), journal=journal, packets=100) as agent:
            agent.wait()
            wait_until(
                lambda: (
                    sum(s.packets for s in receiver.summary().streams.values())
                    == agent.summary.sent
                ),
                "all packets",
            )
        [guest] = receiver.guests
        stream, heard = receiver.summary().streams[guest], receiver.audio(guest)
        receiver.release()
    summary = agent.summary
    findings.tell("packets-sent", summary.sent)
    findings.note("v1: the host cannot tell loss")
    assert (stream.wire, stream.lost) == ("v1", None)
    assert summary.encoded == summary.sent == 100
    assert summary.transport == endpoint.transport
    if summary.skipped == 0:  # not captured: this machine was too late
        middle = heard[RATE // 4 : -RATE // 4]
        faults = listen(measure_envelope(middle), track_time_line(middle).found)
        findings.require("faults-heard", len(faults), 0)


def test_it_takes_udp_where_there_is_no_vsock(findings: Findings) -> None:
    findings.transport = "udp, loopback"

    def no_vsock(_port: int) -> object:
        raise LabError("no vsock here")

    journal = Journal()
    with UdpIngest("127.0.0.1:0") as ingest:
        wire = open_wire(
            "auto",
            dial_vsock=no_vsock,  # type: ignore[arg-type]
            udp_target=str(ingest.address),
            journal=journal,
        )
        with LegacyAgent(wire, glitch_pair(RATE), journal=journal, packets=25) as agent:
            agent.wait()
        wait_until(lambda: ingest.statistics.packets == agent.summary.sent, "all datagrams")
    findings.tell("packets-sent", agent.summary.sent)
    assert agent.summary.transport == "udp"


def test_it_drops_what_it_cannot_send_and_goes_on(
    endpoint: Endpoint, ports: tuple[int, int], findings: Findings
) -> None:
    journal = Journal()
    receiver = Receiver(endpoint, port=ports[0])
    wire = StreamWire(lambda _: dial(endpoint, ports[0]))
    with LegacyAgent(wire, glitch_pair(RATE), journal=journal) as agent:
        wait_until(lambda: agent.summary.sent > 5, "packets")
        receiver.release()
        wait_until(lambda: agent.summary.send_errors >= 5, "send errors")
        with Receiver(endpoint, port=ports[0]) as again:
            wait_until(
                lambda: sum(s.packets for s in again.summary().streams.values()) > 5, "audio again"
            )
            again.release()
    findings.tell("packets-dropped", agent.summary.send_errors)
    lines = [line for line in journal.lines if "send error" in line]
    findings.require("lines-in-the-log", len(lines), 1)


def test_it_drops_the_newest_when_the_host_does_not_read(
    endpoint: Endpoint, ports: tuple[int, int], findings: Findings
) -> None:
    """Sound made faster than it goes: 256 packets wait, 5 s, before the first is dropped."""
    journal = Journal()
    with RawListener(endpoint, ports[0]):
        wire = StreamWire(lambda _: dial(endpoint, ports[0]))
        noise = np.random.default_rng(1).standard_normal((RATE, 2)).astype(np.float32) * 0.3
        with LegacyAgent(wire, noise, journal=journal, paced=False, packets=2_000) as agent:
            wait_until(lambda: agent.summary.channel_full > 0, "a full channel")
            time.sleep(0.1)
            summary = agent.summary
    findings.tell("packets-on-the-way", summary.sent)
    findings.tell("packets-in-the-channel", CHANNEL)
    assert summary.encoded >= summary.sent + CHANNEL


def test_the_host_takes_udp_before_vsock_before_its_desktop(findings: Findings) -> None:
    findings.transport = "none"
    started: list[Source] = []

    def starts(source: Source) -> object:
        return lambda: started.append(source)

    start = {source: starts(source) for source in Source}
    for udp, vm in (("127.0.0.1:5004", True), (None, True), (None, False)):
        choose_source(udp_listen=udp, vm=vm, start=start)  # type: ignore[arg-type]
    findings.tell("sources-tried", len(started))
    assert started == [Source.UDP, Source.VSOCK, Source.DESKTOP]
