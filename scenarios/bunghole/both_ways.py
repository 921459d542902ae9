"""A tune that goes out while a microphone comes in: what both ends must have got of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.measure.packet_times import time_packets
from lab.measure.stages import measure_stages
from lab.scenario import Findings
from lab.signals.delay import Delay, find_delay
from lab.signals.envelope import listen, measure_envelope
from lab.signals.file import read_audio, write_raw
from lab.signals.time_line import track_time_line
from lab.transport.bunghole.guest import StreamSummary
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import recorded, without_silence

TUNE = Path(__file__).parent.parent / "audio" / "tune.flac"
RATE = 48_000


def write_tune(path: Path) -> NDArray[np.float32]:
    """Write the tune as a player takes it; returns it, shape (n, 2)."""
    tune = read_audio(TUNE, sample_rate=RATE, resample=True).frames
    stereo = np.ascontiguousarray(np.broadcast_to(tune[:, :2], (len(tune), 2)))
    write_raw(path, stereo)
    return stereo


def judge_sound(findings: Findings, heard: NDArray[np.float32], tune: NDArray[np.float32]) -> None:
    """What went out is what was played, later by the encoder's look-ahead."""
    delay = find_delay(heard[: RATE * 3], tune[:RATE])
    assert isinstance(delay, Delay), delay
    findings.tell("codec-delay", delay.frames, "frames")
    assert delay.frames == pytest.approx(312, abs=2)


def judge_way_out(findings: Findings, receiver: Receiver, guest: str) -> StreamSummary:
    """Nothing is lost on the way out, and no packet takes long: stage by stage."""
    stream = receiver.summary().streams[guest]
    assert stream.lost is not None
    findings.require("packets-lost", stream.lost, 0, wall_clock=True)
    times, playout, uncertainty_ns = time_packets(receiver.packets(guest), stream.clock)
    report = measure_stages(times, offset_uncertainty_ns=uncertainty_ns)
    for stage in (*report.stages, report.total):
        findings.tell(f"{stage.name}-p50", stage.p50_us / 1e3, "ms")
        findings.tell(f"{stage.name}-p99", stage.p99_us / 1e3, "ms")
    findings.tell("uncertainty-of-the-clocks", uncertainty_ns / 1e3, "us")
    findings.require("over-the-floor-p50", report.over_floor_p50_us / 1e3, 10.0, "ms",
                     wall_clock=True)  # fmt: skip
    findings.require("over-the-floor-p99", report.over_floor_p99_us / 1e3, 25.0, "ms",
                     wall_clock=True)  # fmt: skip
    findings.tell("underruns-of-the-listener", playout.underruns)
    return stream


def judge_way_in(
    findings: Findings, path: Path, counted: Mapping[str, int], *, seconds: float
) -> None:
    """What came in is what was spoken: every fault would show in the pair of tones.

    Parameters
    ----------
    findings
        Of the scenario.
    path
        The recording of the input.
    counted
        By the driver, of its input.
    seconds
        How much there is at least.
    """
    taken = without_silence(recorded(path))
    findings.require("seconds-recorded", len(taken) / RATE, seconds, "s", better="higher",
                     wall_clock=True)  # fmt: skip
    middle = taken[RATE // 2 : -RATE // 2]
    faults = listen(measure_envelope(middle), track_time_line(middle).found)
    findings.tell("underflows-of-the-input", counted["underflows"])
    findings.tell("latency-cuts-of-the-input", counted["latency cuts"])
    # What the driver has counted may be heard where it begins and where it ends; no more than that.
    known = counted["underflows"] + counted["latency cuts"] + counted["packets lost"]
    findings.require("faults-heard-beyond-those-counted", max(len(faults) - 2 * known, 0), 0)
