"""Budget files: the lab's own, and bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.host.models import LedgerCount, LedgerReport, LedgerRow
from lab.measure.budget import FOLDER, BudgetError, load_budget, violations_of


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_budgets_of_the_lab_can_be_read(file: Path) -> None:
    budget = load_budget(file.stem)
    assert budget.name == file.stem
    assert budget.what
    assert budget.budgets
    assert load_budget(str(file)) == budget


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "not JSON"),
        ('{"format": 2, "name": "x", "budgets": []}', "format: "),
        (
            '{"format": 1, "name": "x", "budgets": [{"entry_point": "A", "locks": 0}]}',
            "budgets.0.lo",
        ),
        (
            '{"format": 1, "name": "x", "budgets": [{"entry_point": "A", "lock": -1}]}',
            "budgets.0.lo",
        ),
        (
            '{"format": 1, "name": "x", "budgets": [{"entry_point": "A", "operation": "abc"}]}',
            "ope",
        ),
        ("[]", "valid dictionary"),
    ],
)
def test_a_bad_file_is_one_line_with_its_place(tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BudgetError) as caught:
        load_budget(str(file))
    assert line in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_lists_those_that_there_are() -> None:
    with pytest.raises(BudgetError, match=r"no such budget.*realtime, strict"):
        load_budget("relaxed")


def test_what_is_at_its_budget_is_no_violation() -> None:
    def row(worst: int, budget: int | None) -> LedgerRow:
        return LedgerRow(
            entry_point="DoIOOperation",
            operation="rite",
            calls=10,
            sampled=1,
            violations=0,
            worst_ns=5,
            kinds={"lock": LedgerCount(count=9, worst=worst, budget=budget)},
            evidence=["lock by pthread_mutex_lock in X", "free by free in Y"],
        )

    assert violations_of(LedgerReport(sees=["lock"], rows=[row(2, 2), row(2, None)])) == []
    (found,) = violations_of(LedgerReport(sees=["lock"], rows=[row(3, 2)]))
    assert found.evidence == ("lock by pthread_mutex_lock in X",)
    assert (
        found.sentence() == "DoIOOperation 'rite': 3 x lock in one call, 2 allowed (9 in 10 calls)"
    )
