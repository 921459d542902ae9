"""`hal-lab nightly` from one night to the next, with real drivers."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import soundfile

from lab.history.history import History
from lab.night.write import JUNIT, PAGE, RECORD, SUMMARY, read_night
from lab.results import Verdict

pytestmark = pytest.mark.native

GOOD = """
[driver.Mine]
bundle = "Lapse"
[[play]]
drivers = ["Mine"]
seconds = 2
device_clocks.perfect = []
device_clocks.step = [{ kind = "step", at_s = 1, ns = 40_000_000 }]
"""
BAD = GOOD.replace(
    'bundle = "Lapse"',
    'bundle = "Lapse"\nenvironment = { LAPSE_FAULT = "drops-frame-at-wrap-after-stall" }',
)


class Project:
    """A folder in which nights are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = folder / "history"
        (folder / "good.toml").write_text(GOOD)
        (folder / "bad.toml").write_text(BAD)

    def line(self, matrix: str, night: str, *more: str) -> list[str]:
        return [
            *(sys.executable, "-m", "lab.cli", "nightly", "--night", night, *more),
            *(
                "--matrix",
                str(self.folder / f"{matrix}.toml"),
                "--into",
                str(self.folder / "nights"),
            ),
            *("--history", str(self.history)),
        ]

    def run(self, matrix: str, night: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.line(matrix, night, *more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def night(self, name: str) -> Path:
        return self.folder / "nights" / name


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_planted_regression_is_told_with_the_night_it_came_its_sound_and_its_command(
    project: Project,
) -> None:
    for n in (18, 19):
        done = project.run("good", f"2026-11-{n}")
        assert done.returncode == 0, done.stderr
        assert "pass Mine: all 2 runs passed" in done.stdout
    assert project.run("bad", "2026-11-20").returncode == 1
    done = project.run("bad", "2026-11-21")
    assert done.returncode == 1
    assert "worse since 2026-11-20: Mine, play, device-clock step" in done.stdout
    folder = project.night("2026-11-21")
    night = read_night(folder)
    [change] = night.changes
    assert (change.since, change.nights, night.previous) == ("2026-11-20", 2, "2026-11-20")
    assert "frames-lost 1 frames" in change.sentence

    # What there is to hear, and to look at.
    [failed] = [result for result in night.results if result.verdict is Verdict.FAIL]
    [lost] = [glitch for glitch in failed.glitches if glitch.kind == "lost"]
    heard, _ = soundfile.read(folder / failed.artefacts[lost.clip])
    sent, _ = soundfile.read(folder / failed.artefacts[f"{lost.clip}-sent"])
    assert (heard[:960] == sent[:960]).all()
    assert (heard[960:-1] == sent[961:]).all()
    assert (folder / failed.artefacts["perfetto"]).stat().st_size > 0
    page = (folder / PAGE).read_text(encoding="utf-8")
    assert "2026-11-20" in page
    assert page.count("<audio") == 2
    assert "2026-11-20" in (folder / SUMMARY).read_text(encoding="utf-8")
    [failure] = ET.parse(folder / JUNIT).getroot().iter("failure")
    assert "frames-lost" in "".join(failure.itertext()) + str(failure.attrib)

    # The command makes it again.
    again = subprocess.run(
        [sys.executable, "-m", "lab.cli", *shlex.split(change.command)[1:]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert again.returncode == 1
    assert "verdict: fail: frames-lost 1 frames" in again.stdout


def test_a_night_that_is_stopped_is_a_night_and_says_that_it_is_not_whole(
    project: Project,
) -> None:
    long = GOOD.replace("[[play]]", '[[play]]\nclocks = ["virtual", "realtime"]').replace(
        "seconds = 2", "seconds = 30"
    )
    (project.folder / "long.toml").write_text(long)
    process = subprocess.Popen(
        project.line("long", "2026-11-22"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    results = project.night("2026-11-22") / "results.jsonl"
    try:
        for _ in range(600):
            if results.is_file() and results.read_text().count("\n") >= 2:
                break
            time.sleep(0.1)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "stopped by Ctrl-C; 3 runs were asked for" in said
    night = read_night(project.night("2026-11-22"))
    assert night.stopped == "stopped by Ctrl-C"
    assert len(night.results) >= 2
    assert (project.night("2026-11-22") / PAGE).is_file()
    with History(project.history) as history:
        assert len(history.results("2026-11-22")) == len(night.results)


def test_a_history_that_cannot_be_written_costs_no_page(project: Project) -> None:
    assert project.run("good", "2026-11-21").returncode == 0
    before = sorted(project.history.rglob("*"))
    blocked = project.history / "2026-11-22"
    blocked.write_text("a file where a folder should be")
    done = project.run("good", "2026-11-22")
    assert "the night cannot be written" in done.stderr
    assert "make room" in done.stderr
    night = read_night(project.night("2026-11-22"))
    assert len(night.results) == 2
    assert any("cannot be written" in line for line in night.complaints)
    blocked.unlink()
    assert sorted(project.history.rglob("*")) == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--night", "yesterday"), "no night: yesterday; write a date"),
        (("--jobs", "0"), "--jobs must be 1 to 256"),
        (("--quick",), "--quick and --matrix; name one of them"),
        (("--history", "gopher://x"), "no such kind of place"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    project: Project, more: tuple[str, ...], said: str
) -> None:
    line = [*project.line("good", "2026-11-22"), *more]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not project.history.exists()


def test_quiet_says_the_verdict_and_nothing_else(project: Project) -> None:
    done = project.run("good", "2026-11-22", "--quiet")
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 2
    assert json.loads((project.night("2026-11-22") / RECORD).read_text())["planned"] == 2
