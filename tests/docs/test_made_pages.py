"""Pages that are made from something are what they should be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from docs import make_all, make_command_line, make_results
from lab import cli_app
from lab.results import Result, read_result

ROOT = Path(__file__).resolve().parents[2]


# ---- all of them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("made", make_all.ALL, ids=lambda made: made.path.name)
def test_a_page_is_what_it_is_made_from(made: make_all.Made) -> None:
    assert (ROOT / made.path).read_text(encoding="utf-8") == made.make(), f"run: {made.by}"


def test_every_page_that_says_it_is_made_is_made_by_the_one_command() -> None:
    said = {
        path.relative_to(ROOT)
        for path in (ROOT / "docs").rglob("*.md")
        if "Made by `python" in path.read_text(encoding="utf-8")
    }
    assert said == {made.path for made in make_all.ALL if "Made by" in made.make()}


def test_a_page_that_was_changed_by_hand_is_told(tmp_path: Path) -> None:
    made = make_all.ALL[0]
    page = tmp_path / made.path
    page.parent.mkdir(parents=True)
    page.write_text(made.make(), encoding="utf-8")
    assert not make_all.stale(made, tmp_path)
    page.write_text(made.make() + "\n", encoding="utf-8")
    assert make_all.stale(made, tmp_path)
    page.unlink()
    assert make_all.stale(made, tmp_path)


def test_another_word_than_check_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_all.main(["--chekc"]) == 2
    assert "--check" in capsys.readouterr().err


# ---- the command line ----------------------------------------------------------------------------


def section(page: str, title: str) -> str:
    """From a heading to the next one of its level."""
    level = title.split(maxsplit=1)[0]
    return page.split(f"\n{title}\n")[1].split(f"\n{level} ", maxsplit=1)[0]


def test_every_command_and_each_of_its_options_is_on_the_page() -> None:
    page = make_command_line.page()
    group: Any = typer.main.get_command(cli_app.app)
    seen = 0
    for name in cli_app.COMMANDS:
        command = group.get_command(None, name)
        below = section(page, f"## hal-lab {name}")
        inner = [
            *command.params,
            *(p for c in getattr(command, "commands", {}).values() for p in c.params),
        ]
        for parameter in inner:
            words = [*parameter.opts, *parameter.secondary_opts]
            for word in words if parameter.param_type_name == "option" else [words[0].upper()]:
                assert f"`{word}`" in below, f"hal-lab {name} {word}"
                seen += 1
    assert seen > 90


def test_an_option_that_is_added_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.commands import version

    before = make_command_line.page()

    def version_command(
        louder: Annotated[int, typer.Option(min=1, max=11, help="How loud | wide.")] = 3,
    ) -> None:
        """Print the versions of the lab, of Python, and where coreaudiod-sim is."""

    monkeypatch.setattr(version, "version_command", version_command)
    after = make_command_line.page()
    assert after != before
    row = "| `--louder` | whole number, 1 to 11 | `3` | How loud \\| wide. |"
    assert row in section(after, "## hal-lab version")


def test_the_page_does_not_depend_on_the_terminal(tmp_path: Path) -> None:
    program = "from docs import make_command_line as m; import sys; sys.stdout.write(m.page())"
    pages = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": columns, "FORCE_COLOR": "1", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for columns in ("40", "300")
    }
    assert pages == {make_command_line.page()}


def test_every_variable_of_the_environment_that_the_lab_reads_is_on_the_page() -> None:
    page = make_command_line.page()
    read = {
        name
        for path in (ROOT / "lab").rglob("*.py")
        for name in re.findall(r"\bHAL_LAB_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    assert "HAL_LAB_BUILD" in read
    assert {name for name in read if f"`{name}`" not in page} == make_command_line.INTERNAL
    assert set(make_command_line.VARIABLES) - read == {"NO_COLOR", "FORCE_COLOR"}


def test_every_exit_status_of_the_help_has_its_row() -> None:
    rows = section(make_command_line.page(), "## Exit status")
    for code in re.findall(r"\b\d+\b", cli_app.EPILOG):
        assert f"\n| {code} | " in rows


# ---- results -------------------------------------------------------------------------------------


def test_a_field_without_a_meaning_cannot_get_onto_the_page() -> None:
    class Bare(Result):
        """A run, of which nothing is told."""

    with pytest.raises(ValueError, match="Bare: no attributes are documented"):
        make_results.documented(Bare)


def test_every_field_of_every_record_has_its_row() -> None:
    page = make_results.page()
    for record in make_results.RECORDS:
        rows = section(page, f"## {record.__name__}")
        for name in record.model_fields:
            assert re.search(rf"^\| `{name}` \| .+ \| [^|]+ \|$", rows, re.MULTILINE), name


def test_the_example_is_a_result_and_breaks_the_limit_that_it_says() -> None:
    text = make_results.page().split("```json\n")[1].split("```")[0]
    read = read_result(text)
    assert read == make_results.EXAMPLE
    assert [one.name for one in read.measurements if one.verdict.value == "fail"] == ["frames-lost"]


def test_the_schema_has_every_field_with_a_description() -> None:
    told = json.loads(make_results.schema())
    assert told["properties"].keys() == Result.model_fields.keys()
    assert all(field["description"] for field in told["properties"].values())
    assert told["additionalProperties"] is False
