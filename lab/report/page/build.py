"""The page of a night, put together.

It is laid out twice: once without clips, to see how large the rest is, and then with as many clips
as the room that is left holds.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lab.errors import LabError, MissingError
from lab.night.record import Night
from lab.report.page import figures, overview
from lab.report.page.calibration import calibration_rows
from lab.report.page.clips import ClipError, artefact_path
from lab.report.page.contract import maps_of
from lab.report.page.distributions import distributions_of
from lab.report.page.fitness import GAUGE_WIDTH, gauges_of
from lab.report.page.glitches import Glitches, glitches_of, with_clips
from lab.report.page.plots import (
    CLOSE_HEIGHT,
    CLOSE_WIDTH,
    TIMELINE_WIDTH,
    WAVE_HEIGHT,
    WAVE_WIDTH,
)
from lab.report.page.tables import results_json
from lab.report.page.trends import spark_of, trends_of
from lab.report.terminal import number, words
from lab.results import Result
from lab.whole_file import write_whole

PAGE_BYTES = 4_000_000
"""As large is a page at most."""
_SPARE = 20_000
"""For what clips bring along that is not counted: links, labels."""
_TEMPLATES = Path(__file__).parent / "templates"
_STATIC_ROWS = 40
"""As many rows has the table of those who run no script."""


def write_page(night: Night, folder: Path) -> Path:
    """Write the page of a night as ``index.html``.

    Parameters
    ----------
    night
        The record.
    folder
        Of the night, in which its artefacts lie.

    Returns
    -------
    Path
        Of the page. An older one stays until the new one is whole.

    Raises
    ------
    LabError
        When jinja2 is missing, or the page cannot be written.
    """
    path = folder / "index.html"
    write_whole(path, build_page(night, folder))
    return path


def build_page(night: Night, folder: Path) -> str:
    """The page of a night.

    Parameters
    ----------
    night
        The record.
    folder
        Of the night, in which its artefacts lie. What is missing is said on the page.

    Returns
    -------
    str
        HTML, at most `PAGE_BYTES` as UTF-8.

    Raises
    ------
    LabError
        When jinja2 is missing.
    """
    template = _environment(folder).get_template("page.html.j2")
    silent = glitches_of(night)
    told = _told(night)
    table, left_out = results_json(night.results, shown={card.result.id for card in silent.cards})

    def rendered(found: Glitches) -> str:
        return str(template.render(**told, glitches=found, table=table, left_out=left_out))

    room = PAGE_BYTES - _SPARE - len(rendered(silent).encode())
    page = rendered(with_clips(silent, folder, room))
    if len(page.encode()) > PAGE_BYTES:
        raise LabError(
            f"the page of the night would have {len(page.encode()):,} bytes, limit {PAGE_BYTES:,}",
            where=night.night,
            do="make a night of fewer drivers, or report this",
        )
    return page


def _told(night: Night) -> dict[str, Any]:
    """All that the template lays out, glitches and results left out."""
    standing = overview.standing_failures(night)
    changes = overview.change_views(night)
    shown, folded = overview.drivers_in_sight(night)
    worst = sorted(night.results, key=lambda result: figures.RANK[result.verdict])
    return {
        "night": night,
        "headline": overview.headline(night),
        "partial": overview.partial_line(night),
        "facts": overview.facts_line(night),
        "changes": [(view, spark_of(view.trend)) for view in changes],
        "standing": standing,
        "drivers_shown": shown,
        "drivers_folded": folded,
        "distributions": distributions_of(night),
        "trends": trends_of(night),
        "gauges": gauges_of(night.machine),
        "maps": maps_of(night),
        "calibration": calibration_rows(night),
        "worst": worst[:_STATIC_ROWS],
        "drivers": sorted({result.driver_name for result in night.results}),
        "style": _read("style.css"),
        "script": _read("script.js"),
        "policy": _policy(),
    }


def _policy() -> str:
    """What the page may do: nothing but what it brings along. Scripts and styles by their hash."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash('script.js')}'",
            f"style-src '{_hash('style.css')}'",
            "img-src data:",
            "media-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


@cache
def _read(name: str) -> str:
    """A file of the page; what is in an element begins and ends at its tags, for the hash."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(name: str) -> str:
    digest = hashlib.sha256(_read(name).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _environment(folder: Path) -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise MissingError(
            "jinja2 is not installed, which the page of a night is laid out with",
            do="pip install 'hal-lab[nightly]'",
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count_of": figures.count_of,
        "duration": figures.duration,
        "figure": figures.figure,
        "in_short": figures.in_short,
        "moment": figures.moment,
        "number": number,
        "which_run": figures.which_run,
        "words": words,
        "unit": figures.unit_of,
    }
    environment.globals |= {
        "found_in": figures.words_of_result,
        "limit_of": figures.limit_of,
        "link_to": lambda path: link_to(folder, path),
        "room_of": figures.room_of,
        "run_of": figures.of_the_run,
        "sizes": {
            "close": (CLOSE_WIDTH, CLOSE_HEIGHT),
            "wave": (WAVE_WIDTH, WAVE_HEIGHT),
            "timeline": TIMELINE_WIDTH,
            "gauge": GAUGE_WIDTH,
        },
        "to_keep": files_of,
        "verdicts": figures.WORST_FIRST,
    }
    return environment


def link_to(folder: Path, path: str) -> str:
    """A link to an artefact beside the page; empty when it does not lie there."""
    try:
        found = artefact_path(folder, path)
    except ClipError:
        return ""
    return "./" + quote(found.relative_to(folder.resolve()).as_posix())


def files_of(result: Result) -> list[tuple[str, str]]:
    """Name and path of what a result kept, clips of single glitches left out."""
    clips = {glitch.clip for glitch in result.glitches if glitch.clip}
    clips |= {f"{name}-sent" for name in clips}
    return [(name, path) for name, path in result.artefacts.items() if name not in clips][:12]
