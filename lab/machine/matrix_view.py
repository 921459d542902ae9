"""The compatibility matrix as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from lab.machine.matrix import Cell, Kind

YES = "yes"


def matrix_table(cells: Iterable[Cell], title: str) -> Table:
    """A row for each combination, a column for each version; each no, and unknown, has its reason.

    Parameters
    ----------
    cells
        Of one kind: bundles or restarts.
    title
        Of the table.

    Returns
    -------
    Table
        With the reasons as its caption.
    """
    by_row: dict[Kind | str, dict[str, Cell]] = {}
    profiles: dict[str, None] = {}
    for cell in cells:
        by_row.setdefault(cell.what, {})[cell.profile] = cell
        profiles[cell.profile] = None
    reasons: dict[str, int] = {}
    table = Table(title=title, caption_justify="left")
    is_kind = any(isinstance(what, Kind) for what in by_row)
    for heading in ("UUIDs", "signature", "linkage") if is_kind else ("command",):
        table.add_column(heading)
    for profile in profiles:
        table.add_column(profile.removeprefix("macos-"))
    for what, row in by_row.items():
        lead = (what.types, what.signature, what.linkage) if isinstance(what, Kind) else (what,)
        table.add_row(*lead, *(_shown(row.get(profile), reasons) for profile in profiles))
    table.caption = "\n".join(f"{number}: {reason}" for reason, number in reasons.items())
    return table


def _shown(cell: Cell | None, reasons: dict[str, int]) -> str:
    if cell is None:
        return "-"
    if not cell.reason:
        return YES if cell.works else "no"
    return (
        f"{'unknown' if cell.works else 'no'} ({reasons.setdefault(cell.reason, len(reasons) + 1)})"
    )
