"""A validator that is killed half-way leaves lines that can be read, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lab.host.locate import find_driver
from lab.validate.jsonl import read_lines

pytestmark = [pytest.mark.native, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

SETTINGS = """
[validate.environment]
GECKO_SHM_NAME = "/{mark}{{unique}}"
BUNGHOLE_UNIX = "{{folder}}"
"""


def wait_until(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    """Fails when that takes too long, and says what is there then."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)


def processes_of(mark: str) -> list[int]:
    """Those that have it in their environment, and are more than a line in the table."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except (OSError, ProcessLookupError):
            continue
    return found


def shared_memory_of(mark: str) -> list[str]:
    """Names of shared memory."""
    return [one.name for one in Path("/dev/shm").iterdir() if mark in one.name]


def sockets_below(folder: Path) -> list[str]:
    """Paths that sockets are bound to."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    return [line.split()[-1] for line in lines if str(folder) in line]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """For files of the checks; its path is short, since paths of sockets have to be."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("name", ["GeckoAudioDevice", "BungholeAudio"])
def test_killed_half_way_it_leaves_lines_that_can_be_read_and_nothing_else(
    name: str, tmp_path: Path, temporary: Path
) -> None:
    mark = f"m{uuid4().hex[:6]}"
    lines = tmp_path / "lines"
    bundle = tmp_path / f"{name}.driver"
    bundle.symlink_to(find_driver(name))
    (tmp_path / "hal-lab.toml").write_text(SETTINGS.format(mark=mark))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "lab.cli", "validate", str(bundle)),
            *("--strictness", "10", "--jobs", "2", "--json", str(lines)),
        ],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(temporary), "MARK": f"mark-{mark}"},
    )

    def is_half_way() -> bool:
        assert process.poll() is None, "it was over before it could be killed"
        # The validator, a check's process, the guard of its host, the host; and what they have.
        return (
            lines.exists()
            and lines.read_bytes().count(b"\n") > 40
            and len(processes_of(f"mark-{mark}")) >= 4
            and any(temporary.iterdir())
            and (name != "GeckoAudioDevice" or shared_memory_of(mark) != [])
        )

    wait_until(is_half_way, lambda: processes_of(f"mark-{mark}"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    head, outcomes, summary = read_lines(lines)
    assert 2 <= len(outcomes) < len(head.checks)
    assert summary is None
    wait_until(lambda: not processes_of(f"mark-{mark}"), lambda: processes_of(f"mark-{mark}"))
    assert shared_memory_of(mark) == []
    assert sockets_below(temporary) == []
    assert list(temporary.iterdir()) == []
