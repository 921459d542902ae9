"""The published calibration holds: a part of it is measured again, and a blunt detector fails."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import MissingError
from lab.signals import envelope as levels
from lab.signals.calibrate import MARGIN, Cell, Outcome, clean_pieces, measure_cell
from lab.signals.calibration_table import (
    at_most,
    by_row,
    disagreements,
    interval,
    rate_bound,
    smallest,
    table,
    with_table,
)
from lab.signals.lossy import calibrated_limits, published
from lab.signals.time_line import unrest
from lab.transport.opus import code, libopus_version

DOCUMENT = Path(__file__).parents[2] / "docs" / "explanation" / "lossy-detectors.md"
TRIALS = 40
SEED = 20_261_121


def has_opus() -> bool:
    try:
        return bool(libopus_version())
    except MissingError:
        return False


needs_opus = pytest.mark.skipif(not has_opus(), reason="there is no libopus here")

AGAIN = (
    Cell("time-line", "drop", "before", 1),
    Cell("time-line", "repeat", "before", 960),
    Cell("time-line", "offset", "before", 0.5),
    Cell("dips", "gap", "before", 240),
    Cell("dips", "dip -1 dB", "before", 960),
    Cell("clicks", "click", "before", 0.001, "of full scale"),
    Cell("delay-sequence", "100 ms", "before", -12, "dB over hiss"),
    Cell("delay-sweep", "burst", "before", 64),
)
# One for each detector in which ten times the limit is too much.
CANARIES = (AGAIN[2], AGAIN[4], AGAIN[5], AGAIN[6])


def name_of(cell: Cell) -> str:
    return f"{cell.detector}-{cell.fault}-{cell.size:g}"


def published_outcome(cell: Cell) -> Outcome:
    outcomes = [Outcome.of_record(record) for record in published()["cells"]]
    return next(outcome for outcome in outcomes if outcome.cell == cell)


@needs_opus
@pytest.mark.parametrize("cell", AGAIN, ids=name_of)
def test_a_part_of_the_calibration_measured_again_agrees_with_what_is_published(
    cell: Cell,
) -> None:
    again = measure_cell(cell, code, trials=TRIALS, seed=SEED)
    assert disagreements(published_outcome(cell), again) == []


@needs_opus
@pytest.mark.parametrize("cell", CANARIES, ids=name_of)
def test_a_detector_that_was_blunted_on_purpose_disagrees_with_what_is_published(
    cell: Cell,
) -> None:
    blunt = calibrated_limits().times(10)
    again = measure_cell(cell, code, trials=TRIALS, seed=SEED, limits=blunt)
    said = disagreements(published_outcome(cell), again)
    assert said
    assert "too seldom" in said[0]


@needs_opus
def test_clean_coded_audio_is_as_restless_as_published_and_no_more() -> None:
    noise, limits = published()["noise"], calibrated_limits()
    recorded = next(clean_pieces(code, 1, SEED))
    envelope = levels.measure_envelope(recorded)
    measured = (
        (unrest(recorded), noise["phase_degrees"], limits.phase_degrees),
        *zip(levels.dip_unrest(envelope), noise["dip"], limits.dip, strict=True),
        (levels.click_unrest(envelope), noise["click"], limits.click),
    )
    for now, before, limit in measured:
        assert limit == pytest.approx(MARGIN * before)
        # A minute sees less than an hour, but not of another order.
        assert before / 5 < now < limit


def test_the_table_in_the_documentation_is_that_of_the_published_file() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_table(text, published()) == text
    with pytest.raises(ValueError, match="lacks"):
        with_table("no marks", published())


def test_every_detector_finds_something_for_certain() -> None:
    rows = by_row(published())
    certain = {key[0] for key, row in rows.items() if row.outcome is not None}
    assert certain == {key[0] for key in rows}
    assert "| time-line | drop | before | " in table(published())


@given(trials=st.integers(1, 40), data=st.data(), probability=st.floats(0.01, 0.99))
def test_the_binomial_tail_is_the_sum_of_its_terms(
    trials: int, data: st.DataObject, probability: float
) -> None:
    successes = data.draw(st.integers(0, trials))
    terms = (
        math.comb(trials, n) * probability**n * (1 - probability) ** (trials - n)
        for n in range(successes + 1)
    )
    assert at_most(successes, trials, probability) == pytest.approx(sum(terms), abs=1e-9)


def test_the_interval_is_that_of_clopper_and_pearson() -> None:
    # All of n: the lower bound is the n-th root of half the rest.
    assert interval(400, 400)[0] == pytest.approx(0.025 ** (1 / 400))
    assert interval(0, 400)[1] == pytest.approx(1 - 0.025 ** (1 / 400))
    # A textbook's example.
    assert interval(10, 100) == pytest.approx((0.0490, 0.1762), abs=1e-4)
    with pytest.raises(ValueError, match="5 of 4"):
        interval(5, 4)


def test_no_alarm_in_an_hour_still_leaves_a_rate_of_three() -> None:
    assert rate_bound(0, 1.0) == pytest.approx(-math.log(0.05), rel=1e-6)
    assert rate_bound(4, 2.0) == pytest.approx(9.154 / 2, rel=1e-3)


def test_the_smallest_size_counts_only_if_all_greater_ones_are_found_too() -> None:
    def outcome(size: float, found: int) -> Outcome:
        return Outcome(Cell("d", "f", "p", size), 400, found, 0, (0.0, 0.0), (0.0, 0.0))

    found = smallest([outcome(8, 400), outcome(1, 400), outcome(2, 390), outcome(4, 400)])
    assert found.outcome is not None
    assert found.outcome.cell.size == 4
    assert found.low > 0.99
    assert smallest([outcome(1, 399)]).outcome is None


def test_a_count_that_no_coincidence_explains_is_a_disagreement() -> None:
    def outcome(found: int, trials: int, place: float) -> Outcome:
        return Outcome(Cell("d", "f", "p", 1), trials, found, 0, (place, place), (0.0, 0.0))

    assert disagreements(outcome(400, 400, 3), outcome(39, 40, 9)) == []
    assert "too seldom" in disagreements(outcome(400, 400, 3), outcome(30, 40, 3))[0]
    assert "more often" in disagreements(outcome(0, 400, 3), outcome(20, 40, 3))[0]
    assert "median error of the place" in disagreements(outcome(9, 9, 3), outcome(9, 9, 90))[0]
