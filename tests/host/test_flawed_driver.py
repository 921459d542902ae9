"""Flawed.driver: right without a flaw, and each flaw that only a run can show is there.

What direct calls can show is proved in C (sim/tests/fixtures/flawed/tests).
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event
from lab.host import sources
from lab.host.base import Client
from lab.host.errors import DriverCrashed, DriverHung, HostError
from lab.host.locate import find_driver
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.measure.budget import load_budget, violations_of
from lab.measure.leaks import find_leaks
from lab.measure.timestamps import judge_timestamps
from lab.play.exercise import exercise
from tests.support.build import need_owned_threads
from tests.support.flaws import FAMILIES, find_flaw, load_flaws

pytestmark = pytest.mark.native

DEVICE, VOLUME = 2, 5


def start(flaw: str = "", options: HostOptions | None = None) -> SubprocessHost:
    environment = find_flaw(flaw).environment if flaw else {"FLAW": ""}
    return SubprocessHost(options, environment=environment)


def load(host: SubprocessHost) -> Client:
    host.load(find_driver("Flawed"))
    client = host.add_client(0, name="test")
    client.play(sources.counter())
    client.take(sources.check())
    return client


# ---- the list ------------------------------------------------------------------------------------


def test_the_list_names_each_flaw_once_and_says_what_it_does() -> None:
    flaws = load_flaws()
    assert len(flaws) >= 200
    assert [name for name, n in Counter(flaw.name for flaw in flaws).items() if n > 1] == []
    for flaw in flaws:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", flaw.name), flaw
        assert flaw.sentence.endswith("."), flaw
    assert {flaw.family for flaw in flaws} == set(FAMILIES)
    assert min(Counter(flaw.family for flaw in flaws).values()) >= 9
    assert {flaw.bundle for flaw in flaws} == {"Flawed", "FlawedImports", "FlawedExports"}


def test_a_name_with_a_typing_error_is_no_driver_without_a_flaw() -> None:
    with SubprocessHost(environment={"FLAW": "start-not-conted"}) as host:
        with pytest.raises(HostError) as caught:
            host.load(find_driver("Flawed"))
        assert caught.value.status == "factory"
        assert any("FLAW=start-not-conted: there is no such" in x.text for x in host.log.lines)


@pytest.mark.linux
def test_what_no_switch_can_change_is_in_bundles_of_their_own() -> None:
    lief = pytest.importorskip("lief")
    for name, symbol in (
        ("client-hal-api", "AudioObjectGetPropertyData"),
        ("exports-too-much", "flawed_crash"),
    ):
        flaw = find_flaw(name)
        for bundle, has in ((flaw.bundle, True), ("Flawed", False)):
            code = find_driver(bundle) / "Contents" / "MacOS" / bundle
            binary = lief.ELF.parse(str(code))
            assert binary is not None
            assert (symbol in {one.name for one in binary.dynamic_symbols}) is has, (name, bundle)
        with SubprocessHost(environment=flaw.environment) as host:
            assert host.load(flaw.path).devices == [0]


# ---- without a flaw ------------------------------------------------------------------------------


def test_ten_minutes_of_loopback_come_back_bit_by_bit() -> None:
    with start() as host:
        client = load(host)
        client.start()
        host.run(600)
        (check,) = client.stats().sinks
        assert check is not None
        assert check.clean
        assert check.correct == check.received - check.leading_silence > 28_000_000
        assert (host.io_stats(0).driver_errors, host.io_stats(0).timestamp_jumps) == (0, 0)
        assert judge_timestamps(host.timestamps(0)) == []
        assert host.take_notices() == []


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_every_rate_and_buffer_size_carries_every_sample(rate: int) -> None:
    with start(options=HostOptions(timebase=(125, 3))) as host:
        host.load(find_driver("Flawed"))
        host.set_rate(0, rate)
        for frames in (16, 77, 480, 1_000, 8_192):
            host.set_buffer_frames(0, frames)
            client = host.add_client(0)
            client.play(sources.counter())
            client.take(sources.check())
            client.start()
            host.run(device=0, cycles=400)
            (check,) = client.stats().sinks
            client.remove()
            assert check is not None
            assert check.clean
            assert check.correct == check.received - check.leading_silence > 0
        client = host.add_client(0)
        client.start()
        host.run(30)
        assert judge_timestamps(host.timestamps(0)) == []


def test_it_survives_what_a_soak_can_do_to_it() -> None:
    events: list[dict[str, Any]] = [
        {"what": "late-wake", "ns": 50_000_000},
        {"what": "stall", "ns": 3_600_000_000_000},
        {"what": "lose-cycles", "n": 300},
        {"what": "buffer-frames", "frames": 16},
        {"what": "sleep-wake", "s": 28_800},
        {"what": "restart", "how": "kill"},
        {"what": "add-client", "n": 3},
        {"what": "start-stop-storm", "n": 60, "who": "player"},
        {"what": "many-clients", "n": 60},
        {"what": "rate", "hz": 96_000},
        {"what": "rate", "hz": 44_100},
        {"what": "refuse-changes", "n": 2},
        {"what": "drift", "ppm": 50},
        {"what": "fail-allocation", "nth": 1},
    ]
    setup = Setup(driver="Flawed", far_end="input", cycles=60_000, environment={"FLAW": ""})
    outcome = run_schedule(
        setup,
        [
            parse_event({"at": {"cycle": 2_000 + 4_000 * i}, **event})
            for i, event in enumerate(events)
        ],
    )
    assert outcome.failure is None, outcome.failure
    assert sum(outcome.injected.values()) == len(events)
    assert outcome.frames_verified > 5_000_000


def test_its_io_allocates_nothing_and_waits_for_nothing() -> None:
    assert violations("") == set()


def test_twenty_lives_leave_nothing_behind() -> None:
    assert leaks("") == set()


def test_settings_outlive_it(tmp_path: Path) -> None:
    assert stored_volume("", tmp_path) == 0.25


def test_each_flaw_has_its_proof() -> None:
    """Here or in C; but for the one that is a matter of time, which is nothing for a test."""
    here = Path(__file__)
    folder = here.parents[2] / "sim" / "tests" / "fixtures" / "flawed" / "tests"
    text = here.read_text("utf-8") + "".join(p.read_text("utf-8") for p in folder.glob("*.c"))
    unproved = {
        flaw.name
        for flaw in load_flaws()
        if f'"{flaw.name}"' not in text and not flaw.name.startswith("missing-required-")
    }
    assert [name.partition("-")[0] for name in unproved] == ["slow"]


# ---- with one ------------------------------------------------------------------------------------


def faults_of_time(flaw: str) -> set[str]:
    with start(flaw, HostOptions(timebase=(125, 3))) as host:
        client = load(host)
        for _ in range(2):
            client.start()
            host.run(20)
            client.stop()
        return {fault.check for fault in judge_timestamps(host.timestamps(0))}


@pytest.mark.parametrize(
    ("flaw", "check"),
    [
        ("timestamps-step-back", "break-without-a-new-seed"),
        ("seed-always-changes", "new-seed-without-a-break"),
        ("period-not-multiple", "not-a-multiple-of-the-period"),
        ("stale-timestamp", "stale"),
        ("timestamp-in-the-future", "in-the-future"),
        ("timestamp-follows-now", "host-time-moved-alone"),
        ("ticks-taken-for-nanoseconds", "stale"),
        ("timestamp-is-nan", "impossible"),
        ("clock-off-by-a-percent", "rate"),
        ("clock-jitters", "jitter"),
    ],
)
def test_flaws_of_time_are_real(flaw: str, check: str) -> None:
    assert check in faults_of_time(flaw)


def test_a_clock_that_goes_one_period_at_a_time_lags_after_a_stall() -> None:
    def stale(flaw: str) -> bool:
        with start(flaw) as host:
            load(host).start()
            host.run(5)
            host.advance(10_000_000_000)
            host.run(5)
            return "stale" in host.timestamps(0).violations

    assert (stale(""), stale("one-period-per-call")) == (False, True)


def test_a_second_start_that_moves_the_time_line_is_seen() -> None:
    def moved(flaw: str) -> set[str]:
        with start(flaw) as host:
            first, second = load(host), host.add_client(0)
            first.start()
            host.run(1)
            second.start()
            host.run(2)
            return set(host.timestamps(0).violations)

    assert moved("") == set()
    assert "break-without-a-new-seed" in moved("second-start-resets-anchor")


def test_a_clock_that_keeps_its_rate_is_off_after_a_change() -> None:
    def off(flaw: str) -> set[str]:
        with start(flaw) as host:
            client = load(host)
            host.set_rate(0, 96_000)
            client.start()
            host.run(20)
            return {fault.check for fault in judge_timestamps(host.timestamps(0))}

    assert off("") == set()
    assert "break-without-a-new-seed" in off("clock-keeps-old-rate")


def violations(flaw: str) -> set[str]:
    with start(flaw) as host:
        host.load(find_driver("Flawed"))
        host.begin_ledger([item.as_parameters() for item in load_budget("strict").budgets])
        exercise(host, seconds=2)
        return {f"{v.where.split()[0]}: {v.kind}" for v in violations_of(host.ledger())}


@pytest.mark.parametrize(
    ("flaw", "violation"),
    [
        ("locks-in-io", "DoIOOperation: lock"),
        ("locks-in-zero-timestamp", "GetZeroTimeStamp: lock"),
        ("allocates-in-io", "DoIOOperation: allocation"),
        ("allocates-in-begin", "BeginIOOperation: allocation"),
        ("system-call-in-io", "DoIOOperation: system-call"),
        ("waits-in-io", "DoIOOperation: contended-lock"),
        ("sleeps-in-io", "DoIOOperation: system-call"),
        ("makes-a-string-in-io", "DoIOOperation: allocation"),
    ],
)
def test_flaws_of_the_io_thread_are_real(flaw: str, violation: str) -> None:
    assert violation in violations(flaw)


def test_an_io_thread_that_sleeps_loses_cycles() -> None:
    need_owned_threads()
    for flaw, lost in (("", False), ("sleeps-in-io", True)):
        with start(flaw) as host:
            load(host).start()
            host.run(5)
            assert (host.io_stats(0).skipped_cycles > 0) is lost


def test_an_io_thread_that_logs_is_read() -> None:
    for flaw, logged in (("", False), ("logs-in-io", True)):
        with start(flaw) as host:
            load(host).start()
            host.run(0.1)
        assert any("Flawed has written" in line.text for line in host.log.lines) is logged


HOSTS_OWN = 100_000
"""Bytes that the host itself keeps of each device that has gone; they are no leak of a driver."""


def leaks(flaw: str) -> set[str]:
    with start(flaw, HostOptions(exact_memory=True)) as host:
        held = []
        for _ in range(20):
            plugin = host.load(find_driver("Flawed"))
            client = host.add_client(plugin.devices[0])
            client.start()
            host.run(device=plugin.devices[0], cycles=10)
            host.tree(plugin.plugin)
            host.unload(plugin.plugin)
            held.append(host.resources())
        return {
            leak.resource
            for leak in find_leaks(held)
            if leak.resource != "allocated_bytes" or leak.per_round > HOSTS_OWN
        }


@pytest.mark.parametrize(
    ("flaw", "resource"),
    [
        ("leaks-cf-objects", "cf_objects"),
        ("leaks-thread", "threads"),
        ("leaks-descriptor", "descriptors"),
        ("leaks-memory", "allocated_bytes"),
        ("leaks-mapping", "mappings"),
        ("release-leaks-the-driver", "allocated_bytes"),
    ],
)
def test_flaws_that_leave_something_behind_are_real(flaw: str, resource: str) -> None:
    assert resource in leaks(flaw)


@pytest.mark.parametrize(
    "flaw", ["leaks-thread", "calls-host-after-release", "thread-from-constructor"]
)
def test_a_thread_that_outlives_the_driver_is_named(flaw: str) -> None:
    need_owned_threads()
    for name, left in ((flaw, True), ("", False)):
        with start(name) as host:
            host.unload(host.load(find_driver("Flawed")).plugin)
        assert bool(host.threads_left) is left


def test_shared_memory_that_is_left_is_named() -> None:
    for name, left in (("leaks-shared-memory", True), ("", False)):
        with start(name) as host:
            host.load(find_driver("Flawed"))
        assert bool(host.log.events("shm-left")) is left


@pytest.mark.parametrize(
    ("flaw", "end"),
    [
        ("crashes-when-allocation-fails", DriverCrashed),
        ("allocation-failure-hangs", DriverHung),
    ],
)
def test_flaws_of_memory_that_runs_out_are_real(
    flaw: str, end: type[DriverCrashed | DriverHung]
) -> None:
    def run_out(name: str) -> None:
        with start(name, HostOptions(call_limit_ms=1_000)) as host:
            host.load(find_driver("Flawed"))
            host.begin_ledger()
            host.fail_allocation(1)
            with pytest.raises(HostError):
                host.add_client(0)
            host.add_client(0)
            assert host.ledger().failed_allocations == 1

    run_out("")
    with pytest.raises(end):
        run_out(flaw)


def stored_volume(flaw: str, folder: Path) -> float:
    with start(flaw, HostOptions(storage=folder)) as host:
        host.load(find_driver("Flawed"))
        host.set_property(0, VOLUME, "lcsv", 0.25)
    with start(flaw, HostOptions(storage=folder)) as host:
        host.load(find_driver("Flawed"))
        return float(host.get_property(0, VOLUME, "lcsv"))


@pytest.mark.parametrize("flaw", ["storage-not-read-back", "storage-not-written"])
def test_flaws_of_storage_are_real(flaw: str, tmp_path: Path) -> None:
    assert stored_volume(flaw, tmp_path) == 1.0
