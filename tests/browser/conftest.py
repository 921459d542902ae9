"""A browser that the system brings, and pages that nobody ran."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.doctor.detect import chromium
from lab.night.record import Night
from tests.support import nights

PICTURES = Path(__file__).parents[2] / "reports" / "browser"
MAKERS: dict[str, Callable[[Path], Night]] = {
    "planted": nights.planted_night,
    "swept": nights.swept_night,
    "large": nights.large_night,
    "hostile": lambda _: nights.hostile_night(),
    "glitchy": lambda _: nights.glitchy_night(),
    "forty drivers": nights.forty_drivers,
    "empty": lambda _: nights.empty_night(),
}


class Watched:
    """A page in the browser, and all that it complained of or asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda said: self.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self.requests.append(request.url))

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()


Open = Callable[..., Watched]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, headless; the tests are skipped where it is missing."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install 'hal-lab[browser]'"
    )
    found = chromium()
    if not found.ok:
        pytest.skip(f"chromium: {found.detail}; apt-get install chromium")
    # Chromium's sandbox refuses to start as root; the page is ours, and asks for nothing.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found.detail, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Where the page of a night lies: of one that nobody ran, made once, or by its path."""
    from lab.report.page import write_page

    made: dict[str, str] = {}

    def address(name: str) -> str:
        if name not in MAKERS:
            return Path(name).as_uri()
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = write_page(MAKERS[name](folder), folder).as_uri()
        return made[name]

    return address


@pytest.fixture
def open_page(browser: Any, address: Callable[[str], str]) -> Iterator[Open]:
    """Opens the page of a night; afterwards nothing may have been complained of or asked for."""
    contexts: list[Any] = []
    opened: list[Watched] = []

    def open_page(
        name: str, *, width: int = 1280, height: int = 800, place: str = "", **more: Any
    ) -> Watched:
        viewport = {"width": width, "height": height}
        contexts.append(browser.new_context(viewport=viewport, **more))
        watched = Watched(contexts[-1].new_page())
        opened.append(watched)
        watched.page.goto(address(name) + place)
        return watched

    yield open_page
    for context in contexts:
        context.close()
    for watched in opened:
        assert watched.complaints == []
        elsewhere = [url for url in watched.requests if not url.startswith(("data:", "file:"))]
        assert elsewhere == []
        assert len([url for url in watched.requests if url.startswith("file:")]) <= 1


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots are kept."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES
