"""``hal-lab inspect`` without its libraries: the same answers; what it cannot read it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.bundle.inspect import inspect_bundle
from lab.bundle.report import as_markdown
from lab.cli import main
from lab.cli_app import run
from lab.commands.inspect_plain import Request, read_plain
from lab.profiles import load_profiles
from tests.support.driver_bundle import write_bundle
from tests.support.flawed_bundles import FLAWS


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        (["X.driver"], Request(Path("X.driver"))),
        (["--json", "X.driver"], Request(Path("X.driver"), as_json=True)),
        (
            ["--profile", "macos-26", "X.driver", "--profile=seed-15"],
            Request(Path("X.driver"), ("macos-26", "seed-15")),
        ),
        (
            ["--fail-on", "refused", "X.driver", "--summary", "s.md"],
            Request(Path("X.driver"), fail_on="refused", summary=Path("s.md")),
        ),
    ],
)
def test_words_that_are_plain_are_understood(words: list[str], request_: Request) -> None:
    assert read_plain(words) == request_


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["X.driver", "Y.driver"],
        ["--frobnicate", "X.driver"],
        ["--json=yes", "X.driver"],
        ["--profile"],
        ["--profile", "--json", "X.driver"],
        ["--profile=", "X.driver"],
        ["--fail-on", "never", "X.driver"],
        ["--fail-on", "refused", "--fail-on", "unknown", "X.driver"],
        ["--", "X.driver"],
    ],
)
def test_all_other_words_are_left_to_the_library(words: list[str]) -> None:
    assert read_plain(words) is None


@pytest.mark.parametrize("flaw", [None, "type-uuid-not-accepted", "bundle-unsealed"])
@pytest.mark.parametrize("options", [[], ["--json"], ["--fail-on", "refused"]])
def test_both_ways_say_the_same_and_end_the_same(
    flaw: str | None, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = str(FLAWS[flaw](tmp_path) if flaw else write_bundle(tmp_path / "Good.driver"))
    words = ["inspect", *options, bundle]
    quick = main(words), capsys.readouterr().out
    assert read_plain(words[1:]) is not None
    slow = run(words), capsys.readouterr().out
    assert quick == slow
    assert quick[1]


def test_both_ways_name_what_is_no_bundle_in_the_same_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["inspect", str(tmp_path / "None.driver")]
    found = [(way(words), capsys.readouterr().err) for way in (main, run)]
    assert found[0] == found[1]
    assert found[0][0] == 2
    assert len(found[0][1].splitlines()) == 1


def test_what_nobody_knows_fails_unless_only_refusals_are_to(tmp_path: Path) -> None:
    unknown = str(FLAWS["bundle-unsealed"](tmp_path / "unknown"))
    refused = str(FLAWS["type-uuid-not-accepted"](tmp_path / "refused"))
    assert main(["inspect", unknown]) == 1
    assert main(["inspect", "--fail-on", "refused", unknown]) == 0
    assert main(["inspect", "--fail-on", "refused", refused]) == 1


def test_the_plain_way_imports_no_library(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    code = (
        "import sys\nfrom lab.cli import main\nassert main(sys.argv[1:]) == 0\n"
        "print(sorted({'typer', 'rich', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    for words, brings in (
        (["inspect", "--profile", "macos-26"], []),
        # The bad case: by the other way the libraries are there.
        (["--debug", "inspect", "--profile", "macos-26"], ["typer"]),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *words, str(bundle)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        imported = done.stdout.splitlines()[-1]
        assert [name for name in ("typer",) if name in imported] == brings
        assert brings or imported == "[]"


def test_a_summary_is_appended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    bundle = write_bundle(tmp_path / "Good.driver")
    words = ["inspect", "--json", "--profile", "macos-26", "--summary", str(summary), str(bundle)]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] is True
    text = summary.read_text()
    assert text.startswith("before\n### Good.driver\n")
    assert "| macos-26 | **accepted** |  |" in text


def test_a_summary_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = str(write_bundle(tmp_path / "Good.driver"))
    assert main(["inspect", "--summary", str(tmp_path), bundle]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert len(said.splitlines()) == 1


def test_no_name_of_a_bundle_becomes_markup(tmp_path: Path) -> None:
    name = "a|b`c`<img src=x>[l](u)*d*\n## e.driver"
    bundle = write_bundle(tmp_path / name)
    text = as_markdown(inspect_bundle(bundle, load_profiles(["macos-26"])))
    heading = text.splitlines()[0]
    for mark in ("|", "`", "<", "[", "]", "*"):
        assert mark not in heading
    assert len([line for line in text.splitlines() if line.startswith("#")]) == 1
    rows = [line for line in text.splitlines() if line.startswith("| macos")]
    assert [row.replace("<br>", "").count("<") for row in rows] == [0]
    assert [row.count("|") for row in rows] == [4]
