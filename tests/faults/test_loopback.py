"""Is a driver without shared memory heard through its own input, to the sample?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.errors import UsageError
from lab.faults.damage import NOTHING, Damage, judge
from lab.faults.events import EVENT_CLASSES, GROUPS
from lab.faults.far_end import choose_far_end, fit_for
from lab.faults.loopback import Loopback, emptied, hole
from lab.faults.outcome import Outcome
from lab.faults.replay import replay, write_case
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, read_replay
from lab.faults.shrink import shrink
from lab.faults.soak import SoakSettings, soak
from lab.host.errors import HostError
from lab.host.locate import find_driver
from lab.host.models import Device
from tests.support.build import need_owned_threads
from tests.support.faults import HOST_AND_CLIENT_FAULTS, Run, fault_name, run_with

pytestmark = pytest.mark.native

HEARD, _ = fit_for("input", list(EVENT_CLASSES))
LATENCY = 960
"""Of Loop at 480 frames a cycle: the host writes one period ahead and reads one behind."""

FAULTS: list[dict[str, Any]] = [
    {"what": "late-wake", "ns": 5_000_000},
    {"what": "late-wake", "ns": 50_000_000},
    {"what": "stall", "ns": 100_000_000},
    {"what": "stall", "ns": 3_600_000_000_000},
    {"what": "lose-cycles", "n": 1},
    {"what": "lose-cycles", "n": 300},
    {"what": "format", "hz": 48_000, "bits": 16},
    *HOST_AND_CLIENT_FAULTS,
    {"what": "fail-allocation", "nth": 1},
]


def run(*events: dict[str, Any], cycles: int = 2_000, fault: str = "", shape: str = "") -> Outcome:
    environment = {"LOOP_FAULT": fault} if fault else {}
    environment |= {"LOOP_SHAPE": shape} if shape else {}
    setup = Setup(driver="Loop", far_end="input", cycles=cycles, environment=environment)
    return run_with(setup, *events)


# ---- a driver that is right ----------------------------------------------------------------------


def test_each_event_that_can_happen_here_is_tried_here() -> None:
    assert {fault["what"] for fault in FAULTS} == set(HEARD)


@pytest.mark.parametrize("fault", FAULTS, ids=fault_name)
def test_loop_passes(fault: dict[str, Any]) -> None:
    outcome = run(fault)
    assert outcome.failure is None, outcome.failure
    assert outcome.injected == {fault["what"]: 1}
    assert outcome.frames_verified > 480 * 500
    assert outcome.latencies[(480, 48_000)] == LATENCY


@pytest.mark.parametrize(
    ("frames", "latency"), [(16, 32), (480, LATENCY), (1_000, 2_000), (8_192, 16_384)]
)
def test_the_latency_is_learnt_for_each_period(frames: int, latency: int) -> None:
    outcome = run({"what": "buffer-frames", "frames": frames})
    assert outcome.failure is None, outcome.failure
    assert outcome.latencies[(frames, 48_000)] == latency


def test_without_a_fault_each_frame_is_heard_but_those_that_are_still_on_their_way() -> None:
    for shape in ("", "convert", "mixes", "worker", "two-streams", "at-once", "async", "queue"):
        outcome = run(shape=shape)
        assert outcome.failure is None, (shape, outcome.failure)
        learning = LATENCY // 480 + 1
        assert outcome.frames_verified == (2_000 - learning) * 480, shape


def test_memory_does_not_grow() -> None:
    outcome = run(cycles=36_000)
    assert outcome.failure is None, outcome.failure
    assert outcome.memory_start is not None
    assert outcome.memory_end is not None
    assert outcome.memory_end.heap_bytes - outcome.memory_start.heap_bytes < 4_096


def test_what_needs_shared_memory_is_left_out_and_told() -> None:
    assert set(EVENT_CLASSES) - set(HEARD) == {
        *GROUPS["reader"],
        *GROUPS["transport"],
        *GROUPS["wire"],
    }
    assert fit_for("gecko", ["loss", "stall"]) == (["loss", "stall"], [])
    outcome = run({"what": "loss", "frames": 5})  # from a file: told, and nothing is done
    assert outcome.failure is None
    assert outcome.skipped == {"loss: the driver is heard through its input": 1}


def test_the_same_seed_has_the_same_hash_however_many_run_at_a_time() -> None:
    def soaked(seed: int, jobs: int) -> str:
        setup = Setup(driver="Loop", far_end="input", cycles=3_000)
        report = soak(SoakSettings(setup, 8, seed, HEARD, jobs=jobs, twice_percent=50))
        assert report.failure is None, report.failure
        assert report.repeated
        assert report.latencies[(480, 48_000)] == LATENCY
        return report.hash

    assert soaked(7, 1) == soaked(7, 3) != ""
    assert soaked(7, 1) != soaked(8, 1)


# ---- the bad cases: each mistake of Loop that can be heard --------------------------------------


@pytest.mark.parametrize(
    ("fault", "events", "kind"),
    [
        ("wrong-sample", [], "frames-corrupt"),
        ("drops-a-frame", [], "frames-lost"),
        ("latency-changes", [{"what": "sleep-wake", "s": 1}], "latency-changed"),
        (
            "latency-changes",
            [{"what": "restart"}, {"what": "sleep-wake", "s": 1}],
            "latency-changed",
        ),
        ("start-resets-clock", [{"what": "add-client"}], "timestamp-jump"),
        ("timestamp-goes-back", [], "timestamp-jump"),
        ("timestamp-jumps", [], "timestamp-jump"),
        ("timestamp-follows-now", [], "timestamp-jump"),
        ("new-seed", [], "seed-change"),
        ("timestamp-stands-still", [], "driver-error"),
        ("timestamp-in-the-past", [], "driver-error"),
        ("timestamp-is-nan", [], "driver-error"),
        ("timestamp-is-infinite", [], "driver-error"),
        ("timestamp-is-huge", [], "driver-error"),
        ("timestamp-is-far", [], "driver-error"),
        ("error:DoIOOperation:500", [], "driver-error"),
        ("error:GetZeroTimeStamp:500", [], "driver-error"),
        ("error:StartIO:2", [{"what": "rate", "hz": 96_000}], "host-state"),
        ("crash:DoIOOperation:500", [], "driver-crashed-in-DoIOOperation"),
        ("abort:GetZeroTimeStamp:500", [], "driver-crashed-in-GetZeroTimeStamp"),
        ("change-never-asked", [{"what": "rate", "hz": 96_000}], "change-refused"),
        ("leaks-memory", [{"what": "start-stop-storm", "n": 60}], "memory-grows"),
        # A CFString is smaller: it takes more of them to be more than a heap's own wobble.
        ("leaks-an-object", [{"what": "start-stop-storm", "n": 1_000}], "memory-grows"),
    ],
)
def test_a_mistake_is_heard(fault: str, events: list[dict[str, Any]], kind: str) -> None:
    outcome = run(*events, fault=fault)
    memory = outcome.memory_start
    if kind == "memory-grows" and memory is not None and memory.heap_bytes == 0:
        pytest.skip("the allocator of this build does not tell what it holds")
    assert outcome.failure is not None
    assert outcome.failure.kind == kind, outcome.failure


def test_a_driver_that_mixes_onto_what_was_left_in_its_ring_is_heard() -> None:
    """Loop's own MixOutput, when cycles are left out: nobody has cleared what it adds to."""
    outcome = run({"what": "stall", "ns": 100_000_000}, shape="mixes")
    assert outcome.failure is not None
    assert outcome.failure.kind == "frames-corrupt"


