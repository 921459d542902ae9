"""The heat map: well-formed, readable without colour, and nothing of anybody's gets out of it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import UsageError
from lab.report.heat_map import COLUMNS_MAX, ROWS_MAX, HeatCell, heat_map, percent, told

SVG = "{http://www.w3.org/2000/svg}"
CELLS = {(0, 0): HeatCell(0, 20), (1, 0): HeatCell(3, 20), (0, 1): HeatCell(20, 20)}


def _drawn(title: str = "Glitches", columns: tuple[str, ...] = ("1024", "4096")) -> str:
    return heat_map(columns, ["1", "5"], CELLS, title=title, x_label="ring", y_label="jitter")


def test_every_cell_has_its_figure_as_text_and_its_interval_for_who_points_at_it() -> None:
    root = ET.fromstring(_drawn())
    cells = {g.findtext(f"{SVG}title"): g.findtext(f"{SVG}text") for g in root.iter(f"{SVG}g")}
    assert cells == {
        "ring 1024, jitter 1: 0 of 20 runs, 0 %; 95 % interval 0 % to 17 %": "0 %",
        "ring 4096, jitter 1: 3 of 20 runs, 15 %; 95 % interval 3.2 % to 38 %": "15 %",
        "ring 1024, jitter 5: 20 of 20 runs, 100 %; 95 % interval 83 % to 100 %": "100 %",
        "ring 4096, jitter 5: no run": "no run",
    }
    for group in root.iter(f"{SVG}g"):
        assert group.get("aria-label") == group.findtext(f"{SVG}title")


def test_it_has_a_name_and_says_in_words_where_it_is_worst() -> None:
    root = ET.fromstring(_drawn())
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == desc.get("id")
    assert desc.text is not None
    assert "highest at ring 1024 and jitter 5: 20 of 20 runs" in desc.text


def test_the_first_row_is_at_the_bottom_and_no_cell_lies_on_another() -> None:
    root = ET.fromstring(_drawn())
    corners = [(float(r.get("x", "")), float(r.get("y", ""))) for r in root.iter(f"{SVG}rect")]
    assert len(set(corners)) == 4
    assert corners[0][1] > corners[2][1]  # jitter 1 below jitter 5
    assert corners[0][0] < corners[1][0]
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert all(0 < x < width - 60 and 0 < y < height - 30 for x, y in corners)


def test_more_is_darker_and_text_is_light_where_it_is_dark() -> None:
    cells = {(i, 0): HeatCell(i, 10) for i in range(11)}
    drawn = heat_map([str(i) for i in range(11)], ["0"], cells, title="t", x_label="x", y_label="y")
    root = ET.fromstring(drawn)
    opacities = [float(rect.get("fill-opacity", "")) for rect in root.iter(f"{SVG}rect")]
    assert opacities == sorted(opacities)
    assert len(set(opacities)) == 11
    for group, opacity in zip(root.iter(f"{SVG}g"), opacities, strict=True):
        text = group.find(f"{SVG}text")
        assert text is not None
        assert (text.get("class") == "v on") == (opacity >= 0.8)
        assert opacity <= 0.45 or opacity >= 0.8


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), max_size=30))
def test_any_title_and_any_value_stay_text(text: str) -> None:
    root = ET.fromstring(_drawn(title=text, columns=(text, "b")))
    assert root.findtext(f"{SVG}title") == text
    assert not list(root.iter(f"{SVG}script"))


def test_a_driver_named_script_is_text() -> None:
    drawn = _drawn(title='<script>alert("1")</script>')
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def test_it_needs_nothing_from_elsewhere_and_follows_the_readers_choice_of_light_or_dark() -> None:
    drawn = _drawn()
    assert drawn.count("http") == 1  # the name space
    assert "prefers-color-scheme:dark" in drawn
    assert "currentColor" in drawn
    assert drawn == _drawn()


def test_nothing_to_draw_and_too_much_are_refused() -> None:
    for columns, rows in ((0, 1), (1, 0), (COLUMNS_MAX + 1, 1), (1, ROWS_MAX + 1)):
        with pytest.raises(UsageError, match="heat map"):
            heat_map(["1"] * columns, ["1"] * rows, {}, title="", x_label="", y_label="")


@given(st.integers(1, 10**6), st.data())
def test_only_none_is_0_percent_and_only_all_is_100(runs: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, runs))
    assert (percent(hits / runs) == "0 %") == (hits == 0)
    assert (percent(hits / runs) == "100 %") == (hits == runs)


def test_a_cell_in_words() -> None:
    assert told(HeatCell(0, 0)) == "no run"
    assert told(HeatCell(1, 1)) == "1 of 1 run, 100 %; 95 % interval 2.5 % to 100 %"
