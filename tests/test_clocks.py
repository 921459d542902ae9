"""Models of clocks: what they amount to, what is refused, and that C gets the same nanoseconds."""

from __future__ import annotations

import json
from typing import Any

import cffi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lab.clocks import (
    Component,
    Jitter,
    Offset,
    RandomWalk,
    Sine,
    Step,
    parse_model,
    phase_ns,
    to_wire,
)
from tests.support.build import load_native

S = 1_000_000_000
DAY_NS = 86_400 * S

DECLARATIONS = """
struct halsim_clock_component {
    int kind, distribution; double ppm, ns, period_s, phase_turns, at_s, bound_ppm; uint64_t seed;
};
struct halsim_clock_model { uint32_t count; struct halsim_clock_component components[16]; };
struct halsim_clock_walk { uint64_t second; double ppm, phase_ns; };
struct halsim_clock_phase {
    struct halsim_clock_model model; struct halsim_clock_walk walks[16];
};
bool halsim_clock_model_check(const struct halsim_clock_model *model, void *error);
void halsim_clock_phase_init(struct halsim_clock_phase *, const struct halsim_clock_model *);
int64_t halsim_clock_phase_ns(struct halsim_clock_phase *phase, uint64_t t_ns);
"""


# ---- what they amount to -------------------------------------------------------------------------


def test_no_components_are_a_perfect_clock() -> None:
    assert phase_ns([], [0, DAY_NS]).tolist() == [0, 0]


def test_an_offset_gains_in_a_day_what_it_says() -> None:
    assert phase_ns([Offset(ppm=200)], DAY_NS) == 17_280_000_000


def test_a_sine_comes_back_after_its_turn() -> None:
    phases = phase_ns([Sine(ppm=50, period_s=600)], np.array([0, 300, 600, 86_400]) * S)
    assert phases.tolist() == [0, 9_549_297, 0, 0]


def test_steps_of_rate_and_of_phase_begin_at_their_time() -> None:
    model = [Step(at_s=10, ns=500.0), Step(at_s=20, ppm=2.0)]
    assert phase_ns(model, np.array([9, 10, 20, 21]) * S).tolist() == [0, 500, 500, 2_500]


def test_components_add_up_in_any_shape() -> None:
    times = np.arange(6, dtype=np.int64).reshape(2, 3) * S
    both = phase_ns([Offset(ppm=1), Step(at_s=3, ns=-7.0)], times)
    assert both.tolist() == [[0, 1000, 2000], [2993, 3993, 4993]]


def test_jitter_has_its_deviation_and_depends_on_the_seed() -> None:
    times = np.arange(20_000) * 341_333_333
    for distribution in ("gaussian", "uniform"):
        first = phase_ns([Jitter(ns=1_000, distribution=distribution, seed=1)], times)
        other = phase_ns([Jitter(ns=1_000, distribution=distribution, seed=2)], times)
        assert first.std() == pytest.approx(1_000, rel=0.02)
        assert abs(first.mean()) < 30
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.03


def test_a_walk_keeps_to_its_bounds() -> None:
    walk = RandomWalk(ppm_per_sqrt_s=3, bound_ppm=5, seed=1)
    rates = np.diff(phase_ns([walk], np.arange(5_000) * S)) / 1_000
    assert 4.5 < np.abs(rates).max() <= 5.001


@pytest.mark.parametrize("times", [[-1], [0.5], [[1, -3]]])
def test_times_are_whole_and_not_negative(times: Any) -> None:
    with pytest.raises(ValueError, match="whole nanoseconds"):
        phase_ns([Offset(ppm=1)], times)


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        [{"kind": "offset", "ppm": 5_001}],
        [{"kind": "offset", "ppm": float("nan")}],
        [{"kind": "offset", "ppm": 1, "seed": 1}],
        [{"kind": "sine", "ppm": 1, "period_s": 0.5}],
        [{"kind": "step", "at_s": 1}],
        [{"kind": "step", "at_s": 1, "ppm": 1, "ns": 1}],
        [{"kind": "random-walk", "ppm_per_sqrt_s": -1, "bound_ppm": 1}],
        [{"kind": "jitter", "ns": 2e7}],
        [{"kind": "jitter", "ns": 1, "seed": 1 << 64}],
        [{"kind": "wobble"}],
        {"kind": "offset", "ppm": 1},
    ],
)
def test_what_makes_no_sense_is_refused(data: Any) -> None:
    with pytest.raises(ValidationError):
        parse_model(data)


# ---- the twin in C -------------------------------------------------------------------------------

SEEDS = st.integers(0, (1 << 64) - 1)
PPM = st.floats(-5_000, 5_000)
COMPONENTS = st.one_of(
    st.builds(Offset, ppm=PPM),
    st.builds(Sine, ppm=PPM, period_s=st.floats(1, 1e6), phase_turns=st.floats(0, 1)),
    st.builds(Step, at_s=st.floats(0, 1e5), ppm=PPM),
    st.builds(Step, at_s=st.floats(0, 1e5), ns=st.floats(-1e9, 1e9)),
    st.builds(RandomWalk, ppm_per_sqrt_s=st.floats(0, 50), bound_ppm=st.floats(0, 100), seed=SEEDS),
    st.builds(
        Jitter,
        ns=st.floats(0, 1e7),
        distribution=st.sampled_from(["gaussian", "uniform"]),
        seed=SEEDS,
    ),
)


@given(model=st.lists(COMPONENTS, max_size=16))
def test_a_model_survives_json(model: list[Component]) -> None:
    assert parse_model(json.loads(json.dumps(to_wire(model)))) == model


@pytest.fixture(scope="module")
def c() -> tuple[cffi.FFI, Any]:
    return load_native(DECLARATIONS)


def fill(theirs: Any, component: Component) -> None:
    """A component in the words of C."""
    match component:
        case Offset():
            theirs.kind, theirs.ppm = 0, component.ppm
        case Sine():
            theirs.kind, theirs.ppm = 1, component.ppm
            theirs.period_s, theirs.phase_turns = component.period_s, component.phase_turns
        case Step():
            theirs.kind = 2 if component.ns is None else 3
            theirs.at_s, theirs.ppm, theirs.ns = (
                component.at_s,
                component.ppm or 0.0,
                component.ns or 0.0,
            )
        case RandomWalk():
            theirs.kind, theirs.ppm = 4, component.ppm_per_sqrt_s
            theirs.bound_ppm, theirs.seed = component.bound_ppm, component.seed
        case Jitter():
            theirs.kind, theirs.ns, theirs.seed = 5, component.ns, component.seed
            theirs.distribution = 1 if component.distribution == "uniform" else 0


@pytest.mark.native
@given(
    model=st.lists(COMPONENTS, max_size=16),
    times=st.lists(
        st.one_of(st.integers(0, 3_000 * S), st.integers(0, 90_000 * S)), min_size=1, max_size=20
    ),
)
def test_c_and_numpy_agree_to_the_nanosecond(
    c: tuple[cffi.FFI, Any], model: list[Component], times: list[int]
) -> None:
    ffi, library = c
    theirs: Any = ffi.new("struct halsim_clock_model *")
    theirs.count = len(model)
    for place, component in enumerate(model):
        fill(theirs.components[place], component)
    assert library.halsim_clock_model_check(theirs, ffi.NULL)
    phase = ffi.new("struct halsim_clock_phase *")
    library.halsim_clock_phase_init(phase, theirs)
    in_c = [library.halsim_clock_phase_ns(phase, t) for t in times]
    assert phase_ns(model, np.array(times, dtype=np.int64)).tolist() == in_c
