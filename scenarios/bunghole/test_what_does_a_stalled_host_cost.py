"""What does a stalled host cost?

For a while the host reads nothing. What does not fit on the way is dropped by the driver, oldest
first, counted under a name, and known to the host. Afterwards the latency is what it was.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.host import sources
from lab.measure.fitness_watch import FitnessWatch
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import Rig, wait_until

pytestmark = [pytest.mark.native, pytest.mark.realtime]


def latencies_ms(packets: NDArray[Any], since_ns: int, until_ns: int) -> NDArray[np.float64]:
    """Capture to reception, of what came in a time; driver and host have one clock here."""
    came = (packets["received_ns"] >= since_ns) & (packets["received_ns"] < until_ns)
    rows = packets[came & (packets["captured_ns"] > 0)]
    return (rows["received_ns"] - rows["captured_ns"].astype(np.int64)) / 1e6


@pytest.mark.parametrize("hold_s", [0.5, 1.5])
def test_a_stall_costs_what_is_counted_and_no_latency(
    rig: Rig, receiver: Receiver, findings: Findings, watch: FitnessWatch, hold_s: float
) -> None:
    rig.wait_for_output()
    player = rig.player(sources.sine())
    time.sleep(2.0)
    held_ns = time.monotonic_ns()
    assert receiver.hold(hold_s) == 1
    time.sleep(hold_s)
    free_ns = time.monotonic_ns()
    time.sleep(2.0)
    end_ns = time.monotonic_ns()
    player.stop()
    time.sleep(0.3)
    [guest] = receiver.guests
    stream, packets = receiver.summary().streams[guest], receiver.packets(guest)
    output = rig.counted(rig.output)

    assert rig.is_alive
    assert stream.connections == 1
    assert stream.wire == "v2"
    assert stream.lost_frames is not None
    dropped = output["frames late"] + output["frames ring full"]
    findings.tell("frames-dropped-by-the-driver", dropped, "frames")
    findings.tell("milliseconds-lost", stream.lost_frames / 48, "ms")
    # Exactly: the host knows all that it has missed, and nothing goes without a name.
    missing = int(packets["first_frame"][0]) + stream.lost_frames
    findings.require("frames-lost-and-not-counted", abs(missing - dropped), 0, "frames")
    before = latencies_ms(packets, held_ns - 1_500_000_000, held_ns)
    after = latencies_ms(packets, free_ns + 500_000_000, end_ns)
    findings.fitness(watch.stop())
    findings.tell("longest-age", float(latencies_ms(packets, held_ns, end_ns).max()), "ms")
    findings.tell("latency-before-p50", float(np.median(before)), "ms")
    findings.tell("latency-after-p50", float(np.median(after)), "ms")
    findings.require("latency-that-stays", float(np.median(after) - np.median(before)), 10.0, "ms",
                     wall_clock=True)  # fmt: skip


def test_what_is_lost_stays_unknown_and_burrow_shows_it(
    start_host: StartHost, burrow: Path, receiver: Receiver, findings: Findings
) -> None:
    rig = Rig(start_host(extra=("--sigpipe", "ignore")), burrow)
    wait_until(lambda: bool(receiver.connected), "connected")
    player = rig.player(sources.sine())
    wait_until(lambda: receiver.summary().streams[receiver.guests[0]].packets > 5, "audio")
    receiver.hold(1.5)
    time.sleep(2.5)
    played = player.stats().position_frames
    player.stop()
    time.sleep(0.3)
    [guest] = receiver.guests
    stream = receiver.summary().streams[guest]
    findings.tell("milliseconds-lost", max(played - stream.packets * 960, 0) / 48, "ms")
    findings.note("the wire has no number by which the host could know")
    assert stream.lost is None
    assert stream.lost_frames is None
