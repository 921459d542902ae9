"""Statistics that fit the data: pure functions on numbers; nothing here reads or writes."""

from lab.statistics.alarm import confirm, judge
from lab.statistics.changes import ChangePoint, change_points
from lab.statistics.counts import (
    CountComparison,
    Dispersion,
    check_dispersion,
    compare_counts,
    compare_with_baseline,
)
from lab.statistics.events import Event, group
from lab.statistics.latency import (
    Distribution,
    Shift,
    decode,
    make_histogram,
    merge,
    percentiles,
    shift,
)
from lab.statistics.paired import OwnChange, OwnPart, own_change, own_part
from lab.statistics.screen import counts_worth_judging, worth_judging
from lab.statistics.series import Change, Night, Policy, Series

__all__ = [
    "Change",
    "ChangePoint",
    "CountComparison",
    "Dispersion",
    "Distribution",
    "Event",
    "Night",
    "OwnChange",
    "OwnPart",
    "Policy",
    "Series",
    "Shift",
    "change_points",
    "check_dispersion",
    "compare_counts",
    "compare_with_baseline",
    "confirm",
    "counts_worth_judging",
    "decode",
    "group",
    "judge",
    "make_histogram",
    "merge",
    "own_change",
    "own_part",
    "percentiles",
    "shift",
    "worth_judging",
]
