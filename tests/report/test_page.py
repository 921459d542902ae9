"""The page of a night answers in its order, in one file, whatever the night was."""

from __future__ import annotations

import base64
import builtins
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError, MissingError
from lab.night.record import Night
from lab.report.page import PAGE_BYTES, build_page, write_page
from lab.results import Result, Verdict
from tests.support import glitch_audio, nights
from tests.support.html_tree import Node, read_html

SECTIONS = ["good", "changes", "glitches", "latency", "trends", "machine", "coverage", "results"]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Node:
    folder = tmp_path_factory.mktemp("planted")
    return read_html(build_page(nights.planted_night(folder), folder))


def page_of(night: Night, folder: Path) -> Node:
    return read_html(build_page(night, folder))


def test_the_sections_are_there_in_the_order_of_the_questions(planted: Node) -> None:
    assert [section.attributes["id"] for section in planted.all("section")] == SECTIONS
    named = [section.attributes["aria-labelledby"] for section in planted.all("section")]
    assert named == [heading.attributes["id"] for heading in planted.all("h2")]


def test_the_head_says_whether_it_is_good_and_what_changed(planted: Node) -> None:
    assert planted.first("h1").text == (
        "1 of 3 drivers fails: Bunghole. 1 change for the worse, 1 for the better since 2026-11-21."
    )
    assert planted.first("title").text == "fail: hal-lab, night 2026-11-22"
    facts = planted.first("p", class_="facts").text
    assert "13 runs of the quick matrix" in facts
    assert "2 min 31 s" in facts


def test_every_driver_has_a_line_with_colour_word_and_sign_the_worst_first(planted: Node) -> None:
    lines = list(planted.first(id="good").all("li"))
    assert [line.first("b").text for line in lines] == ["Bunghole", "Gecko Sink", "Null"]
    for line, verdict in zip(lines, ["fail", "marginal", "pass"], strict=True):
        assert line.attributes["class"] == verdict
        assert line.first("span", class_="word").text == verdict
        assert line.first("use").attributes["href"] == f"#sign-{verdict}"
    signs = {symbol.attributes["id"] for symbol in planted.all("symbol")}
    assert signs == {f"sign-{verdict.value}" for verdict in Verdict}


def test_a_change_says_from_what_to_what_since_when_and_how_to_see_it_again(planted: Node) -> None:
    change, better = planted.first(id="changes").all("li", class_="change")
    assert "Bunghole loses 24 frames" in change.first("h3").text
    assert change.first("p", class_="step").text == (
        "frames lost 0 → 24 frames since 2026-11-20, for 3 nights"
    )
    assert change.first("p", class_="notes").text == (
        "confirmed by a run made again · new build of the driver"
    )
    assert change.first("code").text.startswith("hal-lab play --driver Bunghole.driver")
    assert "L" in change.first("svg", class_="spark").first("path", class_="series").attributes["d"]
    links = [link.attributes["href"] for link in change.all("a")]
    assert links[0].startswith("#g-")
    assert len(list(planted.all("article", id=links[0][1:]))) == 1
    assert "better" in better.first("p", class_="kicker").text
    assert "410.2 → 331 µs" in better.text


def test_a_glitch_can_be_seen_heard_and_made_again(planted: Node) -> None:
    cards = list(planted.all("article", class_="glitch"))
    assert [card.first("h3").text for card in cards] == [
        "lost, 12 frames",
        "lost, 12 frames",
        "silence, 64 frames",
        "duplicate, 32 frames",
    ]
    silence = cards[2]
    assert silence.first("p", class_="place").text == "at frame 301,000, in cycle 627"
    assert "what the driver delivered was held up on the way" in silence.text
    assert "not the driver" in silence.text
    assert "not the driver" not in cards[0].text
    assert [a.attributes["aria-label"] for a in silence.all("audio")] == [
        "what was sent",
        "what was received",
    ]
    assert all("controls" in audio.attributes for audio in silence.all("audio"))
    waves = [
        wave
        for wave in silence.all("svg", class_="wave")
        if "close" not in str(wave.attributes["class"])
    ]
    assert len(waves) == 2
    assert {wave.first("rect", class_="spot").attributes["x"] for wave in waves} == {"320.0"}
    assert len(list(silence.all("img", class_="spectrum"))) == 2
    # The other three of the run are beside it: four strokes, its own one on top.
    timeline = silence.first("figure", class_="timeline")
    assert timeline.first("path", class_="others").attributes["d"].count("M") == 4
    assert timeline.first("path", class_="this").attributes["d"].startswith("M401.3 ")
    assert timeline.first("figcaption").text == "frame 0 frame 480,000, 10 s"
    assert "--seed 4711" in silence.first("code").text


