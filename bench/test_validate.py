"""How long the conformance ladder takes on a driver of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.conftest import Judge
from bench.ratios import Ratio, floor, typical
from lab.host.locate import find_driver
from lab.validate.jsonl import read_lines

ROUNDS = 3
LIMIT_S = {5: 10.0, 10: 60.0}


@pytest.mark.parametrize("strictness", LIMIT_S)
def test_the_ladder_on_gecko(strictness: int, tmp_path: Path, judge: Judge) -> None:
    bundle = tmp_path / "Gecko.driver"
    bundle.symlink_to(find_driver("GeckoAudioDevice"))
    environment = '[validate.environment]\nGECKO_SHM_NAME = "/{unique}"\n'
    (tmp_path / "hal-lab.toml").write_text(environment)
    lines = tmp_path / "lines"
    found: list[float] = []
    checks = 0
    for _ in range(ROUNDS):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "lab.cli", "validate", str(bundle)),
                *("--strictness", str(strictness), "--json", str(lines), "--jobs", "2"),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=dict(os.environ),
        )
        assert done.returncode == 0, done.stdout
        _, outcomes, summary = read_lines(lines)
        assert summary is not None
        checks = len(outcomes)
        found.append(summary.seconds)
    judge(
        Ratio(
            f"hal-lab validate, Gecko at strictness {strictness}, two at a time",
            typical(found),
            limit=LIMIT_S[strictness],
            unit="s",
            gates=True,
            margin=1.5,
            detail={"checks": float(checks), "fastest s": floor(found), "slowest s": max(found)},
        )
    )
