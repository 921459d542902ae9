"""A night as Markdown begins with the two answers, is small enough, and holds words as words."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lab.report.markdown import SUMMARY_BYTES, as_markdown
from lab.results import Verdict
from tests.support import nights
from tests.support.html_tree import read_html

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def rendered(markdown: str) -> str:
    return str(GITHUB.render(markdown))


def test_the_first_lines_are_the_first_two_answers(tmp_path: Path) -> None:
    told = as_markdown(nights.planted_night(tmp_path))
    assert told.splitlines()[0] == (
        "# ❌ 1 of 3 drivers fails: Bunghole. "
        "1 change for the worse, 1 for the better since 2026-11-21."
    )
    page = read_html(rendered(told))
    first = page.first("table")
    assert [row.text for row in first.first("tbody").all("tr")] == [
        "❌ fail Bunghole 1 of 5 runs failed 4",
        "⚠️ marginal Gecko Sink 0 of 4 runs failed 0",
        "✅ pass Null 0 of 4 runs failed 0",
    ]
    worse = page.first("li").text
    assert worse.startswith("❌ worse : Bunghole loses 24 frames")
    assert "frames lost 0 → 24 frames , since 2026-11-20, for 3 nights" in worse
    assert "confirmed by a run made again; new build of the driver" in worse
    command = page.first("li").first("code")
    assert command.text == nights.planted_night(tmp_path).changes[1].command
    headings = [heading.text for heading in page.all("h2")]
    assert headings == ["What changed since 2026-11-21", "4 glitches"]


def test_what_is_neither_good_nor_bad_is_folded_away(tmp_path: Path) -> None:
    page = read_html(rendered(as_markdown(nights.planted_night(tmp_path))))
    assert [summary.text for summary in page.all("summary")] == [
        "⚠️ 1 marginal",
        "❓ 1 unfit machine",
        "⏭️ 1 skipped",
    ]
    assert "In all 13 runs: 1 fail, 1 marginal, 1 unfit machine, 1 skipped, 9 pass." in page.text


def test_words_that_are_markup_are_words() -> None:
    told = as_markdown(nights.hostile_night())
    html = rendered(told)
    page = read_html(html)
    assert not list(page.all("script"))
    outside = re.sub(r"(`{3,}).*?\1", "", told, flags=re.DOTALL)
    assert set(re.findall("<[^>]*", outside)) <= {"<code", "</code"}
    assert not list(page.all("img"))
    assert f"{nights.HOSTILE} fails." in page.first("h1").text
    assert nights.REASON in page.first("li").text
    cells = [row.text for row in page.first("tbody").all("td")]
    assert cells[1:3] == [nights.HOSTILE, nights.REASON]


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50))
def test_any_name_stays_in_its_cell(name: str) -> None:
    told = as_markdown(nights.night_of([nights.result(name)]))
    row = read_html(rendered(told)).first("tbody").first("tr")
    cells = [cell.text for cell in row.all("td")]
    assert len(cells) == 4
    # Markdown reads an entity-like name as it is: it was escaped before.
    assert cells[1] == " ".join(name.split())


def test_a_fence_is_longer_than_any_in_the_command() -> None:
    night = nights.night_of([nights.result()], command="echo ````\necho ok")
    code = list(read_html(rendered(as_markdown(night))).all("code"))
    assert code[-1].raw == "echo ````\necho ok\n"


def test_an_empty_night_says_so() -> None:
    told = as_markdown(nights.empty_night(planned=9, stopped="the disk is full"))
    assert told.startswith("# ⏭️ No run was made. The first night: nothing to compare it with.\n")
    assert "- ⚠️ Only part of a night: no runs of 9; the disk is full" in told


def test_a_large_night_is_no_larger_than_github_takes(tmp_path: Path) -> None:
    for night in (nights.large_night(tmp_path, clips=0), nights.glitchy_night(50_000)):
        assert len(as_markdown(night).encode()) < SUMMARY_BYTES / 2
    long = "ä" * 290
    runs = [
        nights.result(long, f"{long}{at}", parameters={long: long}, verdict=verdict, reason=long)
        for at in range(1_000)
        for verdict in (Verdict.FAIL, Verdict.MARGINAL, Verdict.SKIPPED)
    ]
    told = as_markdown(nights.night_of(runs))
    assert len(told.encode()) <= SUMMARY_BYTES
    assert re.search(r"has no room in a summary: it is on the page of the night", told)
