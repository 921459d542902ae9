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

import pytest

from lab.guest.guest import Guest
from lab.guest.settings import GuestSettings, Vsock
from lab.guest.tiers import Tier
from lab.measure.fitness_watch import FitnessWatch
from lab.scenario import Findings
from lab.signals.lossy import glitch_pair
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.both_ways import RATE, judge_sound, judge_way_in, judge_way_out, write_tune

pytestmark = [pytest.mark.native, pytest.mark.guest, pytest.mark.realtime]

SECONDS = 5.0


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
    tune = write_tune(guest.shared / "tune.raw")
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
        findings.fitness(watch.stop())
        judge_sound(findings, receiver.audio("the guest"), tune)
        stream = judge_way_out(findings, receiver, "the guest")
        receiver.release()
    guest.take(guest.shared / "input.raw", tmp_path / "input.raw")
    told = json.loads(done.text)
    output, input_ = told["output"], told["input"]
    assert told["links"] == ["wire v2", "wire v2"]
    assert output["connections"] == input_["connections"] == 1
    assert output["protocol errors"] == input_["protocol errors"] == 0
    assert stream.lost_frames is not None
    findings.require("frames-lost-and-not-counted", stream.lost_frames - output["frames late"], 0,
                     "frames", wall_clock=True)  # fmt: skip
    judge_way_in(findings, tmp_path / "input.raw", input_, seconds=SECONDS - 1)
