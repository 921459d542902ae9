"""The pages of the nights that were run in this checkout: ./noxw -s nightly."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.night.write import PAGE, read_night
from tests.browser.conftest import Open

NIGHTS = sorted(Path(__file__).parents[2].glob(f"reports/nights/*/{PAGE}"))
NONE = pytest.param(None, marks=pytest.mark.skip(reason="no night was run: ./noxw -s nightly"))


@pytest.mark.parametrize("path", NIGHTS or [NONE], ids=lambda path: path and path.parent.name)
def test_the_page_of_a_night_says_what_its_record_says(open_page: Open, path: Path) -> None:
    night = read_night(path.parent)
    page = open_page(str(path)).page
    assert page.locator("section").count() == (9 if night.sweeps else 8)
    assert page.locator("#sweep figure").count() == len(night.sweeps)
    good = page.locator("#good").inner_text()
    for line in night.drivers:
        assert line.name in good
        assert line.verdict.value.replace("-", " ") in good
    assert page.locator("#changes .change").count() == len(night.changes)
    for change in night.changes[:1]:
        first = page.locator("#changes .change").first
        box = first.bounding_box()
        assert box["y"] + box["height"] <= 800
        assert change.since in first.inner_text()
        assert change.command in first.locator("code").inner_text()
    clips = {glitch.clip for result in night.results for glitch in result.glitches} - {""}
    assert bool(clips) == bool(page.locator("audio").count())
