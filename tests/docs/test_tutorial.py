"""The tutorial: its commands do what it says they do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import Step, missing_line, steps_of

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "your-first-driver-under-test.md"
PROGRAMS = {"hal-lab": "-m lab.cli", "pytest": "-m pytest -p lab.pytest_plugin"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the reader has after the first two blocks: programs, and a checkout beside him."""
    (tmp_path / "hal-lab").symlink_to(ROOT)
    (tmp_path / "first").mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, command in PROGRAMS.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
        program.chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if name != "FLAW"},
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }


@pytest.mark.native
@pytest.mark.linux
def test_each_command_of_the_tutorial_prints_what_the_tutorial_says(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    steps = steps_of(TUTORIAL.read_text(encoding="utf-8"))
    assert len(steps) >= 12
    assert sum(bool(step.output) for step in steps) >= 10
    for step in steps:
        carry_out(step, tmp_path / "first", environment)
    page = (tmp_path / "first/nights/2026-01-31/index.html").read_text(encoding="utf-8")
    assert "2026-01-30" in page


def carry_out(step: Step, folder: Path, environment: dict[str, str]) -> None:
    """Do what a reader does at this place."""
    where = f"{TUTORIAL.name}:{step.line}"
    if step.file:
        (folder / step.file).write_text(step.text, encoding="utf-8")
        return
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", step.text],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == step.exit_status, f"{where}\n{done.stdout}"
    missing = missing_line(step.output, done.stdout)
    assert missing is None, f"{where}: not printed: {missing}\n{done.stdout}"


def test_a_page_that_shows_a_number_that_was_not_printed_fails(tmp_path: Path) -> None:
    right = Step("echo 'frames   lost 0'", output=("frames lost   0",))
    carry_out(right, tmp_path, dict(os.environ))
    wrong = Step("echo 'frames lost 0'", output=("frames lost 1",))
    with pytest.raises(AssertionError, match="not printed: frames lost 1"):
        carry_out(wrong, tmp_path, dict(os.environ))


def test_a_command_that_ends_otherwise_than_the_page_says_fails(tmp_path: Path) -> None:
    carry_out(Step("exit 3", exit_status=3), tmp_path, dict(os.environ))
    with pytest.raises(AssertionError):
        carry_out(Step("false\necho on", exit_status=0), tmp_path, dict(os.environ))


def test_blocks_without_a_mark_are_not_run_and_output_belongs_to_the_command_before_it() -> None:
    page = (
        "```sh\nrm -rf /\n```\n\n<!-- run: exit 2 -->\n```sh\na\nb\n```\n\ntext\n\n"
        "```text\nseen ...\n```\n<!-- file: x.toml -->\n```toml\nk = 1\n```\n"
        "<!-- run -->\n```sh\nc\n```\n"
    )
    assert steps_of(page) == [
        Step("a\nb\n", "", 2, ("seen ...",), 5),
        Step("k = 1\n", "x.toml", 0, (), 16),
        Step("c\n", "", 0, (), 20),
    ]


def test_a_mark_that_is_misspelt_is_told() -> None:
    with pytest.raises(ValueError, match="line 2: 'rum' is neither run nor file"):
        steps_of("\n<!-- rum -->\n```sh\ntrue\n```\n")


@pytest.mark.parametrize(
    ("told", "first_missing"),
    [
        (("one", "...", "three"), None),
        (("one ... e", "three"), "one ... e"),
        (("t...o", "th...ee"), None),
        (("three", "one"), "one"),
        (("one", "one"), "one"),
        (("two of",), "two of"),
    ],
)
def test_lines_may_be_left_out_but_not_changed_nor_told_in_another_order(
    told: tuple[str, ...], first_missing: str | None
) -> None:
    assert missing_line(told, "one\ntwo\n  three  \n") == first_missing
