"""People see, hear, filter and print the page of a night, with a keyboard alone as well.

Whatever a test does, the page must not complain on the console, and must not ask anybody for
anything: `conftest.open_page` looks at both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Open

SECTIONS = ["good", "changes", "glitches", "latency", "trends", "machine", "coverage", "results"]
FIRST_PAINT_MS = 1_000
LOADS = 3

FIRST_PAINT = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    const paint = list.getEntriesByName("first-contentful-paint")[0];
    if (paint) done(paint.startTime);
  }).observe({ type: "paint", buffered: true });
})"""
WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth > innerWidth"
CONTRASTS = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const luminance = (colour) => channels(colour)
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  const written = "h1, h2, h3, p, span, b, a, td, th, code, button, summary, label";
  for (const node of document.querySelectorAll(written)) {
    if (!node.checkVisibility() || !node.textContent.trim()) continue;
    const [one, other] = [luminance(getComputedStyle(node).color), luminance(behind(node))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const text = node.textContent.trim().slice(0, 30);
    if (ratio < 4.5) found.push(`${node.tagName} ${node.className} ${ratio.toFixed(2)}: ${text}`);
  }
  return found;
}"""


def focused(page: Any) -> str:
    """What has the focus, in a few words."""
    return str(
        page.evaluate(
            "(() => { const a = document.activeElement;"
            " return `${a.tagName.toLowerCase()} ${a.id || a.textContent.trim().slice(0, 20)}` })()"
        )
    )


def test_the_sections_stand_below_each_other_in_their_order(open_page: Open) -> None:
    page = open_page("planted").page
    assert page.evaluate("[...document.querySelectorAll('section')].map((s) => s.id)") == SECTIONS
    tops = [page.locator(f"#{name}").bounding_box()["y"] for name in SECTIONS]
    # The first two are beside each other.
    assert tops[0] == tops[1]
    assert tops[1:] == sorted(tops[1:])
    tops = []
    narrow = open_page("planted", width=400).page
    tops = [narrow.locator(f"#{name}").bounding_box()["y"] for name in SECTIONS]
    assert tops == sorted(set(tops))


def test_a_planted_regression_is_seen_on_the_first_screen(open_page: Open) -> None:
    page = open_page("planted", width=1280, height=800).page
    change = page.locator("#changes .change").first
    for part in ("h3", ".step", ".when", ".notes", ".command code", ".spark", ".links a"):
        box = change.locator(part).first.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 800
    assert "Bunghole loses 24 frames" in change.inner_text()
    assert "since 2026-11-20, for 3 nights" in change.inner_text()
    assert "--seed 4711" in change.locator("code").inner_text()
    # Shown whole: neither cut off nor scrolled away.
    assert change.locator("code").evaluate("(c) => c.scrollWidth <= c.clientWidth")
    for name in ("Bunghole", "Gecko Sink", "Null"):
        box = page.locator("#good li", has_text=name).bounding_box()
        assert box["y"] + box["height"] <= 800


def test_forty_drivers_do_not_push_the_change_off_a_small_screen(open_page: Open) -> None:
    page = open_page("forty drivers", width=400).page
    change = page.locator("#changes .change h3").first
    assert change.bounding_box()["y"] < 2 * 800
    assert page.locator("#good li:visible").count() == 8
    page.locator("#good summary").click()
    assert page.locator("#good li:visible").count() == 40
    wide = open_page("forty drivers").page
    box = wide.locator("#changes .change .command").first.bounding_box()
    assert box["y"] + box["height"] < 800


def test_the_table_filters_by_text_driver_and_verdict(open_page: Open) -> None:
    page = open_page("large").page
    shown = page.locator("#shown")
    assert shown.inner_text() == "2,000 results"
    assert page.locator("#table > tbody > tr").count() == 60
    page.select_option("#filter-verdict", "fail")
    assert shown.inner_text() == "65 of 2,000 results"
    page.select_option("#filter-driver", "Null")
    assert shown.inner_text() == "22 of 2,000 results"
    assert set(page.locator("#table > tbody > tr > td:nth-child(2)").all_inner_texts()) == {"Null"}
    page.fill("#filter-text", "arrive_0.py  RING-overrun")
    rows = page.locator("#table > tbody > tr")
    assert 0 < rows.count() < 22
    assert all("ring-overrun" in text for text in rows.all_inner_texts())
    page.fill("#filter-text", "nothing like it")
    assert shown.inner_text() == "0 of 2,000 results"
    assert rows.count() == 0


def test_the_table_sorts_and_says_by_what(open_page: Open) -> None:
    page = open_page("large").page
    verdicts = page.locator("#table > tbody > tr > td:nth-child(1)")
    assert verdicts.first.inner_text() == "fail"
    heads = page.locator("#table > thead th")
    assert heads.nth(0).get_attribute("aria-sort") == "ascending"
    page.click("#table > thead button:has-text('glitches')")
    assert heads.nth(4).get_attribute("aria-sort") == "descending"
    assert heads.nth(0).get_attribute("aria-sort") is None
    counts = page.locator("#table > tbody > tr > td:nth-child(5)").all_inner_texts()
    assert counts == sorted(counts, reverse=True)
    page.click("#table > thead button:has-text('glitches')")
    assert page.locator("#table > tbody > tr > td:nth-child(5)").first.inner_text() == "0"
    page.click("#more button")
    assert page.locator("#table > tbody > tr").count() == 120


def test_a_link_leads_to_the_measurements_of_a_run(open_page: Open) -> None:
    page = open_page("large").page
    page.fill("#filter-text", "nothing like it")
    page.locator("#changes .links a", has_text="all its measurements").first.click()
    row = page.locator("tr.aim")
    row.wait_for()
    assert page.input_value("#filter-text") == ""
    inside = page.locator("tr.inside")
    assert inside.locator("tr.fail").inner_text().split("\t")[:4] == [
        "frames lost",
        "3\xa0frames",
        "≤ 0\xa0frames",
        "3\xa0frames over",
    ]
    row.locator("summary").click()
    inside.wait_for(state="hidden")


def test_a_link_unfolds_a_glitch_that_is_folded_away(open_page: Open) -> None:
    page = open_page("large").page
    folded = page.locator(".more-cards article").last
    assert not folded.is_visible()
    anchor = folded.get_attribute("id")
    page.evaluate("(id) => { location.hash = id }", anchor)
    folded.wait_for(state="visible")


def test_a_clip_plays(open_page: Open) -> None:
    page = open_page("planted").page
    audio = page.locator("article audio[aria-label='what was received']").first
    audio.scroll_into_view_if_needed()
    heard = audio.evaluate(
        """(audio) => new Promise((done, fail) => {
          audio.muted = true;
          audio.addEventListener("error", () => fail(audio.error.message));
          audio.addEventListener("ended", () => done([audio.duration, audio.currentTime]));
          audio.play().catch(fail);
        })"""
    )
    assert heard == pytest.approx([0.04, 0.04], abs=0.005)


def test_clips_play_in_a_loop_and_slowly_when_asked(open_page: Open) -> None:
    page = open_page("planted").page
    page.check("#in-a-loop")
    page.check("#slowly")
    told = page.locator("audio").last.evaluate("(a) => [a.loop, a.playbackRate, a.preservesPitch]")
    assert told == [True, 0.25, False]
    page.uncheck("#slowly")
    assert page.locator("audio").last.evaluate("(a) => a.playbackRate") == 1


def test_the_spectrogram_is_a_picture_and_the_spot_is_marked(open_page: Open) -> None:
    page = open_page("planted").page
    card = page.locator("article").first
    card.scroll_into_view_if_needed()
    size = card.locator("img.spectrum").first.evaluate(
        "async (i) => { await i.decode(); return [i.naturalWidth, i.naturalHeight] }"
    )
    assert size == [160, 65]
    wave = card.locator("svg.wave.received").bounding_box()
    spot = card.locator("svg.wave.received .spot").bounding_box()
    assert spot["x"] + spot["width"] / 2 == pytest.approx(wave["x"] + wave["width"] / 2, abs=4)


def test_the_command_is_copied(open_page: Open) -> None:
    page = open_page("planted", permissions=["clipboard-read", "clipboard-write"]).page
    button = page.locator("#changes button.copy").first
    command = page.locator("#changes code").first.text_content()
    button.click()
    page.locator("#changes button.copy", has_text="Copied").first.wait_for()
    page.fill("#filter-text", "")
    page.focus("#filter-text")
    page.keyboard.press("Control+V")
    assert page.input_value("#filter-text") == command


def test_a_keyboard_is_enough(open_page: Open) -> None:
    page = open_page("planted").page
    page.keyboard.press("Tab")
    assert focused(page) == "a Skip to all results"
    assert page.locator(".skip").bounding_box()["x"] > 0
    page.keyboard.press("Tab")
    assert focused(page) == "a glitches"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "input filter-text"
    page.keyboard.type("cut-heal null")
    assert page.locator("#shown").inner_text() == "1 of 13 results"
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(focused(page))
    assert reached == [
        "select filter-driver",
        "select filter-verdict",
        "button verdict",
        "button driver",
        "button scenario",
        "button glitches",
        "button took",
        "summary does-a-cut-heal faul",
    ]
    page.keyboard.press("Enter")
    page.locator("tr.inside").wait_for()
    # What has the focus can be seen to have it.
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_sweep_is_drawn_where_it_belongs_and_each_cell_can_be_read(
    open_page: Open, pictures: Path
) -> None:
    page = open_page("swept").page
    ids = page.evaluate("[...document.querySelectorAll('section')].map((s) => s.id)")
    assert ids == [*SECTIONS[:5], "sweep", *SECTIONS[5:]]
    page.locator("nav a", has_text="sweep").click()
    first = page.locator("#sweep figure").first
    assert "Gecko Sink" in first.locator("figcaption").inner_text()
    cells = first.locator("svg [role=img]")
    assert cells.count() == 20
    bad = first.get_by_role("img", name="ring_frames 1024, jitter_ms 15: 15 of 20 runs, 75 %")
    good = first.get_by_role("img", name="ring_frames 1024, jitter_ms 0: 0 of 20 runs, 0 %")
    assert bad.locator("text").inner_html() == "75 %"
    # The style of the map is permitted: cells have its colour, the worse the stronger.
    fills = [
        cell.locator("rect").evaluate("(r) => getComputedStyle(r).fill") for cell in (bad, good)
    ]
    assert fills == ["rgb(179, 38, 30)"] * 2
    opacities = [
        float(cell.locator("rect").evaluate("(r) => getComputedStyle(r).fillOpacity"))
        for cell in (bad, good)
    ]
    assert opacities[0] > 0.8
    assert opacities[1] == 0
    assert "--over ring_frames=1024,2048" in first.locator("code").inner_text()
    # Shown whole: neither cut off nor scrolled away.
    for code in page.locator("#sweep code").all():
        assert code.evaluate("(c) => c.scrollWidth <= c.clientWidth")
    page.locator("#sweep").screenshot(path=pictures / "sweep-1280-light.png")


def test_a_wide_sweep_scrolls_by_itself_and_keeps_its_size_on_a_small_screen(
    open_page: Open, pictures: Path
) -> None:
    page = open_page("swept", width=400, color_scheme="dark").page
    wide = page.locator("#sweep .wide").last
    assert wide.evaluate("(w) => w.scrollWidth > 2 * w.clientWidth")
    assert wide.locator("svg rect").first.bounding_box()["width"] == pytest.approx(64, abs=1)
    wide.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(w) => w.scrollLeft > 0", arg=wide.element_handle())
    assert not page.evaluate(WIDER_THAN_THE_SCREEN)
    fill = wide.locator("svg rect").first.evaluate("(r) => getComputedStyle(r).fill")
    assert fill == "rgb(255, 138, 112)"
    page.locator("#sweep").screenshot(path=pictures / "sweep-400-dark.png")


@pytest.mark.parametrize("name", ["planted", "swept", "large", "hostile", "glitchy", "empty"])
def test_at_400_pixels_nothing_is_wider_than_the_screen(open_page: Open, name: str) -> None:
    page = open_page(name, width=400).page
    assert not page.evaluate(WIDER_THAN_THE_SCREEN)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.wait_for_timeout(100)
    assert not page.evaluate(WIDER_THAN_THE_SCREEN)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_words_stand_out_from_what_is_behind_them(open_page: Open, scheme: str) -> None:
    page = open_page("swept", color_scheme=scheme).page
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(background.removeprefix("rgb(").split(",")[0])
    assert (red > 200) == (scheme == "light")
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate(CONTRASTS) == []


def test_without_script_all_is_said_but_the_filter(open_page: Open) -> None:
    watched = open_page("planted", java_script_enabled=False, width=400)
    page = watched.page
    assert page.locator("table.static tbody > tr").first.is_visible()
    assert not page.locator("#filters").is_visible()
    assert not page.locator("button.copy").first.is_visible()
    assert page.locator("article svg.wave").first.is_visible()
    assert page.locator("article audio").first.is_visible()
    page.locator("table.static summary").first.click()
    assert page.locator("table.static .measurements").first.is_visible()


def test_a_name_that_is_a_script_does_not_run(open_page: Open) -> None:
    page = open_page("hostile").page
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.wait_for_timeout(200)
    # The page's own, and the data; that no dialog came, the fixture sees.
    assert page.locator("script").count() == 2
    assert page.locator("img[src=x]").count() == 0
    assert "<script>alert(1)</script>" in page.locator("#table").inner_text()


def test_the_policy_keeps_out_what_is_not_the_pages_own(open_page: Open) -> None:
    watched = open_page("planted")
    watched.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'document.title = `taken`'}),"
        " Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))"
    )
    watched.page.wait_for_timeout(200)
    assert watched.page.title() != "taken"
    refused = [told for told in watched.complaints if "Content Security Policy" in told]
    assert len(refused) == 2
    # That is what the console is for; the fixture wants to see nothing but this.
    assert len(refused) == len(watched.complaints)
    watched.complaints.clear()
    watched.requests[:] = [url for url in watched.requests if "127.0.0.1" not in url]


@pytest.mark.parametrize("name", ["planted", "large", "glitchy"])
def test_the_first_paint_comes_within_a_second(open_page: Open, name: str) -> None:
    paints = []
    for _ in range(LOADS):
        page = open_page(name).page
        paints.append(page.evaluate(FIRST_PAINT))
    # The best of them: others use this machine as well, and the page is the same each time.
    print(f"first paint of {name}: {', '.join(f'{paint:.0f} ms' for paint in paints)}")
    assert min(paints) <= FIRST_PAINT_MS


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_pictures_are_kept(open_page: Open, pictures: Path, width: int, scheme: str) -> None:
    page = open_page("planted", width=width, color_scheme=scheme).page
    page.locator("#table tbody tr").first.wait_for()
    for name, whole in (("first-screen", False), ("page", True)):
        path = pictures / f"{name}-{width}-{scheme}.png"
        page.screenshot(path=path, full_page=whole)
        assert path.stat().st_size > 10_000


def test_it_prints_without_what_only_a_screen_can_do(open_page: Open, pictures: Path) -> None:
    page = open_page("planted").page
    page.emulate_media(media="print")
    for what in ("nav", "#filters", "button.copy", "audio"):
        assert not page.locator(what).first.is_visible()
    assert page.locator("#changes code").first.is_visible()
    path = pictures / "printed.pdf"
    page.pdf(path=path, format="A4")
    assert path.read_bytes().startswith(b"%PDF")
