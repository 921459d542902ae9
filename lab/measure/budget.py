"""Budgets of what a driver's calls may do, and what of a ledger goes beyond them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.errors import LabError
from lab.host.models import LedgerReport, LedgerRow

FOLDER = Path(__file__).parent.parent / "budgets"

Limit = Annotated[int, Field(ge=0, lt=2**32 - 1)]


class BudgetError(LabError):
    """A budget file cannot be used."""


class CallBudget(BaseModel):
    """How often each thing may happen in one call of an entry point; None: no limit.

    Attributes
    ----------
    entry_point
        A slot of the driver's interface, such as ``"DoIOOperation"``.
    operation
        Four characters, for one IO operation only; None: for all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    entry_point: str
    operation: Annotated[str, Field(min_length=4, max_length=4)] | None = None
    allocation: Limit | None = None
    free: Limit | None = None
    lock: Limit | None = None
    contended_lock: Limit | None = Field(default=None, alias="contended-lock")
    system_call: Limit | None = Field(default=None, alias="system-call")
    page_fault: Limit | None = Field(default=None, alias="page-fault")
    context_switch: Limit | None = Field(default=None, alias="context-switch")

    def as_parameters(self) -> dict[str, str | int]:
        """As ``ledger.begin`` takes it."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Budget(BaseModel):
    """A named list of budgets; of several that fit a call, the first counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1]
    name: str
    what: str = ""
    budgets: list[CallBudget]


@dataclass(frozen=True)
class Violation:
    """One kind of thing that calls of one entry point did too often.

    Attributes
    ----------
    where
        ``"DoIOOperation 'rite'"``.
    kind
        ``"allocation"``.
    worst, budget
        In one call.
    count, calls
        In all of them.
    evidence
        Where in the driver, one line each; empty when nothing more is known.
    """

    where: str
    kind: str
    worst: int
    budget: int
    count: int
    calls: int
    evidence: tuple[str, ...]

    def sentence(self) -> str:
        """In words, one line."""
        return (
            f"{self.where}: {self.worst} x {self.kind} in one call, {self.budget} allowed "
            f"({self.count} in {self.calls} calls)"
        )


def load_budget(name: str) -> Budget:
    """Read a budget.

    Parameters
    ----------
    name
        Of one that comes with the lab (``"realtime"``, ``"strict"``), or the path of a file.

    Raises
    ------
    BudgetError
        There is none, or it is not one.
    """
    own = FOLDER / f"{name}.json"
    path = own if own.is_file() else Path(name)
    try:
        return Budget.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.json")))
        raise BudgetError("no such budget", where=name, do=f"give a file, or one of {known}") from (
            None
        )
    except (OSError, UnicodeDecodeError) as error:
        raise BudgetError(f"cannot be read ({error})", where=str(path)) from None
    except json.JSONDecodeError as error:
        raise BudgetError(f"not JSON: {error.msg}", where=f"{path}:{error.lineno}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BudgetError(f"{place}: {first['msg']}", where=str(path)) from None


def violations_of(report: LedgerReport) -> list[Violation]:
    """What went beyond the budgets that the ledger was begun with.

    Parameters
    ----------
    report
        As `lab.host.base.Host.ledger` returns it.

    Returns
    -------
    list of Violation
        In the order of the rows.
    """
    return [violation for row in report.rows for violation in _violations_of_row(row)]


def _violations_of_row(row: LedgerRow) -> Iterator[Violation]:
    where = row.entry_point if row.operation is None else f"{row.entry_point} '{row.operation}'"
    for kind, count in row.kinds.items():
        if count.budget is not None and count.worst > count.budget:
            words = kind.replace("-", " ")
            evidence = tuple(line for line in row.evidence if line.startswith(words))
            yield Violation(
                where=where,
                kind=kind,
                worst=count.worst,
                budget=count.budget,
                count=count.count,
                calls=row.calls,
                evidence=evidence,
            )
