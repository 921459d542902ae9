"""Virtual time owns the threads of drivers: one at a time, in an order that a seed decides."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.talk import Daemon, Ending, driver, run
from tests.support.build import need_owned_threads

# How many orders of threads are tried for a mistake that only some of them show. Each takes about
# 10 ms; with the seeds as they are, the first order that is not the plain one shows all of them.
BUDGET = 20


@pytest.fixture(autouse=True)
def _needs_owned_threads() -> None:
    driver("Loop")  # skips where nothing is built
    need_owned_threads()


def play(fault: str, *more: str) -> Ending:
    """Play two seconds through Loop, whose samples go through a thread, and check each."""
    return run(
        *("--clock", "virtual", "--driver", driver("Loop"), "--signal", "counter"),
        *("--seconds", "2", "--check", *more),
        environment={"LOOP_SHAPE": "worker", "LOOP_FAULT": fault},
    )


def first_that_fails(fault: str) -> tuple[int, Ending]:
    """Try schedules until one fails.

    Returns
    -------
    schedule
        Its seed.
    ending
        How it ended.
    """
    for schedule in range(1, BUDGET + 1):
        ending = play(fault, "--schedule", str(schedule))
        if ending.code != 0:
            return schedule, ending
    pytest.fail(f"{fault}: not found in {BUDGET} schedules")


def test_a_correct_thread_passes_in_every_order() -> None:
    for schedule in range(BUDGET + 1):
        ending = play("none", "--schedule", str(schedule))
        assert ending.code == 0, (schedule, ending.out)
        assert ending.events == []


@pytest.mark.parametrize("fault", ["worker-publishes-early", "worker-locks-inversely"])
def test_a_mistake_that_needs_another_order_is_not_seen_in_the_plain_one(fault: str) -> None:
    assert play(fault).code == 0


def test_a_race_is_found_within_its_budget_and_found_again() -> None:
    schedule, ending = first_that_fails("worker-publishes-early")
    assert ending.code == 3
    assert "NOT CLEAN" in ending.out
    again = play("worker-publishes-early", "--schedule", str(schedule))
    assert again.code == 3
    counts = [line for line in ending.out.splitlines() if "check" in line]
    assert counts == [line for line in again.out.splitlines() if "check" in line]


def test_a_lock_inversion_is_reported_with_who_holds_what() -> None:
    _, ending = first_that_fails("worker-locks-inversely")
    assert ending.code == 71
    report = ending.report
    assert report["event"] == "driver-hung"
    assert report["problem"] == "deadlock"
    assert report["entry_point"] == "DoIOOperation"
    assert report["code"] == "'rite'"
    assert report["plugin"].endswith("/Loop.driver")
    host, worker = report["threads"]
    assert "waiting in pthread_mutex_lock" in host
    assert "which thread 1 holds" in host
    assert "which thread 0 holds" in worker
    assert "begun in Loop + 0x" in worker
    assert "at Loop + 0x" in host
    assert "at Loop + 0x" in worker


def test_a_thread_that_spins_is_reported_with_its_stack() -> None:
    ending = play("worker-spins", "--call-limit-ms", "400")
    assert ending.code == 71
    report = ending.report
    assert report["problem"] == "spin"
    assert report["plugin"].endswith("/Loop.driver")
    assert any(line.startswith("Loop + 0x") for line in report["backtrace"])
    assert "running; at Loop + 0x" in report["threads"][1]


def test_a_call_that_takes_too_long_in_virtual_time_is_reported_at_once() -> None:
    ending = play("hang:StartIO", "--call-limit-ms", "3600000")  # an hour would be waited for
    assert ending.code == 71
    report = ending.report
    assert report["problem"] == "starved"
    assert report["entry_point"] == "StartIO"
    assert report["elapsed_ms"] == 3_600_000


def test_a_thread_that_a_driver_leaves_behind_is_named() -> None:
    ending = play("worker-is-forgotten")
    assert ending.code == 0
    (left,) = [event for event in ending.events if event["event"] == "threads-left"]
    (thread,) = left["threads"]
    assert "begun in Loop + 0x" in thread
    assert "waiting in pthread_cond_wait" in thread


def test_threads_do_not_run_while_no_time_passes() -> None:
    # The thread of this driver crashes after a sleep: not before time moves.
    with Daemon("--clock", "virtual", environment={"BLUNT": "thread-crash"}) as daemon:
        daemon.refuse("plugin.load", path=driver("Blunt"))
        for _ in range(10):
            assert daemon.ask("host.info")["now_ns"] == 1_000_000_000


@pytest.fixture
def talking() -> Iterator[Daemon]:
    with Daemon("--clock", "virtual", environment={"LOOP_SHAPE": "calls-in-io,worker"}) as daemon:
        daemon.ask("plugin.load", path=driver("Loop"))
        yield daemon


def test_a_call_of_the_host_in_an_io_operation_is_warned_of_once(talking: Daemon) -> None:
    client = talking.ask("client.add", device=0)["client"]
    talking.ask("io.start", device=0, client=client)
    talking.ask("io.run", seconds=0.1)
    talking.ask("io.stop", device=0, client=client)
    told = [notice["text"] for notice in talking.notices if notice["kind"] == "warning"]
    assert told == [
        "the driver calls DeleteFromStorage() in DoIOOperation of 'read': an IO thread may not wait"
    ]


def test_a_schedule_without_owned_threads_is_refused() -> None:
    for options in (["--clock", "realtime"], ["--clock", "virtual", "--threads", "free"]):
        ending = run(*options, "--schedule", "5")
        assert ending.code == 2
        assert ending.err.count("\n") == 1
        assert "--schedule needs --clock virtual" in ending.err


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("worker-is-forgotten", 1, ["threads-left-behind 1", "waiting in pthread_cond_wait"]),
        ("worker-spins", 71, ["runs without end", "Loop.driver", "running; at Loop + 0x"]),
    ],
)
def test_the_command_line_names_what_a_thread_did(
    fault: str, code: int, said: list[str], tmp_path: Path
) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "lab.cli", "play", "--driver", "Loop", "--clock", "virtual"),
            *("--call-limit-ms", "400", "--seconds", "2", "--into", str(tmp_path)),
        ],
        env=os.environ | {"LOOP_SHAPE": "worker", "LOOP_FAULT": fault, "COLUMNS": "1000"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    for words in said:
        assert words in ended.stdout + ended.stderr
