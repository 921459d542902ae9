"""Naming the first difference of two runs, on made-up logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import LabError
from lab.replay.compare import Window, first_difference, narrow
from lab.replay.events import EVENT, EventLog, Observed

WRITE = int.from_bytes(b"rite", "big")


def log_of(*kinds: Observed, dropped: int = 0) -> EventLog:
    events = np.zeros(len(kinds), dtype=EVENT)
    for index, kind in enumerate(kinds):
        time_ns = 1_000_000_000 + 10_000_000 * index
        code = WRITE if "IOOperation" in kind.name or "HANDED" in kind.name else 0
        events[index] = (
            index + 1,
            index,
            time_ns,
            kind,
            0,
            2,
            1,
            code,
            0,
            4,
            77,
            1000 + index,
            np.zeros(8),
        )
    return EventLog(Path("a.events"), 1, 0, 99, 1_000_000_000, 0, events, dropped)


RUN = (Observed.StartIO, Observed.CYCLE, Observed.DoIOOperation, Observed.StopIO)


def changed(log: EventLog, index: int, **values: int) -> EventLog:
    events = log.events.copy()
    for name, value in values.items():
        events[name][index] = value
    events["hash"][index:] += np.uint64(1)
    return replace(log, events=events)


def test_equal_runs_have_no_difference() -> None:
    assert first_difference(log_of(*RUN), log_of(*RUN)) is None


@pytest.mark.parametrize(
    ("index", "values", "sentence"),
    [
        (
            2,
            {"data": 5},
            (
                "event 3, cycle 2, at 0.020000 s: DoIOOperation 'rite' of object 2, stream 4, "
                "for client 1: its data differ"
            ),
        ),
        (
            0,
            {"status": WRITE},
            (
                "event 1, cycle 0, at 0.000000 s: StartIO of object 2 for client 1 answers 0 in "
                "run A, 'rite' in run B"
            ),
        ),
        (
            3,
            {"client": 7},
            (
                "event 4, cycle 3, at 0.030000 s: run A calls StopIO of object 2 for client 1 "
                "where run B calls StopIO of object 2 for client 7"
            ),
        ),
        (
            2,
            {"kind": Observed.StopIO},
            (
                "event 3, cycle 2, at 0.020000 s: run A calls DoIOOperation 'rite' of object 2, "
                "stream 4, for client 1 where run B calls StopIO of object 2 for client 1"
            ),
        ),
        (
            2,
            {"kind": Observed.HANDED_BACK},
            (
                "event 3, cycle 2, at 0.020000 s: run A calls DoIOOperation 'rite' of object 2, "
                "stream 4, for client 1 where run B is handed samples back by DoIOOperation "
                "'rite' of object 2, stream 4, for client 1"
            ),
        ),
        (
            1,
            {"time_ns": 1_010_500_000},
            (
                "event 2, cycle 1, at 0.010000 s: a cycle of object 2 comes at another time in "
                "run B, at 0.010500 s"
            ),
        ),
        (
            1,
            {"cycle": 3},
            (
                "event 2, cycle 1, at 0.010000 s: a cycle of object 2 comes in cycle 1 in run A, "
                "3 in run B"
            ),
        ),
        (
            0,
            {},
            (
                "event 1, cycle 0, at 0.000000 s: StartIO of object 2 for client 1 is the same, "
                "but the runs have differed before: log from an earlier cycle on"
            ),
        ),
    ],
)
def test_the_first_difference_is_one_sentence(
    index: int, values: dict[str, int], sentence: str
) -> None:
    run = log_of(*RUN)
    found = first_difference(run, changed(run, index, **values))
    assert found is not None
    assert found.sentence == sentence
    assert (found.index, found.sequence, found.cycle) == (index, index + 1, index)


@given(
    st.lists(st.sampled_from(list(Observed)), min_size=1, max_size=30),
    st.data(),
)
def test_any_field_of_any_event_is_found_where_it_is(
    kinds: list[Observed], data: st.DataObject
) -> None:
    run = log_of(*kinds)
    index = data.draw(st.integers(0, len(kinds) - 1))
    field = data.draw(
        st.sampled_from([name for name in EVENT.names or () if name not in ("hash", "values")])
    )
    other = changed(run, index, **{field: int(run.events[field][index]) + 1})
    for a, b in ((run, other), (other, run)):
        found = first_difference(a, b)
        assert found is not None
        assert found.index == index
        assert found.sentence


@given(st.integers(1, 3000), st.integers(0, 6), st.integers(0, 6), st.integers(1, 3000))
def test_a_window_contains_the_first_difference(
    cycles: int, every_a: int, every_b: int, wrong_from: int
) -> None:
    steps = 2**every_a, 2**every_b
    a = points(*range(steps[0], cycles + 1, steps[0]))
    b = points(*range(steps[1], cycles + 1, steps[1]), wrong_from=wrong_from)
    window = narrow(a, b)
    common = max(steps)
    if wrong_from > cycles // common * common:
        assert window is None or window.last_cycle is None
    else:
        assert window is not None
        assert window.last_cycle is not None
        assert window.first_cycle < wrong_from <= window.last_cycle
        assert window.last_cycle - window.first_cycle == common


def test_samples_that_differ_are_called_samples() -> None:
    run = log_of(Observed.CYCLE, Observed.HANDED_IN)
    found = first_difference(run, changed(run, 1, data=5))
    assert found is not None
    assert found.sentence.endswith(
        "the samples handed to DoIOOperation 'rite' of object 2, stream 4, for client 1 differ"
    )


def test_a_run_that_ends_first_is_named() -> None:
    longer, shorter = log_of(*RUN), log_of(*RUN[:-1])
    found = first_difference(longer, shorter)
    assert found is not None
    assert found.sentence.endswith(": run B ends where run A calls StopIO of object 2 for client 1")
    found = first_difference(shorter, longer)
    assert found is not None
    assert found.sentence.endswith(": run A ends where run B calls StopIO of object 2 for client 1")


def test_logs_that_are_full_do_not_pass_for_equal() -> None:
    full = log_of(*RUN, dropped=3)
    for a, b in ((full, full), (full, log_of(*RUN, Observed.StopIO))):
        with pytest.raises(LabError, match="full after 4 equal events"):
            first_difference(a, b)
        with pytest.raises(LabError, match="full after 4 equal events"):
            first_difference(b, a)


def test_logs_of_something_else_are_refused() -> None:
    run = log_of(*RUN)
    with pytest.raises(LabError, match="cycles 0 to 99 and of 5 to 99"):
        first_difference(run, replace(run, first_cycle=5))
    with pytest.raises(LabError, match="version 1 and 2"):
        first_difference(run, replace(run, version=2))


def points(*cycles: int, wrong_from: int = 10**9) -> list[tuple[int, str]]:
    return [(cycle, f"{cycle + (cycle >= wrong_from):016x}") for cycle in cycles]


def test_checkpoints_lead_to_a_window() -> None:
    run = points(*range(1, 101))
    assert narrow(run, run) is None
    assert narrow([], []) is None
    assert narrow(run, points(*range(1, 101), wrong_from=50)) == Window(49, 50)
    assert narrow(run, points(*range(1, 101), wrong_from=1)) == Window(0, 1)
    # A longer run has rarer checkpoints.
    longer = points(*range(4, 401, 4), wrong_from=50)
    assert narrow(run, longer) == Window(48, 52)
    assert narrow(longer, run) == Window(48, 52)
    # Equal as far as both go.
    assert narrow(run, points(*range(4, 401, 4))) == Window(100, None)
    assert narrow(run, run[:60]) == Window(60, None)
