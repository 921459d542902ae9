"""The plug-in, in sessions of its own: no build is needed for what it does here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lab.play.names import pid_namespace

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Session:
    """How an inner session ended."""

    code: int
    text: str
    folder: Path

    @property
    def results(self) -> list[dict[str, object]]:
        """What it wrote with --hal-results."""
        found: list[dict[str, object]] = json.loads(
            (self.folder / "r.json").read_text(encoding="utf-8")
        )
        return found


Run = Callable[..., Session]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(source: str, *arguments: str) -> Session:
        (tmp_path / "test_a_question.py").write_text(source, encoding="utf-8")
        command = [
            *(sys.executable, "-m", "pytest", "-p", "lab.pytest_plugin", "-p", "no:cacheprovider"),
            *("-c", "/dev/null", "--rootdir", str(tmp_path), "--strict-markers"),
            *("--hal-results", "r.json", "--junit-xml", "j.xml", *arguments),
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
            env=environment,
        )
        return Session(done.returncode, done.stdout + done.stderr, tmp_path)

    return start


FINDINGS = """
import pytest

def test_it_is_good(findings):
    findings.tell("cycles", 100)
    findings.require("frames-lost", 0, 0, "frames")

def test_it_is_bad(findings):
    findings.require("frames-lost", 7, 0, "frames")

def test_it_is_skipped(findings):
    pytest.skip("not today")

def test_it_finds_nothing_to_tell():
    pass
"""


def test_findings_become_results_in_table_json_and_junit(run: Run) -> None:
    session = run(FINDINGS)
    assert session.code == 1
    assert [r["verdict"] for r in session.results] == ["pass", "fail", "skipped"]
    assert "frames-lost is 7 frames, must be at most 0 frames" in str(session.results[1]["reason"])
    assert session.results[2]["reason"] == "Skipped: not today"
    assert "results: 3" in session.text
    assert "a question?" in session.text
    properties = [
        (p.get("name"), p.get("value")) for p in ET.parse(session.folder / "j.xml").iter("property")
    ]
    assert ("hal-lab-verdict", "fail") in properties


def test_a_number_that_is_none_fails_that_test_only(run: Run) -> None:
    session = run(
        """
def test_it_measured_nothing(findings):
    findings.tell("latency-p50", float("nan"), "us")

def test_it_is_good(findings):
    findings.tell("cycles", 100)
"""
    )
    assert session.code == 1
    assert "INTERNALERROR" not in session.text
    assert [r["verdict"] for r in session.results] == ["fail", "pass"]
    assert "latency-p50 is nan us" in str(session.results[0]["reason"])


def test_a_project_that_uses_nothing_of_ours_pays_for_one_file(run: Run) -> None:
    session = run(
        """
import sys

def test_first(): pass

def test_after_the_first_report():
    ours = sorted(name for name in sys.modules if name.startswith("lab"))
    assert ours == ["lab", "lab.pytest_plugin"]
    assert "numpy" not in sys.modules
    assert "pydantic" not in sys.modules
"""
    )
    assert session.code == 0, session.text


@pytest.mark.linux
def test_leftovers_are_swept_by_those_who_use_shared_memory_only(run: Run) -> None:
    code = "import os; print(os.getpid())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    left = Path(f"/dev/shm/hl{done.stdout.strip()}.0.{pid_namespace()}")
    left.touch()
    try:
        run("def test_x(): pass")
        assert left.exists()
        run("def test_x(shm_name): pass")
        assert not left.exists()
    finally:
        left.unlink(missing_ok=True)


MARKS = """
import sys, pytest

@pytest.mark.macos
def test_on_a_mac(): pass

@pytest.mark.linux
def test_on_linux(): pass

@pytest.mark.realtime
def test_in_real_time(): pass

@pytest.mark.native
def test_with_the_host(host): pass
"""


def test_marks_skip_with_their_reason(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAL_LAB_NO_REALTIME", "1")
    monkeypatch.setenv("HAL_LAB_BUILD", "/no/such/build")
    monkeypatch.delenv("HAL_LAB_BIN", raising=False)
    session = run(MARKS, "-rs")
    assert session.code == 0
    other = "macos: this is not macOS" if sys.platform == "linux" else "linux: this is not Linux"
    assert other in session.text
    assert "realtime: HAL_LAB_NO_REALTIME is set" in session.text
    assert "native: HAL_LAB_BUILD is no folder" in session.text


def test_names_are_unique_and_cleaned_up(run: Run) -> None:
    session = run(
        """
import pytest
from lab.transport import posix_shm

@pytest.mark.parametrize("n", range(3))
def test_name(shm_name, n):
    posix_shm.create(shm_name, b"x")
    posix_shm.create(shm_name + ".rd", b"x")
    print("NAME", shm_name)
""",
        "-s",
    )
    assert session.code == 0
    names = {line.split()[-1] for line in session.text.splitlines() if "NAME" in line}
    assert len(names) == 3
    for name in names:
        assert not Path(f"/dev/shm{name}").exists()


def test_a_driver_that_was_named_and_is_not_there_is_an_error_not_a_skip(run: Run) -> None:
    session = run("def test_x(driver): pass", "--hal-driver", "/no/such.driver")
    assert session.code != 0
    assert "no such driver bundle: /no/such.driver" in session.text


CRASH = """
import pytest
from pathlib import Path
from lab.host.locate import find_driver

@pytest.mark.native
def test_it(start_host):
    host = start_host(environment={"LOOP_FAULT": "crash:StartIO"})
    host.load(find_driver("Loop"))
    host.add_client(0).start()
"""


@pytest.mark.native
def test_a_crash_shows_what_the_host_said(run: Run) -> None:
    from lab.errors import MissingError
    from lab.host.locate import find_driver

    try:
        find_driver("Loop")
    except MissingError as error:
        pytest.skip(str(error))
    session = run(CRASH)
    assert session.code == 1
    assert "DriverCrashed" in session.text
    assert "coreaudiod-sim stderr" in session.text
    assert '"entry_point"' in session.text
