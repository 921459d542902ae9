"""The rules of launchd.plist(5), in virtual time, with a process table that is not there."""

from __future__ import annotations

import signal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.launchd.jobs import JobExistsError, NotRunningError, State, UnknownJobError
from lab.launchd.spec import KeepAlive
from tests.launchd.world import World

CRASH = int(signal.SIGSEGV)
FAILURE = 1 << 8
ALWAYS = KeepAlive(always=True)


def test_a_job_runs_at_load_when_it_says_so_and_not_otherwise() -> None:
    world = World()
    world.load(label="eager", run_at_load=True)
    world.load(label="lazy")
    assert world.starts("eager") == [0.0]
    assert world.starts("lazy") == []


def test_a_job_that_is_kept_alive_starts_at_once_when_it_ran_longer_than_its_throttle() -> None:
    world = World()
    world.load(run_at_load=True, keep_alive=ALWAYS)
    world.pass_time(30.0)
    world.end(status=CRASH)
    assert world.starts() == [0.0, 30.0]


def test_a_job_that_ends_early_waits_for_the_rest_of_its_throttle() -> None:
    world = World()
    world.load(run_at_load=True, keep_alive=ALWAYS)
    world.pass_time(3.0)
    world.end()
    world.pass_time(6.9)
    assert world.starts() == [0.0]
    world.pass_time(0.1)
    assert world.starts() == [0.0, 10.0]


def test_a_job_without_a_throttle_starts_at_once() -> None:
    world = World()
    world.load(run_at_load=True, keep_alive=ALWAYS, throttle_s=0.0)
    world.end()
    assert world.starts() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("keep_alive", "status", "again"),
    [
        (KeepAlive(), 0, False),
        (KeepAlive(), CRASH, False),
        (ALWAYS, 0, True),
        (KeepAlive(successful_exit=True), 0, True),
        (KeepAlive(successful_exit=True), FAILURE, False),
        (KeepAlive(successful_exit=False), 0, False),
        (KeepAlive(successful_exit=False), FAILURE, True),
        (KeepAlive(successful_exit=False), CRASH, True),
        (KeepAlive(crashed=True), CRASH, True),
        (KeepAlive(crashed=True), FAILURE, False),
        (KeepAlive(crashed=True), int(signal.SIGTERM), False),
        (KeepAlive(crashed=False), 0, True),
        (KeepAlive(crashed=False), CRASH, False),
    ],
)
def test_keep_alive_decides_by_how_it_ended(
    keep_alive: KeepAlive, status: int, *, again: bool
) -> None:
    world = World()
    world.load(run_at_load=True, keep_alive=keep_alive)
    world.pass_time(60.0)
    world.end(status=status)
    world.pass_time(60.0)
    assert len(world.starts()) == (2 if again else 1)


def test_kickstart_does_not_wait_for_the_throttle() -> None:
    world = World()
    world.load(run_at_load=True, keep_alive=ALWAYS)
    world.pass_time(1.0)
    world.end()
    world.do(world.table.kickstart(world.key(), world.now, kill=False))
    assert world.starts() == [0.0, 1.0]


def test_kickstart_leaves_a_job_alone_that_runs_and_with_k_replaces_it() -> None:
    world = World()
    world.load(run_at_load=True)
    world.pass_time(1.0)
    world.do(world.table.kickstart(world.key(), world.now, kill=False))
    assert world.starts() == [0.0]
    world.do(world.table.kickstart(world.key(), world.now, kill=True))
    assert world.history[1:] == [(1001.0, "SIGTERM", "job"), (1001.0, "start", "job")]


def test_a_job_that_does_not_hear_sigterm_is_killed_when_its_time_to_exit_is_over() -> None:
    world = World(deaf={"job"})
    world.load(run_at_load=True, exit_timeout_s=5.0)
    world.do(world.table.kickstart(world.key(), world.now, kill=True))
    assert world.table.get(world.key()).state is State.ENDING
    world.pass_time(4.9)
    assert world.starts() == [0.0]
    world.pass_time(0.2)
    assert [what for _, what, _ in world.history] == ["start", "SIGTERM", "SIGKILL", "start"]


def test_a_queue_directory_keeps_a_job_alive_and_launchd_does_not_end_it() -> None:
    world = World()
    world.load(queue_directories=("/queue",), throttle_s=10.0)
    world.do(world.table.queue_changed(world.key(), filled=True, now=world.now))
    assert world.starts() == [0.0]
    world.pass_time(15.0)
    world.end()  # a file that nobody takes away: it starts every ten seconds, M7
    world.pass_time(1.0)
    world.end()
    world.pass_time(9.0)
    assert world.starts() == [0.0, 15.0, 25.0]
    world.do(world.table.queue_changed(world.key(), filled=False, now=world.now))
    assert world.table.get(world.key()).pid  # emptied: it is not ended
    world.end()
    world.pass_time(60.0)
    assert len(world.starts()) == 3


