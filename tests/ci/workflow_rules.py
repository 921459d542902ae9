"""What a workflow or an action calls, held to what there is.

actionlint knows the language of workflows; these rules know this repository: sessions, scripts,
modules, commands of ours and their options, the action's inputs.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import yaml

from lab.cli_app import COMMANDS, app

ROOT = Path(__file__).resolve().parents[2]
_WORD = r"""(?:"[^"]*"|'[^']*'|[^\s"'|;&<>()])+"""


def read_yaml(path: Path) -> dict[Any, Any]:
    """A workflow, or an action."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def steps_of(document: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    """All steps of a workflow's jobs, or of an action."""
    jobs = document.get("jobs", {"": document.get("runs", {})})
    for job in jobs.values():
        yield from job.get("steps", [])


def problems_of(document: dict[Any, Any]) -> list[str]:
    """What a workflow or an action asks for that is not there."""
    found: list[str] = []
    for step in steps_of(document):
        if "run" in step:
            found += problems_of_script(step["run"])
        if step.get("uses") == "./":
            found += _problems_of_inputs(step.get("with", {}))
    return found


def problems_of_script(text: str) -> list[str]:
    """What a script of shell asks for that is not there."""
    text = text.replace("\\\n", " ").replace("$GITHUB_ACTION_PATH/", "./")
    found = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        found += _problems_of_noxw(line)
        found += _problems_of_modules(line)
        found += _problems_of_hal_lab(line)
        found += _problems_of_scripts(line)
    return found


def sessions() -> set[str]:
    """Names of the sessions of noxfile.py."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(one).startswith("nox.session") for one in node.decorator_list)
    }


def _problems_of_noxw(line: str) -> list[str]:
    if "./noxw" not in line:
        return []
    named = re.findall(r"\s-s\s+([\w-]+)", line)
    if not named:
        return [f"no session is named: {line.strip()}"]
    return [f"noxfile.py has no session {name}" for name in named if name not in sessions()]


def _problems_of_modules(line: str) -> list[str]:
    return [
        f"there is no module {name}"
        for name in re.findall(r"-m (lab[\w.]*)", line)
        if importlib.util.find_spec(name) is None
    ]


def _problems_of_scripts(line: str) -> list[str]:
    paths: list[str] = re.findall(r"\b(?:sh|bash)\s+\"?((?:\./)?\.?\w[\w./-]*)", line)
    return [f"there is no script {path}" for path in paths if not (ROOT / path).is_file()]


def _problems_of_hal_lab(line: str) -> list[str]:
    found = []
    group = typer.main.get_command(app)
    for call in re.findall(rf"(?:^|\s)hal-lab((?:\s+{_WORD})+)", line):
        words = shlex.split(call)
        if words[0] not in COMMANDS:
            found.append(f"hal-lab has no command {words[0]}")
            continue
        command = group.get_command(None, words[0])  # type: ignore[attr-defined]
        known = {option for one in command.params for option in [*one.opts, *one.secondary_opts]}
        found += [
            f"hal-lab {words[0]} has no option {word}"
            for word in words[1:]
            if word.startswith("--") and word.partition("=")[0] not in known
        ]
    return found


def _problems_of_inputs(given: dict[str, Any]) -> list[str]:
    inputs = read_yaml(ROOT / "action.yml")["inputs"]
    found = [f"action.yml has no input {name}" for name in given if name not in inputs]
    found += [
        f"action.yml needs the input {name}"
        for name, its in inputs.items()
        if its.get("required") and name not in given
    ]
    for path in [*str(given.get("scenarios", "")).split()]:
        if not (ROOT / path).exists():
            found.append(f"there is no {path}")
    return found
