"""Do two clients disturb each other?

A second program begins to play, then the first one stops. IO runs from the first start to the last
stop, on one time line; what would break it is in the zero timestamps. In virtual time: nobody
listens.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from lab.host import sources
from lab.measure.timestamps import judge_timestamps
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from scenarios.bunghole.rig import Rig

pytestmark = pytest.mark.native

DEVICES = ("output", "input")


@pytest.fixture
def clock() -> Literal["virtual"]:
    """Sockets are not what this is about."""
    return "virtual"


def come_and_go(rig: Rig, which: str) -> tuple[list[int], list[str], int]:
    """Two clients that overlap.

    Returns
    -------
    running : list of int
        The driver's answer after each step: start, start, stop, stop.
    faults : list of str
        Of the time line.
    jumps : int
        That the host had to make.
    """
    device = rig.output if which == "output" else rig.input
    first, second = (rig.host.add_client(device.device) for _ in range(2))
    if which == "output":
        first.play(sources.sine())
    running = []
    for step in (first.start, second.start, first.stop, second.stop):
        step()
        running.append(int(rig.get(device.object_id, "goin")))
        if step != second.stop:
            rig.host.run(10 if step == first.start else 2)
    faults = [fault.check for fault in judge_timestamps(rig.host.timestamps(device.device))]
    return running, faults, rig.host.io_stats(device.device).timestamp_jumps


@pytest.mark.parametrize("which", DEVICES)
def test_io_runs_from_the_first_start_to_the_last_stop_on_one_time_line(
    start_host: StartHost, driver: Path, findings: Findings, which: str
) -> None:
    running, faults, jumps = come_and_go(Rig(start_host(), driver), which)
    findings.require("timestamp-faults", len(faults), 0)
    findings.require("jumps-of-the-time-line", jumps, 0)
    assert faults == []
    assert running == [1, 1, 1, 0]


@pytest.mark.parametrize("which", DEVICES)
def test_the_second_start_resets_the_clock_the_first_stop_stops_all_and_burrow_shows_it(
    start_host: StartHost, burrow: Path, findings: Findings, which: str
) -> None:
    rig = Rig(start_host(), burrow)
    running, faults, jumps = come_and_go(rig, which)
    device = rig.output if which == "output" else rig.input
    report = rig.host.timestamps(device.device)
    findings.tell("jumps-of-the-time-line", jumps)
    findings.tell("back-by", report.violations["break-without-a-new-seed"].jump_ns / 1e6, "ms")
    assert "break-without-a-new-seed" in faults
    assert jumps == 1
    assert running == [1, 1, 0, 0]
