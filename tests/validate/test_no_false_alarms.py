"""A correct driver passes, each time, however busy the machine is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.host.locate import find_driver
from lab.validate.jsonl import read_lines
from lab.validate.outcome import Status

pytestmark = [pytest.mark.native, pytest.mark.slow]

RUNS = 20
JOBS = 6
"""As many again as the load: else twenty ladders take an hour on two processors."""
_SPIN = "import time; end = time.monotonic() + 900\nwhile time.monotonic() < end: pass"
_ENVIRONMENT = "[validate.environment]\nGECKO_SHM_NAME = '/{unique}'\nBUNGHOLE_UNIX = '{folder}'\n"


@contextmanager
def load(processes: int) -> Iterator[None]:
    """So many processes that never rest."""
    started = [subprocess.Popen([sys.executable, "-c", _SPIN]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", ["GeckoAudioDevice", "BungholeAudio", "Null"])
def test_twenty_runs_under_load_find_nothing(name: str, tmp_path: Path) -> None:
    bundle = tmp_path / f"{name}.driver"
    bundle.symlink_to(find_driver(name))
    (tmp_path / "hal-lab.toml").write_text(_ENVIRONMENT)
    lines = tmp_path / "lines"
    began = time.monotonic()
    with load(4):
        for seed in range(RUNS):
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "lab.cli", "validate", str(bundle)),
                    *("--strictness", "10", "--jobs", str(JOBS), "--seed", str(seed)),
                    *("--json", str(lines), "--only-failed", "--patience", "10"),
                ],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "HAL_LAB_BUILD": os.environ.get("HAL_LAB_BUILD", "")},
            )
            _, outcomes, _ = read_lines(lines)
            wrong = [one for one in outcomes if one.status not in {Status.SUCCESS, Status.SKIPPED}]
            assert wrong == [], done.stdout
            assert done.returncode == 0, done.stdout
    print(f"{name}: {RUNS} runs in {time.monotonic() - began:.0f} s")
