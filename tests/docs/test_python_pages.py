"""The pages of the Python reference name modules that there are, and leave none out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab import pytest_plugin

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "reference" / "python"

LEFT_OUT = {
    "lab.signals.calibrate": "makes docs/explanation/lossy-detectors.md",
    "lab.signals.calibration_table": "makes docs/explanation/lossy-detectors.md",
    "lab.host.coverage": "what a night counts, behind Host.coverage",
    "lab.host.link": "how the protocol gets there",
    "lab.host.protocol": "how the protocol gets there",
    "lab.host.stderr_log": "what a host keeps of its log",
    "lab.history.store": "the files behind lab.history.history",
    "lab.history.table": "the files behind lab.history.history",
    "lab.history.told": "what a night says of changes",
    "lab.results.files": "shown as members of lab.results",
    "lab.results.fingerprint": "shown as members of lab.results",
    "lab.results.judge": "shown as members of lab.results",
}
"""Modules of the packages below that are nobody's to call, and why."""


def shown() -> set[str]:
    """Modules that stand on a page."""
    return {
        name
        for page in PAGES.glob("*.md")
        for name in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }


def source_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_every_module_that_is_shown_is_there_and_says_what_it_is() -> None:
    assert len(shown()) > 40
    for module in shown():
        assert source_of(module).read_text(encoding="utf-8").startswith('"""'), module


@pytest.mark.parametrize("package", ["host", "signals", "measure", "history", "results"])
def test_no_module_of_a_package_for_scenarios_is_left_out_without_a_reason(package: str) -> None:
    modules = {
        f"lab.{package}.{path.stem}"
        for path in (ROOT / "lab" / package).glob("*.py")
        if not path.stem.startswith("_")
    }
    assert modules - shown() == {name for name in LEFT_OUT if name.startswith(f"lab.{package}.")}


def test_every_page_is_reached_from_the_first() -> None:
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    for page in PAGES.glob("*.md"):
        assert page.name == "index.md" or f"]({page.name})" in index, page.name


def test_the_page_of_the_plugin_has_every_option_mark_and_fixture() -> None:
    page = (PAGES / "pytest.md").read_text(encoding="utf-8")
    parser = pytest.Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    options = [word for option in parser.getgroup("hal-lab").options for word in option.names()]
    assert len(options) >= 3
    for word in options:
        assert f"`{word}" in page
    for mark in pytest_plugin.MARKS:
        assert f"`{mark}`" in page


def test_the_docstring_of_the_plugin_lists_its_fixtures() -> None:
    source = source_of("lab.pytest_plugin").read_text(encoding="utf-8")
    fixtures = set(re.findall(r"^@pytest\.fixture\ndef (\w+)", source, re.MULTILINE))
    listed = set(re.findall(r"^\| ``(\w+)`` \|", pytest_plugin.__doc__ or "", re.MULTILINE))
    assert fixtures == listed
