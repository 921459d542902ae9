"""The compatibility matrix as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from lab.machine.matrix import Cell, Kind

YES = "yes"
DOUBT = "yes?"
"""It works here, and nobody says whether it does there."""


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
        With the reasons as its caption: ``no`` and ``yes?`` carry the number of theirs.
    """
    by_row: dict[Kind | str, dict[str, Cell]] = {}
    profiles: dict[str, None] = {}
    for cell in cells:
        by_row.setdefault(cell.what, {})[cell.profile] = cell
        profiles[cell.profile] = None
    reasons: dict[str, int] = {}
    table = Table(title=title, caption_justify="left", caption_style="none", padding=(0, 1))
    is_kind = any(isinstance(what, Kind) for what in by_row)
    for heading in ("UUIDs", "signature", "linkage") if is_kind else ("command",):
        table.add_column(heading, no_wrap=True)
    for profile in profiles:
        table.add_column(profile.removeprefix("macos-"))
    ends = {what.types: what for what in by_row if isinstance(what, Kind)}.values()
    for what, row in by_row.items():
        lead = (what.types, what.signature, what.linkage) if isinstance(what, Kind) else (what,)
        shown = [_shown(row.get(profile), reasons) for profile in profiles]
        # A line between sets of UUIDs: the eye finds its row.
        table.add_row(*lead, *shown, end_section=is_kind and what in ends)
    legend = [f"{number}: {reason}" for reason, number in reasons.items()]
    if any(cell.works and cell.reason for row in by_row.values() for cell in row.values()):
        legend.append(f"{DOUBT}: it is here; whether it is there nobody says")
    table.caption = "\n".join(legend)
    return table


def _shown(cell: Cell | None, reasons: dict[str, int]) -> str:
    if cell is None:
        return "-"
    if not cell.reason:
        return YES if cell.works else "no"
    number = reasons.setdefault(cell.reason, len(reasons) + 1)
    return f"{DOUBT if cell.works else 'no'} ({number})"
