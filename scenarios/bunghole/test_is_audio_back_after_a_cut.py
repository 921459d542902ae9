"""Is audio back after a cut?

The host closes both connections a hundred times, while music plays and a microphone is recorded.
The driver waits its second and dials again.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import pytest

from lab.host import sources
from lab.measure.fitness_watch import FitnessWatch
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.signals.lossy import glitch_pair
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.microphone import Microphone
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import LIMIT_S, Rig, recorded

pytestmark = [pytest.mark.native, pytest.mark.realtime]

CUTS = 100


def cut_both(rig: Rig, receiver: Receiver, microphone: Microphone) -> tuple[float, float]:
    """Cut, and see how many seconds it takes until audio is back: out, in."""
    [guest] = receiver.guests

    def heard() -> tuple[int, int]:
        stream = receiver.summary().streams[guest]
        return stream.connections, stream.packets

    def taken() -> tuple[int, int]:
        counted = rig.counted(rig.input)
        return counted["connections"], counted["packets received"]

    before, begin = [heard()[0], taken()[0]], time.monotonic()
    assert receiver.cut() == 1
    assert microphone.cut() == 1
    packets: list[int | None] = [None, None]
    back: list[float | None] = [None, None]
    while None in back:
        passed = time.monotonic() - begin
        assert passed < LIMIT_S, f"no audio {LIMIT_S:g} s after a cut: {back}"
        for n, look in enumerate((heard, taken)):
            connections, count = look()
            if packets[n] is None and connections > before[n]:
                # What was on its way before the cut is not audio that is back.
                packets[n] = count if n else count - 1
            known = packets[n]
            if back[n] is None and known is not None and count > known:
                back[n] = time.monotonic() - begin
        time.sleep(0.01)
    out, in_ = back
    assert out is not None
    assert in_ is not None
    return out, in_


@pytest.mark.parametrize(
    "backoff_ms",
    [50, pytest.param(1_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])],
)
def test_audio_is_back_after_each_of_a_hundred_cuts(
    start_host: StartHost,
    driver: Path,
    receiver: Receiver,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    findings: Findings,
    watch: FitnessWatch,
    backoff_ms: int,
) -> None:
    rig = Rig(start_host(environment={"BUNGHOLE_BACKOFF_MS": str(backoff_ms)}), driver)
    with Microphone(endpoint, glitch_pair(48_000 * 5), port=ports[1], loop=True) as microphone:
        rig.wait_for_links()
        rig.wait_for_output()
        recorder = rig.recorder(tmp_path / "input.raw", 300)
        player = rig.player(sources.sine())
        time.sleep(0.5)
        times = [cut_both(rig, receiver, microphone) for _ in range(CUTS)]
        time.sleep(0.3)
        player.stop()
        recorder.stop()
        time.sleep(0.3)
    [guest] = receiver.guests
    stream = receiver.summary().streams[guest]
    output, input_ = rig.counted(rig.output), rig.counted(rig.input)
    assert rig.is_alive

    findings.fitness(watch.stop())
    limit_s = backoff_ms / 1e3 + 1.0
    for name, each in (("out", [t[0] for t in times]), ("in", [t[1] for t in times])):
        findings.tell(f"{name}-back-after-p50", median(each), "s")
        findings.require(f"{name}-back-after-longest", max(each), limit_s, "s", wall_clock=True)

    # Sequence and frame numbers tell the host what it has missed; the driver knows it, too.
    assert stream.lost is not None
    assert stream.lost_frames is not None
    findings.tell("lost-packets-for-each-cut", stream.lost / CUTS)
    made = sum(output[f"frames {what}"] for what in ("sent", "unconnected", "late", "ring full"))
    first = int(receiver.packets(guest)["first_frame"][0])
    known = first + stream.packets * 960 + stream.lost_frames
    findings.tell("frames-lost", stream.lost_frames, "frames")
    findings.require("frames-neither-heard-nor-missed", abs(made - known), 2 * 960, "frames")
    assert stream.misnumbered == stream.restarts == 0
    assert stream.connections == input_["connections"] == CUTS + 1
    assert output["protocol errors"] == input_["protocol errors"] == 0
    assert len(recorded(tmp_path / "input.raw")) > 0
