"""A sweep on the page and in Markdown: drawn, told, escaped, and not there when there is none."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from markdown_it import MarkdownIt

from lab.night.record import Night, SweepCell
from lab.night.sweeps import CELLS_MAX
from lab.report.markdown import as_markdown
from lab.report.page import PAGE_BYTES, build_page
from lab.report.page.sweep import facts_of, svg_of, sweep_views
from tests.support import nights
from tests.support.html_tree import read_html

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def test_a_night_without_a_sweep_says_nothing_of_one(tmp_path: Path) -> None:
    night = nights.planted_night(tmp_path)
    page = build_page(night, tmp_path)
    assert "sweep" not in [section.attributes["id"] for section in read_html(page).all("section")]
    assert 'href="#sweep"' not in page
    assert page.count("sha256-") == 2
    assert "Sweep" not in as_markdown(night)


def test_the_section_tells_date_driver_counts_and_command(tmp_path: Path) -> None:
    page = read_html(build_page(nights.swept_night(tmp_path), tmp_path))
    section = page.first(id="sweep")
    assert section.first("h2").text == "Sweep 2026-11-22-sweep"
    first, second = section.all("figure")
    told = first.first("figcaption").text
    assert told == "Gecko Sink 52 of 400 runs with a glitch 20 seeds build ab12ab12ab"
    assert first.first("code").text == nights.sweep_of().command
    assert len(list(first.all("rect"))) == 20
    assert len(list(first.all("p", class_="warning"))) == 0
    assert "the driver failed in 3 runs" in second.first("p", class_="warning").text


def test_a_name_and_a_value_that_are_markup_are_words(tmp_path: Path) -> None:
    night = nights.hostile_night()
    page = build_page(night, tmp_path)
    section = read_html(page).first(id="sweep")
    assert section.first("figcaption").first("b").text == nights.HOSTILE
    assert not list(section.all("script"))
    assert not list(section.all("img"))
    (view,) = sweep_views(night)
    root = ET.fromstring(view.svg)
    words = " ".join(root.itertext())
    assert nights.HOSTILE in words
    assert nights.REASON in words
    told = read_html(GITHUB.render(as_markdown(night)))
    assert not list(told.all("script"))
    assert not list(told.all("img"))


def test_two_sweeps_of_the_same_values_have_names_of_their_own(tmp_path: Path) -> None:
    night = nights.swept_night(tmp_path).model_copy(update={"sweeps": [nights.sweep_of()] * 2})
    page = build_page(night, tmp_path)
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))


def test_the_largest_night_has_room_for_the_most_that_a_sweep_draws(tmp_path: Path) -> None:
    night = nights.large_night(tmp_path)
    before = len(build_page(night, tmp_path).encode())
    maps = [nights.sweep_of(columns=24, rows=40), nights.sweep_of(columns=15, rows=16)]
    assert sum(len(sweep.cells) for sweep in maps) == CELLS_MAX
    page = build_page(night.model_copy(update={"sweeps": maps}), tmp_path)
    assert page.count("<rect x=") >= CELLS_MAX
    assert len(page.encode()) <= PAGE_BYTES
    # What the maps take is no more than what is told of `CELLS_MAX`, and clips give it back.
    drawn = sum(len(svg_of(sweep).encode()) for sweep in maps)
    print(f"page {before:,} B, with maps {len(page.encode()):,} B, maps {drawn:,} B")
    assert drawn < 500_000
    assert page.count("<audio") > 0


def test_what_was_added_up_and_what_was_left_out_is_said() -> None:
    sweep = nights.sweep_of(
        others={"ppm": ["-100", "100"], "period_frames": [str(at) for at in range(9)]},
        columns_left_out=75,
        seeds=1,
    )
    told = facts_of(sweep)
    assert "1 seed" in told
    assert "all values of ppm together (-100, 100)" in told
    assert "all values of period_frames together (0, 1, 2, 3, 4, 5, ...)" in told
    assert "5 of 80 values of ring_frames drawn" in told
    assert not any("jitter_ms drawn" in fact for fact in told)


def test_markdown_has_a_small_table_and_only_counts_for_a_large_one(tmp_path: Path) -> None:
    night = nights.swept_night(tmp_path)
    text = as_markdown(night)
    page = read_html(GITHUB.render(text))
    assert "Sweep 2026-11-22-sweep" in [heading.text for heading in page.all("h2")]
    tables = [t for t in page.all("table") if t.first("th").text == "jitter_ms ↓, ring_frames →"]
    assert len(tables) == 1
    rows = [[cell.text for cell in row.all("td")] for row in tables[0].first("tbody").all("tr")]
    assert rows[0] == ["15", "75 %", "35 %", "15 %", "5 %", "0 %"]
    assert rows[-1] == ["0", "0 %", "0 %", "0 %", "0 %", "0 %"]
    assert nights.sweep_of().command in text
    assert "❌ the driver failed in 3 runs" in text


def test_a_cell_without_a_run_is_empty_and_not_zero(tmp_path: Path) -> None:
    sweep = nights.sweep_of(columns=2, rows=1).model_copy(
        update={"cells": [SweepCell(column=1, row=0, runs=4, glitched=2)]}
    )
    night = nights.planted_night(tmp_path).model_copy(update={"sweeps": [sweep]})
    assert "| 0 |  | 50 % |" in as_markdown(night)
    assert "no run" in svg_of(sweep)


def test_a_record_of_before_sweeps_can_still_be_read(tmp_path: Path) -> None:
    night = nights.planted_night(tmp_path)
    told = night.model_dump_json(exclude={"sweeps"})
    assert Night.model_validate_json(told) == night
