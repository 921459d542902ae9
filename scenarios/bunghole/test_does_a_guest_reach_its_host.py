"""Does a guest reach its host?

As in the field: the simulated coreaudiod and the driver run in a guest and dial CID 2, the listener
and the microphone are outside, behind the vsock device of the guest.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lab.guest.guest import Guest
from lab.guest.settings import GuestSettings, Vsock
from lab.guest.tiers import Tier
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
from scenarios.bunghole.rig import recorded, without_silence

pytestmark = [pytest.mark.native, pytest.mark.guest, pytest.mark.realtime]

TUNE = Path(__file__).parent.parent / "audio" / "tune.flac"
SECONDS = 5.0
RATE = 48_000


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    """A guest whose CID 2 is this process."""
    here = Path.cwd()
    build = os.environ.get("HAL_LAB_BUILD")
    visible = (here, *([Path(build)] if build else []))
    settings = GuestSettings(
        name="far", vsock=Vsock.HOST, memory_mib=512, visible=visible, log_folder=tmp_path
    )
    with Guest(settings) as made:
        yield made


def test_a_tune_leaves_a_guest_and_a_microphone_reaches_it(
    guest: Guest, tmp_path: Path, watch: FitnessWatch, findings: Findings
) -> None:
    findings.transport = Tier.GUEST_TO_HOST.text
    tune = read_audio(TUNE, sample_rate=RATE, resample=True).frames
    tune = np.ascontiguousarray(np.broadcast_to(tune[:, :2], (len(tune), 2)))
    write_raw(guest.shared / "tune.raw", tune)
    spoken = glitch_pair(round((SECONDS + 20) * RATE))
    endpoint = Endpoint.of_guest(guest.vsock_folder)
    environment = {
        name: os.environ[name] for name in ("HAL_LAB_BUILD", "HAL_LAB_BIN") if name in os.environ
    }
    with Receiver(endpoint) as receiver, Microphone(endpoint, spoken):
        done = guest.run(
            [
                *(sys.executable, "-m", "scenarios.bunghole.guest_side"),
                *(guest.shared, f"{SECONDS}"),
            ],
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=Path.cwd(),
            limit_s=SECONDS + 60,
        ).check()
        stream = receiver.summary().streams["the guest"]
        heard = receiver.audio("the guest")
        packets = receiver.packets("the guest")
        receiver.release()
    guest.take(guest.shared / "input.raw", tmp_path / "input.raw")
    findings.fitness(watch.stop())
    told = json.loads(done.text)
    output, input_ = told["output"], told["input"]
    assert told["links"] == ["wire v2", "wire v2"]
    assert output["connections"] == input_["connections"] == 1
    assert output["protocol errors"] == input_["protocol errors"] == 0

    delay = find_delay(heard[: RATE * 3], tune[:RATE])
    assert isinstance(delay, Delay), delay
    assert delay.frames == pytest.approx(312, abs=2)
    assert stream.lost is not None
    # Known, and not understood yet: each second, at the exchange of pings, what leaves the guest
    # stands still for some 85 ms, so that the driver drops 2 packets. It has to count them.
    findings.tell("packets-lost", stream.lost)
    assert stream.lost_frames is not None
    findings.require("frames-lost-and-not-counted", stream.lost_frames - output["frames late"], 0,
                     "frames", wall_clock=True)  # fmt: skip

    times, playout, uncertainty_ns = time_packets(packets, stream.clock)
    report = measure_stages(times, offset_uncertainty_ns=uncertainty_ns)
    for stage in (*report.stages, report.total):
        findings.tell(f"{stage.name}-p50", stage.p50_us / 1e3, "ms")
        findings.tell(f"{stage.name}-p99", stage.p99_us / 1e3, "ms")
    findings.tell("uncertainty-of-the-clocks", uncertainty_ns / 1e3, "us")
    findings.tell("over-the-floor-p50", report.over_floor_p50_us / 1e3, "ms")
    findings.tell("over-the-floor-p99", report.over_floor_p99_us / 1e3, "ms")
    findings.tell("underruns-of-the-listener", playout.underruns)

    taken = without_silence(recorded(tmp_path / "input.raw"))
    middle = taken[RATE // 2 : -RATE // 2]
    faults = listen(measure_envelope(middle), track_time_line(middle).found)
    counted = input_["underflows"] + input_["latency cuts"] + input_["packets lost"]
    findings.require("seconds-recorded", len(taken) / RATE, SECONDS - 1, "s", better="higher")
    findings.require("faults-heard-beyond-those-counted", max(len(faults) - 2 * counted, 0), 0)
