"""Does the command line do what its help says?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.faults.marks import MARKS
from tests.support.build import need_owned_threads
from tests.support.faults import Run

pytestmark = pytest.mark.native

ROOT = Path(__file__).parent.parent.parent


def test_a_quiet_soak_ends_with_one_line(hal_lab: Run, tmp_path: Path) -> None:
    status, out, err = hal_lab("soak", "--hours", "0.1", "--seed", "7", "--into", str(tmp_path))
    last = out.strip().splitlines()[-1]
    assert status == 0
    assert last.startswith("passed: hash ")
    assert "36,000 cycles, 17,280,000 frames verified" in last
    assert f"0 faults, 1 of {len(MARKS)} marks" in last
    assert "36,000 of 36,000 cycles" in err  # plain lines where there is no terminal
    kept = json.loads((tmp_path / "soak.json").read_text())
    assert kept["hash"][:16] in last
    assert kept["failure"] is None
    start, end = kept["memory_start_end"][0]["heap_bytes"]
    assert end - start < 64 * 1024


def test_the_same_seed_gives_the_same_hash_and_another_another(hal_lab: Run) -> None:
    def last(*more: str) -> str:
        status, out, _ = hal_lab(
            "soak", "--hours", "0.2", "--runs", "3", "--faults", "all", "--twice", "100", *more
        )
        assert status == 0, out
        return out.strip().splitlines()[-1].split(",")[0]

    assert last("--seed", "7") == last("--seed", "7", "--jobs", "1")
    assert last("--seed", "7") != last("--seed", "8")


def test_what_zero_timestamps_were_like_is_told_and_kept(hal_lab: Run, tmp_path: Path) -> None:
    status, out, _ = hal_lab(
        "soak", "--hours", "0.2", "--seed", "7", "--faults", "stall", "--into", str(tmp_path)
    )
    assert status == 0
    assert "; at most 0.000 ppm off nominal, jitter p99 0.00" in out
    excused = "skipped-periods: cycles were late or left out"
    assert f"zero timestamps, not held against the driver: {excused} (" in out
    kept = json.loads((tmp_path / "soak.json").read_text())["zero_timestamps"]
    assert kept["different"] > 2_000
    assert kept["step_max_ns"] <= 2
    assert list(kept["excused"]) == [excused]


def test_a_clock_that_does_not_hold_fails_a_soak(hal_lab: Run, tmp_path: Path) -> None:
    status, out, _ = hal_lab(
        "soak", "--driver", "Loop", "--set", "LOOP_FAULT=timestamp-skips", "--hours", "0.1",
        "--faults", "stall,drift", "--into", str(tmp_path),
    )  # fmt: skip
    assert status == 1
    assert "failed: timestamp-skipped-periods: zero timestamps, skipped-periods: up to 2" in out
    file = tmp_path / "timestamp_skipped_periods_loop.replay"
    status, out, _ = hal_lab("replay", str(file))
    assert status == 1
    assert "the same failure, to the last observation: zero timestamps, skipped-periods" in out


def test_marks_are_listed_reached_or_not(hal_lab: Run) -> None:
    status, out, _ = hal_lab("soak", "--hours", "0.2", "--faults", "all")
    assert status == 0
    lines = {line.partition(":")[0]: line for line in out.splitlines()}
    told = lines["sometimes, reached"] + lines["sometimes, never reached"]
    assert all(mark in told for mark in MARKS)


def test_a_failure_is_made_small_written_and_replayed(hal_lab: Run, tmp_path: Path) -> None:
    status, out, _ = hal_lab(
        "soak", "--driver", "Lapse", "--set", "LAPSE_FAULT=drops-frame-at-wrap-after-stall",
        "--hours", "0.3", "--seed", "7", "--runs", "3", "--faults", "stall,drift,restart",
        "--into", str(tmp_path),
    )  # fmt: skip
    assert status == 1
    assert "failed: frames-lost: 1 frame did not arrive" in out
    file = tmp_path / "frames_lost_lapse.replay"
    assert len(file.read_text().splitlines()) <= 20
    status, out, _ = hal_lab("replay", str(file))
    assert status == 1
    assert "the same failure, to the last observation: 1 frame did not arrive" in out
    status, out, _ = hal_lab("replay", str(file), "--driver", "GeckoAudioDevice")
    assert status == 0
    assert "passed; frames-lost is gone" in out

    other = file.read_text().replace('"kind": "frames-lost"', '"kind": "frames-corrupt"')
    file.write_text(other)
    status, out, _ = hal_lab("replay", str(file))
    assert status == 1
    assert "another failure, frames-lost instead of frames-corrupt" in out

    # And the test that was written along with it fails for the driver as it is.
    case = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
         "-p", "lab.pytest_plugin", str(tmp_path / "test_frames_lost_lapse.py")],
        capture_output=True, text=True, check=False,
        # Where the package is installed, its plug-in would come by itself as well.
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert case.returncode == 1, case.stdout
    assert "1 frame did not arrive" in case.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hours", "0"], "--hours must be a number above 0"),
        (["--hours", "nan"], "--hours must be a number above 0"),
        (["--seed", "-1"], "--seed must be 0 to 2^64 - 1"),
        (["--runs", "0"], "--runs must be 1 to 1,000,000"),
        (["--faults", "stal"], 'unknown fault "stal"'),
        (["--set", "NOTHING"], "write NAME=VALUE"),
        (["--twice", "101"], "--twice must be 0 to 100"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    hal_lab: Run, arguments: list[str], said: str
) -> None:
    status, out, err = hal_lab("soak", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_replay_that_is_none_is_refused_in_one_line(hal_lab: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.replay"
    path.write_text('{"replay": 1, "hal_lab": "1", "setup": {}}\n{"what": "stal"}\n')
    status, _, err = hal_lab("replay", str(path))
    assert status == 2
    assert f'{path}: line 2: unknown event "stal"; did you mean "stall"?' in err
    status, _, err = hal_lab("replay", str(tmp_path / "none.replay"))
    assert status == 1
    assert "cannot be read" in err
    assert len(err.splitlines()) == 1


def test_a_race_is_found_by_trying_orders_of_threads(hal_lab: Run, tmp_path: Path) -> None:
    """The canary: found within twenty orders, and not in the plain one."""
    need_owned_threads()
    race = ["soak", "--driver", "Lapse", "--set", "LAPSE_FAULT=announces-block-early"]
    race += ["--hours", "0.1"]
    assert hal_lab(*race)[0] == 0
    status, out, _ = hal_lab(*race, "--schedules", "20", "--into", str(tmp_path))
    assert status == 1
    assert "frames-duplicated" in out
    (written,) = tmp_path.glob("*.replay")
    header, *events = [json.loads(line) for line in written.read_text().splitlines()]
    assert events == []  # no fault is needed
    assert 1 <= header["setup"]["schedule_seed"] < 20
    status, out, _ = hal_lab("replay", str(written))
    assert status == 1
    assert "the same failure, to the last observation" in out


def test_ctrl_c_ends_it_with_what_was_done_so_far() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.cli", "soak", "--hours", "100"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert "of 36,000,000 cycles" in process.stderr.readline()  # a tenth is done
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    last = out.strip().splitlines()[-1]
    assert last.startswith("stopped: hash none, ")
    assert "frames verified" in last
