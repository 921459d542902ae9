"""What does a listener hear who comes late?

Music plays, and the host is not there. When it comes it must hear what is played now, and neither
a burst nor anything old.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.host import sources
from lab.measure.fitness_watch import FitnessWatch
from lab.scenario import Findings
from lab.signals.file import write_raw
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import Rig, begin_ns, hiss, place_of, wait_until

pytestmark = [pytest.mark.native, pytest.mark.realtime]

ABSENT_S = 3.0
PACKET_MS, PERIOD_MS, MARGIN_MS = 20.0, 10.0, 25.0
LOOK_AHEAD = 312


@dataclass(frozen=True)
class Late:
    """What the late listener heard.

    Attributes
    ----------
    age_ms
        Of the first audio, from being played to being received, by what it is a recording of.
    told_age_ms
        The same as the wire tells it; 0 where it does not.
    stale_ms
        How much of old audio came first, before that of now.
    at_once
        Packets that came within the length of one.
    """

    age_ms: float
    told_age_ms: float
    stale_ms: float
    at_once: int


def stale_frames(heard: NDArray[np.float32], played: NDArray[np.float32]) -> tuple[float, int]:
    """Which frame was heard first, and how many are of long before those behind them."""
    # A decoder begins with what it has no past of: its first frames are not like what was played.
    first = place_of(heard[1_000:7_000], played) - 1_000
    later = place_of(heard[12_000:18_000], played) - 12_000
    if later - first < 24_000:
        return first + LOOK_AHEAD, 0
    # Block by block, which of the two is it?
    blocks = heard[7_000:12_000, 0].reshape(-1, 100)
    errors = [
        np.square(blocks - played[at : at + 5_000, 0].reshape(-1, 100)).sum(axis=1)
        for at in (round(first) + 7_000, round(later) + 7_000)
    ]
    is_new = errors[1] < errors[0]
    jump = 7_000 + 100 * int(np.argmax(is_new)) if is_new.any() else 12_000
    return first + LOOK_AHEAD, jump - LOOK_AHEAD


def come_late(rig: Rig, endpoint: Endpoint, port: int, folder: Path) -> Late:
    """Play, come late, listen for half a second."""
    played = hiss(ABSENT_S + 12)
    write_raw(folder / "hiss.raw", played)
    player = rig.player(sources.file(folder / "hiss.raw", 2))
    time.sleep(ABSENT_S)
    with Receiver(endpoint, port=port) as receiver:
        wait_until(
            lambda: any(len(receiver.audio(guest)) > 24_000 for guest in receiver.guests), "audio"
        )
        began_ns = begin_ns(player)
        [guest] = receiver.guests
        heard, packets = receiver.audio(guest), receiver.packets(guest)
        player.stop()
        receiver.release()
    received = packets["received_ns"]
    place, stale = stale_frames(heard, played)
    numbered = packets[packets["captured_ns"] > 0]
    ages = numbered["received_ns"] - numbered["captured_ns"].astype(np.int64)
    return Late(
        age_ms=(int(received[0]) - began_ns - place / 48_000 * 1e9) / 1e6,
        told_age_ms=float(ages[0]) / 1e6 if len(ages) else 0.0,
        stale_ms=stale / 48,
        at_once=int((received - received[0] < 20_000_000).sum()),
    )


def test_a_late_listener_hears_what_is_played_now(
    quick_rig: Rig,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    findings: Findings,
    watch: FitnessWatch,
) -> None:
    late = come_late(quick_rig, endpoint, ports[0], tmp_path)
    counted = quick_rig.counted(quick_rig.output)
    findings.fitness(watch.stop())
    limit_ms = PACKET_MS + PERIOD_MS + MARGIN_MS
    findings.require("age-of-the-first-audio", late.age_ms, limit_ms, "ms", wall_clock=True)
    findings.require("age-that-the-wire-tells", late.told_age_ms, limit_ms, "ms", wall_clock=True)
    findings.require("packets-at-once", late.at_once, 2, wall_clock=True)
    findings.require("stale-audio", late.stale_ms, 0, "ms", wall_clock=True)
    # On any machine: nothing was kept, and all that was not sent has a name.
    assert late.age_ms < ABSENT_S * 1e3 / 2
    findings.require("seconds-dropped-by-name", counted["frames unconnected"] / 48_000,
                     ABSENT_S / 2, "s", better="higher")  # fmt: skip
    assert counted["frames ring full"] == 0


def test_a_late_listener_hears_old_audio_in_a_burst_and_burrow_shows_it(
    burrow_rig: Rig, endpoint: Endpoint, ports: tuple[int, int], tmp_path: Path, findings: Findings
) -> None:
    late = come_late(burrow_rig, endpoint, ports[0], tmp_path)
    findings.tell("age-of-the-first-audio", late.age_ms, "ms")
    findings.tell("stale-audio", late.stale_ms, "ms")
    findings.tell("packets-at-once", late.at_once)
    assert late.age_ms > ABSENT_S * 1e3 / 2
    assert late.stale_ms > 160  # a ring of 8192 frames
