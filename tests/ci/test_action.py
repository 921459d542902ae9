"""What the action does to a driver: what fails, what is written, what is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.host.locate import find_driver
from tests.support.driver_bundle import write_bundle
from tests.support.flawed_bundles import FLAWS

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci/action.sh"


class Runner:
    """A step of a job, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder / "summary.md"
        programs = folder / "environment/bin"
        programs.mkdir(parents=True)
        for name, command in (("hal-lab", "-m lab.cli"), ("python", "")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n')
            program.chmod(0o755)

    def judge(self, driver: Path | str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run it with these inputs, in lower case."""
        given = {f"HAL_{name.upper()}": value for name, value in inputs.items()}
        return subprocess.run(
            ["sh", str(SCRIPT), "judge"],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "HAL_ENVIRONMENT": str(self.folder / "environment"),
                "HAL_DRIVER": str(driver),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **given,
            },
        )

    def report(self) -> set[str]:
        """Names of the files in the report."""
        return {path.name for path in (self.folder / "hal-lab-report").iterdir()}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.native
@pytest.mark.linux
def test_a_good_driver_is_inspected_and_loaded(runner: Runner) -> None:
    done = runner.judge(find_driver())
    assert done.returncode == 0, done
    assert runner.report() == {"inspect.json", "inspect.txt", "devices.txt"}
    summary = runner.summary.read_text()
    assert "| macos-26 | **accepted** |" in summary
    assert "- devices: passed" in summary
    assert "Gecko Sink" in done.stdout


def test_a_mac_bundle_is_inspected_and_it_is_said_that_it_was_not_run(
    runner: Runner, tmp_path: Path
) -> None:
    if sys.platform == "darwin":
        pytest.skip("here it could be run")
    bundle = write_bundle(tmp_path / "Good.driver")
    done = runner.judge(bundle)
    assert done.returncode == 0, done
    assert "- not run: its code is for another system" in runner.summary.read_text()


def test_a_driver_that_is_refused_fails_with_the_reason_in_the_summary(
    runner: Runner, tmp_path: Path
) -> None:
    done = runner.judge(FLAWS["type-uuid-not-accepted"](tmp_path))
    assert done.returncode == 1
    assert "- inspect: **failed** with exit status 1" in runner.summary.read_text()
    assert "**refused** | CFPlugInTypes lists" in runner.summary.read_text()
    assert done.stdout.splitlines()[-1].startswith("::error title=hal-lab::the driver is not")


def test_what_nobody_knows_fails_only_when_asked_for(runner: Runner, tmp_path: Path) -> None:
    bundle = FLAWS["bundle-unsealed"](tmp_path)
    assert runner.judge(bundle).returncode == 0
    assert runner.judge(bundle, fail_on="unknown").returncode == 1


def test_only_the_profiles_that_were_asked_for_count(runner: Runner, tmp_path: Path) -> None:
    bundle = FLAWS["type-uuid-not-accepted"](tmp_path)
    assert runner.judge(bundle, profiles="seed-15").returncode == 0
    assert runner.judge(bundle, profiles="seed-15 macos-15").returncode == 1
    found = json.loads((runner.folder / "hal-lab-report/inspect.json").read_text())
    assert [one["profile"] for one in found["verdicts"]] == ["seed-15", "macos-15"]


def test_a_command_finds_the_lab_and_the_driver_and_its_failure_counts(
    runner: Runner, tmp_path: Path
) -> None:
    bundle = write_bundle(tmp_path / "Good.driver")
    command = 'hal-lab inspect "$HAL_DRIVER" >/dev/null\necho "it was me"'
    done = runner.judge(bundle, command=command)
    assert done.returncode == 0, done
    assert "it was me" in (runner.folder / "hal-lab-report/command.txt").read_text()
    done = runner.judge(bundle, command="false\necho not reached")
    assert done.returncode == 1
    assert "not reached" not in done.stdout
    assert "- command: **failed** with exit status 1" in runner.summary.read_text()


@pytest.mark.native
@pytest.mark.linux
@pytest.mark.parametrize(("wanted", "code"), [("Gecko Sink", 0), ("Another", 1)])
def test_scenarios_get_the_driver(runner: Runner, wanted: str, code: int) -> None:
    (runner.folder / "test_mine.py").write_text(
        f"def test_its_name(device):\n    assert device.name == {wanted!r}\n"
    )
    built = shutil.copytree(find_driver(), runner.folder / "My Own.driver")
    # A checkout's plug-in has no entry point, an installed one has.
    plug_in = "" if _has_entry_point() else "-p lab.pytest_plugin "
    done = runner.judge(built, scenarios=f"{plug_in}test_mine.py")
    assert done.returncode == code, done.stdout
    assert {"scenarios.txt", "results.json", "junit.xml"} <= runner.report()


def _has_entry_point() -> bool:
    from importlib.metadata import entry_points

    return any(one.value == "lab.pytest_plugin" for one in entry_points(group="pytest11"))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"driver": ""}, "no driver is named"),
        ({"driver": "none.driver"}, '"none.driver" is no driver bundle'),
        ({"scenarios": "a", "command": "b"}, "name scenarios or a command, not both"),
        ({"profiles": "macos-99"}, "the inputs profiles or fail-on are wrong"),
        ({"fail_on": "never"}, "cannot be inspected"),
        ({"report": "/proc/none"}, 'the report cannot be written to "/proc/none"'),
    ],
)
def test_wrong_inputs_are_2_and_one_line(
    runner: Runner, tmp_path: Path, inputs: dict[str, str], said: str
) -> None:
    good = str(write_bundle(tmp_path / "Good.driver"))
    rest = {name: value for name, value in inputs.items() if name != "driver"}
    done = runner.judge(inputs.get("driver", good), **rest)
    assert done.returncode == 2, done
    assert [line for line in done.stdout.splitlines() if line.startswith("::error")] == [
        line for line in done.stdout.splitlines() if said in line
    ]
    assert said in done.stdout


def test_no_name_of_a_driver_is_a_command_or_a_pattern(runner: Runner, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "$(touch owned) `touch owned`; touch owned *.driver")
    done = runner.judge(bundle, profiles="macos-26 $(touch${IFS}owned) *")
    assert done.returncode == 2
    assert runner.judge(bundle, profiles="macos-26").returncode == 0
    assert not (runner.folder / "owned").exists()
