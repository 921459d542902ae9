"""Does a soak over Bunghole's wire find what is wrong, and let pass what is right?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from lab.commands.soak import last_line
from lab.errors import MissingError, UsageError
from lab.faults.events import EVENT_CLASSES
from lab.faults.far_end import choose_far_end, fit_for
from lab.faults.outcome import Outcome
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event
from lab.faults.soak import SoakSettings, soak
from lab.faults.swarm import chosen_faults
from lab.faults.wire.cost import HELD_UP, NOTHING, RECONNECT, Cost
from lab.faults.wire.counts import Counts
from lab.faults.wire.judge import Stretch, judge, together
from lab.faults.wire.marks import WIRE_MARKS, marks_that_apply
from lab.host.locate import find_driver
from lab.host.peer import Latency

WIRES: tuple[Literal["v1", "v2"], ...] = ("v1", "v2")
CYCLES = 3_000


def setup(driver: str, **members: Any) -> Setup:
    try:
        found = find_driver(driver)
    except MissingError as error:
        pytest.skip(str(error))
    return Setup(driver=str(found), far_end="bunghole", cycles=CYCLES).model_copy(update=members)


def run(driver: str, events: Sequence[dict[str, Any]], **members: Any) -> Outcome:
    return run_schedule(setup(driver, **members), [parse_event(event) for event in events])


def at(cycle: int, what: str, **words: Any) -> dict[str, Any]:
    return {"at": {"cycle": cycle}, "what": what, **words}


def counted_in(outcome: Outcome, name: str) -> int:
    """How often a run has counted something, by its journal."""
    total = 0
    for line in map(json.loads, outcome.journal):
        match line:
            case [int(), int(), dict() as figures, str()]:
                total += figures.get(name, 0)
    return total


# ---- the driver as it is -------------------------------------------------------------------------

FAULTS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "disconnect": [at(500, "disconnect", direction="output"), at(1_500, "disconnect")],
    "half-open": [at(500, "half-open")],
    "stall": [at(500, "reader-stall", s=1.0), at(1_500, "transport-stall", s=4.0)],
    "slow": [at(500, "reader-slow", s=3.0, percent=30)],
    "nobody": [at(500, "reader-detach"), at(1_200, "reader-attach")],
    "way": [
        at(500, "loss", frames=3_000),
        at(1_100, "reorder", frames=4_000),
        at(1_700, "repeat", frames=2_000),
        at(2_300, "corrupt", frames=3_000),
    ],
    "frames": [at(500, "bad-frame", size=0), at(1_200, "bad-frame", size=1501)],
    "half-a-frame": [at(500, "bad-frame")],
    "old-host": [at(500, "old-host", wire="v1"), at(1_500, "old-host", wire="v2")],
    "host": [
        at(400, "late-wake", ns=30_000_000),
        at(900, "stall", ns=4_000_000_000),
        at(1_400, "lose-cycles", n=50),
        at(1_900, "buffer-frames", frames=512),
        at(2_400, "sleep-wake", s=20),
    ],
    "restart": [at(700, "restart", how="kill"), at(1_700, "restart", how="quit")],
    "clients": [
        at(500, "start-stop-storm", n=20),
        at(1_000, "many-clients", n=10),
        at(1_500, "add-client", n=3),
        at(2_000, "remove-client", n=3),
    ],
}


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", FAULTS)
def test_bunghole_outlives_each_fault(name: str, wire: Literal["v1", "v2"]) -> None:
    outcome = run("BungholeAudio", FAULTS[name], layout=wire)
    assert outcome.failure is None, outcome.failure.sentence
    skipped = {"half-open"} if (name, wire) == ("half-open", "v1") else set()
    assert {text.partition(":")[0] for text in outcome.skipped} <= skipped
    assert outcome.frames_verified > 0


PERIODS = (8_192, 16, 8_191, 480, 4_096, 31, 512)


@pytest.mark.native
@pytest.mark.linux
def test_no_period_and_no_change_of_it_costs_audio() -> None:
    events = [
        at(300 + 60 * place, "buffer-frames", frames=frames) for place, frames in enumerate(PERIODS)
    ]
    outcome = run("BungholeAudio", events, cycles=1_000)
    assert outcome.failure is None, outcome.failure.sentence
    assert not outcome.skipped
    for dropped in ("late", "ring_full", "lost", "overflow"):
        assert counted_in(outcome, dropped) == 0


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("name", ["disconnect", "frames", "half-open", "stall", "way"])
def test_bunghole_outlives_faults_with_the_longest_blocks(name: str) -> None:
    events = [{**event, "at": {"cycle": event["at"]["cycle"] // 6}} for event in FAULTS[name]]
    outcome = run("BungholeAudio", events, frames=8_192, cycles=560)
    assert outcome.failure is None, outcome.failure.sentence


STORM_UNHEARD = [at(500, "half-open"), at(505, "start-stop-storm", n=40)]
"""Each stop fills a packet up, with silence that has numbers: 40 of them in 0.4 s are 0.8 s of
numbers, and the host that throws them away sees all of it as one step, 3 s later."""


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("frames", [16, 480])
def test_a_storm_that_nobody_heard_is_no_new_driver(frames: int) -> None:
    """The host took it for one, for numbers went on by more than time did, and counted no loss."""
    outcome = run("BungholeAudio", STORM_UNHEARD, frames=frames, cycles=1_500 * 480 // frames)
    assert outcome.failure is None, outcome.failure.sentence
    assert counted_in(outcome, "connections") == 1
    assert counted_in(outcome, "restarts") == 0
    assert counted_in(outcome, "lost") > 3 * 48_000


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("schedule", [0, 5])
def test_the_same_schedule_has_the_same_hash(schedule: int) -> None:
    events = [at(300, "disconnect"), at(900, "reader-slow", s=1.0, percent=40)]
    made = [run("BungholeAudio", events, schedule_seed=schedule, cycles=1_600) for _ in range(2)]
    assert made[0].hash == made[1].hash
    assert made[0].journal == made[1].journal


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize(
    "events",
    [
        [at(300, "disconnect", direction="both"), at(300, "sleep-wake", s=3.75)],
        [at(300, "lose-cycles", n=90), at(301, "reader-attach")],
    ],
    ids=["sleep-wake", "lose-cycles"],
)
def test_where_io_comes_back_late_a_packet_has_to_be_played_first(events: list[Any]) -> None:
    outcome = run("BungholeAudio", events, cycles=2_500)
    assert outcome.failure is None, outcome.failure.sentence


@pytest.mark.native
@pytest.mark.linux
def test_a_run_may_end_while_nobody_listens() -> None:
    outcome = run("BungholeAudio", [at(300, "reader-detach")], cycles=2_500)
    assert outcome.failure is None, outcome.failure.sentence
    assert counted_in(outcome, "unconnected") > 0


@pytest.mark.native
@pytest.mark.linux
def test_a_storm_of_the_longest_cycles_may_cost_what_no_time_can_carry() -> None:
    events = [at(40, "start-stop-storm", n=20)]
    outcome = run("BungholeAudio", events, frames=8_192, cycles=200)
    assert outcome.failure is None, outcome.failure.sentence


# ---- a driver with mistakes ----------------------------------------------------------------------


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize(
    ("mistake", "kind", "cycles", "events"),
    [
        ("keeps-stale-audio", "frames-dropped", CYCLES, FAULTS["disconnect"]),
        ("loses-a-packet", "frames-lost", CYCLES, []),
        ("never-reconnects", "not-back", CYCLES, FAULTS["disconnect"]),
        ("grows-latency", "stale-audio", CYCLES, []),
        ("leaks", "memory-grows", 12_000, []),
    ],
)
def test_each_mistake_is_found(
    mistake: str, kind: str, cycles: int, events: list[dict[str, Any]]
) -> None:
    outcome = run(
        "MistakenBunghole", events, cycles=cycles, environment={"BUNGHOLE_MISTAKE": mistake}
    )
    assert outcome.failure is not None
    assert outcome.failure.kind == kind, outcome.failure.sentence
    # And without the mistake the same bundle is right.
    assert run("MistakenBunghole", events, cycles=cycles).failure is None


# ---- sometimes -----------------------------------------------------------------------------------

REACHING: dict[str, list[dict[str, Any]]] = {
    "output-reconnected": FAULTS["disconnect"],
    "microphone-reconnected": FAULTS["disconnect"],
    "burst-dropped-on-connect": FAULTS["nobody"],
    "half-open-noticed": FAULTS["half-open"],
    "peer-never-reads": [at(500, "reader-stall", s=4.0)],
    "late-dropped": [at(500, "reader-stall", s=1.0)],
    "late-but-kept": [at(500, "reader-stall", s=0.02)],
    "loss-counted": [at(500, "loss", frames=3_000)],
    "output-concealed": [at(500, "loss", frames=3_000)],
    "microphone-concealed": [at(500, "loss", frames=3_000)],
    "late-packet-left-out": [at(500, "repeat", frames=2_000)],
    "bad-frame-refused": FAULTS["frames"],
    "input-ran-dry": [at(500, "reader-stall", s=1.0)],
    "latency-recovered": [at(500, "stall", ns=4_000_000_000)],
    "v1-fallback": [at(500, "old-host", wire="v1")],
    "v2-again": FAULTS["old-host"],
    "fault-in-v1": [at(500, "old-host", wire="v1"), at(1_500, "disconnect")],
    "storm-unheard": STORM_UNHEARD,
    "restart-while-away": [at(500, "reader-detach"), at(600, "restart", how="kill")],
    "sleep-while-away": [
        at(500, "reader-detach"),
        at(600, "sleep-wake", s=3.0),
        at(700, "reader-attach"),
    ],
    "longest-block": [at(500, "buffer-frames", frames=8_192)],
    "shortest-block": [at(500, "buffer-frames", frames=16)],
    "three-faults-at-once": [
        at(500, "loss", frames=960),
        at(500, "stall", ns=1_000_000),
        at(500, "add-client", n=1),
    ],
}


def test_each_mark_has_a_schedule_that_reaches_it() -> None:
    assert set(REACHING) == set(WIRE_MARKS)


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("mark", REACHING)
def test_a_mark_is_reached_by_what_it_is_for(mark: str) -> None:
    outcome = run("BungholeAudio", REACHING[mark], cycles=2_500)
    assert outcome.failure is None, outcome.failure.sentence
    assert outcome.marks[mark] > 0, outcome.marks
    # Its faults are those that it says it needs.
    assert mark in marks_that_apply([event["what"] for event in REACHING[mark]])
    # And a fault of another kind does not reach it.
    other = [at(500, "add-client", n=1)]
    assert run("BungholeAudio", other, cycles=700).marks == {}


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize("wire", WIRES)
def test_a_quiet_run_reaches_no_mark(wire: Literal["v1", "v2"]) -> None:
    assert run("BungholeAudio", [], layout=wire).marks == {}


MUST_BE_REACHED = {
    "output-reconnected",
    "microphone-reconnected",
    "burst-dropped-on-connect",
    "half-open-noticed",
    "late-dropped",
    "late-but-kept",
    "loss-counted",
    "output-concealed",
    "microphone-concealed",
    "late-packet-left-out",
    "bad-frame-refused",
    "input-ran-dry",
    "peer-never-reads",
    "v1-fallback",
}
"""In twelve minutes of nothing but faults of the wire; the others are rarer."""


@pytest.mark.native
@pytest.mark.linux
def test_a_soak_with_all_faults_of_the_wire_reaches_its_marks() -> None:
    faults = fit_for("bunghole", chosen_faults("reader,transport,wire"))[0]
    settings = SoakSettings(
        setup("BungholeAudio", cycles=6_000), runs=12, seed=7, faults=faults, twice_percent=0
    )
    report = soak(settings)
    assert report.failure is None, report.failure.sentence
    reached = report.counted("marks")
    assert set(reached) >= MUST_BE_REACHED, MUST_BE_REACHED - set(reached)
    told = last_line(settings, report)
    assert f"{len(reached)} of {len(marks_that_apply(faults))} marks" in told


def test_marks_apply_when_their_faults_are_on() -> None:
    assert marks_that_apply([]) == {}
    assert "half-open-noticed" not in marks_that_apply(["reader-stall"])
    assert "peer-never-reads" in marks_that_apply(["reader-stall"])
    # Of two faults both have to be there.
    assert "storm-unheard" not in marks_that_apply(["start-stop-storm"])
    assert "storm-unheard" in marks_that_apply(["start-stop-storm", "half-open"])
    assert set(marks_that_apply(list(EVENT_CLASSES))) == set(WIRE_MARKS)


# ---- the judge -----------------------------------------------------------------------------------

QUIET = Stretch(
    counts=Counts(played=480_000, sent=480_000, packets=500, mic_packets=500),
    since_connected=Counts(),
    latency=Latency(count=500, min_ns=10_000_000, p50_ns=10_000_000, max_ns=20_000_000),
    elapsed_ns=10_000_000_000,
    frames=480,
    drift_ppm=0,
    cycle=1_000,
    causes=(),
    wire="v2",
)


def counted(**figures: int) -> Stretch:
    return replace(QUIET, counts=replace(QUIET.counts, **figures))


def kind_of(stretch: Stretch, cost: Cost = NOTHING, *, settled: bool = True) -> str | None:
    failure = judge(stretch, cost, settled=settled)
    return None if failure is None else failure.kind


def test_what_is_as_it_should_be_passes() -> None:
    assert judge(QUIET, NOTHING, settled=True) is None


@pytest.mark.parametrize(
    ("figures", "kind"),
    [
        ({"driver_errors": 1}, "driver-error"),
        ({"timestamp_jumps": 1}, "timestamp-jump"),
        ({"seed_changes": 1}, "seed-change"),
        ({"host_errors": 1}, "protocol-error"),
        ({"mic_protocol_errors": 1}, "protocol-error"),
        ({"restarts": 1}, "counted-anew"),
        ({"undecodable": 1}, "packets-undecodable"),
        ({"duplicates": 1}, "packets-duplicated"),
        ({"out_of_order": 1}, "packets-reordered"),
        ({"silent_packets": 1}, "packets-silent"),
        ({"closings": 1}, "connection-lost"),
        ({"mic_connections": 1}, "connection-lost"),
        ({"late": 960, "sent": 479_040}, "frames-dropped"),
        ({"unconnected": 960, "sent": 479_040}, "frames-dropped"),
        ({"ring_full": 960, "sent": 479_040}, "frames-dropped"),
        ({"lost": 960}, "frames-lost"),
        ({"discontinuities": 1}, "discontinuity"),
        ({"mic_lost": 1}, "microphone-lost"),
        ({"mic_undecodable": 1}, "microphone-undecodable"),
        ({"mic_out_of_order": 1}, "microphone-reordered"),
        ({"dry": 1}, "input-ran-dry"),
        ({"cuts": 1}, "input-cut"),
        ({"silence": 1}, "input-silent"),
        ({"overflow": 1}, "input-overflow"),
        ({"skipped_cycles": 1}, "cycles-skipped"),
        ({"late_wakes": 1}, "late-wake"),
        ({"sent": 479_000}, "frames-unaccounted"),
        ({"packets": 490}, "audio-missing"),
        ({"mic_packets": 490}, "microphone-missing"),
    ],
)
def test_what_no_event_explains_is_a_failure(figures: dict[str, int], kind: str) -> None:
    stretch = counted(**figures)
    failure = judge(stretch, NOTHING, settled=True)
    assert failure is not None
    assert failure.kind == kind
    assert "with no fault near (noticed by cycle 1000)" in failure.sentence


def test_what_an_event_explains_is_none() -> None:
    stretch = replace(
        counted(
            unconnected=48_000, sent=432_000, lost=48_000, closings=1, connections=1, packets=450
        ),
        causes=("disconnect at cycle 10",),
    )
    assert kind_of(stretch, Cost(RECONNECT)) is None
    assert kind_of(stretch, Cost(HELD_UP)) == "connection-lost"


def test_audio_that_is_old_is_a_failure_even_around_a_disconnect() -> None:
    old = replace(QUIET, latency=Latency(count=9, min_ns=0, max_ns=170_000_000), causes=("x",))
    assert kind_of(old, Cost(RECONNECT)) == "stale-audio"
    assert kind_of(old, Cost(HELD_UP, old_audio=True)) is None


def test_latency_may_change_by_a_cycle() -> None:
    wide = Latency(count=500, min_ns=0, max_ns=17_000_000)
    assert kind_of(replace(QUIET, latency=wide)) == "latency-changed"
    assert kind_of(replace(QUIET, latency=wide, frames=960)) is None


def test_a_clock_that_is_off_may_cost_so_much_and_no_more() -> None:
    """100 ppm over 1000 s are 4800 frames, ten times what the input has to spare."""
    long = replace(
        counted(
            played=48_000_000,
            sent=48_000_000,
            packets=50_000,
            mic_packets=50_000,
            dry=11,
            silence=1,
        ),
        elapsed_ns=1_000_000_000_000,
    )
    assert kind_of(long) == "input-ran-dry"
    assert kind_of(replace(long, drift_ppm=100)) is None
    assert kind_of(replace(long, drift_ppm=50)) == "input-ran-dry"


def test_a_loss_that_nobody_has_counted_is_a_failure() -> None:
    life = replace(QUIET, since_connected=Counts(lost=9_600, late=960, closings=1))
    assert kind_of(life) == "loss-not-counted"
    few = replace(QUIET, since_connected=Counts(lost=8_640, late=960, closings=1))
    assert kind_of(few) is None
    assert kind_of(replace(life, wire="v1")) is None


def test_a_fault_that_leaves_no_trace_is_a_failure() -> None:
    may = frozenset({"lost", "lost_on_way"})
    cost = Cost(may, exact={"lost_on_way": 2})
    stretch = replace(counted(lost=960, lost_on_way=1, packets=499), causes=("loss at cycle 1",))
    assert kind_of(stretch, cost) == "unnoticed-fault"
    assert kind_of(stretch, cost, settled=False) is None
    # Of several at once nothing exact is said.
    assert together([cost, Cost()]).exact == {}


# ---- what fits -----------------------------------------------------------------------------------


def test_each_far_end_has_faults_of_its_own() -> None:
    every = list(EVENT_CLASSES)
    fit, left_out = fit_for("bunghole", every)
    assert {"disconnect", "bad-frame", "old-host", "loss", "stall"} <= set(fit)
    assert {"shm-delete", "shm-recreate", "format", "silence", "swap"} <= set(left_out)
    assert sorted(fit + left_out) == sorted(every)
    for kind in ("gecko", "input"):
        assert "disconnect" in fit_for(kind, every)[1]
    assert chosen_faults("wire") == ["disconnect", "bad-frame", "old-host"]


@pytest.mark.native
@pytest.mark.parametrize(
    ("driver", "kind"),
    [
        ("BungholeAudio", "bunghole"),
        ("MistakenBunghole", "bunghole"),
        ("GeckoAudioDevice", "gecko"),
        ("Loop", "input"),
    ],
)
def test_a_driver_is_known_by_what_it_does_not_by_its_name(driver: str, kind: str) -> None:
    found = setup(driver).driver
    assert choose_far_end("auto", Path(found), layout="v2", environment={}).kind == kind


@pytest.mark.native
def test_a_driver_that_nobody_can_hear_is_one_line() -> None:
    with pytest.raises(UsageError, match="dialled nobody, and has no input: Null"):
        choose_far_end("auto", find_driver("Null"), layout="v2", environment={})


@pytest.mark.native
@pytest.mark.linux
def test_a_driver_that_does_not_dial_is_an_error_of_usage() -> None:
    with pytest.raises(UsageError, match="no device of its own for"):
        run("GeckoAudioDevice", [])
