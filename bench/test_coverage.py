"""What counting the calls into a driver costs a cycle in virtual time."""

from __future__ import annotations

from bench.conftest import Judge
from bench.observed import observed
from bench.ratios import Ratio
from bench.simulator import Simulator


def test_counting_calls_costs_a_fraction_of_the_cycle(simulator: Simulator, judge: Judge) -> None:
    with observed(simulator, coverage=True) as both:
        both.run()
        rows = both.on.counted_calls(0)
        assert both.off.counted_calls(0) == []
    # A counter that counts nothing costs nothing: each cycle writes once.
    (written,) = [row for row in rows if (row.entry_point, row.code) == ("DoIOOperation", "rite")]
    assert written.calls == both.cycles
    judge(
        Ratio(
            "coverage: a cycle with its calls counted over one without",
            both.ratio,
            limit=1.15,
            stretch=1.05,
            gates=True,
            margin=1.25,
            detail=both.detail,
        )
    )
