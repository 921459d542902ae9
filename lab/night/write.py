"""The files of a night."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from lab.errors import LabError
from lab.night.record import RECORD_VERSION, Night
from lab.whole_file import write_whole

RECORD, SUMMARY, JUNIT, PAGE = "night.json", "summary.md", "junit.xml", "index.html"


def write_night(night: Night, folder: Path) -> None:
    """Write a night's record and all views of it.

    Parameters
    ----------
    night
        The record.
    folder
        Is there, with the artefacts in it.

    Raises
    ------
    LabError
        When it cannot be written; a file that was there before is as it was.
    """
    from lab.report.junit import as_junit
    from lab.report.markdown import as_markdown
    from lab.report.page import build_page

    views: dict[str, Callable[[], str]] = {
        RECORD: lambda: night.model_dump_json(indent=1) + "\n",
        SUMMARY: lambda: as_markdown(night),
        JUNIT: lambda: as_junit(night),
        PAGE: lambda: build_page(night, folder),
    }
    for name, made in views.items():
        write_whole(folder / name, made())


def read_night(folder: Path) -> Night:
    """Read the record of a night.

    Parameters
    ----------
    folder
        Of the night.

    Returns
    -------
    Night

    Raises
    ------
    LabError
        When there is none, or of a version that is not known.
    """
    path = folder / RECORD
    try:
        return Night.model_validate_json(path.read_bytes())
    except OSError as error:
        raise LabError(f"no night ({error.strerror})", where=str(path)) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise LabError(
            f"not a night of version {RECORD_VERSION} ({first['loc']}: {first['msg']})",
            where=str(path),
            do="use the hal-lab that wrote it",
        ) from error
