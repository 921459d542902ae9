"""Make the reference of the command line from the commands: python docs/make_command_line.py.

Writes docs/reference/command-line.md. What stands there comes from the functions behind the
commands (their parameters, annotations, docstrings), not from a rendered help text: that one
depends on the terminal's width and on the version of typer.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import typer

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from lab.cli_app import COMMANDS, EPILOG, app  # noqa: E402
from lab.doctor.__main__ import make_parser  # noqa: E402

PAGE = Path("docs") / "reference" / "command-line.md"

HEAD = """\
# Command line: `hal-lab`

Made by `python docs/make_command_line.py` from the commands; a test fails when it is stale.
Change the help texts in `lab/commands/*.py`, not this page.

`hal-lab <command> --help` says the same in the terminal. `coreaudiod-sim`, the program behind it,
has [a page of its own](rpc.md).
"""

VARIABLES: dict[str, str] = {
    "HAL_LAB_BUILD": "CMake build folder with `coreaudiod-sim` and drivers, instead of those that "
    "are installed and those below `build/` of the source tree.",
    "HAL_LAB_BIN": "`coreaudiod-sim`, or the folder that it is in; goes before `HAL_LAB_BUILD`.",
    "HAL_LAB_PROFILES": "Folder of [profiles](profiles.md) of your own, instead of ours.",
    "HAL_LAB_GECKO_SHM_H": "The header that says the layout of Gecko Sink's shared memory.",
    "HAL_LAB_NO_DOCKER": "Not empty: scenarios that need Docker are skipped.",
    "HAL_LAB_NO_REALTIME": "Not empty: scenarios that judge the wall clock are skipped.",
    "NO_COLOR": "Not empty: no colours.",
    "FORCE_COLOR": "Not empty: colours although it is no terminal.",
}
"""Those that no option stands for. Those of options are in the tables of the commands."""

INTERNAL = {"HAL_LAB_FILES"}
"""Which programs of ours set for one another."""

# Parameters that typer fills in, and the user does not.
_NOT_GIVEN = (typer.Context,)
_WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    Path: "path",
}


def page() -> str:
    """The page as it should be: Markdown, the same for the same commands."""
    group: Any = typer.main.get_command(app)
    sections = [HEAD, _overview(), _common(group)]
    for name in COMMANDS:
        command = group.get_command(None, name)
        sections.append(_section(f"hal-lab {name}", command))
        for below, inner in sorted(_below(command).items()):
            sections.append(_section(f"hal-lab {name} {below}", inner, level=3))
    sections += [_exit_statuses(), _variables()]
    return "\n".join(sections)


def _below(command: Any) -> dict[str, Any]:
    return dict(getattr(command, "commands", None) or {})


def _overview() -> str:
    rows = [
        f"| [`{name}`](#hal-lab-{name}) | {_cell(help_)} |" for name, (help_, _) in COMMANDS.items()
    ]
    return "\n".join(["| command | |", "|---|---|", *rows, ""])


def _common(group: Any) -> str:
    """Options that stand before the command."""
    return "\n".join(
        [
            "## For all commands",
            "",
            "```",
            "hal-lab [--debug] <command> ...",
            "```",
            "",
            *_table(group),
            "| `-h`, `--help` | | | Say what there is; of a command, behind its name. |",
            "",
        ]
    )


def _section(title: str, command: Any, *, level: int = 2) -> str:
    """A command: how it is written, what it does, what it takes."""
    if title == "hal-lab doctor":  # argparse's: the doctor runs before typer is there
        rows = _rows_of_parser(make_parser())
        usage = f"{title} [options]"
    else:
        rows = _table(command)
        usage = " ".join([title, *_usage(command)])
    parts = [
        f"{'#' * level} {title}",
        "",
        "```",
        usage,
        "```",
        "",
        *_paragraphs(command.help or ""),
    ]
    return "\n".join([*parts, *rows, ""] if len(rows) > 2 else parts)


def _usage(command: Any) -> Iterator[str]:
    if any(_is_option(parameter) for parameter in command.params):
        yield "[options]"
    for parameter in command.params:
        if not _is_option(parameter):
            word = (parameter.metavar or parameter.name).upper()
            yield word if parameter.required else f"[{word}]"
    if _below(command):
        yield "[command]"


def _paragraphs(help_: str) -> list[str]:
    """A docstring as Markdown; what click would not wrap is shown as it is."""
    lines: list[str] = []
    for paragraph in help_.strip().split("\n\n"):
        plain = paragraph.strip("\n")
        if plain.startswith("\b\n"):
            lines += ["```", *plain.splitlines()[1:], "```", ""]
        else:
            lines += [_text(" ".join(plain.split())), ""]
    return lines


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _table(command: Any) -> list[str]:
    """Rows for the arguments, then for the options."""
    function = inspect.unwrap(command.callback)
    hints = get_type_hints(function, include_extras=True)
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
    }
    rows = ["| argument, option | takes | default | |", "|---|---|---|---|"]
    shown = [p for p in command.params if p.name in hints and not p.hidden]
    for parameter in sorted(shown, key=_is_option):
        annotation, told = _annotation(hints[parameter.name])
        if annotation in _NOT_GIVEN:
            continue
        words = ", ".join(f"`{word}`" for word in [*parameter.opts, *parameter.secondary_opts])
        if not _is_option(parameter):
            words = f"`{(parameter.metavar or parameter.name).upper()}`"
        help_ = _cell(parameter.help or "")
        if parameter.envvar:
            help_ += f" Environment: `{parameter.envvar}`."
        takes = _takes(annotation, told, parameter.metavar)
        default = _default(defaults[parameter.name], parameter)
        rows.append(f"| {words} | {takes} | {default} | {help_} |")
    return rows


def _annotation(hint: Any) -> tuple[Any, Any]:
    """``Annotated[X | None, Option(...)]`` as X and the Option."""
    told = None
    if hasattr(hint, "__metadata__"):
        told, hint = hint.__metadata__[0], hint.__origin__
    if get_origin(hint) in (Union, types.UnionType):
        inner = [one for one in get_args(hint) if one is not type(None)]
        hint = inner[0]
    return hint, told


def _takes(annotation: Any, told: Any, metavar: str | None) -> str:
    """Which words may stand there."""
    if get_origin(annotation) in (list, tuple):
        inner = get_args(annotation)[0]
        return f"{_takes(inner, told, metavar)}, repeated"
    if metavar:
        return f"`{metavar}`"
    if annotation is bool:
        return ""
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    word = _WORDS[annotation]
    least, most = getattr(told, "min", None), getattr(told, "max", None)
    if least is None and most is None:
        return word
    if most is None:
        return f"{word} from {least:,.15g}"
    return (
        f"{word} up to {most:,.15g}" if least is None else f"{word}, {least:,.15g} to {most:,.15g}"
    )


def _default(value: Any, parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return _cell(parameter.show_default)  # in words
    if parameter.required:
        return "has to be given"
    if value is None or value is False or value is inspect.Parameter.empty:
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _rows_of_parser(parser: argparse.ArgumentParser) -> list[str]:
    rows = ["| argument, option | takes | default | |", "|---|---|---|---|"]
    for action in parser._actions:
        if "--help" in action.option_strings:
            continue
        words = ", ".join(f"`{word}`" for word in action.option_strings)
        takes = f"`{action.metavar}`" if action.metavar else ""
        help_ = action.help or ""
        rows.append(f"| {words} | {takes} | | {_cell(help_[:1].upper() + help_[1:])}. |")
    return rows


def _exit_statuses() -> str:
    """The sentence of the help as a table."""
    listed = EPILOG.removeprefix("Exit status: ").rstrip(".").split("; ")
    rows = [f"| {code} | {_cell(words)} |" for code, words in (one.split(" ", 1) for one in listed)]
    note = "A command that means more by one of them says so above."
    return "\n".join(["## Exit status", "", note, "", "| | |", "|---|---|", *rows, ""])


def _variables() -> str:
    rows = [f"| `{name}` | {words} |" for name, words in VARIABLES.items()]
    told = (
        "Options that can also be given by the environment say so above. The environment of the "
        "driver is that of the command: `--set NAME=VALUE` adds to it."
    )
    return "\n".join(["## Environment", "", told, "", "| variable | |", "|---|---|", *rows, ""])


def _text(words: str) -> str:
    return words.replace("<", "&lt;")


def _cell(words: str) -> str:
    return _text(words).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}", file=sys.stderr)


if __name__ == "__main__":
    main()
