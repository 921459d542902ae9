"""docs/reference/checks.md is made from the checks."""

from __future__ import annotations

from pathlib import Path

from lab.validate.document import REFERENCE, reference
from lab.validate.registry import all_checks

PAGE = Path(__file__).resolve().parents[2] / REFERENCE


def test_the_page_is_the_one_that_the_checks_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: python -m lab.validate"


def test_every_check_has_its_row() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) == len(all_checks())
    for check in all_checks():
        assert any(row.startswith(f"| `{check.id}` |") for row in rows)
