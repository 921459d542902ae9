"""Does Bunghole keep every packet, at an even pace, for as long as nothing goes wrong?

Ten minutes of virtual time, with a host inside the simulator at the other end of the wire: what is
played has to arrive without a gap, a click or a shift, always as late as at the beginning, and a
microphone has to come in without running dry. Nothing here depends on how fast the machine is.

A device whose clock is off plays and records a little faster or slower than the host's microphone:
there the buffer of the input has to run dry, or over, once in so many minutes. That much is allowed
and no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.clocks import Offset
from lab.errors import MissingError
from lab.host import sources
from lab.host.locate import find_driver
from lab.host.peer import PACKET_FRAMES, Latency, OutputLink, Wire, open_peer
from lab.host.subprocess_host import SubprocessHost
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.signals.envelope import listen, measure_envelope
from lab.signals.file import read_raw, write_raw
from lab.signals.lossy import glitch_pair
from lab.signals.time_line import track_time_line

pytestmark = [pytest.mark.native, pytest.mark.linux]

RATE = 48_000
MINUTES = 10
SETTLE_S = 1.0
"""Until the input has filled its buffer."""
DRY_FRAMES, CUT_FRAMES = 480, 960
"""How far a clock may go off before the input runs dry, or has too much; of the 40 ms that it keeps
in hand one packet may be late, and one cycle is read at once (docs/reference/bunghole-wire.md)."""
ONSET_S = 0.04
"""Two packets, in which an encoder that has heard nothing yet finds its level: libopus 1.6.1 is
0.57 dB low for 1.5 ms there."""
END_FRAMES = 2 * PACKET_FRAMES
"""The last packet is filled up with silence, and Opus hears that coming."""
LOOK_NS = 1_000_000
"""Threads look at sockets each virtual millisecond."""

CASES = [
    *[(wire, frames, 0, 2) for wire in ("v1", "v2") for frames in (16, 512, 4_096, 8_191, 8_192)],
    ("v2", 480, 0, MINUTES),
    *[
        pytest.param(*case, MINUTES, marks=pytest.mark.slow)
        for case in (
            ("v1", 480, 0),
            ("v2", 480, 100),
            ("v2", 480, -100),
            ("v1", 512, 100),
            ("v2", 4_096, -100),
        )
    ],
]
"""Wire, frames of an IO cycle, how far the devices' clocks are off (ppm), minutes."""


@dataclass(frozen=True)
class Heard:
    """What came of a run.

    Attributes
    ----------
    output
        As the host heard it.
    latency
        Of its packets, without those of the first second.
    told, told_at_first
        What the driver counted of its input, at the end and after the first second.
    played
        Frames of the output device's IO.
    sent
        What the driver counted of its output.
    """

    output: OutputLink
    latency: Latency
    told: dict[str, int]
    told_at_first: dict[str, int]
    played: int
    sent: dict[str, int]


def bunghole() -> Path:
    """The driver; skipped without it."""
    try:
        return find_driver("BungholeAudio")
    except MissingError as error:
        pytest.skip(f"native: {error}")


def start_in_virtual_time(start_host: StartHost) -> SubprocessHost:
    """A host that owns the driver's threads; one with a sanitizer does not."""
    host: SubprocessHost = start_host()
    if host.info().sanitizers:
        pytest.skip("this build leaves threads alone: sanitizers stand before the C library")
    return host


def counted(host: SubprocessHost, device: int) -> dict[str, int]:
    """The driver's own statistics."""
    found: Any = host.call(
        "property.get",
        object={"plugin": 0, "id": host.device(device).object_id},
        selector="stat",
        type="plist",
    )
    return dict(found)


def converse(
    host: SubprocessHost, folder: Path, wire: Wire, frames: int, ppm: int, seconds: float
) -> Heard:
    """Play and record tones for so long, at both ends."""
    tones = folder / "tones.f32"
    write_raw(tones, glitch_pair(RATE))  # whole periods in a second: it may be repeated
    room = math.ceil((seconds + 2) * RATE * 1.001)
    peer = open_peer(
        host,
        wire=wire,
        microphone=sources.file(tones, 2, loop=True),
        record=folder / "output.f32",
        record_frames=room,
    )
    output, microphone = host.load(bunghole()).devices
    for device in (output, microphone):
        host.set_buffer_frames(device, frames)
        if ppm:
            host.set_clock(device, [Offset(ppm=ppm)])
    player = host.add_client(output)
    player.play(sources.file(tones, 2, loop=True))
    listener = host.add_client(microphone)
    listener.take(sources.record(folder / "input.f32", room))
    player.start()
    listener.start()
    host.run(SETTLE_S)
    peer.stats(forget=True)
    first = counted(host, microphone)
    host.run(seconds)
    told = counted(host, microphone)
    latency = peer.stats().output.latency  # the last packet of a run is made up, and early
    player.stop()
    listener.stop()
    host.advance(100_000_000)
    heard = peer.close().output
    played = host.io_stats(output).frames
    sent = counted(host, output)
    listener.remove()
    return Heard(heard, latency, told, first, played, sent)