def test_a_race_in_the_driver_is_heard_in_some_order_of_its_threads() -> None:
    need_owned_threads()
    environment = {"LOOP_FAULT": "worker-publishes-early", "LOOP_SHAPE": "worker"}
    setup = Setup(driver="Loop", far_end="input", cycles=1_000, environment=environment)
    report = soak(SoakSettings(setup, 20, 7, [], twice_percent=0, schedules=20))
    assert report.failure is not None
    assert report.failure.kind in {"frames-lost", "frames-duplicated", "frames-silent"}


def test_two_locks_in_opposite_orders_are_found_in_some_order_of_the_threads() -> None:
    need_owned_threads()
    environment = {"LOOP_FAULT": "worker-locks-inversely", "LOOP_SHAPE": "worker"}
    setup = Setup(driver="Loop", far_end="input", cycles=1_000, environment=environment)
    report = soak(SoakSettings(setup, 20, 7, [], twice_percent=0, schedules=20))
    assert report.failure is not None
    assert report.failure.kind.startswith("driver-hung-in-"), report.failure


@pytest.mark.parametrize("shape", ["", "async,convert", "queue"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_request_of_an_earlier_event_does_not_take_the_refusal_of_a_later_one(
    shape: str, times: int
) -> None:
    """The format is there already, so nobody waits for the change that the driver asks for."""
    same = {"what": "format", "hz": 48_000}
    refused = {"what": "refuse-changes", "hz": 44_100, "n": times}
    for outcome in (
        run(same, refused, shape=shape),
        run(same, refused, same, refused, shape=shape),
    ):
        assert outcome.failure is None, outcome.failure


def test_a_request_that_comes_late_is_waited_for() -> None:
    """Loop asks from its queue, 50 ms later; that stops IO, and what is on its way is gone."""
    wanted = {"what": "format", "hz": 96_000}
    outcome = run(wanted, wanted, shape="queue")
    assert outcome.failure is None, outcome.failure
    assert outcome.injected == {"format": 2}


def test_a_driver_that_does_not_wait_for_its_change_is_found() -> None:
    outcome = run({"what": "refuse-changes", "hz": 44_100}, shape="at-once")
    assert outcome.failure is not None
    assert outcome.failure.kind == "refusal-ignored"


def test_a_latency_that_changes_is_a_failure() -> None:
    """For each period and rate by itself."""
    way = Loopback()
    device = _device()
    assert way.learn(device, 960) is None
    assert way.learn(device, 960) is None
    assert way.learn(device, 961) == 960
    assert way.learn(_device(buffer_frames=512), 1_100) is None  # another period: learnt anew
    assert way.latencies == {(480, 48_000): 960, (512, 48_000): 1_100}


def test_what_is_on_the_way_is_known_before_it_is_learnt_for_a_period() -> None:
    way = Loopback()
    way.learn(_device(), 960 + 100)  # 100 frames are the driver's own
    assert way.flight_frames(_device(buffer_frames=512)) == 1_024 + 100
    assert way.settle_cycles(_device(buffer_frames=512)) == 4
    assert way.flight_frames(_device()) == 1_060


def test_a_price_of_the_way_has_an_end() -> None:
    assert emptied(960, 2) == Damage(lost=1_920, silent=1_920)
    room = hole(960, 1)
    assert (room.lost, room.silent, room.duplicated, room.reordered) == (960, 960, 960, 960)
    assert (room.corrupt, room.swapped, room.driver_errors) == (0, 0, 0)


def test_what_the_driver_said_comes_before_what_its_frames_suffered_from_it() -> None:
    both = Damage(duplicated=960, timestamp_jumps=1)

    def kind(*, through_driver: bool) -> str:
        failure = judge(
            both,
            allowed=NOTHING,
            cycle=9,
            causes=[],
            counts_losses=False,
            through_driver=through_driver,
        )
        assert failure is not None
        return failure.kind

    assert kind(through_driver=True) == "timestamp-jump"
    assert kind(through_driver=False) == "frames-duplicated"


# ---- choosing ------------------------------------------------------------------------------------


def chosen(driver: str, **environment: str) -> str:
    found = choose_far_end("auto", find_driver(driver), layout="v2", environment=environment)
    return found.kind


def test_the_far_end_is_found_out() -> None:
    assert chosen("Loop") == "input"
    assert chosen("GeckoAudioDevice") == "gecko"
    assert chosen("Lapse") == "gecko"
    # One that dies at once is left to a run, which says where.
    assert chosen("Loop", LOOP_FAULT="crash:Initialize") == "gecko"
    asked = choose_far_end("gecko", find_driver("Loop"), layout="v2", environment={})
    assert (asked.kind, asked.reason) == ("gecko", "as asked for")


def test_a_driver_that_gives_nothing_back_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="nothing that was played came back") as caught:
        run(shape="process")  # halves every sample: nothing that comes back is the test signal
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="no input through which its output could be heard"):
        run_schedule(Setup(driver="GeckoAudioDevice", far_end="input", cycles=100), [])
    with pytest.raises(HostError, match="GetZeroTimeStamp"):
        run(fault="first-timestamp-is-nan")


