"""Does a soak over Bunghole's wire find what is wrong, and let pass what is right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest

from lab.errors import MissingError, UsageError
from lab.faults.events import EVENT_CLASSES
from lab.faults.far_end import choose_far_end, fit_for
from lab.faults.outcome import Outcome
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event
from lab.faults.swarm import chosen_faults
from lab.faults.wire.cost import HELD_UP, NOTHING, RECONNECT, Cost
from lab.faults.wire.counts import Counts
from lab.faults.wire.judge import Stretch, judge, together
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
def test_frames_that_do_not_fit_its_ring_are_left_out() -> None:
    outcome = run("BungholeAudio", [at(300, "buffer-frames", frames=8_192)], cycles=700)
    assert outcome.failure is None
    assert outcome.skipped == {
        "buffer-frames: cycles of more than 4096 frames do not fit its ring": 1
    }


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
def test_bunghole_is_known_by_its_name() -> None:
    bundle = find_driver("BungholeAudio")
    assert choose_far_end("auto", bundle, layout="v2", environment={}).kind == "bunghole"


@pytest.mark.native
@pytest.mark.linux
def test_a_driver_that_does_not_dial_is_an_error_of_usage() -> None:
    with pytest.raises(UsageError, match="no device of its own for"):
        run("GeckoAudioDevice", [])
