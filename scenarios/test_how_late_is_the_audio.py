"""How late is the audio?

In virtual time: how far behind the host's cycle a frame can be read, in frames, exactly. In real
time: how long it takes until another process has it, as percentiles; that is a measurement of this
machine, and no verdict on the driver.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from lab.host.models import Device
from lab.host.subprocess_host import SubprocessHost
from lab.measure.blame import NOT_THE_DRIVER, Cause, blame_cycles
from lab.measure.cycles import summarise_cycles
from lab.measure.fitness import probe_fitness
from lab.measure.latency import summarise_ns
from lab.measure.trace import read_trace
from lab.measure.underrun import smallest_clean_buffer
from lab.scenario import Findings
from lab.signals.counter_check import CounterCheck
from lab.transport.shm import ShmReader
from lab.transport.shm_process import ReaderProcess
from scenarios.steps import LAYOUTS, start_counting

pytestmark = pytest.mark.native

SECONDS = 3.0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_block_can_be_read_right_after_its_cycle(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    client = start_counting(host, device)
    behind = []
    for _ in range(100):
        host.run(device=device.device, cycles=1)
        block = shm_reader.read()
        assert block is not None
        behind.append(client.stats().position_frames - len(block.frames) - block.first_frame)
    findings.require("frames-behind-the-cycle", max(behind), 0, "frames")


def test_v2_says_when_each_block_was_made_and_when_it_is_due(
    host: SubprocessHost, device: Device, shm_reader: ShmReader, findings: Findings
) -> None:
    start_counting(host, device)
    host.run(device=device.device, cycles=30)
    block = shm_reader.read()
    assert block is not None
    times = block.host_times
    assert len(times) == 30
    period_ns = device.period_s * 1e9
    assert np.abs(np.diff(times["host_ns"].astype(np.float64)) - period_ns).max() <= 2
    lead_ns = times["output_ns"].astype(np.int64) - times["host_ns"].astype(np.int64)
    findings.tell("lead-of-the-output-time", float(lead_ns[-1]) / period_ns, "periods")
    assert np.ptp(lead_ns) <= 2
    assert np.diff(times["output_sample_time"]).tolist() == [480.0] * 29


class InRealTime:
    """The same host, in real time."""

    @pytest.fixture
    def clock(self) -> Literal["realtime"]:
        return "realtime"


@pytest.mark.realtime
class TestRealTime(InRealTime):
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_how_long_until_another_process_has_it(
        self,
        host: SubprocessHost,
        device: Device,
        shm_name: str,
        tmp_path: Path,
        findings: Findings,
    ) -> None:
        fitness = probe_fitness(probes=50)
        findings.fitness(fitness)
        host.open_trace(tmp_path / "io.trace")
        capacity = round((SECONDS + 2) * device.nominal_rate)
        with ReaderProcess(shm_name, tmp_path, capacity_frames=capacity) as reader:
            client = start_counting(host, device)
            host.run(SECONDS)
            client.stop()
            outcome = reader.stop()
        arrivals = outcome.recording.arrivals
        records = read_trace(tmp_path / "io.trace").of_device(device.device)
        cycles = summarise_cycles(records)
        timed = arrivals[arrivals["host_ns"] >= 0]
        latency = summarise_ns(timed["arrival_ns"] - timed["host_ns"])
        if latency.count:
            findings.tell("latency-p50", latency.p50_us, "us")
            findings.tell("latency-p99", latency.p99_us, "us")
        buffer_frames = smallest_clean_buffer(
            arrivals["arrival_ns"],
            arrivals["frames"].astype(np.int64),
            sample_rate=device.nominal_rate,
            period_frames=device.buffer_frames,
        )
        findings.tell("buffer-without-underruns", buffer_frames, "frames")
        findings.tell("wake-up-error-p99", cycles.wake_error.p99_us, "us")
        findings.tell("reader-processor-time", outcome.cpu_percent, "% of a core")
        check = CounterCheck(device.output_channels)
        check.take(outcome.recording.frames)
        findings.take_check(check, Cause.READER_LATE if outcome.lost_frames else Cause.UNKNOWN)
        # It heard what was played, and to the end: three seconds of it, less what it lost.
        assert outcome.error == ""
        assert outcome.dropped_frames == 0
        assert check.locked
        played = client.stats().position_frames
        assert played == pytest.approx(SECONDS * device.nominal_rate, rel=0.2)
        assert check.received + check.lost == played
        assert check.silent == check.leading_silence == 0
        # The machine may be late and the reader may lose; what arrives is right all the same, and
        # nothing points at the driver.
        assert check.duplicated == check.reordered == check.corrupt == check.swapped == 0
        assert {Cause(int(cause)) for cause in blame_cycles(records)} <= NOT_THE_DRIVER | {
            Cause.UNKNOWN
        }