# ---- the command ---------------------------------------------------------------------------------


def test_soak_says_how_it_hears_and_what_it_leaves_out(hal_lab: Run, tmp_path: Path) -> None:
    status, out, _ = hal_lab(
        "soak", "--driver", "Loop", "--hours", "0.2", "--runs", "6", "--seed", "7",
        "--faults", "all", "--into", str(tmp_path),
    )  # fmt: skip
    assert status == 0, out
    assert "far end: the driver's own input (the driver has an input and makes no shared" in out
    assert "left out, they need Gecko's shared memory: reader-stall, reader-slow" in out
    assert "learnt: heard 960 frames after it was played, at 480 frames a cycle and 48000 Hz" in out
    kept = json.loads((tmp_path / "soak.json").read_text())
    assert kept["setup"]["far_end"] == "input"
    assert "transport-stall" in kept["left_out"]
    assert kept["latencies"][0]["latency_frames"] in {row * 2 for row in range(16, 8_193)}
    status, out, _ = hal_lab("soak", "--hours", "0.01", "--faults", "none")
    assert status == 0
    assert "far end: Gecko's shared memory (the driver made the shared memory" in out
    assert "left out" not in out


def test_a_failure_is_made_small_and_the_replay_knows_how_it_was_heard(tmp_path: Path) -> None:
    environment = {"LOOP_FAULT": "start-resets-clock"}
    setup = Setup(driver="Loop", far_end="input", cycles=20_000, environment=environment)
    settings = SoakSettings(setup, 6, 7, ["add-client", "stall", "sleep-wake"], twice_percent=0)
    report = soak(settings)
    assert report.failure is not None
    assert report.failure.kind == "timestamp-jump"
    number = report.failed_run
    assert number is not None
    small = shrink(
        settings.setup_of(number), settings.schedule(number), report.outcomes[number], run_schedule
    )
    assert [event.name for event in small.events] == ["add-client"]
    file, _ = write_case(tmp_path, "timestamp-jump-of-loop", small)
    assert read_replay(file).header.setup.far_end == "input"
    again = replay(file)
    assert again.is_same_failure
    assert again.is_same_run


def test_a_replay_of_before_is_one_of_shared_memory() -> None:
    assert Setup.model_validate({"driver": "GeckoAudioDevice"}).far_end == "gecko"


def _device(**changes: Any) -> Device:
    """Nothing but what the way asks for."""
    return Device.model_construct(**{"buffer_frames": 480, "nominal_rate": 48_000.0, **changes})
