"""What a fingerprint costs a cycle in virtual time."""

from __future__ import annotations

from bench.conftest import Judge
from bench.observed import observed
from bench.ratios import Ratio
from bench.simulator import Simulator


def test_a_fingerprint_costs_at_most_as_much_as_the_cycle(
    simulator: Simulator, judge: Judge
) -> None:
    with observed(simulator, fingerprint=True) as both:
        both.run()
        found = both.on.fingerprint()
    # An observer that sees nothing costs nothing: eight events a cycle are the least.
    assert found.cycles == both.cycles
    assert found.events >= 8 * found.cycles
    judge(
        Ratio(
            "fingerprint: a cycle with it over one without, every sample verified",
            both.ratio,
            limit=2,
            stretch=1.6,
            gates=True,
            margin=1.25,
            detail=both.detail,
        )
    )