def test_the_other_sections_say_what_the_night_knows(planted: Node) -> None:
    latency = planted.first(id="latency")
    heads = [cell.text for cell in latency.first("thead").all("th")]
    assert heads == ["driver", "p50", "p90", "p99", "p99.9", "p99.99", "greatest", "values"]
    assert "stalls counted in" in latency.text
    assert len(list(planted.first(id="trends").all("figure"))) == 4
    assert "new level since 2026-11-20" in planted.first(id="trends").text
    machine = planted.first(id="machine").text
    assert "240 µs" in machine
    assert "could judge 38 runs, and could not judge 2" in machine
    coverage = planted.first(id="coverage")
    assert "Gecko Sink 10 of 11" in coverage.text
    never = [cell for cell in coverage.all("td") if cell.text == "never"]
    assert {cell.attributes["class"] for cell in never} == {"num heat0"}


def test_below_the_glitches_it_says_how_small_a_glitch_is_seen(planted: Node) -> None:
    fold = next(
        node
        for node in planted.first(id="glitches").all("details")
        if node.first("summary").text == "How small a glitch is seen"
    )
    rows = [[cell.text for cell in (*row.all("th"), *row.all("td"))] for row in fold.all("tr")]
    drop = next(row for row in rows if row[:3] == ["time-line", "drop", "before the codec"])
    assert drop[3:] == ["1 frame, the smallest tried", "≥ 99 %", "below 3 per hour"]
    lossy = next(row for row in rows if row[2].endswith("1 % of its packets lost"))
    assert lossy[3:] == ["not at every size", "93 % at best", "below 85 per hour"]
    assert "libopus" in fold.text
    assert "400 faults of each size" in fold.text


def test_a_night_without_a_calibration_has_no_empty_table_of_it(tmp_path: Path) -> None:
    assert "How small" not in page_of(nights.quiet_night(), tmp_path).text


def test_a_gauge_beyond_its_limit_fails_in_word_and_sign(tmp_path: Path) -> None:
    machine = nights.machine()
    assert machine.fitness is not None
    slow = machine.fitness.model_copy(update={"wake_p99_us": 1_500.0, "reasons": ["wakes late"]})
    night = nights.night_of([nights.result()], machine=machine.model_copy(update={"fitness": slow}))
    section = page_of(night, tmp_path).first(id="machine")
    row = next(row for row in section.all("tr") if "p99" in row.text)
    assert row.first("span", class_="verdict").text == "fail"
    assert row.first("use").attributes["href"] == "#sign-fail"
    assert "wakes late" in section.text


# ---- one file, no network ------------------------------------------------------------------------


def addresses(page: Node) -> list[str]:
    names = (
        "src",
        "href",
        "srcset",
        "action",
        "formaction",
        "poster",
        "data",
        "background",
        "ping",
    )
    return [n.attributes[name] for n in page.all() for name in names if name in n.attributes]


def test_nothing_leads_out_of_the_page(tmp_path: Path) -> None:
    night = nights.planted_night(tmp_path)
    kept = glitch_audio.write_wav(tmp_path / "a b#c?.wav", glitch_audio.tone())
    run = night.results[0]
    run = run.model_copy(update={"artefacts": run.artefacts | {"whole": kept.name}})
    page = page_of(night.model_copy(update={"results": [run, *night.results[1:]]}), tmp_path)
    found = addresses(page)
    assert "./a%20b%23c%3F.wav" in found
    assert all(re.match(r"#|data:|\./", address) for address in found)
    style = page.first("style").raw
    assert "url(" not in style
    assert "@import" not in style
    script = page.all("script")
    assert not [word for s in script for word in ("fetch(", "XMLHttp", "import(") if word in s.raw]


