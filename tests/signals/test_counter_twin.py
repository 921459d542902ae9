"""The check in Python and the one in C agree on every count, every event, and what comes next."""

from __future__ import annotations

from typing import Any

import cffi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.signals.counter import counter, number_space
from lab.signals.counter_check import EVENTS_MAX, MISSING_MAX, CounterCheck
from tests.support.build import load_native

pytestmark = pytest.mark.native

DECLARATIONS = f"""
struct halsim_event {{ int kind; uint64_t position; int64_t expected, found; uint64_t frames; }};
struct halsim_check {{
    uint32_t channels; bool locked; int64_t first_frame, next_frame, cursor;
    uint64_t received, correct, lost, duplicated, reordered;
    uint64_t silent, leading_silence, corrupt, swapped;
    uint32_t event_count; struct halsim_event events[{EVENTS_MAX}];
    uint32_t missing_count; struct {{ int64_t from, to; }} missing[{MISSING_MAX}];
}};
void halsim_check_init(struct halsim_check *check, uint32_t channels);
void halsim_check_block(struct halsim_check *check, const float *block, uint32_t frames);
bool halsim_check_is_clean(const struct halsim_check *check);
"""
COUNTS = (
    *("locked", "first_frame", "next_frame", "cursor", "received", "correct", "lost"),
    *("duplicated", "reordered", "silent", "leading_silence", "corrupt", "swapped", "event_count"),
)


@pytest.fixture(scope="module")
def c() -> tuple[cffi.FFI, Any]:
    return load_native(DECLARATIONS)


def damaged(stream: NDArray[np.float32], faults: list[tuple[str, int, int]]) -> NDArray[np.float32]:
    """A stream with faults, each a kind, a place and a size."""
    for kind, place, size in faults:
        at = place % (len(stream) + 1)
        part = stream[at : at + size]
        if kind == "drop":
            stream = np.concatenate([stream[:at], stream[at + size :]])
        elif kind == "repeat":
            stream = np.concatenate([stream[: at + size], part, stream[at + size :]])
        elif kind == "move":
            rest = np.concatenate([stream[:at], stream[at + size :]])
            to = (place * 7 + size) % (len(rest) + 1)
            stream = np.concatenate([rest[:to], part, rest[to:]])
        elif kind == "swap":
            stream = np.concatenate([stream[:at], part[:, ::-1], stream[at + size :]])
        elif kind == "insert zeros":
            stream = np.concatenate([stream[:at], np.zeros_like(part), stream[at:]])
        else:
            stream = np.concatenate([stream[:at], np.full_like(part, 0.3), stream[at + size :]])
    return stream


FAULT = st.tuples(
    st.sampled_from(["drop", "repeat", "move", "swap", "insert zeros", "spoil"]),
    st.integers(0, 2_000),
    st.integers(1, 60),
)


@given(
    channels=st.sampled_from([1, 2, 3, 6, 64]),
    start=st.integers(-300, 300),
    faults=st.lists(FAULT, max_size=12),
    cut=st.integers(1, 900),
)
def test_both_give_the_same_account(
    c: tuple[cffi.FFI, Any],
    channels: int,
    start: int,
    faults: list[tuple[str, int, int]],
    cut: int,
) -> None:
    # Near the place where the numbers repeat.
    first = start % number_space(channels)
    stream = damaged(counter(600, channels=channels, start_frame=first), faults)
    ffi, library = c
    theirs: Any = ffi.new("struct halsim_check *")
    library.halsim_check_init(theirs, channels)
    ours = CounterCheck(channels)
    for at in range(0, len(stream), cut):
        block = np.ascontiguousarray(stream[at : at + cut])
        library.halsim_check_block(theirs, ffi.from_buffer("float[]", block.data), len(block))
        ours.take(block)
    assert {n: getattr(theirs, n) for n in COUNTS} == {n: getattr(ours, n) for n in COUNTS}
    assert library.halsim_check_is_clean(theirs) == ours.clean
    for number, event in enumerate(ours.events):
        other = theirs.events[number]
        assert (other.kind, other.position, other.expected, other.found, other.frames) == (
            event.kind,
            event.position,
            event.expected,
            event.found,
            event.frames,
        )
