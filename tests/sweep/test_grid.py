"""Grids: what they stand for, and what they refuse, each with one line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import UsageError
from lab.sweep.grid import over_of, read_grid_file
from lab.sweep.parameters import PARAMETERS, find_parameter, plain, read_values
from tests.sweep.support import grid_of, task_of


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2,30", [1, 2, 30]),
        ("64:1024:x2", [64, 128, 256, 512, 1024]),
        ("-200:200:100", [-200, -100, 0, 100, 200]),
        ("0:1:0.25", ["0", "0.25", "0.5", "0.75", "1"]),
        ("0:10:4,100", [0, 4, 8, 100]),
    ],
)
def test_lists_and_ranges_stand_for_their_values(text: str, values: list[int | str]) -> None:
    assert read_values("ppm", text) == [Decimal(value) for value in values]


def test_a_tenth_ten_times_is_one() -> None:
    assert read_values("jitter_ms", "0:1:0.1")[-1] == 1


@given(
    first=st.integers(-1000, 1000),
    steps=st.integers(0, 50),
    step=st.decimals("0.001", "20", places=3),
)
def test_a_range_has_its_ends_and_even_steps(first: int, steps: int, step: Decimal) -> None:
    last = first + steps * step
    values = read_values("ppm", f"{first}:{last}:{step}")
    assert values[0] == first
    assert values[-1] == last
    assert len(values) == steps + 1


@given(st.decimals("-5000", "5000", places=3))
def test_a_number_has_one_text_however_it_was_written(value: Decimal) -> None:
    assert f"{plain(value):f}" == f"{plain(value * Decimal('1.000')):f}"
    assert plain(value) == value
    assert "E" not in f"{plain(value):f}"


@given(st.text(max_size=20))
def test_any_text_is_values_or_one_clear_line(text: str) -> None:
    try:
        values = read_values("ppm", text)
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017  (either is right)
    else:
        assert values
        assert all(value.is_finite() for value in values)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("rnig_frames=1024", 'did you mean "ring_frames"'),
        ("colour=3", "there are ring_frames, period_frames"),
        ("ring_frames", "no values"),
        ("ring_frames=", "no values"),
        ("ring_frames=big", "no number"),
        ("ring_frames=nan", "no number"),
        ("ring_frames=64:32:8", "leads nowhere"),
        ("ring_frames=0:64:x2", "leads nowhere"),
        ("ring_frames=1:64:x1", "leads nowhere"),
        ("ring_frames=1:2", "no range"),
        ("ring_frames=128", "choose 256 to 4194304"),
        ("ring_frames=1000", "no power of two"),
        ("period=480.5", "too exact"),
        ("jitter=0.0001", "too exact"),
        ("ppm=0:1000000000:0.001", "more than 10,000 values"),
        ("=3", "no such parameter"),
    ],
)
def test_what_is_no_value_of_a_parameter_is_refused(over: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        grid_of(over)
    assert "\n" not in str(caught.value)


def test_a_grid_without_parameters_is_refused() -> None:
    with pytest.raises(UsageError, match="the grid is empty"):
        grid_of()


def test_ten_million_runs_are_refused_with_both_numbers() -> None:
    with pytest.raises(UsageError, match=r"10,000,000 runs; a sweep has at most 1,000,000"):
        grid_of("jitter=0.1:100:0.1", "load=1:100:1", seeds=100)


def test_a_cycle_longer_than_the_ring_is_left_out_and_counted() -> None:
    grid = grid_of("ring=256,1024", "period=256,512", seeds=3)
    assert grid.left_out == 1
    assert len(list(grid.tasks())) == 9
    with pytest.raises(UsageError, match="no point of the grid can be run"):
        grid_of("ring=256", "period=512")


def test_the_first_seed_of_all_points_comes_before_the_second() -> None:
    seeds = [task.seed for task in grid_of("jitter=1,2,3", seeds=2, first_seed=7).tasks()]
    assert seeds == [7, 7, 7, 8, 8, 8]


def test_every_run_has_an_id_of_its_own_that_does_not_depend_on_the_grid() -> None:
    tasks = list(grid_of("ring=1024,4096", "jitter=1,2.5", "ppm=-1,1", seeds=3).tasks())
    assert len({task.id for task in tasks}) == len(tasks) == 24
    alone = task_of("ring=4096", "jitter=2.50", "ppm=1", seed=2)
    assert alone.id in {task.id for task in tasks}


def test_a_file_says_what_options_say(tmp_path: Path) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(
        'seeds = 5\n[over]\nring_frames = [1024, 4096]\nppm = "-200:200:200"\njitter_ms = 2.5\n'
    )
    told = read_grid_file(file)
    grid = grid_of(*over_of(told.over), seeds=told.seeds or 0)
    assert grid.axes == grid_of("ring=1024,4096", "ppm=-200,0,200", "jitter=2.5").axes
    assert grid.size == 30


@pytest.mark.parametrize(
    ("text", "said"),
    [("seeds = ", "not TOML"), ("sedes = 3", "sedes"), ("[over]\nppm = true", "over.ppm")],
)
def test_a_wrong_file_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_grid_file(file)
    assert str(file) in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        read_grid_file(tmp_path / "none.toml")


def test_every_parameter_has_a_short_name_and_a_default_within_its_limits() -> None:
    for parameter in PARAMETERS.values():
        assert find_parameter(parameter.name) is parameter
        assert parameter.low <= parameter.default <= parameter.high
    assert find_parameter("load").name == "load_percent"
    assert find_parameter("period").name == "period_frames"
