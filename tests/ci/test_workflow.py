"""What the workflow and the action call exists, and they are no way in for what others write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lab.host.locate import DEFAULT_DRIVER
from tests.ci.workflow_rules import (
    ROOT,
    problems_of,
    problems_of_script,
    read_yaml,
    sessions,
    steps_of,
)

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"


def workflow(*steps: dict[str, Any]) -> dict[Any, Any]:
    return {"jobs": {"one": {"steps": list(steps)}}}


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_what_is_called_exists(path: Path) -> None:
    assert problems_of(read_yaml(path)) == []


@pytest.mark.parametrize("path", [ROOT / ".ci/run", ROOT / ".ci/action.sh"], ids=lambda p: p.name)
def test_what_the_scripts_call_exists(path: Path) -> None:
    assert problems_of_script(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"run": "./noxw --non-interactive -s hals"}, "noxfile.py has no session hals"),
        ({"run": "./noxw"}, "no session is named: ./noxw"),
        ({"run": "bash .ci/walk"}, "there is no script .ci/walk"),
        ({"run": 'sh "$GITHUB_ACTION_PATH/.ci/none.sh" x'}, "there is no script ./.ci/none.sh"),
        ({"run": "python -m lab.doktor"}, "there is no module lab.doktor"),
        ({"run": "hal-lab inspekt X.driver"}, "hal-lab has no command inspekt"),
        ({"run": "hal-lab inspect X --jason"}, "hal-lab inspect has no option --jason"),
        (
            {"run": "hal-lab play \\\n  --driver X \\\n  --frobnicate"},
            "hal-lab play has no option --frobnicate",
        ),
        ({"uses": "./", "with": {"drivers": "X"}}, "action.yml has no input drivers"),
        ({"uses": "./", "with": {"profiles": "macos-26"}}, "action.yml needs the input driver"),
        (
            {"uses": "./", "with": {"driver": "X", "scenarios": "scenarios/none.py"}},
            "there is no scenarios/none.py",
        ),
    ],
)
def test_what_is_not_there_is_named(step: dict[str, Any], problem: str) -> None:
    assert problem in problems_of(workflow({"uses": "actions/checkout@v5"}, step))


def test_the_workflow_runs_the_readme_s_commands_and_the_real_coreaudiod() -> None:
    jobs = read_yaml(ROOT / ".github/workflows/hal.yml")["jobs"]
    assert jobs["mac"]["strategy"]["matrix"]["os"] == ["macos-15", "macos-26"]
    runs = {
        name: "\n".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()
    }
    assert "bash .ci/run" in runs["linux"]
    for session in re.findall(
        r"^\./noxw -s (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    ):
        assert session in sessions()
        assert f"-s {session}" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    for session in ("hal", "mac", "tests"):
        assert f"-s {session}\n" in runs["mac"] + "\n"
    assert "--machine" in (ROOT / "noxfile.py").read_text(encoding="utf-8")


def test_the_action_is_used_on_a_driver_that_the_build_makes() -> None:
    used = [
        step["with"]["driver"]
        for path in WORKFLOWS
        for step in steps_of(read_yaml(path))
        if step.get("uses") == "./"
    ]
    assert used
    for driver in used:
        assert driver == f"build/dev/driver/gecko/{DEFAULT_DRIVER}.driver"


def expressions_in_scripts(document: dict[Any, Any]) -> list[str]:
    """Expressions inside scripts: the runner puts the text in before the shell reads it."""
    return [
        expression
        for step in steps_of(document)
        for expression in re.findall(r"\$\{\{\s*(.*?)\s*\}\}", step.get("run", ""))
        # Of the matrix: written in this very file.
        if not expression.startswith("matrix.")
    ]


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_no_input_of_others_becomes_a_command(path: Path) -> None:
    assert expressions_in_scripts(read_yaml(path)) == []


def test_an_input_in_a_script_is_found() -> None:
    bad = workflow({"run": "hal-lab inspect ${{ inputs.driver }}"})
    assert expressions_in_scripts(bad) == ["inputs.driver"]


def test_each_input_of_the_action_is_handed_on_and_used() -> None:
    action = read_yaml(ACTION)
    handed = str(action["runs"])
    script = (ROOT / ".ci/action.sh").read_text(encoding="utf-8")
    for name in action["inputs"]:
        assert f"inputs.{name} " in handed
    for step in steps_of(action):
        for variable in step.get("env", {}):
            assert f"${{{variable}:-" in script


def test_the_workflow_of_the_night_keeps_the_history_and_tells_the_night() -> None:
    told = read_yaml(ROOT / ".github/workflows/nightly.yml")
    # YAML takes a bare `on` for true.
    assert told[True]["schedule"][0]["cron"]
    (job,) = told["jobs"].values()
    runs = "\n".join(step.get("run", "") for step in job["steps"])
    assert "-s nightly" in runs
    assert "GITHUB_STEP_SUMMARY" in runs
    used = {step["uses"].partition("@")[0]: step for step in job["steps"] if "uses" in step}
    assert used["actions/cache"]["with"]["path"] == "reports/history"
    for upload in ("actions/upload-artifact", "actions/upload-pages-artifact"):
        assert used[upload]["with"]["path"] == "reports/nights"
        assert used[upload]["if"] == "always()"
