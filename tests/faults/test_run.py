"""Does Gecko Sink pass each fault alone, and is a driver with a mistake found by it?"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from lab.faults import rig
from lab.faults.damage import Failure
from lab.faults.events import EVENT_CLASSES, GROUPS
from lab.faults.outcome import Outcome
from lab.faults.replay import replay, write_case
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event
from lab.faults.shrink import shrink
from lab.faults.soak import SoakSettings, compare, confirm, soak
from lab.faults.swarm import chosen_faults
from lab.host.far_end import FarEnd
from tests.support.faults import HOST_AND_CLIENT_FAULTS, fault_name, run_with

pytestmark = pytest.mark.native

REAL: dict[str, Callable[..., Any]] = {
    name: getattr(FarEnd, name) for name in ("damage", "slow", "hold")
}
FAULTS: list[dict[str, Any]] = [
    {"what": "late-wake", "ns": 5_000_000},
    {"what": "late-wake", "ns": 10_000_000},
    {"what": "stall", "ns": 2_000_000_000},
    {"what": "stall", "ns": 3_600_000_000_000},
    {"what": "lose-cycles", "n": 7},
    *HOST_AND_CLIENT_FAULTS,
    {"what": "reader-stall", "s": 0.05},
    {"what": "reader-stall", "s": 20},
    {"what": "reader-slow", "s": 0.2, "percent": 50},
    {"what": "reader-slow", "s": 10, "percent": 33},
    {"what": "reader-slow", "s": 2, "percent": 0},
    {"what": "half-open"},
    {"what": "half-open", "n": 20},
    {"what": "reader-detach"},
    {"what": "reader-attach", "where": "newest"},
    {"what": "reader-attach", "where": "oldest"},
    {"what": "shm-delete"},
    {"what": "shm-recreate", "size": 1},
    {"what": "loss", "frames": 1},
    {"what": "corrupt", "frames": 500},
    {"what": "repeat", "frames": 500},
    {"what": "silence", "frames": 5_000},
    {"what": "swap", "frames": 1},
    {"what": "reorder", "frames": 2, "block": 1},
    {"what": "reorder", "frames": 3_001, "block": 500},
    {"what": "transport-stall", "s": 0.001},
    {"what": "transport-stall", "s": 5},
    {"what": "fail-allocation", "nth": 1},
]


def run(
    *events: dict[str, Any],
    layout: Literal["v1", "v2"] = "v2",
    cycles: int = 2_000,
    driver: str = "GeckoAudioDevice",
    fault: str = "",
) -> Outcome:
    environment = {"LAPSE_FAULT": fault} if fault else {}
    setup = Setup(cycles=cycles, layout=layout, driver=driver, environment=environment)
    return run_with(setup, *events)


def test_each_event_of_the_grammar_is_tried_here() -> None:
    of_wire = set(GROUPS["wire"])  # tests/faults/test_wire.py
    assert {fault["what"] for fault in FAULTS} == set(EVENT_CLASSES) - of_wire


@pytest.mark.parametrize("layout", ["v1", "v2"])
@pytest.mark.parametrize("fault", FAULTS, ids=fault_name)
def test_gecko_passes(fault: dict[str, Any], layout: Literal["v1", "v2"]) -> None:
    outcome = run(fault, layout=layout)
    assert outcome.failure is None, outcome.failure
    assert outcome.cycles >= 2_000
    assert outcome.injected == {fault["what"]: 1}
    assert outcome.frames_verified > 480 * 400


def test_all_faults_at_the_same_cycle_are_survived() -> None:
    harmless = [f for f in FAULTS if f["what"] not in {"shm-recreate", "shm-delete"}]
    outcome = run(*harmless, cycles=9_000)
    assert outcome.failure is None, outcome.failure


@pytest.mark.parametrize(
    ("events", "mark"),
    [
        ([{"what": "reader-slow", "s": 2}], "slow-reader-overrun"),
        ([{"what": "reader-slow", "s": 0.1}], "slow-reader-caught-up"),
        ([{"what": "half-open", "n": 17}], "half-open-beyond-slots"),
        ([{"what": "half-open"}, {"what": "restart"}], "restart-while-half-open"),
        ([{"what": "transport-stall", "s": 1}], "held-longer-than-ring"),
        (
            [{"what": "transport-stall", "s": 1}, {"what": "rate", "hz": 96_000}],
            "change-while-held",
        ),
        (
            [{"what": "transport-stall", "s": 1}, {"what": "reorder", "frames": 2}],
            "reordered-while-held",
        ),
    ],
)
def test_rare_states_of_reader_and_transport_are_marked(
    events: list[dict[str, Any]], mark: str
) -> None:
    outcome = run(*events)
    assert outcome.failure is None, outcome.failure
    assert outcome.marks[mark] == 1
    assert run(events[0] | {"at": {"cycle": 500}}, cycles=2_000).marks[mark] == (len(events) == 1)


def test_time_is_a_moment_as_good_as_a_cycle() -> None:
    setup = Setup(cycles=1_000)
    events = [parse_event({"at": {"s": 3.0}, "what": "stall", "ns": 1_000_000_000})]
    outcome = run_schedule(setup, events)
    assert outcome.failure is None
    assert outcome.injected == {"stall": 1}
    assert outcome.simulated_s == pytest.approx(10.99, abs=0.03)


def test_the_hash_is_the_same_at_each_run_and_another_for_another_schedule() -> None:
    stall = {"what": "stall", "ns": 100_000_000}
    restart = {"what": "restart"}
    first, second = run(stall, restart), run(stall, restart)
    assert first.hash == second.hash
    assert compare(first, second) is None
    other = run({"what": "stall", "ns": 100_000_001}, restart)
    assert other.hash != first.hash
    found = compare(first, other)
    assert found is not None
    assert found.kind == "not-deterministic"
    assert "100000001" in found.sentence


def test_the_hash_does_not_depend_on_how_a_run_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run({"what": "lose-cycles", "n": 3})
    monkeypatch.setattr(rig, "CHUNK_CYCLES", 17)
    assert run({"what": "lose-cycles", "n": 3}).hash == whole.hash


def test_a_soak_does_not_depend_on_how_many_runs_are_made_at_a_time() -> None:
    def soaked(jobs: int) -> str:
        setup = Setup(cycles=3_000)
        report = soak(SoakSettings(setup, 4, 7, chosen_faults("all"), jobs=jobs, twice_percent=50))
        assert report.failure is None, report.failure
        return report.hash

    assert soaked(1) == soaked(3) != ""


# ---- the bad cases: each mistake of the fixture driver Lapse -----------------------------------


@pytest.mark.parametrize(
    ("fault", "faults", "kind", "events"),
    [
        ("drops-frame-at-wrap-after-stall", "stall,rate,add-client", "frames-lost", 1),
        ("keeps-timestamp-after-rate", "stall,rate,add-client", "seed-change", 1),
        ("leaks-per-start", "start-stop-storm,rate", "memory-grows", 2),
        ("repeats-block-for-new-client", "stall,add-client", "frames-duplicated", 1),
        ("waits-for-readers", "half-open,reader-stall", "frames-missing", 1),
        (
            "dies-in-second-change",
            "stall,rate",
            "driver-crashed-in-PerformDeviceConfigurationChange",
            2,
        ),
    ],
)
def test_a_mistake_is_found_made_small_and_replayed(
    tmp_path: Path, fault: str, faults: str, kind: str, events: int
) -> None:
    setup = Setup(driver="Lapse", cycles=60_000, environment={"LAPSE_FAULT": fault})
    settings = SoakSettings(setup, 6, 7, chosen_faults(faults), jobs=2, twice_percent=0)
    report = soak(settings)
    memory = report.outcomes[0].memory_start
    if kind == "memory-grows" and memory is not None and memory.heap_bytes == 0:
        pytest.skip("the allocator of this build does not tell what it holds")
    assert report.failure is not None
    assert report.failure.kind == kind
    assert report.failed_run is not None
    number = report.failed_run
    small = shrink(
        settings.setup_of(number), settings.schedule(number), report.outcomes[number], run_schedule
    )
    assert len(small.events) <= events
    assert small.setup.cycles < 6_000
    file, test = write_case(tmp_path, f"{kind}-of-lapse", small)
    assert len(file.read_text().splitlines()) <= 20
    compile(test.read_text(), str(test), "exec")

    again = replay(file)
    assert again.is_same_failure
    assert again.is_same_run
    assert "the same failure, to the last observation" in again.verdict()
    repaired = replay(file, driver="GeckoAudioDevice")
    assert repaired.outcome.failure is None
    assert repaired.verdict() == f"passed; {kind} is gone"


def test_a_driver_that_is_not_the_same_twice_is_a_failure_of_its_own_kind() -> None:
    setup = Setup(driver="Lapse", cycles=60_000, environment={"LAPSE_FAULT": "drops-random-frames"})
    settings = SoakSettings(setup, 4, 7, ["add-client"], jobs=1, twice_percent=100)
    report = soak(settings)
    assert report.failure is not None
    assert report.failure.kind == "not-deterministic"
    assert re.search(
        r"first in cycle \d+.*: the samples got by the far end of device 0 differ: frames is "
        r"\d+ in run A, \d+ in run B$",
        report.failure.sentence,
    )
    assert report.hash == ""


def test_a_failure_that_does_not_come_again_is_not_blamed_on_the_schedule() -> None:
    settings = SoakSettings(Setup(cycles=3_000), 1, 7, [], jobs=1, twice_percent=0)
    report = soak(settings)
    report.failed_run, report.failure = 0, Failure("driver-hung-in-StartIO", "it hung", 5)
    assert not confirm(settings, report, stop=lambda: False)
    assert report.failure.kind == "not-deterministic"
    assert report.failure.sentence == "it hung; when the run was made again, it passed"


@pytest.mark.parametrize(
    ("event", "method", "does", "kind"),
    [
        (
            {"what": "reorder", "frames": 2_000, "block": 500},
            "damage",
            lambda far, *_, block: REAL["damage"](far, "reorder", 1_000, block=block),
            "unnoticed-frames-reordered",
        ),
        (
            {"what": "reorder", "frames": 2_000, "block": 500},
            "damage",
            lambda far, *_, block: REAL["damage"](far, "reorder", 3_000, block=block),
            "frames-reordered",
        ),
        (
            {"what": "reader-slow", "s": 2, "percent": 50},
            "slow",
            lambda *_: None,
            "unnoticed-frames-lost",
        ),
        (
            {"what": "reader-slow", "s": 2, "percent": 50},
            "slow",
            lambda far, cycles, _: REAL["slow"](far, cycles, 49),
            "frames-lost",
        ),
        (
            {"what": "transport-stall", "s": 2},
            "hold",
            lambda *_: None,
            "unnoticed-frames-held-up",
        ),
        (
            {"what": "transport-stall", "s": 2},
            "hold",
            lambda far, cycles: REAL["hold"](far, cycles + 1),
            "frames-held-up",
        ),
        (
            {"what": "transport-stall", "s": 2},
            "hold",
            lambda far, cycles: REAL["hold"](far, cycles + 100),
            "unnoticed-frames-held-up",
        ),
        ({"what": "half-open", "n": 3}, "half_open", lambda *_: 2, "reader-failed"),
    ],
)
def test_a_far_end_that_does_not_do_what_it_is_told_is_found(
    monkeypatch: pytest.MonkeyPatch,
    event: dict[str, Any],
    method: str,
    does: Callable[..., Any],
    kind: str,
) -> None:
    """The bad cases of faults that the far end carries out: less, or more, than was asked for."""
    assert run(event).failure is None
    monkeypatch.setattr(FarEnd, method, does)
    outcome = run(event)
    assert outcome.failure is not None
    assert outcome.failure.kind == kind, outcome.failure


def test_lapse_without_a_mistake_passes() -> None:
    outcome = run({"what": "stall", "ns": 10**9}, driver="Lapse", cycles=3_000)
    assert outcome.failure is None, outcome.failure


def test_a_driver_without_shared_memory_is_refused_in_one_line() -> None:
    from lab.errors import UsageError

    with pytest.raises(UsageError, match="no shared memory"):
        run(driver="Loop")
