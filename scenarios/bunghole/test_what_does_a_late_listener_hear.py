"""What does a listener hear who comes late?

Music plays, and the host is not there. When it comes it must hear what is played now, and neither
a burst nor anything old.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.host import sources
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from lab.signals.file import write_raw
from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.receiver import Receiver
from scenarios.bunghole.rig import QUICK_BACKOFF, Rig, begin_ns, hiss, place_of, wait_until
from scenarios.bunghole.watch import FitnessWatch

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
    burst
        Packets that came within the length of one.
    frames
        Table of packets' first row's ``captured_ns`` to ``received_ns``; 0 where nothing tells.
    """

    age_ms: float
    burst: int
    told_age_ms: float


def come_late(rig: Rig, endpoint: Endpoint, port: int, folder: Path) -> Late:
    """Play, come late, listen for half a second."""
    played = hiss(ABSENT_S + 8)
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
    # A decoder begins with what it has no past of: the first packet is not like what was played.
    place = place_of(heard[1_000:7_000], played) - 1_000 + LOOK_AHEAD
    age_ns = int(received[0]) - began_ns - place / 48_000 * 1e9
    numbered = packets[packets["captured_ns"] > 0]
    told_ns = (
        int(numbered["received_ns"][0]) - int(numbered["captured_ns"][0]) if len(numbered) else 0
    )
    burst = int((received - received[0] < 20_000_000).sum())
    return Late(age_ns / 1e6, burst, told_ns / 1e6)


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
    findings.fitness(watch.worst)
    limit_ms = PACKET_MS + PERIOD_MS + MARGIN_MS
    findings.require("age-of-the-first-audio", late.age_ms, limit_ms, "ms", wall_clock=True)
    findings.require("age-that-the-wire-tells", late.told_age_ms, limit_ms, "ms", wall_clock=True)
    findings.require("packets-at-once", late.burst, 2, wall_clock=True)
    # On any machine: nothing was kept, and all that was not sent has a name.
    assert late.age_ms < ABSENT_S * 1e3 / 4
    findings.require("seconds-dropped-by-name", counted["frames unconnected"] / 48_000,
                     ABSENT_S * 0.9, "s", better="higher")  # fmt: skip
    assert counted["frames ring full"] == 0


def test_a_late_listener_hears_old_audio_in_a_burst_and_burrow_shows_it(
    start_host: StartHost,
    burrow: Path,
    endpoint: Endpoint,
    ports: tuple[int, int],
    tmp_path: Path,
    findings: Findings,
) -> None:
    rig = Rig(start_host(environment=QUICK_BACKOFF, extra=("--sigpipe", "ignore")), burrow)
    late = come_late(rig, endpoint, ports[0], tmp_path)
    findings.tell("age-of-the-first-audio", late.age_ms, "ms")
    findings.tell("audio-at-once", late.burst * PACKET_MS, "ms")
    assert late.age_ms > ABSENT_S * 1e3 * 0.9
    assert late.burst >= 8
