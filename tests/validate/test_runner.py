"""Whatever a check does, it costs one check and leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.host.locate import find_driver
from lab.validate.outcome import Outcome, Status
from tests.validate.strange_checks import ALL

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def pids(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the check that never ends leaves word."""
    return tmp_path_factory.mktemp("strange") / "pids"


@pytest.fixture(scope="module")
def outcomes(pids: Path) -> dict[str, Outcome]:
    """Of all strange checks, by id."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.validate.strange_checks", str(find_driver("Loop"))],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PIDS": str(pids)},
    )
    made = [Outcome.model_validate_json(line) for line in done.stdout.splitlines()]
    assert [outcome.check for outcome in made] == [check.id for check in ALL]
    return {outcome.check: outcome for outcome in made}


def test_a_check_that_passes_has_a_folder_and_names_of_its_own(
    outcomes: dict[str, Outcome],
) -> None:
    passed = outcomes["passes"]
    assert passed.status is Status.SUCCESS
    name, folder = passed.notes[0].split()
    assert "{" not in name
    assert not Path(folder).exists(), "the folder is left"


def test_the_first_complaint_is_told_and_the_others_are_kept(outcomes: dict[str, Outcome]) -> None:
    failed = outcomes["fails"]
    assert failed.status is Status.FAILED
    assert failed.evidence == ("complaint 0 (and 2 more)",)
    assert failed.notes == ("complaint 1", "complaint 2")


def test_what_is_recommended_only_is_a_warning(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["recommends"].status is Status.WARNING


def test_warnings_do_not_end_a_check(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["warns"].status is Status.WARNING
    assert outcomes["warns"].evidence == ("one", "two")


def test_nothing_to_check_is_skipped_with_a_reason(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["skips"].status is Status.SKIPPED
    assert outcomes["skips"].evidence == ("the driver has no inputs",)


def test_a_bug_of_a_check_is_not_the_drivers_fault(outcomes: dict[str, Outcome]) -> None:
    bug = outcomes["has-a-bug"]
    assert bug.status is Status.ERROR
    assert "ZeroDivisionError" in bug.evidence[0]
    assert not bug.status.is_drivers_fault


def test_a_check_that_dies_is_told(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["dies"].status is Status.ERROR
    assert outcomes["dies"].evidence == ("the process of the check ended with signal 9",)


def test_a_check_that_never_ends_is_ended_with_its_host(
    outcomes: dict[str, Outcome], pids: Path
) -> None:
    endless = outcomes["never-ends"]
    assert endless.status is Status.TIMEOUT
    assert endless.evidence == ("the check did not end within 1 s",)
    started = [int(pid) for pid in pids.read_text().split()]
    assert len(started) == 3
    deadline = time.monotonic() + 10
    while any(_is_there(pid) for pid in started):
        assert time.monotonic() < deadline, "a process is left"
        time.sleep(0.01)


def _is_there(pid: int) -> bool:
    """Whether a process is more than a line in the table."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
