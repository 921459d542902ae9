"""Does a minute pass without a lost frame?

Both directions over the socket there is, nobody disturbs anything.
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
from scenarios.bunghole.rig import Rig

pytestmark = [pytest.mark.native, pytest.mark.realtime, pytest.mark.slow]

SECONDS = 60.0


def test_a_minute_of_both_directions_loses_nothing(
    rig: Rig,
    receiver: Receiver,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    findings: Findings,
    watch: FitnessWatch,
) -> None:
    with Microphone(endpoint, glitch_pair(48_000 * 5), port=ports[1], loop=True) as microphone:
        rig.wait_for_links()
        rig.wait_for_output()
        recorder = rig.recorder(tmp_path / "input.raw", SECONDS + 5)
        player = rig.player(sources.sine())
        time.sleep(SECONDS)
        player.stop()
        recorder.stop()
        played = player.stats().position_frames
        time.sleep(0.3)
        spoken = microphone.summary()
    [guest] = receiver.guests
    stream = receiver.summary().streams[guest]
    output, input_ = rig.counted(rig.output), rig.counted(rig.input)
    assert rig.is_alive
    assert stream.connections == input_["connections"] == 1
    assert stream.lost_frames is not None
    # A machine that stands still for 60 ms loses frames, and says so; none goes without a name.
    dropped = output["frames late"] + output["frames ring full"]
    missing = int(receiver.packets(guest)["first_frame"][0]) + stream.lost_frames
    findings.require("frames-lost-and-not-counted", abs(missing - dropped), 0, "frames")
    findings.require("frames-played-and-neither-sent-nor-counted",
                     abs(played - output["frames sent"] - dropped), 0, "frames")  # fmt: skip
    findings.fitness(watch.stop())
    findings.tell("packets", stream.packets)
    findings.tell("packets-of-the-microphone", spoken.sent)
    findings.require("output-frames-lost", stream.lost_frames, 0, "frames", wall_clock=True)
    findings.require("input-packets-lost", input_["packets lost"], 0, wall_clock=True)
    findings.require("microphone-packets-dropped", spoken.late + spoken.skipped, 0,
                     wall_clock=True)  # fmt: skip
    findings.tell("input-underflows", input_["underflows"])
    findings.tell("input-latency-cuts", input_["latency cuts"])
