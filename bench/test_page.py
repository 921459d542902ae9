"""How long the page of a night takes to make, and how large it becomes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench.conftest import Judge
from bench.ratios import Ratio, floor, typical
from lab.night.record import Night
from lab.report.junit import as_junit
from lab.report.markdown import SUMMARY_BYTES, as_markdown
from lab.report.page import PAGE_BYTES, build_page
from tests.support import nights

ROUNDS = 5
PAGE_LIMIT_S = 2.0
"""Of the processor. A night takes minutes; nobody should wait for its page as well."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("night")


@pytest.fixture(scope="module", params=["2,000 results, 60 clips", "50,000 glitches"])
def night(request: pytest.FixtureRequest, folder: Path) -> tuple[str, Night]:
    small = request.param.startswith("2,000")
    return request.param, nights.large_night(folder) if small else nights.glitchy_night()


def test_a_page_is_made_within_seconds_and_no_larger_than_4_mb(
    night: tuple[str, Night], folder: Path, judge: Judge
) -> None:
    name, record = night
    found = []
    page = build_page(record, folder)
    for _ in range(ROUNDS):
        began = time.process_time()
        page = build_page(record, folder)
        found.append(time.process_time() - began)
    judge(
        Ratio(
            f"page of {name}, cpu",
            typical(found),
            limit=PAGE_LIMIT_S,
            unit="s",
            gates=True,
            margin=2.0,
            detail={"fastest s": floor(found), "slowest s": max(found)},
        )
    )
    size = len(page.encode()) / PAGE_BYTES
    judge(Ratio(f"page of {name}, of 4 MB", size, limit=1.0, gates=True))


def test_markdown_and_junit_are_cheap_beside_the_page(
    night: tuple[str, Night], folder: Path, judge: Judge
) -> None:
    name, record = night
    build_page(record, folder)
    times = []
    for work in (
        lambda: build_page(record, folder),
        lambda: (as_markdown(record), as_junit(record)),
    ):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    judge(
        Ratio(f"Markdown and JUnit of {name}, of the page's time", times[1] / times[0], limit=2.0)
    )
    size = len(as_markdown(record).encode()) / SUMMARY_BYTES
    judge(Ratio(f"Markdown of {name}, of what GitHub takes", size, limit=1.0, gates=True))
