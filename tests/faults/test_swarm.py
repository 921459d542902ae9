"""Are schedules the same everywhere, and different where they should be?"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import UsageError
from lab.faults.events import EVENT_CLASSES, GROUPS
from lab.faults.prng import Stream, scatter
from lab.faults.schedule import check_order
from lab.faults.swarm import (
    FIRST_CYCLE,
    LAST_CYCLES,
    chosen_faults,
    draw_schedule,
    runs_twice,
)

ALL = list(EVENT_CLASSES)
WIRE = {"disconnect", "bad-frame", "old-host"}
OF_MEMORY = [name for name in ALL if name not in WIRE]
"""All that there is for a driver with shared memory, whatever else came."""
LATER = {"reader-slow", "half-open", "reorder", "transport-stall", *WIRE}
FIRST = [name for name in ALL if name not in LATER]
"""What the grammar began with: a seed with a list of names means the same, whatever came later."""
GOLDEN_FIRST = "045e28a32fe4b9a55bf4617fa1d73a6099aff8a1eaf7e26fc201fdad9bc090ad"
GOLDEN_ALL = "4ea7eacc6e5e74fc2a4c1bf968e0e23473a2d898ae7c92def08debde1c6ac48d"
GOLDEN = "6435870087d4abf9d38343250b7d6e1da7108670cf63463d153bce410157e822"


def text(seed: int, run: int, cycles: int = 360_000, faults: Sequence[str] = ALL) -> str:
    events = draw_schedule(seed, run, cycles=cycles, faults=faults)
    return "\n".join(json.dumps(event.line(), sort_keys=True) for event in events)


def test_the_numbers_are_those_of_splitmix64() -> None:
    """Published values for the seed 1234567, state set by hand."""
    stream = Stream(0, 0)
    stream._state = 1_234_567
    assert [stream.next() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]
    assert scatter(0) == 0


def test_a_schedule_is_the_same_on_every_machine() -> None:
    """If this hash changes, every seed that somebody has noted down means something else."""
    for faults, golden in ((FIRST, GOLDEN_FIRST), (OF_MEMORY, GOLDEN), (ALL, GOLDEN_ALL)):
        joined = "\n".join(text(7, run, faults=faults) for run in range(10))
        assert hashlib.sha256(joined.encode()).hexdigest() == golden


def test_a_schedule_does_not_depend_on_python_s_hash_seed() -> None:
    program = "from tests.faults.test_swarm import text; print(text(3, 4))"
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1", "99")
    }
    assert said == {text(3, 4)}


def test_runs_and_seeds_differ() -> None:
    made = {text(seed, run) for seed in range(5) for run in range(5)}
    assert len(made) == 25


@given(st.integers(0, 2**64 - 1), st.integers(0, 1000), st.sampled_from([200, 400, 10_000]))
def test_events_lie_in_order_and_within_the_run(seed: int, run: int, cycles: int) -> None:
    events = draw_schedule(seed, run, cycles=cycles, faults=ALL)
    check_order(events, end_cycle=cycles)
    for event in events:
        assert event.at.cycle is not None
        assert FIRST_CYCLE <= event.at.cycle < cycles - LAST_CYCLES


def test_each_run_switches_a_subset_on() -> None:
    sizes: Counter[int] = Counter()
    seen: Counter[str] = Counter()
    for run in range(200):
        names = {event.name for event in draw_schedule(1, run, cycles=360_000, faults=ALL)}
        sizes[len(names)] += 1
        seen.update(names)
    assert max(sizes) < len(ALL)
    assert len(sizes) > 5
    assert set(seen) == set(ALL)  # and each is met


def test_what_leaves_something_behind_is_followed_by_what_puts_it_right() -> None:
    pairs = {
        "reader-detach": {"reader-attach"},
        "shm-delete": {"restart"},
        "shm-recreate": {"restart"},
        "buffer-frames": {"buffer-frames"},
    }
    for fault, cures in pairs.items():
        names = [e.name for e in draw_schedule(5, 0, cycles=360_000, faults=[fault])]
        assert names.count(fault) > 0
        assert cures & set(names)


def test_without_faults_nothing_happens() -> None:
    assert draw_schedule(1, 0, cycles=360_000, faults=[]) == []


def test_faults_are_chosen_by_name_group_and_all() -> None:
    assert chosen_faults("all") == ALL
    assert chosen_faults("none") == []
    assert chosen_faults("restart, stall") == ["stall", "restart"]
    assert chosen_faults("memory") == GROUPS["memory"]
    with pytest.raises(UsageError, match='unknown fault "stal"') as caught:
        chosen_faults("stal")
    assert caught.value.exit_code == 2


def test_about_five_in_a_hundred_runs_are_made_twice() -> None:
    count = sum(runs_twice(7, run, 5) for run in range(2_000))
    assert 60 < count < 140
    assert not any(runs_twice(7, run, 0) for run in range(100))
    assert all(runs_twice(7, run, 100) for run in range(100))
