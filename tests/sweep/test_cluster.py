"""A sweep on a Dask cluster of this machine, with real processes, some of which are killed."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab.history.history import History

pytestmark = [
    pytest.mark.native,
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("distributed") is None, reason="distributed is not installed"
    ),
]
ROOT = Path(__file__).parents[2]
NIGHT = "2026-11-22-sweep"


def _python(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@dataclass
class Cluster:
    """A scheduler and its workers, without nannies: who dies stays dead."""

    address: str
    scheduler: subprocess.Popen[str]
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def add_worker(self) -> None:
        words = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
        self.workers.append(_python("distributed.cli.dask_worker", self.address, *words))

    def end(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
        for process in [*self.workers, self.scheduler]:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=10)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    file = tmp_path / "scheduler.json"
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    made = Cluster("", _python("distributed.cli.dask_scheduler", *words))
    try:
        until = time.monotonic() + 30
        while not made.address:
            assert time.monotonic() < until, "no scheduler"
            with suppress(OSError, ValueError):
                made.address = json.loads(file.read_text())["address"]
            time.sleep(0.1)
        yield made
    finally:
        made.end()


def _sweep(cluster: Cluster, root: Path, *words: str) -> subprocess.Popen[str]:
    return _python(
        *("lab.cli", "sweep", *words, "--scheduler", cluster.address),
        *("--history", str(root), "--night", NIGHT),
    )


def _wait_for_file(root: Path) -> None:
    until = time.monotonic() + 60
    while not list(root.glob("*/*.parquet")):
        assert time.monotonic() < until, "nothing was kept within a minute"
        time.sleep(0.1)


def test_a_worker_killed_mid_run_loses_nothing_and_all_is_kept_once(
    cluster: Cluster, tmp_path: Path
) -> None:
    root = tmp_path / "history"
    cluster.add_worker()
    cluster.add_worker()
    sweep = _sweep(cluster, root, "--over", "ring=1024,4096", "--seeds", "60")
    _wait_for_file(root)
    cluster.workers[0].kill()
    said, _ = sweep.communicate(timeout=100)
    assert sweep.returncode == 0, said
    assert "120 made" in said
    with History(root) as history:
        kept = [result.id for result in history.results(NIGHT)]
        rows = history.ask("select count(*) as n from results").to_pylist()[0]["n"]
    assert len(set(kept)) == len(kept) == rows == 120


def test_a_cluster_finds_what_this_machine_finds(cluster: Cluster, tmp_path: Path) -> None:
    cluster.add_worker()
    words = ["--over", "ring=1024,4096", "--over", "jitter=10,40", "--seeds", "3"]
    _sweep(cluster, tmp_path / "a", *words).communicate(timeout=100)
    there = _python("lab.cli", "sweep", *words, "--history", str(tmp_path / "b"), "--night", NIGHT)
    there.communicate(timeout=100)
    found = []
    for name in ("a", "b"):
        with History(tmp_path / name) as history:
            results = sorted(history.results(NIGHT), key=lambda result: result.id)
        found.append([r.model_dump(exclude={"started_at", "duration_s"}) for r in results])
    assert found[0] == found[1]
    assert len(found[0]) == 12


def test_a_scheduler_that_goes_ends_the_sweep_with_one_line_and_what_was_made_is_kept(
    cluster: Cluster, tmp_path: Path
) -> None:
    root = tmp_path / "history"
    cluster.add_worker()
    sweep = _sweep(cluster, root, "--over", "ring=1024", "--seeds", "5000")
    _wait_for_file(root)
    cluster.scheduler.kill()
    said, _ = sweep.communicate(timeout=60)
    assert sweep.returncode == 1
    assert "the scheduler has gone" in said.splitlines()[-1]
    assert "Traceback" not in said
    with History(root) as history:
        assert history.results(NIGHT)


def test_a_scheduler_without_workers_is_one_line(cluster: Cluster, tmp_path: Path) -> None:
    sweep = _sweep(cluster, tmp_path / "h", "--over", "ring=1024")
    said, _ = sweep.communicate(timeout=60)
    assert sweep.returncode == 1
    assert "the scheduler has no worker within 10 s" in said.splitlines()[-1]
    assert "Traceback" not in said


def test_a_scheduler_that_is_not_there_is_one_line_within_bounded_time(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, and not listening: nobody answers
        taken.bind(("127.0.0.1", 0))
        nowhere = Cluster(f"tcp://127.0.0.1:{taken.getsockname()[1]}", _python("this"))
        sweep = _sweep(nowhere, tmp_path / "h", "--over", "ring=1024")
        said, _ = sweep.communicate(timeout=60)
    nowhere.end()
    assert sweep.returncode == 1
    assert said.splitlines() == [line for line in said.splitlines() if line.startswith("hal-lab: ")]
    assert "no scheduler answers within 10 s" in said
