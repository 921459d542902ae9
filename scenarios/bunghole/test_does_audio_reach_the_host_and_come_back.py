"""Does audio reach the host, and come back?

A real file is played into "Bunghole Output" and arrives as Opus on port 5000; at the same time a
microphone sends on port 5001, and a client records it from "Bunghole Input".
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from lab.host import sources
from lab.measure.fitness_watch import FitnessWatch
from lab.measure.packet_times import time_packets
from lab.measure.stages import measure_stages
from lab.scenario import Findings
from lab.signals.delay import Delay, find_delay
from lab.signals.envelope import listen, measure_envelope
from lab.signals.file import read_audio, write_raw
from lab.signals.lossy import glitch_pair
from lab.signals.time_line import track_time_line
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import Rig, recorded, without_silence

pytestmark = [pytest.mark.native, pytest.mark.realtime]

TUNE = Path(__file__).parent.parent / "audio" / "tune.flac"
SECONDS = 6.0
RATE = 48_000


def test_a_tune_goes_out_and_a_microphone_comes_in(
    rig: Rig,
    receiver: Receiver,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    watch: FitnessWatch,
    findings: Findings,
) -> None:
    tune = read_audio(TUNE, sample_rate=RATE, resample=True).frames
    tune = np.ascontiguousarray(np.broadcast_to(tune[:, :2], (len(tune), 2)))
    write_raw(tmp_path / "tune.raw", tune)
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
    stream = receiver.summary().streams[guest]
    output, input_ = rig.counted(rig.output), rig.counted(rig.input)

    # What went out is what was played, later by the encoder's look-ahead.
    heard = receiver.audio(guest)
    delay = find_delay(heard[: RATE * 3], tune[:RATE])
    assert isinstance(delay, Delay), delay
    findings.tell("codec-delay", delay.frames, "frames")
    assert delay.frames == pytest.approx(312, abs=2)
    assert stream.lost is not None
    findings.require("packets-lost", stream.lost, 0, wall_clock=True)
    findings.require("frames-played-and-not-sent", played - output["frames sent"], 0, "frames",
                     wall_clock=True)  # fmt: skip
    assert stream.wire in {"v2", "v1 and v2"}

    # Where the time went.
    times, playout, uncertainty_ns = time_packets(receiver.packets(guest), stream.clock)
    report = measure_stages(times, offset_uncertainty_ns=uncertainty_ns)
    for stage in (*report.stages, report.total):
        findings.tell(f"{stage.name}-p50", stage.p50_us / 1e3, "ms")
        findings.tell(f"{stage.name}-p99", stage.p99_us / 1e3, "ms")
    findings.require("over-the-floor-p50", report.over_floor_p50_us / 1e3, 10.0, "ms",
                     wall_clock=True)  # fmt: skip
    findings.require("over-the-floor-p99", report.over_floor_p99_us / 1e3, 25.0, "ms",
                     wall_clock=True)  # fmt: skip
    findings.tell("underruns-of-the-listener", playout.underruns)

    # What came in is what was spoken: every fault would show in the pair of tones.
    taken = without_silence(recorded(tmp_path / "input.raw"))
    findings.require("seconds-recorded", len(taken) / RATE, SECONDS - 1, "s", better="higher",
                     wall_clock=True)  # fmt: skip
    middle = taken[RATE // 2 : -RATE // 2]
    faults = listen(measure_envelope(middle), track_time_line(middle).found)
    findings.tell("underflows-of-the-input", input_["underflows"])
    findings.tell("latency-cuts-of-the-input", input_["latency cuts"])
    # What the driver has counted may be heard where it begins and where it ends; no more than that.
    counted = input_["underflows"] + input_["latency cuts"] + input_["packets lost"]
    findings.require("faults-heard-beyond-those-counted", max(len(faults) - 2 * counted, 0), 0)
    findings.require("input-packets-lost", input_["packets lost"], 0, wall_clock=True)
    assert spoken_of.sent > 0
    assert output["connections"] == input_["connections"] == 1
    assert output["protocol errors"] == input_["protocol errors"] == 0
