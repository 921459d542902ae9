"""Does the latency of the input come back?

A microphone that is a little faster than the device, or slower, or that stops for a moment and then
says everything at once, must not make the recording later and later.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lab.measure.fitness_watch import FitnessWatch
from lab.scenario import Findings
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.microphone import Microphone
from lab.transport.opus import FRAMES, Encoder
from scenarios.bunghole.raw import SILENT_PACKET, RawListener, v1
from scenarios.bunghole.rig import (
    Rig,
    begin_ns,
    hiss,
    place_of,
    recorded,
    wait_until,
    without_silence,
)

pytestmark = [pytest.mark.native, pytest.mark.realtime]

RATE = 48_000
PACKET_S = 0.02
PLAYOUT_MS, TOO_MUCH_MS = 40.0, 20.0
FLOOR_MS = 26.5
"""A packet, and what the encoder holds back."""


def packets_at(speed: float, seconds: float) -> Iterator[float]:
    """Wait for each packet of a microphone that is so much faster; seconds since it began."""
    begin = time.monotonic()
    for number in range(round(seconds / PACKET_S * speed)):
        due = begin + number * PACKET_S / speed
        time.sleep(max(0.0, due - time.monotonic()))
        yield time.monotonic() - begin


def play_out_ms(rig: Rig) -> float:
    """What waits to be recorded now."""
    return float(rig.counted(rig.input)["playout frames"]) / RATE * 1e3


@pytest.mark.parametrize("percent", [3, -3])
def test_a_microphone_at_another_speed_costs_cuts_or_silence_but_no_latency(
    quick_rig: Rig,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    findings: Findings,
    watch: FitnessWatch,
    percent: int,
) -> None:
    rig = quick_rig
    waits: list[float] = []
    with RawListener(endpoint, ports[1]) as listener:
        connection = listener.accept()
        rig.recorder(tmp_path / "input.raw", 60)
        for second in packets_at(1 + percent / 100, 10.0):
            connection.sendall(v1(SILENT_PACKET))
            if second > 4.0 and len(waits) < (second - 4.0) * 10:
                waits.append(play_out_ms(rig))
        counted = rig.counted(rig.input)
    findings.fitness(watch.stop())
    for what in ("latency cuts", "frames cut", "underflows", "frames silent", "frames overflow"):
        findings.tell(what.replace(" ", "-"), counted[what])
    findings.tell("waits-p50", float(np.median(waits)), "ms")
    # What is too much may be there for 2 s before it is cut, and grows meanwhile.
    limit_ms = PLAYOUT_MS + TOO_MUCH_MS + 2_000 * 0.03 + 20
    findings.require("waits-longest", max(waits), limit_ms, "ms", wall_clock=True)
    assert counted["frames cut" if percent > 0 else "underflows"] > 0
    assert counted["frames overflow"] == 0
    assert rig.is_alive


def test_a_burst_after_a_silence_costs_a_cut_but_no_latency(
    quick_rig: Rig,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    findings: Findings,
    watch: FitnessWatch,
) -> None:
    rig = quick_rig
    with RawListener(endpoint, ports[1]) as listener:
        connection = listener.accept()
        rig.recorder(tmp_path / "input.raw", 60)
        for _ in packets_at(1.0, 1.0):
            connection.sendall(v1(SILENT_PACKET))
        before = rig.counted(rig.input)
        time.sleep(0.5)
        starved = rig.counted(rig.input)
        connection.sendall(v1(SILENT_PACKET) * 15)  # 300 ms
        waits = []
        for second in packets_at(1.0, 4.0):
            connection.sendall(v1(SILENT_PACKET))
            if second > 3.0:
                waits.append(play_out_ms(rig))
        counted = rig.counted(rig.input)
    findings.fitness(watch.stop())
    findings.tell("cut", (counted["frames cut"] - before["frames cut"]) / RATE * 1e3, "ms")
    findings.tell("silence", (counted["frames silent"] - before["frames silent"]) / 48, "ms")
    findings.tell("waits-p50", float(np.median(waits)), "ms")
    findings.require("waits-longest", max(waits), PLAYOUT_MS + TOO_MUCH_MS + 20, "ms",
                     wall_clock=True)  # fmt: skip
    assert starved["underflows"] > before["underflows"]
    assert counted["frames cut"] > before["frames cut"]


def test_the_latency_of_a_microphone_is_a_packet_the_codec_and_the_playout(
    quick_rig: Rig,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    findings: Findings,
    watch: FitnessWatch,
) -> None:
    """By what the recording is a recording of."""
    spoken = hiss(20)
    with Microphone(endpoint, spoken, port=ports[1]) as microphone:
        wait_until(lambda: microphone.summary().sent > 50, "a second of sound")
        recorder = quick_rig.recorder(tmp_path / "input.raw", 30)
        time.sleep(2.5)
        began_ns = begin_ns(recorder)
        recorder.stop()
        recorder.remove()
        spoken_ns = microphone.begin_ns
    taken = recorded(tmp_path / "input.raw")
    at = len(taken) - RATE
    place = place_of(taken[at : at + RATE // 4], spoken)
    latency_ms = (began_ns + at / RATE * 1e9 - spoken_ns - place / RATE * 1e9) / 1e6
    findings.fitness(watch.stop())
    findings.tell("latency", latency_ms, "ms")
    findings.require("latency-over-the-floor", latency_ms - FLOOR_MS,
                     PLAYOUT_MS + TOO_MUCH_MS + 10, "ms", wall_clock=True)  # fmt: skip


def old_audio_ms(rig: Rig, endpoint: Endpoint, port: int, folder: Path) -> float:
    """400 ms are spoken before anybody records, and nothing then: how much of it is recorded?

    So much later is all that would be spoken from then on.
    """
    spoken, encoder = hiss(0.4), Encoder()
    with RawListener(endpoint, port) as listener:
        connection = listener.accept()
        for first in range(0, len(spoken), FRAMES):
            connection.sendall(v1(encoder.encode(spoken[first : first + FRAMES])))
        time.sleep(0.5)  # it is all there, and taken
        recorder = rig.recorder(folder / "input.raw", 30)
        wait_until(lambda: recorder.stats().position_frames > RATE, "a second of recording")
        recorder.stop()
        recorder.remove()
    return len(without_silence(recorded(folder / "input.raw"))) / RATE * 1e3


def test_what_came_before_io_is_no_latency(
    quick_rig: Rig, endpoint: Endpoint, ports: tuple[int, int], tmp_path: Path, findings: Findings
) -> None:
    old_ms = old_audio_ms(quick_rig, endpoint, ports[1], tmp_path)
    findings.require("old-audio-recorded", old_ms, 0, "ms")
    unwanted = quick_rig.counted(quick_rig.input)["frames unwanted"]
    findings.require("old-audio-dropped-by-name", unwanted / 48, 400, "ms", better="higher")


def test_what_came_before_io_stays_as_latency_and_burrow_shows_it(
    burrow_rig: Rig, endpoint: Endpoint, ports: tuple[int, int], tmp_path: Path, findings: Findings
) -> None:
    old_ms = old_audio_ms(burrow_rig, endpoint, ports[1], tmp_path)
    findings.tell("latency-that-stays", old_ms, "ms")
    assert old_ms > 160  # a ring of 8192 frames
