"""Whatever a driver is called and a run says: on the page it is text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.report.page import build_page
from lab.report.page.build import link_to
from lab.report.page.tables import script_json
from tests.support import nights
from tests.support.html_tree import Node, read_html


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Node:
    folder = tmp_path_factory.mktemp("hostile")
    return read_html(build_page(nights.hostile_night(), folder))


def test_names_that_are_markup_are_read_as_names(hostile: Node) -> None:
    line = hostile.first(id="good").first("li")
    assert line.first("b").text == nights.HOSTILE
    assert line.first("p", class_="sentence").text == nights.REASON
    assert hostile.first(id="changes").first("h3").text == nights.REASON
    options = [option.text for option in hostile.first("select", id="filter-driver").all("option")]
    assert options == ["all", nights.HOSTILE]


def test_no_element_is_there_that_the_page_did_not_make(hostile: Node) -> None:
    # The data and the page's own: nothing that a name brought along.
    assert len(list(hostile.all("script"))) == 2
    assert [i for i in hostile.all("img") if "onerror" in i.attributes] == []
    assert not [n for n in hostile.all() for name in n.attributes if name.startswith("on")]


def test_data_for_the_script_come_back_as_they_were(hostile: Node) -> None:
    raw = hostile.first("script", id="data").raw
    assert "<" not in raw
    row = json.loads(raw)["rows"][0]
    assert row[5] == nights.REASON
    assert row[8] == f"echo {nights.REASON}"
    assert json.loads(raw)["drivers"] == [nights.HOSTILE]


def test_an_artefact_outside_of_the_night_is_neither_read_nor_linked(
    hostile: Node, tmp_path: Path
) -> None:
    card = hostile.first("article", class_="glitch")
    assert "its file lies outside of the night's folder: ../../../etc/passwd" in card.text
    assert not list(card.all("audio"))
    assert [a.attributes["href"] for a in card.all("a")] == [
        f"#r-{nights.hostile_night().results[0].id}"
    ]
    (tmp_path / "night").mkdir()
    (tmp_path / "secret").write_text("x")
    for path in ("../secret", str(tmp_path / "secret"), "javascript:alert(3)", "", "a\0b"):
        assert link_to(tmp_path / "night", path) == ""
    (tmp_path / "night" / "javascript:alert(3)").write_text("x")
    assert link_to(tmp_path / "night", "javascript:alert(3)") == "./javascript%3Aalert%283%29"


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_any_text_survives_the_script_element(text: str) -> None:
    told = script_json({"text": text})
    assert json.loads(told) == {"text": text}
    assert not set(told) & set("<>&\u2028\u2029")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(max_examples=15)
def test_any_name_of_a_driver_is_text(name: str) -> None:
    page = read_html(build_page(nights.night_of([nights.result(name or "x")]), Path()))
    shown = page.first(id="good").first("b").text
    # A parser of HTML makes a line feed of a carriage return; spaces count as one.
    assert shown == " ".join((name or "x").split())
