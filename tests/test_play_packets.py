"""From packets to a verdict: the same run with one thing wrong at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.measure.fitness import Fitness
from lab.measure.trace import CycleFlag
from lab.play.judge import judge_play
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.wire_facts import WireFacts
from lab.results import Result, Verdict
from lab.signals.noise import noise
from lab.transport.bunghole.recording import PACKET, PacketFlag
from tests.support.fake_wire import TAIL, coded_facts

FIT = Fitness(100, 60, 200, 0.1, 0.5, True, 2)
SOURCE = noise(96_000, seed=4)
BOOKS = {
    "packets sent": 105,
    "frames sent": len(SOURCE) + TAIL,
    "frames late": 0,
    "frames ring full": 0,
    "frames unconnected": 0,
    "ring frames": 0,
}


def judged(made: PlayFacts, clock: str = "virtual", fitness: Fitness = FIT) -> Result:
    settings = PlaySettings(
        file=Path("song.wav"),
        folder=Path("/nowhere"),
        shm_name="/x",
        clock="virtual" if clock == "virtual" else "realtime",
    )
    probed = fitness if clock == "realtime" else None
    return judge_play(settings, made, fitness=probed, duration_s=1.0)


def wire(made: PlayFacts) -> WireFacts:
    assert made.wire is not None
    return made.wire


def kinds(result: Result) -> list[tuple[str, int, str]]:
    return [(one.kind, one.frames, one.cause) for one in result.glitches]


@pytest.mark.parametrize("clock", ["virtual", "realtime"])
def test_a_whole_recording_passes_with_its_figures(clock: str) -> None:
    result = judged(coded_facts(SOURCE, counted=BOOKS), clock)
    assert (result.verdict, result.glitches) == (Verdict.PASS, [])
    assert result.value_of("frames-sent") == result.value_of("frames-received") == len(SOURCE)
    assert result.value_of("packets-received") == result.value_of("packets-sent") == 105
    for name in ("packets-lost", "packets-duplicated", "packets-reordered", "frames-lost"):
        assert result.value_of(name) == 0
    assert result.value_of("faults-heard") == 0
    assert result.value_of("latency-p50") == 12_000
    assert result.value_of("latency-packet-p50") == 10_000
    assert result.value_of("latency-wire-p99") == 1_000
    assert result.value_of("underruns-of-a-40-ms-player") == 0
    assert result.transport == "not vsock: AF_UNIX stand-in"
    assert {"latency", "latency-packet", "latency-encode"} <= {h.name for h in result.histograms}


def test_packets_that_the_driver_lost_fail_it_and_are_placed() -> None:
    result = judged(coded_facts(SOURCE, lost=(30, 50, 51)))
    assert result.verdict is Verdict.FAIL
    assert result.value_of("packets-lost") == 3
    assert result.value_of("frames-lost") == result.value_of("frames-concealed") == 3 * 960
    assert kinds(result) == [
        ("lost-packet", 960, "driver-logic"),
        ("lost-packet", 2 * 960, "driver-logic"),
    ]
    assert [one.position_frame for one in result.glitches] == [30 * 960, 50 * 960]
    # Cycles are numbered from 1, two of them make a packet.
    assert [one.cycle for one in result.glitches] == [61, 101]
    assert "packets-lost 3 packets" in result.reason


def test_a_packet_that_is_missing_because_a_cycle_was_late_is_the_machines() -> None:
    made = coded_facts(SOURCE, lost=(30,))
    made.records["flags"][60:62] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    result = judged(made, "realtime")
    assert kinds(result)[0] == ("lost-packet", 960, "machine")
    assert result.verdict is Verdict.UNFIT_MACHINE


def test_a_packet_that_the_driver_dropped_as_late_is_no_proof_in_real_time_only() -> None:
    counted = {**BOOKS, "frames late": 960, "frames sent": BOOKS["frames sent"] - 960}
    made = coded_facts(SOURCE, lost=(30,), counted=counted)
    assert kinds(judged(made, "realtime")) == [("lost-packet", 960, "transport-stall")]
    assert kinds(judged(made)) == [("lost-packet", 960, "driver-logic")]
    assert judged(made).value_of("frames-dropped-by-the-driver") == 960


def test_frames_that_no_book_has_fail_the_driver() -> None:
    made = coded_facts(SOURCE)
    total = len(SOURCE) + TAIL
    made.wire = WireFacts("x", wire(made).packets, counted=BOOKS, handed_frames=total + 7)
    result = judged(made)
    assert result.verdict is Verdict.FAIL
    assert result.value_of("frames-unaccounted") == 7
    made.wire = WireFacts("x", wire(made).packets, counted=BOOKS, handed_frames=total)
    assert judged(made).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("flag", "row", "kind"),
    [
        (PacketFlag.DUPLICATE, "packets-duplicated", "duplicate-packet"),
        (PacketFlag.UNDECODABLE, "packets-undecodable", "undecodable-packet"),
    ],
)
def test_packets_that_come_again_or_are_no_packets_fail(
    flag: PacketFlag, row: str, kind: str
) -> None:
    made = coded_facts(SOURCE)
    packets = wire(made).packets
    if flag is PacketFlag.DUPLICATE:
        again = packets[40:41].copy()
        again["frames"], again["flags"] = 0, int(flag)
        made.wire = WireFacts("x", np.concatenate([packets[:41], again, packets[41:]]))
    else:
        packets["flags"][40] |= int(flag)
    result = judged(made)
    assert result.verdict is Verdict.FAIL
    assert result.value_of(row) == 1
    assert [one.kind for one in result.glitches] == [kind]


def test_a_packet_that_came_after_a_later_one_is_reordered_and_not_lost() -> None:
    made = coded_facts(SOURCE, lost=(40,))
    packets = wire(made).packets
    late = packets[40:41].copy()
    late["frames"], late["flags"] = 0, int(PacketFlag.REORDERED)
    made.wire = WireFacts("x", np.concatenate([packets[:42], late, packets[42:]]))
    result = judged(made)
    assert (result.value_of("packets-lost"), result.value_of("packets-reordered")) == (0, 1)
    # It was made up for: to the listener its frames are lost.
    assert result.value_of("frames-lost") == 960
    assert result.verdict is Verdict.FAIL


def test_a_head_that_never_came_is_lost_by_the_numbers() -> None:
    made = coded_facts(SOURCE)
    packets = wire(made).packets[3:].copy()
    packets["recorded_frame"] -= 3 * 960
    made.recorded = made.recorded[3 * 960 :]
    made.wire = WireFacts("x", packets)
    result = judged(made)
    assert result.value_of("packets-lost") == 3
    assert result.value_of("frames-lost") == 3 * 960
    assert kinds(result)[0][:2] == ("lost-packet", 3 * 960)


def test_a_tail_that_never_came_is_lost_and_of_a_run_cut_short_under_way() -> None:
    made = coded_facts(SOURCE)
    made.wire = WireFacts("x", wire(made).packets[:99])
    made.recorded = made.recorded[: 99 * 960]
    result = judged(made)
    assert result.value_of("frames-lost") == 960
    assert kinds(result) == [("lost", 960, "driver-logic")]
    made.interrupted = True
    result = judged(made)
    assert result.value_of("frames-lost") == 0
    assert result.value_of("frames-under-way") == 960
    assert result.verdict is Verdict.MARGINAL


def test_nothing_at_all_fails() -> None:
    made = coded_facts(SOURCE)
    made.wire = WireFacts("x", np.empty(0, dtype=PACKET))
    made.recorded = made.recorded[:0]
    result = judged(made)
    assert result.verdict is Verdict.FAIL
    assert result.value_of("frames-lost") == len(SOURCE)


def test_without_numbers_a_loss_is_only_heard_and_the_verdict_says_so() -> None:
    played = np.delete(SOURCE, slice(48_000, 48_960), axis=0)
    made = coded_facts(SOURCE, played=played)
    packets = wire(made).packets
    packets["flags"] |= int(PacketFlag.V1)
    for name in ("first_frame", "sequence", "captured_ns", "encoded_ns", "sent_ns"):
        packets[name] = 0
    result = judged(made)
    assert result.verdict is Verdict.FAIL
    assert [(one.kind, one.frames) for one in result.glitches] == [("drop", 960)]
    assert "v1 has no numbers" in result.reason
    with pytest.raises(KeyError):
        result.value_of("packets-lost")
    with pytest.raises(KeyError):
        result.value_of("latency-p50")


def test_a_driver_that_keeps_packets_back_fails_in_virtual_time_only() -> None:
    made = coded_facts(SOURCE)
    packets = wire(made).packets
    for name in ("encoded_ns", "sent_ns", "received_ns", "decoded_ns"):
        packets[name][60:] += 40_000_000
    assert "latency-max 52000 us" in judged(made).reason
    result = judged(made, "realtime")
    assert result.verdict is Verdict.PASS
    assert result.value_of("underruns-of-a-40-ms-player") == 0


@pytest.mark.parametrize(
    ("name", "cause"),
    [("received_ns", "transport-stall"), ("decoded_ns", "reader-wake"), ("encoded_ns", "unknown")],
)
def test_a_late_packet_is_blamed_on_the_stage_that_took_too_long(name: str, cause: str) -> None:
    made = coded_facts(SOURCE)
    packets = wire(made).packets
    stages = ["encoded_ns", "sent_ns", "received_ns", "decoded_ns"]
    for later in stages[stages.index(name) :]:
        packets[later][60:] += 70_000_000
        packets[later][63:] -= 70_000_000
    # Those behind it come at once.
    for later in ("received_ns", "decoded_ns"):
        np.maximum.accumulate(packets[later], out=packets[later])
    result = judged(made, "realtime")
    assert result.value_of("underruns-of-a-40-ms-player") == 1
    assert [(one.kind, one.cause) for one in result.glitches] == [("underrun", cause)]
    assert result.glitches[0].position_frame == 60 * 960


def test_more_connections_than_one_fail() -> None:
    made = coded_facts(SOURCE)
    wire(made).packets["flags"][50] |= int(PacketFlag.CONNECTED)
    result = judged(made)
    assert result.verdict is Verdict.FAIL
    assert "connections 2" in result.reason
