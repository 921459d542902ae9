"""Is what was allowed let pass, and the rest called by its name?"""

from __future__ import annotations

import pytest

from lab.faults.damage import NOTHING, Allowance, Damage, Failure, judge


def verdict(damage: Damage, allowed: Allowance = NOTHING, *, counts: bool = True) -> Failure | None:
    return judge(damage, allowed, cycle=500, causes=["stall at cycle 400"], counts_losses=counts)


def test_no_damage_is_no_failure() -> None:
    assert verdict(Damage(played=480, correct=480)) is None


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (Damage(lost=1, reader_lost=1), "frames-lost"),
        (Damage(duplicated=1), "frames-duplicated"),
        (Damage(reordered=1), "frames-reordered"),
        (Damage(silent=1), "frames-silent"),
        (Damage(corrupt=1), "frames-corrupt"),
        (Damage(swapped=1), "channels-swapped"),
        (Damage(torn=1), "frames-torn"),
        (Damage(reader_lost=1), "reader-lost"),
        (Damage(skipped_cycles=1), "cycles-skipped"),
        (Damage(late_wakes=1), "late-wake"),
        (Damage(timestamp_jumps=1), "timestamp-jump"),
        (Damage(clock_steps=1), "clock-step"),
        (Damage(held=1), "frames-held-up"),
        (Damage(seed_changes=1), "seed-change"),
        (Damage(driver_errors=1), "driver-error"),
    ],
)
def test_each_damage_that_nothing_allows_has_its_name(damage: Damage, kind: str) -> None:
    failure = verdict(damage)
    assert failure is not None
    assert failure.kind == kind
    assert "1 " in failure.sentence
    assert "none may" in failure.sentence
    assert "stall at cycle 400" in failure.sentence


def test_what_is_allowed_passes_up_to_its_limit() -> None:
    allowed = Allowance(high=Damage(skipped_cycles=3, late_wakes=1))
    assert verdict(Damage(skipped_cycles=3, late_wakes=1), allowed) is None
    failure = verdict(Damage(skipped_cycles=4), allowed)
    assert failure is not None
    assert failure.sentence.startswith("4 cycles were left out")
    assert "at most 3 may" in failure.sentence


def test_allowances_add_up() -> None:
    one = Allowance(high=Damage(lost=5), low=Damage(lost=5), on_the_way=True)
    two = Allowance(high=Damage(lost=7), low=Damage(lost=2))
    both = one + two
    assert (both.high.lost, both.low.lost, both.on_the_way) == (12, 7, True)


def test_two_reasons_to_be_late_may_cancel_each_other() -> None:
    late = Allowance(high=Damage(late_wakes=2), low=Damage(late_wakes=1, skipped_cycles=4))
    lost = Allowance(high=Damage(skipped_cycles=5), low=Damage(skipped_cycles=5))
    both = late + lost
    assert (both.high.late_wakes, both.high.skipped_cycles) == (2, 5)
    assert (both.low.late_wakes, both.low.skipped_cycles) == (0, 0)
    assert (late + NOTHING).low == late.low


def test_a_fault_that_leaves_no_trace_was_not_noticed() -> None:
    allowed = Allowance(high=Damage(lost=100), low=Damage(lost=100), on_the_way=True)
    failure = verdict(Damage(lost=99), allowed)
    assert failure is not None
    assert failure.kind == "unnoticed-frames-lost"
    assert verdict(Damage(lost=100), allowed) is None
    # Unless a reader came, went or slept meanwhile.
    assert verdict(Damage(), allowed + Allowance(new_reader=True)) is None
    assert verdict(Damage(), allowed + Allowance(reader_away=True)) is None


def test_a_cycle_that_was_late_before_io_stopped_is_not_late_any_more() -> None:
    allowed = Allowance(low=Damage(skipped_cycles=9))
    failure = verdict(Damage(), allowed)
    assert failure is not None
    assert failure.kind == "unnoticed-cycles-skipped"
    assert verdict(Damage(), allowed + Allowance(io_restarted=True)) is None


def test_a_reader_that_can_count_has_to_know_of_each_loss() -> None:
    allowed = Allowance(high=Damage(lost=100, reader_lost=100), reader_away=True)
    assert verdict(Damage(lost=80, reader_lost=80), allowed) is None
    failure = verdict(Damage(lost=80, reader_lost=79), allowed)
    assert failure is not None
    assert failure.kind == "loss-not-counted"
    assert verdict(Damage(lost=80), allowed, counts=False) is None  # v1 cannot


def test_damage_adds_and_subtracts() -> None:
    damage = Damage(lost=3, correct=7) + Damage(lost=1) - Damage(correct=2)
    assert damage.figures() == {"lost": 4, "correct": 5}
