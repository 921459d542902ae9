"""The real-time ledger: what a driver does in an IO operation is counted, named and shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lab.host.errors import HostError
from lab.host.models import LedgerReport, LedgerRow
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.measure.budget import load_budget, violations_of
from lab.play.exercise import exercise
from tests.daemon.talk import driver, shm_exists, unique_shm

STRICT = [item.as_parameters() for item in load_budget("strict").budgets]


def begin(host: SubprocessHost, budgets: Sequence[dict[str, str | int]] = ()) -> None:
    """Begin a ledger; the test is skipped where the program has none."""
    try:
        host.begin_ledger(budgets)
    except HostError as error:
        if error.status != "unsupported":
            raise
        pytest.skip(str(error))


_used: list[str] = []
"""Names of shared memory, by tests of this process: others run beside it."""


def own_shm() -> str:
    """One more."""
    _used.append(unique_shm())
    return _used[-1]


def ledger_of(
    name: str,
    fault: str = "none",
    *,
    clock: str = "virtual",
    budgets: list[dict[str, str | int]] | None = None,
) -> LedgerReport:
    """Let a driver be used, and return what it did."""
    options = HostOptions(clock="realtime" if clock == "realtime" else "virtual")
    environment = {"LOOP_FAULT": fault, "GECKO_SHM_NAME": own_shm()}
    with SubprocessHost(options, environment=environment) as host:
        host.load(Path(driver(name)))
        begin(host, STRICT if budgets is None else budgets)
        exercise(host, seconds=0.2)
        return host.ledger()


def row(report: LedgerReport, entry_point: str, operation: str | None = None) -> LedgerRow:
    (found,) = [
        row for row in report.rows if (row.entry_point, row.operation) == (entry_point, operation)
    ]
    return found


@pytest.fixture(scope="module", autouse=True)
def _shared_memory_is_gone() -> Iterator[None]:
    yield
    assert not [name for name in _used if shm_exists(name)]


@pytest.mark.parametrize("name", ["Loop", "GeckoAudioDevice"])
@pytest.mark.parametrize("clock", ["virtual", "realtime"])
def test_a_driver_that_only_copies_is_within_the_strictest_budget(name: str, clock: str) -> None:
    report = ledger_of(name, clock=clock)
    assert violations_of(report) == []
    written = row(report, "DoIOOperation", "rite")
    assert written.calls > 50
    assert written.evidence == []
    assert row(report, "GetZeroTimeStamp").calls > 50
    assert row(report, "StartIO").calls == row(report, "StopIO").calls


@pytest.mark.parametrize(
    ("fault", "kind", "evidence"),
    [
        ("io-allocates", "allocation", "allocation of 64 bytes by malloc in Loop.driver+0x"),
        ("io-allocates", "free", "free by free in Loop.driver+0x"),
        ("io-locks", "lock", "lock by pthread_mutex_lock in Loop.driver+0x"),
        ("io-calls-the-system", "system-call", "system call getpid (39) in Loop.driver+0x"),
        ("io-calls-it-raw", "system-call", "system call getpid (39) in Loop.driver+0x"),
    ],
)
def test_a_bad_habit_is_counted_and_shown_where_it_is(fault: str, kind: str, evidence: str) -> None:
    report = ledger_of("Loop", fault)
    if kind not in report.sees:
        pytest.skip(f"this machine does not see: {kind}")
    found = [v for v in violations_of(report) if v.kind == kind and v.where.startswith("Do")]
    assert {v.where for v in found} == {"DoIOOperation 'read'", "DoIOOperation 'rite'"}
    for violation in found:
        assert violation.worst == 1
        assert violation.budget == 0
        every = 10 if fault == "io-allocates" else 1
        assert violation.count == pytest.approx(violation.calls / every, abs=3)
        assert violation.evidence[0].startswith(evidence), violation.evidence
        assert violation.sentence().startswith(f"{violation.where}: 1 x {kind} in one call")


def test_fresh_pages_are_seen_in_the_calls_that_are_looked_at() -> None:
    report = ledger_of("Loop", "io-touches-memory")
    faults = row(report, "DoIOOperation", "rite").kinds["page-fault"]
    assert faults.worst >= 16
    assert row(ledger_of("Loop"), "DoIOOperation", "rite").kinds["page-fault"].worst < 16


def test_the_first_budget_that_fits_counts() -> None:
    budgets: list[dict[str, str | int]] = [
        {"entry_point": "DoIOOperation", "operation": "read", "lock": 1},
        {"entry_point": "DoIOOperation", "lock": 0},
    ]
    report = ledger_of("Loop", "io-locks", budgets=budgets)
    assert [v.where for v in violations_of(report)] == ["DoIOOperation 'rite'"]


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        ([{"entry_point": "StartIO", "alocation": 0}], "alocation"),
        ([{"allocation": 0}], "entry_point"),
        ([{"entry_point": "StartIO", "lock": -1}], "lock"),
        ([{"entry_point": "StartIO", "operation": "writes"}], "operation"),
        (["StartIO"], "must be a list of objects"),
        ("StartIO", "must be a list"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused_in_one_line(budgets: object, message: str) -> None:
    with SubprocessHost() as host:
        with pytest.raises(HostError) as caught:
            host.call("ledger.begin", budgets=budgets)
        if caught.value.status == "unsupported":
            pytest.skip(str(caught.value))
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_in_real_time_a_ledger_is_not_begun_while_io_runs() -> None:
    with SubprocessHost(HostOptions(clock="realtime")) as host:
        host.load(Path(driver("Loop")))
        client = host.add_client(0)
        client.start()
        with pytest.raises(HostError, match="IO runs; stop it first"):
            begin(host)


def test_a_new_ledger_begins_at_zero_and_an_ended_one_can_be_read() -> None:
    with SubprocessHost() as host:
        host.load(Path(driver("Loop")))
        begin(host)
        host.devices()
        client = host.add_client(0)
        assert row(host.ledger(), "AddDeviceClient").calls == 1
        host.end_ledger()
        client.remove()
        rows = [found.entry_point for found in host.ledger().rows]
        assert "AddDeviceClient" in rows
        assert "RemoveDeviceClient" not in rows
        host.begin_ledger()
        assert host.ledger().rows == []


def test_memory_runs_out_once_for_the_driver_alone() -> None:
    with SubprocessHost(environment={"GECKO_SHM_NAME": own_shm()}) as host:
        host.load(Path(driver("GeckoAudioDevice")))
        begin(host)
        host.fail_allocation(1)
        with pytest.raises(HostError) as caught:
            host.add_client(0)  # Gecko keeps a record of each
        assert caught.value.status == "driver"
        assert host.ledger().failed_allocations == 1
        host.add_client(0).remove()
        host.fail_allocation(5)
        host.fail_allocation(0)
        for _ in range(10):
            host.add_client(0).remove()
        assert host.ledger().failed_allocations == 1
