"""A disk that is really full: a night that has no room says so, and leaves the others alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.night.write import PAGE, RECORD, SUMMARY, read_night
from lab.results import read_result
from tests.support.full_disk import CannotMountError, SmallDisk

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's"),
]

EARLIER, LATER = "2026-11-20", "2026-11-22"
LEFT = (0, 4_096, 8_192, 32_768, 81_920)
"""The journal, the history, the record and the page come to the end of the disk."""
MATRIX = """
[driver.Mine]
bundle = "Lapse"
[[play]]
drivers = ["Mine"]
seconds = 1
device_clocks.perfect = []
device_clocks.step = [{ kind = "step", at_s = 1, ns = 40_000_000 }]
"""
ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from tests.support.full_disk import SmallDisk
disk = SmallDisk(Path(sys.argv[1]), "1m")
print(disk.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    (tmp_path / "m.toml").write_text(MATRIX)
    try:
        made = SmallDisk(tmp_path / "disk", "1m")
    except CannotMountError as error:
        pytest.skip(f"no disk of its own can be mounted here: {error}")
    with made:
        yield made


def nightly(
    disk: SmallDisk, night: str, *, into: Path | None = None
) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "lab.cli", "nightly", "--night", night, "--quiet"]
    line += ["--matrix", str(disk.folder.parent / "m.toml")]
    line += ["--into", str(into or disk.folder / "nights")]
    return run(disk, [*line, "--history", str(disk.folder / "history")])


def run(disk: SmallDisk, line: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        disk.inside(line),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def kept_results(disk: SmallDisk) -> dict[str, int]:
    """Results in the history by night, asked as a person does."""
    ask = "select night || ' has ' || count(*) as told from results group by night"
    line = [sys.executable, "-m", "lab.cli", "history", "--history", str(disk.folder / "history")]
    done = run(disk, [*line, "query", ask])
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = re.findall(r"(\d{4}-\d\d-\d\d) has (\d+)", done.stdout)
    return {night: int(count) for night, count in found}


@pytest.mark.slow
def test_wherever_the_disk_ends_the_night_is_one_line_and_the_earlier_ones_are_as_they_were(
    disk: SmallDisk,
) -> None:
    done = nightly(disk, EARLIER)
    assert done.returncode == 0, done.stderr
    before = files(disk.seen)
    assert {f"nights/{EARLIER}/{name}" for name in (RECORD, SUMMARY, PAGE)} <= before.keys()
    failed_at = set()
    for left in LEFT:
        ballast = disk.fill(leaving_bytes=left)
        assert disk.free_bytes == left
        done = nightly(disk, LATER)
        assert done.returncode == 1, (left, done.stdout)
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("hal-lab: cannot be written (No space left on device): ")
        assert "; make room" in done.stderr
        failed_at.add(Path(done.stderr.split(": ")[2].partition(";")[0]).name)
        ballast.unlink()
        after = files(disk.seen)
        assert {name: after[name] for name in before} == before
        new = {name: data for name, data in after.items() if name not in before}
        look_whole(disk, new)
        remove(disk, new)
    assert failed_at == {RECORD, PAGE}
    # With room again the same night is made, whole.
    done = nightly(disk, LATER)
    assert done.returncode == 0, done.stderr
    assert kept_results(disk) == {EARLIER: 2, LATER: 2}
    assert read_night(disk.seen / "nights" / LATER).previous == EARLIER


def look_whole(disk: SmallDisk, new: dict[str, bytes]) -> None:
    """What is there of a night that had no room can be read, to its end."""
    known = {f"nights/{LATER}/{name}" for name in (RECORD, SUMMARY, "junit.xml", "results.jsonl")}
    for name, data in new.items():
        assert name in known or (name.startswith("history/") and name.endswith(".parquet")), name
        if name.endswith(".jsonl"):
            assert data == b"" or data.endswith(b"\n")
            for line in data.splitlines():
                read_result(line.decode())
        if name.endswith(RECORD):
            assert len(read_night(disk.seen / "nights" / LATER).results) == 2
    kept = {LATER: 2} if any(name.startswith("history/") for name in new) else {}
    assert kept_results(disk) == {EARLIER: 2} | kept


def remove(disk: SmallDisk, names: dict[str, bytes]) -> None:
    for name in names:
        (disk.seen / name).unlink()


def test_a_history_without_room_is_no_good_night_though_its_page_is_there(
    disk: SmallDisk, tmp_path: Path
) -> None:
    into = tmp_path / "nights"
    assert nightly(disk, EARLIER, into=into).returncode == 0
    ballast = disk.fill(leaving_bytes=4_096)
    done = nightly(disk, LATER, into=into)
    assert done.returncode == 1
    assert done.stdout.startswith("pass Mine: all 2 runs passed")
    (line,) = done.stderr.splitlines()
    assert line.startswith("hal-lab: the night cannot be written (No space left on device): ")
    night = read_night(into / LATER)
    assert not night.kept
    assert any("cannot be written" in complaint for complaint in night.complaints)
    assert "No space left on device" in (into / LATER / PAGE).read_text(encoding="utf-8")
    ballast.unlink()
    assert kept_results(disk) == {EARLIER: 2}
    assert [name for name in files(disk.seen) if not name.endswith(".parquet")] == []


def test_nothing_stays_mounted_when_the_test_is_killed(disk: SmallDisk, tmp_path: Path) -> None:
    folder = tmp_path / "another"
    killed = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert killed.stdout is not None
    holder = int(killed.stdout.readline())
    assert str(folder) in mounts(holder)
    assert str(folder) not in mounts(os.getpid())
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    for _ in range(200):
        if not mounts(holder):
            break
        time.sleep(0.05)
    assert not mounts(holder)


def mounts(pid: int) -> str:
    """What a process sees mounted; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/mountinfo").read_text()
    except OSError:
        return ""
