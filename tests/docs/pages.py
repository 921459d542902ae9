"""Pages whose commands are run: what stands in them, and whether what comes out is what they say.

Above a block stands a comment that no reader sees:

- ``<!-- run -->``: the commands are run and have to succeed; ``<!-- run: exit 1 -->``: with that
  exit status. If the next block is ``text``, it is what they print.
- ``<!-- file: NAME -->``: the block is a file of that name.

Of the output a page may leave out whole lines (``...`` for the reader's sake) and parts of a line
(``...`` within it); how much space is between two words does not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """Something that the reader of a page does.

    Attributes
    ----------
    text
        The commands, or what goes into the file.
    file
        Name of the file; empty: these are commands.
    exit_status
        With which the last command has to end.
    output
        Lines that it prints, as the page has them.
    line
        Where on the page, from 1.
    """

    text: str
    file: str = ""
    exit_status: int = 0
    output: tuple[str, ...] = ()
    line: int = 0


def steps_of(page: str) -> list[Step]:
    """What the reader of a page does, in order.

    Raises
    ------
    ValueError
        When a mark is not known.
    """
    steps = []
    blocks = list(_BLOCK.finditer(page))
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        mark, line = block["mark"], page.count("\n", 0, block.start()) + 1
        if mark is None:
            continue
        if told := re.fullmatch(r"file: (\S+)", mark):
            steps.append(Step(block["text"], file=told[1], line=line))
        elif told := re.fullmatch(r"run(?:: exit (\d+))?", mark):
            printed = after if after is not None and after["language"] == "text" else None
            output = tuple(printed["text"].splitlines()) if printed and not printed["mark"] else ()
            steps.append(Step(block["text"], "", int(told[1] or 0), output, line))
        else:
            raise ValueError(f"line {line}: {mark!r} is neither run nor file")
    return steps


def missing_line(told: tuple[str, ...], printed: str) -> str | None:
    """The first line of a page's output that was not printed, in this order; None: all were."""
    lines = iter(" ".join(line.split()) for line in printed.splitlines())
    for line in told:
        words = " ".join(line.split())
        if words in ("", "..."):
            continue
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in words.split("...")))
        if not any(pattern.fullmatch(there) for there in lines):
            return line
    return None
