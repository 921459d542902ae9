"""Does audio reach the host, and come back?

A real file is played into "Bunghole Output" and arrives as Opus on port 5000; at the same time a
microphone sends on port 5001, and a client records it from "Bunghole Input".
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab.host import sources
from lab.measure.fitness_watch import FitnessWatch
from lab.scenario import Findings
from lab.signals.lossy import glitch_pair
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.both_ways import RATE, judge_sound, judge_way_in, judge_way_out, write_tune
from scenarios.bunghole.rig import Rig

pytestmark = [pytest.mark.native, pytest.mark.realtime]

SECONDS = 6.0


def test_a_tune_goes_out_and_a_microphone_comes_in(
    rig: Rig,
    receiver: Receiver,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    watch: FitnessWatch,
    findings: Findings,
) -> None:
    tune = write_tune(tmp_path / "tune.raw")
    spoken = glitch_pair(round((SECONDS + 4) * RATE))
    with Microphone(endpoint, spoken, port=ports[1]) as microphone:
        rig.wait_for_links()
        recorder = rig.recorder(tmp_path / "input.raw", SECONDS + 2)
        player = rig.player(sources.file(tmp_path / "tune.raw", 2, loop=True))
        time.sleep(SECONDS)
        player.stop()
        recorder.stop()
        played = player.stats().position_frames
        time.sleep(0.2)  # the last packet is on its way
        spoken_of = microphone.summary()
    findings.fitness(watch.stop())
    [guest] = receiver.guests
    output, input_ = rig.counted(rig.output), rig.counted(rig.input)

    judge_sound(findings, receiver.audio(guest), tune)
    stream = judge_way_out(findings, receiver, guest)
    findings.require("frames-played-and-not-sent", played - output["frames sent"], 0, "frames",
                     wall_clock=True)  # fmt: skip
    assert stream.wire in {"v2", "v1 and v2"}
    assert output["connections"] == input_["connections"] == 1
    assert output["protocol errors"] == input_["protocol errors"] == 0

    judge_way_in(findings, tmp_path / "input.raw", input_, seconds=SECONDS - 1)
    findings.require("input-packets-lost", input_["packets lost"], 0, wall_clock=True)
    assert spoken_of.sent > 0
