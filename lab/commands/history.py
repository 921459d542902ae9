"""``hal-lab history``: ask all nights, hold two side by side, take the figures elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from lab.commands.nightly import HISTORY
from lab.errors import UsageError
from lab.history.compare import compare
from lab.history.export import VIEWS, export
from lab.history.history import History
from lab.report.console import Output
from lab.report.terminal import number, words

_NIGHTS = """
select night, count(*) as results, count(*) filter (verdict = 'fail') as failed,
       sum(glitch_count)::bigint as glitches, round(sum(duration_s), 1) as seconds
from results group by night order by night
"""
_MOST_SHOWN = 1_000

HistoryOption = Annotated[
    str, typer.Option("--history", help="Where the nights are kept: a folder, or a URL.")
]

history_app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


@history_app.callback(invoke_without_command=True)
def history_command(context: typer.Context, history: HistoryOption = str(HISTORY)) -> None:
    """Ask the nights that were kept: append-only Parquet, one folder a night.

    Without a command: which nights there are.
    """
    context.obj = history
    if context.invoked_subcommand is None:
        with _opened(history) as opened:
            _show(opened.ask(_NIGHTS))


@history_app.command("query")
def query_command(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="One statement of DuckDB's SQL.")],
) -> None:
    """Ask in SQL: views results, measurements, glitches (docs/reference/history.md).

    \b
    Examples
      hal-lab history query "select night, verdict from results where scenario = 'soak'"
      hal-lab history query "select night, value from measurements where name = 'latency-p99'"
    """  # noqa: D301  (click's mark for a paragraph that is not wrapped)
    with _opened(context.obj) as opened:
        _show(opened.ask(sql))


@history_app.command("compare")
def compare_command(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help="A night.")],
    after: Annotated[str, typer.Argument(help="A later one.")],
    every: Annotated[bool, typer.Option("--all", help="Also what is the same.")] = False,
) -> None:
    """Hold two nights side by side, measurement by measurement.

    These are figures and no judgement: what scatters differs every night.
    """
    with _opened(context.obj) as opened:
        rows = [row for row in compare(opened, before, after) if every or row.differs]
    table = Table(box=SIMPLE_HEAD)
    table.add_column("run, measurement", ratio=1)
    for heading in (before, after, "ratio"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    last = ""
    for row in rows:
        if row.key != last:
            table.add_row(Text(row.key, style="bold"), "", "", "", "")
            last = row.key
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        table.add_row(
            Text(f"  {words(row.name)}"), _cell(row.before), _cell(row.after), ratio, row.unit
        )
    Output().print(table if rows else "the two nights have the same figures")


@history_app.command("export")
def export_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=".csv, .jsonl or .parquet")],
    view: Annotated[str, typer.Option(help=f"One of {', '.join(VIEWS)}.")] = "measurements",
) -> None:
    """Write the figures of all nights into one file."""
    with _opened(context.obj) as opened:
        rows = export(opened, view, file)
    Output().print(f"{number(rows)} rows: {file}", highlight=False, soft_wrap=True)


def _opened(history: str) -> History:
    opened = History(history)
    for complaint in opened.complaints:
        typer.echo(f"hal-lab: {complaint}", err=True)
    if not opened.nights:
        opened.close()
        raise UsageError("no nights", where=history, do="make one: hal-lab nightly")
    return opened


def _show(found: Any) -> None:
    table = Table(box=SIMPLE_HEAD)
    for name in found.column_names:
        table.add_column(name)
    for row in found.slice(0, _MOST_SHOWN).to_pylist():
        table.add_row(*(_cell(value) for value in row.values()))
    out = Output()
    out.print(table)
    if found.num_rows > _MOST_SHOWN:
        out.print(f"... {number(found.num_rows - _MOST_SHOWN)} rows more; `hal-lab history export`")


def _cell(value: Any) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    return Text(number(value) if isinstance(value, int | float) else str(value))
