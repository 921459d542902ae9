"""``hal-lab sweep`` as a program: what it says, how it ends, what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import pytest

from lab.cli_app import run
from lab.history.history import History

ROOT = Path(__file__).parents[2]


def _start(*words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lab.cli", "sweep", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
        start_new_session=True,
    )


def _wait_for_results(root: Path, least: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if list(root.glob("*/*.parquet")):
            with History(root) as history:
                if history.ask("select count(*) as n from results").to_pylist()[0]["n"] >= least:
                    return
        time.sleep(0.2)
    pytest.fail("nothing was kept within a minute")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the grid is empty"),
        (["--over", "rnig=3"], "no such parameter"),
        (["--over", "jitter=1:100:0.01", "--over", "load=1:100:1"], "at most 1,000,000"),
        (["--over", "jitter=1", "--jobs", "0"], "--jobs must be 1 to 256"),
        (["--over", "jitter=1", "--seeds", "0"], "--seeds must be 1 to"),
        (["--over", "jitter=1", "--first-seed", "-1"], "--first-seed must be 0 to"),
        (["--over", "jitter=1", "--late-wake-ups", "0"], "--late-wake-ups must be 1 to"),
        (["--over", "jitter=1", "--night", "today"], "no night"),
        (["--over", "jitter=1", "--heat-map", "m.svg"], "needs two parameters"),
        (["--over", "jitter=1,2", "--x", "jitter", "--y", "jitter"], "are the same"),
        (["--over", "jitter=1,2", "--y", "colour"], "no such parameter"),
        (["--over", "jitter=1:99:1", "--over", "ppm=0,1"], "at most 24 and 40"),
        (["--over", "jitter=1,2", "--x", "ppm", "--heat-map", "m.png"], "is an SVG"),
        (["--over", "jitter=1", "--scheduler", "nonsense"], "write tcp://HOST:8786"),
        (["--over", "jitter=1", "--set", "GECKO_SHM_RING_FRAMES=1"], "vary the ring"),
        (["no-such.toml"], "the grid cannot be read"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(
    words: list[str], said: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if "nonsense" in words:
        pytest.importorskip("distributed", reason="distributed is not installed")
    assert run(["sweep", *words, "--history", str(tmp_path / "h")]) == 2
    err = capfd.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_history_that_cannot_be_written_is_one_line(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert run(["sweep", "--over", "jitter=1", "--history", str(tmp_path / "file")]) == 1
    assert "the history cannot be written" in capfd.readouterr().err


def test_a_heat_map_that_cannot_be_written_is_found_before_the_first_run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["--over", "jitter=1,2", "--over", "ring=1024,2048", "--history", str(tmp_path / "h")]
    assert run(["sweep", *words, "--heat-map", str(tmp_path / "none" / "m.svg")]) == 1
    assert "the heat map cannot be written" in capfd.readouterr().err
    assert not (tmp_path / "h").exists()


@pytest.mark.native
def test_a_sweep_ends_with_a_table_a_picture_and_one_line(tmp_path: Path) -> None:
    picture = tmp_path / "m.svg"
    words = ["--over", "ring=1024,4096", "--over", "jitter=1,30", "--seeds", "2", "--jobs", "2"]
    ended = _start(*words, "--history", str(tmp_path / "h"), "--heat-map", str(picture))
    out, err = ended.communicate(timeout=100)
    assert ended.returncode == 0, err
    assert "runs with a glitch, jitter_ms down, ring_frames across:" in out
    assert "8 made in" in out.splitlines()[-1]
    assert "\x1b" not in out + err
    assert len(list(ET.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}g"))) == 4
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == ["m.svg"]


@pytest.mark.native
def test_ctrl_c_is_status_130_and_the_next_sweep_makes_the_rest(tmp_path: Path) -> None:
    words = ["--over", "ring=1024,4096", "--seeds", "200", "--jobs", "2"]
    words += ["--history", str(tmp_path), "--night", "2026-11-22"]
    ended = _start(*words)
    _wait_for_results(tmp_path, 1)
    os.killpg(ended.pid, signal.SIGINT)  # as a terminal does: the workers as well
    _, err = ended.communicate(timeout=60)
    assert ended.returncode == 130, err
    assert "stopped, and kept what was made" in err
    assert "Traceback" not in err
    with History(tmp_path) as history:
        kept = [result.id for result in history.results("2026-11-22")]
    assert 0 < len(set(kept)) == len(kept) < 400
    # The rest is much: as many points with as many seeds as were all made, and no more.
    few = ["--over", "ring=1024,4096", "--seeds", "2", *words[4:]]
    ended = _start(*few)
    out, err = ended.communicate(timeout=60)
    assert ended.returncode == 0, err
    assert "0 made" in out
    assert "4 were there" in out


@pytest.mark.native
def test_a_sweep_that_is_killed_leaves_what_was_kept_and_no_process(tmp_path: Path) -> None:
    scratch, root = tmp_path / "scratch", tmp_path / "history"
    scratch.mkdir()
    words = ["--over", "ring=1024", "--seeds", "500", "--history", str(root)]
    ended = _start(*words, TMPDIR=str(scratch))
    _wait_for_results(root, 1)
    assert list(scratch.iterdir())
    children = psutil.Process(ended.pid).children(recursive=True)
    assert children
    ended.kill()
    ended.communicate(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert not list(scratch.iterdir())
    with History(root) as history:
        assert len(history.results(history.nights[0])) > 0
        assert history.complaints == []


@pytest.mark.native
def test_without_the_cluster_library_it_says_what_to_install(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = ["--over", "jitter=1", "--no-history", "--scheduler", "tcp://127.0.0.1:1"]
    assert run(["sweep", *words]) == 3
    assert "pip install 'hal-lab[sweep]'" in capfd.readouterr().err
