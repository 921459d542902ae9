"""Do old hosts and guests get on with new ones?

Peers that know v1 only, with every byte looked at: whoever knows v2 must not send them anything
that v1 does not have, but for the offer, which a v1 sender never reads.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab.host import sources
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.signals.lossy import glitch_pair
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.receiver import Receiver
from lab.transport.opus import packet_frames
from scenarios.bunghole.raw import OFFER, SILENT_PACKET, RawListener, dial, read_for, v1
from scenarios.bunghole.rig import QUICK_BACKOFF, Rig, recorded, wait_until, without_silence

pytestmark = [pytest.mark.native, pytest.mark.realtime]


def frames_of(data: bytes) -> list[bytes]:
    """The packets of v1 frames; the last one may not have come whole."""
    packets, at = [], 0
    while at + 2 <= len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        assert 1 <= length <= 1500, f"at {at}: no v1 frame has a length of {length}"
        if at + 2 + length > len(data):
            break
        packets.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return packets


def test_an_old_host_gets_lengths_and_opus_and_nothing_else(
    quick_rig: Rig, endpoint: Endpoint, ports: tuple[int, int], findings: Findings
) -> None:
    with RawListener(endpoint, ports[0]) as listener:
        connection = listener.accept()
        quick_rig.player(sources.sine())
        packets = frames_of(read_for(connection, 4.0))  # longer than any of v2's clocks
        counted = quick_rig.counted(quick_rig.output)
        link = quick_rig.link(quick_rig.output)
    findings.tell("packets-of-v1", len(packets))
    assert len(packets) > 50
    assert {packet_frames(packet) for packet in packets} == {960}
    assert link == "wire v1"
    assert counted["pings sent"] == counted["deadlines missed"] == 0


def test_an_old_host_s_microphone_is_heard_and_gets_nothing_but_the_offer(
    quick_rig: Rig, endpoint: Endpoint, ports: tuple[int, int], findings: Findings
) -> None:
    with RawListener(endpoint, ports[1]) as listener:
        connection = listener.accept()
        for _ in range(50):
            connection.sendall(v1(SILENT_PACKET))
            time.sleep(0.02)
        said = read_for(connection, 0.1)
        counted = quick_rig.counted(quick_rig.input)
    findings.tell("packets-of-v1", counted["packets received"])
    assert said == OFFER
    assert counted["packets received"] == 50
    assert counted["protocol errors"] == counted["decode errors"] == 0


def test_an_old_guest_is_heard_and_gets_nothing_but_the_offer(
    receiver: Receiver, endpoint: Endpoint, ports: tuple[int, int], findings: Findings
) -> None:
    with dial(endpoint, ports[0]) as guest:
        for _ in range(50):
            guest.sendall(v1(SILENT_PACKET))
            time.sleep(0.02)
        said = read_for(guest, 2.5)
        [stream] = receiver.summary().streams.values()
    findings.tell("packets-of-v1", stream.packets)
    assert said == OFFER
    assert (stream.packets, stream.wire, stream.lost) == (50, "v1", None)


def test_an_old_guest_s_recorder_gets_lengths_and_opus_and_nothing_else(
    endpoint: Endpoint, ports: tuple[int, int], findings: Findings
) -> None:
    with (
        Microphone(endpoint, glitch_pair(48_000), port=ports[1], loop=True),
        dial(endpoint, ports[1]) as guest,
    ):
        packets = frames_of(read_for(guest, 4.0))
    findings.tell("packets-of-v1", len(packets))
    assert len(packets) > 50
    assert {packet_frames(packet) for packet in packets} == {960}


def test_the_original_itself_plays_and_records(
    start_host: StartHost,
    burrow: Path,
    receiver: Receiver,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    findings: Findings,
) -> None:
    """Burrow speaks as the original does: today's host is a host for it, too."""
    with Microphone(endpoint, glitch_pair(48_000), port=ports[1], loop=True) as microphone:
        rig = Rig(start_host(environment=QUICK_BACKOFF, extra=("--sigpipe", "ignore")), burrow)
        wait_until(lambda: bool(receiver.connected and microphone.connected), "connected")
        recorder = rig.recorder(tmp_path / "input.raw", 60)
        rig.player(sources.sine())
        wait_until(
            lambda: sum(s.packets for s in receiver.summary().streams.values()) > 50, "audio"
        )
        recorder.stop()
        recorder.remove()
    [stream] = receiver.summary().streams.values()
    findings.tell("packets-of-v1", stream.packets)
    assert (stream.wire, stream.undecodable) == ("v1", 0)
    assert len(without_silence(recorded(tmp_path / "input.raw"))) > 24_000
