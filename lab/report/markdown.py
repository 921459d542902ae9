"""A night as Markdown: the summary of a GitHub job, and what one pastes into an issue.

Its first lines are the page's first two answers. GitHub takes 1 MiB of a summary and drops one that
is larger as a whole, so what there is no room for is counted here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from lab.night.record import Night
from lab.report.page.figures import (
    WORST_FIRST,
    count_of,
    figure,
    in_short,
    of_the_run,
    words_of_result,
)
from lab.report.page.glitches import Glitches, glitches_of
from lab.report.page.overview import (
    ChangeView,
    change_views,
    facts_line,
    headline,
    partial_line,
    standing_failures,
)
from lab.report.terminal import number, words
from lab.results import Result, Verdict

SUMMARY_BYTES = 1 << 20
"""What GitHub takes."""
_SIGNS = {
    Verdict.PASS: "✅",
    Verdict.MARGINAL: "⚠️",
    Verdict.FAIL: "❌",
    Verdict.UNFIT_MACHINE: "❓",
    Verdict.SKIPPED: "⏭️",
}
_CHANGES = 100
_ROWS = 200
_CAUSES = 60
_TEXT = 300
_COMMAND = 2_000
# What Markdown takes for a sign of its own, anywhere and at the beginning; a pipe ends a cell.
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_AT_THE_BEGINNING = re.compile(r"^([-+=:#]|\d+(?=[.)]))")


def as_markdown(night: Night) -> str:
    """A night as GitHub's Markdown.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    str
        At most `SUMMARY_BYTES` as UTF-8; every word from elsewhere escaped.
    """
    kept: list[str] = []
    # Room for the line that says that something was left out.
    room = SUMMARY_BYTES - 200
    for block in _blocks(night):
        room -= len(block.encode()) + 2
        if room < 0:
            kept.append("_The rest has no room in a summary: it is on the page of the night._")
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def _blocks(night: Night) -> Iterator[str]:
    """What stands between empty lines; a table is one block, and no larger than its rows allow."""
    told = headline(night)
    yield f"# {_SIGNS[told.verdict]} {_text(told.good)}. {_text(told.changed)}."
    if night.drivers:
        rows = [
            [
                f"{_SIGNS[line.verdict]} {words(line.verdict.value)}",
                _bold(line.name),
                _text(line.sentence),
                number(line.glitches),
            ]
            for line in night.drivers[:_ROWS]
        ]
        yield _table(["verdict", "driver", "", "glitches"], rows, right={3})
    views = change_views(night)
    if views:
        yield "## What changed" + (f" since {_text(night.previous)}" if night.previous else "")
        for view in views[:_CHANGES]:
            yield _change(view)
        if len(views) > _CHANGES:
            yield f"{count_of(len(views) - _CHANGES, 'more change')} on the page of the night."
    yield " · ".join([f"Night {_text(night.night)}", *(_text(fact) for fact in facts_line(night))])
    warnings = [partial_line(night), *night.complaints[:20]]
    told_warnings = [f"- ⚠️ {_text(line)}" for line in warnings if line]
    if told_warnings:
        yield "\n".join(told_warnings)
    yield from _failures(night)
    yield from _glitches(glitches_of(night, cards=0))
    yield from _others(night)
    if night.command:
        yield f"Make this night again:\n\n{_code(night.command)}"


def _change(view: ChangeView) -> str:
    change = view.change
    sign = "❌ **worse**" if change.is_worse else "✅ **better**"
    step = f"{_text(words(change.measurement))} {_bold(view.step)}, " if view.step else ""
    lines = [
        f"- {sign}: {_text(change.sentence)}",
        f"  {step}{_text(view.since)} ({_text('; '.join(view.notes))})",
    ]
    command = change.command or (view.result.command if view.result is not None else "")
    if command:
        lines.append("\n" + _indented(_code(command)))
    return "\n".join(lines)


def _failures(night: Night) -> Iterator[str]:
    """The runs that fail and are told nowhere above."""
    standing = standing_failures(night)
    if not standing:
        return
    yield f"## {count_of(len(standing), 'failure')}" + (
        " that stood before" if night.previous else ""
    )
    yield _result_table(standing[:_ROWS])
    if len(standing) > _ROWS:
        yield f"{number(len(standing) - _ROWS)} more on the page of the night."


def _glitches(found: Glitches) -> Iterator[str]:
    if not found.total:
        return
    yield f"## {count_of(found.total, 'glitch', 'glitches')}"
    rows = [
        [
            _text(row.driver),
            _text(words(row.kind)),
            _text(row.cause),
            number(row.count),
            number(row.runs),
        ]
        for row in found.causes[:_CAUSES]
    ]
    if rows:
        yield _table(["driver", "kind", "cause", "glitches", "runs"], rows, right={3, 4})
    if found.unlisted > 0:
        yield f"{number(found.unlisted)} more were counted, but no longer listed by their runs."


def _others(night: Night) -> Iterator[str]:
    """What neither failed nor passed, and how many did."""
    if not night.results:
        return
    for verdict in (Verdict.MARGINAL, Verdict.UNFIT_MACHINE, Verdict.SKIPPED):
        some = [result for result in night.results if result.verdict is verdict]
        if some:
            summary = f"{_SIGNS[verdict]} {number(len(some))} {words(verdict.value)}"
            yield f"<details><summary>{summary}</summary>"
            yield _result_table(some[:_ROWS])
            if len(some) > _ROWS:
                yield f"{number(len(some) - _ROWS)} more on the page of the night."
            yield "</details>"
    counts = [
        f"{number(count)} {words(verdict.value)}"
        for verdict in WORST_FIRST
        if (count := sum(result.verdict is verdict for result in night.results))
    ]
    yield f"In all {count_of(len(night.results), 'run')}: {', '.join(counts)}."
    fitness = night.machine.fitness
    if fitness is not None:
        fit = "; ".join(fitness.reasons) or "fit to judge the wall clock"
        late = figure(fitness.wake_p99_us, "us")
        yield f"The machine: {_text(fit)} (wakes {_text(late)} late, p99)."


def _result_table(results: Sequence[Result]) -> str:
    rows = [
        [
            f"{_SIGNS[result.verdict]} {words(result.verdict.value)}",
            _text(result.driver_name),
            f"{_text(result.scenario)}, {_text(of_the_run(result))}",
            _text(words_of_result(result)),
            _cell_code(result.command),
        ]
        for result in results
    ]
    return _table(["verdict", "driver", "run", "what was found", "again"], rows)


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()
) -> str:
    rule = ["---:" if at in right else "---" for at in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *rows])


def _text(text: str) -> str:
    """Words as words, on one line."""
    line = in_short(text, _TEXT).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if found := _AT_THE_BEGINNING.match(line):
        line = f"&#{ord(found[0][0])};{line[1:]}"
        return line[: line.index(";") + 1] + _SPECIAL.sub(r"\\\1", line[line.index(";") + 1 :])
    return _SPECIAL.sub(r"\\\1", line)


def _bold(text: str) -> str:
    """Words that stand out; four stars around nothing would be four stars."""
    words_only = _text(text)
    return f"**{words_only}**" if words_only else ""


def _code(command: str) -> str:
    """A fenced block, whose fence is longer than any within."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", command))])
    return f"{fence}sh\n{command[:_COMMAND].rstrip()}\n{fence}"


def _indented(block: str) -> str:
    return "\n".join(f"  {line}" for line in block.splitlines())


def _cell_code(command: str) -> str:
    """A command in a cell of a table: a pipe in it must not end the cell."""
    line = in_short(command, _TEXT)
    if not line:
        return ""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(sign, entity)
    # Within <code> GitHub still reads Markdown, and backslashes are no escapes in every reader.
    return f"<code>{_SPECIAL.sub(lambda found: f'&#{ord(found[0])};', line)}</code>"
