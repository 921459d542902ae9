"""Each cause is proved by a case of its own, and by one that only looks like it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lab.measure.blame import (
    NOT_THE_DRIVER,
    RULES,
    SENTENCES,
    Cause,
    Loss,
    blame_cycles,
    blame_gap,
    blame_loss,
    blame_underrun,
    count_causes,
)
from lab.measure.trace import CycleFlag, Records
from lab.transport.recording import ARRIVAL, ARRIVAL_NEW_GENERATION
from tests.support.fake_trace import records

OVER_BUDGET = Cause.DRIVER_OVER_BUDGET


def one(flags: CycleFlag, **columns: int) -> Records:
    return records(1, flags=int(flags), **columns)


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (one(CycleFlag(0)), Cause.NONE),
        (one(CycleFlag.LATE_WAKE), Cause.NONE),
        (one(CycleFlag.OVER_BUDGET), Cause.NONE),
        (one(CycleFlag.SEED_CHANGE), Cause.NONE),
        (one(CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE), Cause.MACHINE),
        (one(CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE | CycleFlag.OVER_BUDGET), Cause.MACHINE),
        (one(CycleFlag.RESYNC | CycleFlag.LATE_WAKE, skipped_cycles=2), Cause.MACHINE),
        (one(CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET), Cause.DRIVER_OVER_BUDGET),
        (one(CycleFlag.OVERLOAD, run_delay_ns=4_000_000), Cause.MACHINE),
        (one(CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET, run_delay_ns=400), Cause.MACHINE),
        (one(CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET, run_delay_ns=200), OVER_BUDGET),
        (one(CycleFlag.OVERLOAD, run_delay_ns=1_000), Cause.UNKNOWN),
        (one(CycleFlag.OVERLOAD | CycleFlag.LOCK_WAIT), Cause.HOST_LOCK),
        (one(CycleFlag.DRIVER_ERROR), Cause.DRIVER_ERROR),
        (one(CycleFlag.DRIVER_ERROR | CycleFlag.LATE_WAKE), Cause.DRIVER_ERROR),
        (one(CycleFlag.TIMESTAMP_JUMP), Cause.TIMESTAMP_JUMP),
        (one(CycleFlag.TIMESTAMP_BACK | CycleFlag.OVERLOAD), Cause.TIMESTAMP_JUMP),
        (one(CycleFlag.TIMESTAMP_JUMP | CycleFlag.CLOCK_STEP), Cause.CLOCK_MODEL),
        (one(CycleFlag.TIMESTAMP_BACK | CycleFlag.CLOCK_STEP), Cause.CLOCK_MODEL),
        (one(CycleFlag.DRIVER_ERROR | CycleFlag.CLOCK_STEP), Cause.DRIVER_ERROR),
    ],
)
def test_a_cycle_has_one_cause(made: Records, cause: Cause) -> None:
    assert Cause(int(blame_cycles(made)[0])) is cause


def test_causes_are_counted_and_nothing_is_left_out() -> None:
    made = records(6)
    made["flags"][1] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    made["flags"][3] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    made["flags"][5] = CycleFlag.DRIVER_ERROR
    assert count_causes(blame_cycles(made)) == {Cause.MACHINE: 2, Cause.DRIVER_ERROR: 1}
    assert count_causes(blame_cycles(records(0))) == {}


def test_every_cause_has_a_sentence_and_the_last_rule_catches_all() -> None:
    assert set(SENTENCES) == set(Cause)
    assert RULES[-1][0] is Cause.UNKNOWN
    assert Cause.DRIVER_OVER_BUDGET.id == "driver-over-budget"


@pytest.mark.parametrize(
    ("loss", "cause"),
    [
        (Loss(0, 480, away_ns=2_000_000_000), Cause.READER_LATE),
        (Loss(0, 480, away_ns=1_000_000), Cause.RING_OVERRUN),
        (Loss(0, 480, away_ns=2_000_000_000, new_generation=True), Cause.DRIVER_RESTART),
    ],
)
def test_a_loss_in_the_ring_has_one_cause(loss: Loss, cause: Cause) -> None:
    assert blame_loss(loss, ring_frames=48_000, sample_rate=48_000) is cause


@pytest.mark.parametrize(("position", "cause"), [
    (480 * 5, Cause.MACHINE),
    (480 * 5 + 479, Cause.MACHINE),
    (480 * 4, Cause.MACHINE),  # the cycle after it
    (480 * 6, Cause.MACHINE),  # the cycle before it
    (480 * 8, Cause.DRIVER_LOGIC),
    (480 * 100, Cause.UNKNOWN),
])  # fmt: skip
def test_a_gap_is_blamed_on_the_cycle_it_lies_in_or_next_to(position: int, cause: Cause) -> None:
    made = records(10)
    made["flags"][5] = CycleFlag.RESYNC | CycleFlag.LATE_WAKE
    assert blame_gap(position, made) is cause


def test_what_a_cycle_waited_is_in_the_record_of_the_next() -> None:
    made = records(3)
    made["flags"][1] = CycleFlag.OVERLOAD
    made["run_delay_ns"][2] = 4_000_000
    assert Cause(int(blame_cycles(made)[1])) is Cause.MACHINE
    made["run_delay_ns"][2] = 0
    assert Cause(int(blame_cycles(made)[1])) is Cause.UNKNOWN


def test_a_cycle_that_waits_for_the_one_before_has_its_cause() -> None:
    made = records(6)
    made["flags"][1] = CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET
    made["flags"][2:5] = CycleFlag.OVERLOAD | CycleFlag.LATE_WAKE
    made["done_ns"][1:3] = made["scheduled_ns"][2:4] + 1
    causes = [Cause(cause) for cause in blame_cycles(made).tolist()]
    assert causes[1:4] == [OVER_BUDGET] * 3
    # The thread was done before cycle 4 was due: this time it is the machine's.
    assert causes[4] is Cause.MACHINE


def test_a_gap_knows_which_cycles_the_trace_no_longer_holds() -> None:
    made = records(10)
    made["flags"][5] = CycleFlag.RESYNC | CycleFlag.LATE_WAKE
    assert blame_gap(480 * 105, made, first_frame=48_000) is Cause.MACHINE
    assert blame_gap(480 * 5, made, first_frame=48_000) is Cause.UNKNOWN


def arrivals(**last: int) -> np.ndarray[Any, Any]:
    rows = np.zeros(10, dtype=ARRIVAL)
    rows["frames"] = 480
    rows["host_ns"] = records(10)["woke_ns"]
    rows["arrival_ns"] = rows["host_ns"] + 100_000
    for name, value in last.items():
        rows[name][9] = value
    return rows


@pytest.mark.parametrize(
    ("last", "cause"),
    [
        ({"lost": 480, "away_ns": 2_000_000_000}, Cause.READER_LATE),
        ({"lost": 480, "away_ns": 1_000_000}, Cause.RING_OVERRUN),
        ({"lost": 480, "flags": ARRIVAL_NEW_GENERATION}, Cause.DRIVER_RESTART),
        ({}, Cause.READER_WAKE),
        ({"host_ns": -1}, Cause.UNKNOWN),
        # Without what it lay on the way it would have been there, whatever else was late.
        ({"held_ns": 30_000_000}, Cause.TRANSPORT_STALL),
        ({"held_ns": 30_000_000, "host_ns": -1}, Cause.TRANSPORT_STALL),
        # It would have come too late all the same: the greatest delay decides.
        ({"held_ns": 60_000}, Cause.TRANSPORT_STALL),
        ({"held_ns": 40_000}, Cause.READER_WAKE),
        ({"held_ns": 60_000, "host_ns": -1}, Cause.UNKNOWN),
        # What is lost is the ring's or the reader's: nothing of it lay on the way.
        ({"held_ns": 30_000_000, "lost": 480, "away_ns": 1_000_000}, Cause.RING_OVERRUN),
    ],
)
def test_an_underrun_has_the_cause_of_the_block_that_came_too_late(
    last: dict[str, int], cause: Cause
) -> None:
    rows = arrivals(**last)
    found = blame_underrun(
        int(rows["arrival_ns"][8]) + 1, rows, records(10), ring_frames=48_000, sample_rate=48_000
    )
    assert found is cause


def test_a_late_cycle_is_not_excused_by_a_way_that_was_not_to_blame() -> None:
    made = records(10)
    made["flags"][9] = CycleFlag.OVERLOAD | CycleFlag.OVER_BUDGET
    rows = arrivals(held_ns=80_000)
    at_ns = int(rows["arrival_ns"][8]) + 1
    found = blame_underrun(at_ns, rows, made, ring_frames=48_000, sample_rate=48_000)
    assert found is Cause.DRIVER_OVER_BUDGET
    rows = arrivals(held_ns=30_000_000)
    found = blame_underrun(at_ns, rows, made, ring_frames=48_000, sample_rate=48_000)
    assert found is Cause.TRANSPORT_STALL


def test_causes_that_are_not_the_driver_s_are_named() -> None:
    assert {Cause.TRANSPORT_STALL, Cause.CLOCK_MODEL} <= NOT_THE_DRIVER
    assert Cause.TIMESTAMP_JUMP not in NOT_THE_DRIVER
    assert (Cause.TRANSPORT_STALL.id, Cause.CLOCK_MODEL.id) == ("transport-stall", "clock-model")


def test_a_gap_without_a_trace_is_unknown() -> None:
    assert blame_gap(0, records(0)) is Cause.UNKNOWN