def test_the_policy_allows_nothing_but_what_the_page_brings_along(planted: Node) -> None:
    policy = next(
        meta.attributes["content"]
        for meta in planted.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy
    script = next(s for s in planted.all("script") if s.attributes.get("type") is None)
    for rule, content in (("script-src", script.raw), ("style-src", planted.first("style").raw)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    # Neither would be allowed by the hashes.
    for node in planted.all():
        assert "style" not in node.attributes
        assert not [name for name in node.attributes if name.startswith("on")]


def test_ids_are_there_once_and_links_within_the_page_lead_to_one(planted: Node) -> None:
    ids = [node.attributes["id"] for node in planted.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    targets = {a.attributes["href"][1:] for a in planted.all("a") if a.attributes["href"][0] == "#"}
    assert targets <= set(ids)


def test_a_page_of_2000_results_with_60_clips_is_no_larger_than_4_mb(tmp_path: Path) -> None:
    page = build_page(nights.large_night(tmp_path), tmp_path)
    tree = read_html(page)
    assert len(page.encode()) <= PAGE_BYTES == 4_000_000
    cards = list(tree.all("article", class_="glitch"))
    assert len(cards) == 60
    assert sum(bool(list(card.all("audio"))) for card in cards) >= 55
    assert len(json.loads(tree.first("script", id="data").raw)["rows"]) == 2_000


def test_clips_take_only_the_room_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = nights.planted_night(tmp_path)
    monkeypatch.setattr("lab.report.page.build.PAGE_BYTES", 200_000)
    page = build_page(night, tmp_path)
    assert len(page.encode()) <= 200_000
    cards = list(read_html(page).all("article", class_="glitch"))
    heard = [bool(list(card.all("audio"))) for card in cards]
    assert heard[0]
    assert not heard[-1]
    assert "The page has no room for it: clips/planted-glitch-3.wav." in cards[-1].text


def test_a_page_that_is_too_large_without_clips_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.report.page.build.PAGE_BYTES", 20_000)
    with pytest.raises(LabError, match=r"would have [\d,]+ bytes, limit 20,000: 2026-11-22"):
        write_page(nights.quiet_night(), tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---- nights of all kinds -------------------------------------------------------------------------


def test_an_empty_night_is_a_page_that_says_so(tmp_path: Path) -> None:
    page = page_of(nights.empty_night(planned=12, stopped="Ctrl-C"), tmp_path)
    assert page.first("h1").text == (
        "No run was made. The first night: nothing to compare it with."
    )
    assert page.first("use").attributes["href"] == "#sign-skipped"
    assert "Only part of a night: no runs of 12; Ctrl-C" in page.first("header").text
    assert [s.attributes["id"] for s in page.all("section")] == SECTIONS
    assert not list(page.all("table"))


def test_a_quiet_night_says_that_nothing_changed(tmp_path: Path) -> None:
    page = page_of(nights.quiet_night(), tmp_path)
    assert page.first("h1").text == "All drivers are good. Nothing changed since 2026-11-21."
    assert "Nothing. All is as it was" in page.first(id="changes").text
    assert "every sample that was looked at arrived once" in page.first(id="glitches").text


def test_a_first_night_shows_its_failures_without_a_comparison(tmp_path: Path) -> None:
    run = nights.result(lost=3)
    trend = nights.trend_of(run, "frames-lost", [3.0], unit="frames")
    page = page_of(nights.night_of([run], previous="", trends=[trend]), tmp_path)
    changes = page.first(id="changes")
    assert "This is the first night" in changes.text
    assert "1 failure tonight" in changes.text
    assert changes.first("code").text == run.command
    assert "one night is no trend yet" in page.first(id="trends").text


def test_an_unfit_machine_and_a_skip_are_neither_good_nor_bad(tmp_path: Path) -> None:
    runs = [nights.result(verdict=Verdict.UNFIT_MACHINE, reason="the machine slept")]
    night = nights.night_of(runs)
    line = night.drivers[0].model_copy(update={"verdict": Verdict.UNFIT_MACHINE})
    page = page_of(night.model_copy(update={"drivers": [line]}), tmp_path)
    assert page.first("h1").text.startswith("Nothing failed, but not everything could be judged.")
    assert page.first(id="good").first("span", class_="word").text == "unfit machine"


def test_a_night_of_50000_glitches_shows_60_and_counts_all(tmp_path: Path) -> None:
    page = build_page(nights.glitchy_night(50_000), tmp_path)
    assert len(page.encode()) < 1_000_000
    section = read_html(page).first(id="glitches")
    assert section.first("h2").text == "Glitches 50,000"
    assert len(list(section.all("article"))) == 60
    assert "60 glitches of 50,000 shown one by one" in section.text
    rows = [list(body.all("td")) for table in section.all("table") for body in table.all("tr")]
    told = sum(int(cells[-2].text.replace(",", "")) for cells in rows if cells)
    assert told == 50_000


def test_a_night_of_more_results_than_fit_says_what_is_left_out(tmp_path: Path) -> None:
    long = "x" * 250
    runs = [
        nights.result("Null", f"{long}-{at}", lost=3 * (at == 7_999), parameters={})
        for at in range(8_000)
    ]
    page = build_page(nights.night_of(runs), tmp_path)
    assert len(page.encode()) <= PAGE_BYTES
    tree = read_html(page)
    assert (
        "of 8,000 results, measurements of runs that passed left out"
        in tree.first(id="results").text
    )
    rows = json.loads(tree.first("script", id="data").raw)["rows"]
    assert 1_000 < len(rows) < 8_000
    assert rows[0][0] == runs[-1].id


def test_a_run_without_driver_has_a_line(tmp_path: Path) -> None:
    bare = Result(scenario="no-driver-at-all", verdict=Verdict.SKIPPED, reason="nothing to load")
    page = page_of(nights.night_of([bare], drivers=[]), tmp_path)
    assert "No driver was run." in page.first(id="good").text
    assert "no driver" in page.first("noscript").text


# ---- writing -------------------------------------------------------------------------------------


def test_the_page_is_written_as_index_html_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = write_page(nights.quiet_night(), tmp_path)
    assert path == tmp_path / "index.html"
    assert path.read_text("utf-8") == build_page(nights.quiet_night(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]


def test_a_disk_that_fills_leaves_the_older_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text("older")
    write_text = Path.write_text

    def full(self: Path, text: str, **more: Any) -> int:
        write_text(self, text[:100], **more)
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(LabError, match=r"No space left on device\): .*make room"):
        write_page(nights.quiet_night(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text() == "older"


def test_without_jinja2_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "jinja2":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingError, match=r"jinja2 is not installed.*hal-lab\[nightly\]"):
        build_page(nights.quiet_night(), tmp_path)