def test_a_queue_that_is_emptied_before_the_throttle_is_over_starts_nothing() -> None:
    world = World()
    world.load(queue_directories=("/queue",))
    for filled in (True, False, True, False):
        world.do(world.table.queue_changed(world.key(), filled=filled, now=world.now))
        if filled and world.living:
            world.end()
    world.pass_time(60.0)
    assert world.starts() == [0.0]


def test_a_watched_path_starts_a_job_and_a_change_while_it_runs_starts_it_again() -> None:
    world = World()
    world.load(watch_paths=("/path",), throttle_s=0.0)
    world.do(world.table.path_changed(world.key(), world.now))
    world.do(world.table.path_changed(world.key(), world.now))
    assert len(world.starts()) == 1
    world.end()
    assert len(world.starts()) == 2


def test_bootout_ends_a_job_and_forgets_it_when_it_has_ended() -> None:
    world = World(deaf={"job"})
    world.load(run_at_load=True, keep_alive=ALWAYS, exit_timeout_s=5.0)
    world.do(world.table.unload(world.key(), world.now))
    assert world.key() in world.table.jobs
    world.pass_time(5.0)
    assert world.key() not in world.table.jobs
    world.pass_time(60.0)
    assert len(world.starts()) == 1
    with pytest.raises(UnknownJobError):
        world.table.get(world.key())


def test_a_label_is_loaded_once_in_a_domain() -> None:
    world = World()
    world.load()
    with pytest.raises(JobExistsError):
        world.load()


def test_a_job_without_a_process_gets_no_signal() -> None:
    world = World()
    world.load()
    with pytest.raises(NotRunningError):
        world.table.signal(world.key(), signal.SIGTERM)


def test_a_respawn_that_is_lost_is_lost_once_and_kickstart_helps() -> None:
    world = World()
    world.load(run_at_load=True, keep_alive=ALWAYS, throttle_s=0.0)
    world.table.get(world.key()).respawn_lost = 1
    world.end()
    world.pass_time(60.0)
    assert len(world.starts()) == 1
    world.do(world.table.kickstart(world.key(), world.now, kill=False))
    world.end()
    assert len(world.starts()) == 3


def test_what_cannot_be_started_is_throttled_like_what_ends_at_once() -> None:
    world = World()
    world.load(keep_alive=ALWAYS)
    key = world.key()
    world.do(world.table.kickstart(key, world.now, kill=False))
    world.end()
    world.pass_time(10.0)  # it runs again
    world.end()
    world.table.spawn_failed(key, world.now)
    assert world.table.next_due() == world.now + 10.0


def test_shutting_down_ends_all_and_starts_none() -> None:
    world = World(deaf={"b"})
    world.load(label="a", run_at_load=True, keep_alive=ALWAYS, throttle_s=0.0)
    world.load(label="b", run_at_load=True, keep_alive=ALWAYS, exit_timeout_s=2.0)
    world.do(world.table.shut_down(world.now))
    assert list(world.living.values()) == [world.key("b")]
    world.pass_time(2.0)
    assert world.table.idle
    world.pass_time(60.0)
    assert (len(world.starts("a")), len(world.starts("b"))) == (1, 1)


def test_a_process_of_nobody_s_is_no_concern_of_the_jobs() -> None:
    world = World()
    world.load(run_at_load=True)
    assert world.table.ended(4711, 0, world.now) == []
    assert world.table.ended(0, 0, world.now) == []
    assert world.table.get(world.key()).pid


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["end", "crash", "kickstart", "kickstart -k", "fill", "empty", "touch"]
            ),
            st.floats(0.0, 12.0),
        ),
        max_size=30,
    ),
    st.sampled_from(
        [KeepAlive(), ALWAYS, KeepAlive(successful_exit=False), KeepAlive(crashed=True)]
    ),
)
def test_whatever_happens_starts_are_a_throttle_apart_unless_somebody_kickstarts(
    events: list[tuple[str, float]], keep_alive: KeepAlive
) -> None:
    world = World(deaf={"job"})
    world.load(
        keep_alive=keep_alive, run_at_load=True, queue_directories=("/q",), exit_timeout_s=1.0
    )
    kicks: list[float] = []
    for what, seconds in events:
        running = bool(world.table.get(world.key()).pid)
        if what in {"end", "crash"} and running:
            world.end(status=CRASH if what == "crash" else 0)
        elif what.startswith("kickstart"):
            kicks.append(world.now - 1000.0)
            world.do(world.table.kickstart(world.key(), world.now, kill=what.endswith("-k")))
        elif what in {"fill", "empty"}:
            filled = what == "fill"
            world.do(world.table.queue_changed(world.key(), filled=filled, now=world.now))
        elif what == "touch":
            world.do(world.table.path_changed(world.key(), world.now))
        world.pass_time(seconds)
        assert len(world.living) <= 1
    starts = world.starts()
    for before, after in pairwise(starts):
        kicked = any(before <= kick <= after for kick in kicks)
        assert after - before >= 10.0 - 1e-6 or kicked