def findings_in(path: Path, *, skip_s: float = 0.0) -> list[str]:
    """All that the detectors find in a recording of the tones, but for its end."""
    block = read_raw(path, 2)[round(skip_s * RATE) : -END_FRAMES]
    return [str(one) for one in listen(measure_envelope(block), track_time_line(block).found)]


@pytest.mark.parametrize(("wire", "frames", "ppm", "minutes"), CASES)
def test_nothing_is_lost_and_nothing_is_late(
    start_host: StartHost,
    tmp_path: Path,
    findings: Findings,
    wire: Wire,
    frames: int,
    ppm: int,
    minutes: float,
) -> None:
    host = start_in_virtual_time(start_host)
    seconds = minutes * 60
    heard = converse(host, tmp_path, wire, frames, ppm, seconds)
    output = heard.output
    cycle_ns = math.ceil(frames * 1e9 / RATE * (1 + abs(ppm) * 1e-6))

    findings.tell("packets", output.packets)
    findings.require("connections-too-many", output.connections - 1, 0)
    findings.require("frames-lost", output.lost_frames, 0, "frames")
    findings.require("packets-twice", output.duplicates, 0)
    findings.require("packets-out-of-order", output.out_of_order, 0)
    findings.require("packets-that-do-not-decode", output.decode_errors, 0)
    findings.require("packets-silent", output.silent_packets, 0)
    heard_and_dropped = heard.sent["frames sent"] + heard.sent["frames unconnected"]
    findings.require("frames-unaccounted-for", heard.played - heard_and_dropped, 0, "frames")
    findings.require("frames-dropped-by-the-driver", heard.sent["frames late"], 0, "frames")
    if wire == "v2":
        findings.tell("latency", heard.latency.p50_ns / 1e6, "ms")
        spread = heard.latency.max_ns - heard.latency.min_ns
        findings.require("latency-changes", spread, cycle_ns + LOOK_NS, "ns")

    # What a clock that is off brings too much or too little, in so many frames.
    drift = math.ceil(seconds * RATE * abs(ppm) * 1e-6)
    dry = math.ceil(drift / DRY_FRAMES) if ppm > 0 else 0
    cuts = math.ceil(drift / CUT_FRAMES) if ppm < 0 else 0
    told = {name: heard.told[name] - heard.told_at_first[name] for name in heard.told}
    findings.require("microphone-packets-lost", told["packets lost"], 0)
    findings.require("microphone-ran-dry", told["underflows"], dry)
    findings.require("microphone-was-cut", told["latency cuts"], cuts)
    findings.require("microphone-frames-over", told["frames overflow"], 0, "frames")

    wrong = findings_in(tmp_path / "output.f32", skip_s=ONSET_S)
    findings.require("wrong-places-in-what-was-played", len(wrong), 0)
    wrong_there = findings_in(tmp_path / "input.f32", skip_s=SETTLE_S)
    # Silence has two ends.
    findings.require("wrong-places-in-what-was-recorded", len(wrong_there), 2 * dry + cuts)
    for name in ("output.f32", "input.f32"):
        (tmp_path / name).unlink()


def test_the_detectors_hear_a_packet_that_is_lost(
    start_host: StartHost, tmp_path: Path, findings: Findings
) -> None:
    """The check of the check: one packet in each direction, made up for by the decoders."""
    host = start_in_virtual_time(start_host)
    tones = tmp_path / "tones.f32"
    write_raw(tones, glitch_pair(RATE))
    peer = open_peer(
        host,
        microphone=sources.file(tones, 2, loop=True),
        record=tmp_path / "output.f32",
        record_frames=10 * RATE,
    )
    output, microphone = host.load(bunghole()).devices
    player, listener = host.add_client(output), host.add_client(microphone)
    player.play(sources.file(tones, 2, loop=True))
    listener.take(sources.record(tmp_path / "input.f32", 10 * RATE))
    player.start()
    listener.start()
    host.run(4.0)
    peer.lose("output", 1)
    peer.lose("input", 1)
    host.run(4.0)
    player.stop()
    listener.stop()
    lost = peer.close().output.lost_packets
    listener.remove()
    findings.require("packets-lost-of-one", abs(lost - 1), 0)
    assert findings_in(tmp_path / "output.f32")
    assert findings_in(tmp_path / "input.f32", skip_s=SETTLE_S)
