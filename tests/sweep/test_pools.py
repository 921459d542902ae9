"""Whoever dies, each task comes back, and once."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from lab.errors import LabError, MissingError
from lab.sweep.local import LocalPool
from lab.sweep.perform import Done
from lab.sweep.task import Frame, Task
from tests.sweep.support import grid_of, submit_all, take_all, task_of

pytestmark = pytest.mark.native


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_killed_worker_loses_no_task_and_makes_none_twice() -> None:
    tasks = list(grid_of("jitter=1,2", seeds=6).tasks())
    with LocalPool(2) as pool:
        names = submit_all(pool, tasks)
        first = take_all(pool, 1)  # both are at work by now
        for pid in pool.pids:
            os.kill(pid, signal.SIGKILL)
        rest = take_all(pool, len(tasks) - len(first))
        assert pool.deaths == 2
        assert len(pool.pids) == 2
        assert not pool.take(0.2)
    done = first + rest
    assert sorted(d.id for d in done) == sorted(names)
    assert all(d.result and not d.error for d in done)


def test_a_task_that_kills_its_worker_each_time_is_given_up_and_named() -> None:
    task = task_of("jitter=2000", "period=16", late_wake_ups=10_000)  # takes minutes
    with LocalPool(1) as pool:
        pool.submit(task)
        found: list[Done] = []
        until = time.monotonic() + 60
        while not found and time.monotonic() < until:
            os.kill(pool.pids[0], signal.SIGKILL)
            found = pool.take(5.0)
        assert [done.id for done in found] == [task.id]
        assert "died 3 times, the last time of SIGKILL" in found[0].error
        # And it goes on.
        pool.submit(task_of("jitter=1"))
        assert take_all(pool, 1)[0].result


def test_workers_that_die_without_end_end_the_sweep() -> None:
    def kill_the_worker_again_and_again(pool: LocalPool) -> None:
        for _ in range(12):
            os.kill(pool.pids[0], signal.SIGKILL)
            pool.take(5.0)

    with LocalPool(1) as pool, pytest.raises(LabError, match="10 workers have died"):
        kill_the_worker_again_and_again(pool)


def test_nothing_is_left_of_workers_that_were_at_work() -> None:
    pool = LocalPool(2)
    folder, pids = Path(pool._folder), pool.pids
    submit_all(pool, grid_of("jitter=2000", "period=16", seeds=2, late_wake_ups=1000).tasks())
    time.sleep(1.0)
    pool.close()
    pool.close()
    assert all(_is_gone(pid) for pid in pids)
    assert not folder.exists()


def test_a_driver_that_is_not_there_is_found_before_the_first_run() -> None:
    with LocalPool(1) as pool, pytest.raises(MissingError, match="no-such-driver"):
        pool.fingerprint("no-such-driver")


def test_a_run_that_cannot_be_made_comes_back_with_its_reason() -> None:
    with LocalPool(1) as pool:
        pool.submit(Task(Frame(driver="no-such-driver"), task_of("jitter=1").point, 0))
        (done,) = take_all(pool, 1)
    assert done.fatal
    assert "no-such-driver" in done.error
