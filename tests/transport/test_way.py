"""Is what lies on the way told from what the reader did not fetch?"""

from __future__ import annotations

import numpy as np
import pytest

from lab.transport.shm_types import NO_HOST_TIMES, Block, StreamFormat
from lab.transport.way import Way, held_ns


def block(first_frame: int) -> Block:
    return Block(
        first_frame=first_frame,
        frames=np.zeros((480, 2), dtype=np.float32),
        lost=0,
        away_ns=0,
        new_generation=False,
        host_times=NO_HOST_TIMES,
        format=StreamFormat("v1", 2, 48_000, 16_384),
    )


@pytest.mark.parametrize(
    ("handed", "waiting", "arrival", "held"),
    [
        (100, 50, 170, 70),  # it waited before they were sent
        (100, 150, 170, 20),  # and here only afterwards: until then nobody missed them
        (100, 170, 170, 0),
        (100, 50, 100, 0),
        (100, 50, 90, 0),  # clocks of two machines are not that close
    ],
)
def test_held_up_is_only_what_somebody_waited_for(
    handed: int, waiting: int, arrival: int, held: int
) -> None:
    found = held_ns(handed_ns=handed, waiting_since_ns=waiting, arrival_ns=arrival)
    assert found == held


def test_a_way_that_holds_nothing_up_passes_each_block_at_once() -> None:
    way = Way()
    for number in range(3):
        (arrived,) = way.put(block(number * 480), 1_000 + number)
        assert arrived.block.first_frame == number * 480
        assert (arrived.arrival_ns, arrived.held_ns) == (1_000 + number, 0)


def test_what_is_held_up_comes_at_once_in_order_and_only_once() -> None:
    way = Way(hold_after_frames=480, hold_ns=1_000)
    assert len(way.put(block(0), 0)) == 1
    assert way.put(block(480), 100) == []
    assert way.put(block(960), 600) == []
    assert way.due(1_099) == []
    arrived = way.due(1_100)
    assert [one.block.first_frame for one in arrived] == [480, 960]
    assert [one.held_ns for one in arrived] == [1_000, 500]
    (later,) = way.put(block(1_440), 1_200)
    assert later.held_ns == 0


def test_at_the_end_nothing_stays_on_the_way() -> None:
    way = Way(hold_after_frames=0, hold_ns=10**9)
    assert way.put(block(0), 0) == []
    (arrived,) = way.due(7, end=True)
    assert arrived.held_ns == 7
