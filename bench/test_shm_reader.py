"""What it costs to read a 48 kHz stereo stream from Python, in a process of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench.conftest import Judge
from bench.ratios import Ratio
from bench.simulator import Simulator
from lab.play.names import unique_shm_name
from lab.transport.shm_process import ReaderProcess

SECONDS = 6
RATE = 48_000

pytestmark = pytest.mark.realtime


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_a_python_reader_takes_at_most_3_percent_of_a_core(
    simulator: Simulator, judge: Judge, tmp_path: Path, layout: str
) -> None:
    name = unique_shm_name()
    player = subprocess.Popen(
        simulator.command("--signal", "noise", "--seconds", str(SECONDS)),
        env=simulator.environment(name) | {"GECKO_SHM_LAYOUT": layout},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with player:
        with ReaderProcess(name, tmp_path, capacity_frames=2 * SECONDS * RATE) as reader:
            _, said = player.communicate(timeout=60)
            outcome = reader.stop()
        assert player.returncode == 0, said
    # Less than all of it: reader and player start side by side.
    assert outcome.frames > (SECONDS - 2) * RATE
    judge(
        Ratio(
            f"a core's share of a Python reader of {layout}, 48 kHz stereo",
            outcome.cpu_percent,
            limit=3,
            unit="%",
            gates=True,
            margin=1.5,
            detail={
                "frames": float(outcome.frames),
                "lost": float(outcome.lost_frames),
                "read for s": outcome.elapsed_s,
            },
        )
    )
