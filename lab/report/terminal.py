"""Results as tables for a terminal; colour only where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from lab.host.models import Device, LedgerReport
from lab.measure.blame import SENTENCES
from lab.results import Glitch, Measurement, Result, Verdict

STYLES = {
    Verdict.PASS: "green",
    Verdict.MARGINAL: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.UNFIT_MACHINE: "yellow",
    Verdict.SKIPPED: "dim",
}
_GLITCHES_SHOWN = 12
# Of the ledger, as narrow as a column may be.
_KINDS = {
    "allocation": "alloc",
    "contended-lock": "wait",
    "system-call": "syscall",
    "page-fault": "fault",
    "context-switch": "switch",
}
_SENTENCE_OF = {cause.id: sentence for cause, sentence in SENTENCES.items()}


def show_result(console: Console, result: Result, *, title: str = "") -> None:
    """Print a result: what was measured, what was wrong, whose fault, the verdict, what was kept.

    Parameters
    ----------
    console
        Where to.
    result
        The record.
    title
        Above the table; the scenario without one.
    """
    console.print(measurement_table(result.measurements, title=title or result.scenario))
    if result.glitches:
        console.print(glitch_table(result.glitches, result.glitch_count))
    console.print(verdict_line(result))
    show_artefacts(console, result)


def show_artefacts(console: Console, result: Result) -> None:
    """Print where the things lie that were kept, one a line."""
    for name, path in result.artefacts.items():
        console.print(Text.assemble((f"{name}: ", "dim"), path), soft_wrap=True)


def measurement_table(measurements: Sequence[Measurement], *, title: str) -> Table:
    """One row per measurement.

    Parameters
    ----------
    measurements
        In the order in which they are shown.
    title
        Above the table.

    Returns
    -------
    Table
    """
    table = _table(title)
    table.add_column("measurement")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("limit", justify="right")
    for m in measurements:
        limit = (
            "" if m.limit is None else f"{'<=' if m.better == 'lower' else '>='} {number(m.limit)}"
        )
        style = "" if m.limit is None else STYLES[m.verdict]
        table.add_row(words(m.name), Text(number(m.value), style=style), Text(m.unit), limit)
    return table


def glitch_table(glitches: Sequence[Glitch], count: int) -> Table:
    """The first glitches one by one, and who is to blame for all that were kept.

    Parameters
    ----------
    glitches
        In the order in which they came; later ones may have been left out.
    count
        How many there were in all.

    Returns
    -------
    Table
    """
    table = _table(f"glitches: {count}")
    table.add_column("kind")
    table.add_column("at frame", justify="right")
    table.add_column("frames", justify="right")
    table.add_column("whose fault")
    for glitch in glitches[:_GLITCHES_SHOWN]:
        place = "" if glitch.position_frame < 0 else number(glitch.position_frame)
        size = "" if glitch.frames <= 0 else number(glitch.frames)
        fault = f"{glitch.cause}: {_SENTENCE_OF.get(glitch.cause, '')}"
        table.add_row(words(glitch.kind), place, size, Text(fault))
    if count > _GLITCHES_SHOWN:
        causes = Counter(glitch.cause for glitch in glitches)
        told = ", ".join(f"{cause} {times}" for cause, times in causes.most_common())
        of = "in all" if count == len(glitches) else f"of the first {number(len(glitches))}"
        table.add_row(f"... {number(count - _GLITCHES_SHOWN)} more", "", "", f"{of}: {told}")
    return table


def verdict_line(result: Result) -> Text:
    """The verdict and its reason on one line."""
    style = STYLES[result.verdict]
    line = Text.assemble(("verdict: ", "bold"), (result.verdict.value, style))
    if result.reason:
        line.append(f": {result.reason}")
    return line


def results_table(results: Sequence[Result]) -> Table:
    """One row per result, for the end of a test session.

    Parameters
    ----------
    results
        In the order in which they are shown.

    Returns
    -------
    Table
    """
    table = _table(f"results: {len(results)}")
    table.add_column("question, case", ratio=5)
    table.add_column("verdict")
    table.add_column("what was found", ratio=4)
    asked, over = "", ""
    for result in results:
        question, case = question_and_case(result.scenario)
        if question != asked:
            table.add_row(Text(question, style="bold"), "", "")
            asked, over = question, ""
        if result.transport != over:
            over = result.transport
            table.add_row(Text(f"  over {over}", style="dim"), "", "")
        if result.clock == "realtime":
            case += ", in real time"
        verdict = Text(result.verdict.value, style=STYLES[result.verdict])
        table.add_row(Text(f"  {case}"), verdict, Text(result.reason or _in_short(result)))
    return table


def question_and_case(scenario: str) -> tuple[str, str]:
    """A test's node ID as people read it.

    Parameters
    ----------
    scenario
        ``"test_how_late.py::test_a_block_is_early[v1]"``; anything else is its own question.

    Returns
    -------
    question, case : str
        ``"how late?"``, ``"a block is early [v1]"``.
    """
    file, _, test = scenario.partition("::")
    if not test:
        return scenario, ""
    question = file.removesuffix(".py").removeprefix("test_").replace("_", " ")
    name, bracket, parameters = test.rpartition("::")[2].partition("[")
    case = name.removeprefix("test_").replace("_", " ")
    return f"{question}?", f"{case} {bracket}{parameters}".rstrip()


def _in_short(result: Result) -> str:
    """The first figures, those that say nothing left out."""
    told = [m for m in result.measurements if m.value or m.limit is not None]
    return ", ".join(
        f"{words(m.name)} {number(m.value)} {'' if m.unit in m.name else m.unit}".rstrip()
        for m in told[:3]
    )


def ledger_table(report: LedgerReport, *, title: str) -> Table:
    """One row per entry point or IO operation: what its calls did, at worst in one of them.

    Page faults and context switches are looked at in some calls only.
    """
    table = _table(title)
    table.padding = (0, 0, 0, 1)
    table.add_column("call", no_wrap=True)
    for heading in ("calls", *(_KINDS.get(kind, kind) for kind in report.sees), "longest"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in report.rows:
        cells = []
        for kind in report.sees:
            found = row.kinds[kind]
            over = found.budget is not None and found.worst > found.budget
            cells.append(Text(number(found.worst), style=STYLES[Verdict.FAIL] if over else ""))
        name = row.entry_point if row.operation is None else f"{row.entry_point} '{row.operation}'"
        table.add_row(name, number(row.calls), *cells, f"{row.worst_ns / 1000:,.1f} us")
    return table


def device_table(devices: Sequence[Device]) -> Table:
    """One row per device; latency is the device's + its safety offset, of the output, in frames."""
    table = _table(f"devices: {len(devices)}")
    for column in ("device", "UID", "in", "out", "rate", "rates", "frames", "latency"):
        justify: JustifyMethod = "right" if column in {"in", "out", "rate", "frames"} else "left"
        table.add_column(
            column,
            justify=justify,
            overflow="fold",
            no_wrap=column != "rates",
            min_width=10 if column == "rates" else None,
        )
    for device in devices:
        inputs = sum(s.virtual_format.channels for s in device.streams if s.direction == "input")
        outputs = sum(s.virtual_format.channels for s in device.outputs)
        rates = ", ".join(
            f"{low:g}" if low == high else f"{low:g} to {high:g}"
            for low, high in device.available_rates
        )
        table.add_row(
            Text(f"{device.name} (hidden)" if device.hidden else device.name),
            Text(device.uid),
            str(inputs),
            str(outputs),
            f"{device.nominal_rate:g}",
            rates,
            str(device.buffer_frames),
            f"{device.latency.output} + {device.safety_offset.output}",
        )
    return table


def _table(title: str) -> Table:
    return Table(title=Text(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD)


def number(value: float) -> str:
    """A number as people read it: thousands apart, three digits behind the point at most."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"


def words(name: str) -> str:
    """A kebab-case name as words."""
    return name.replace("-", " ")
