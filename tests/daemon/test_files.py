"""The files that the daemon writes: traces and recordings, where others stand already."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from lab.measure.trace import read_trace
from tests.daemon.talk import Daemon, driver

pytestmark = [pytest.mark.native, pytest.mark.linux]


def loop() -> Daemon:
    """A daemon in which a client plays the counter into Loop, IO not started."""
    daemon = Daemon("--clock", "virtual")
    daemon.ask("plugin.load", path=driver("Loop"))
    daemon.ask("client.add", device=0)
    daemon.ask("client.set_source", device=0, client=1, source={"kind": "counter"})
    return daemon


def record(daemon: Daemon, path: Path, frames: int) -> None:
    daemon.ask(
        "client.set_sink",
        device=0,
        client=1,
        sink={"kind": "file", "path": str(path), "capacity_frames": frames},
    )


def run_cycles(daemon: Daemon, cycles: int) -> None:
    daemon.ask("io.start", device=0, client=1)
    daemon.ask("io.run", device=0, cycles=cycles)
    daemon.ask("io.stop", device=0, client=1)


def test_a_second_recording_takes_the_name_and_not_the_file(tmp_path: Path) -> None:
    path = tmp_path / "heard.f32"
    with loop() as daemon:
        daemon.ask("client.add", device=0)
        record(daemon, path, 48_000)
        # The second is shorter: what the first writes lies beyond its end.
        daemon.ask(
            "client.set_sink",
            device=0,
            client=2,
            sink={"kind": "file", "path": str(path), "capacity_frames": 480},
        )
        daemon.ask("io.start", device=0, client=2)
        run_cycles(daemon, 50)
        daemon.ask("client.remove", device=0, client=1)
        daemon.ask("client.remove", device=0, client=2)
    assert path.stat().st_size == 480 * 2 * 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["heard.f32"]


def test_the_same_path_again_begins_afresh(tmp_path: Path) -> None:
    path = tmp_path / "heard.f32"
    with loop() as daemon:
        for cycles in (20, 10):
            record(daemon, path, 48_000)
            run_cycles(daemon, cycles)
        daemon.ask("client.set_sink", device=0, client=1, sink=None)
    heard = np.fromfile(path, dtype=np.float32)
    assert heard.size == 10 * 480 * 2


def test_a_pipe_is_refused_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    sink = {"kind": "file", "path": str(pipe), "capacity_frames": 480}
    with loop() as daemon:
        for error in (
            daemon.refuse("trace.open", path=str(pipe)),
            daemon.refuse("client.set_sink", device=0, client=1, sink=sink),
        ):
            assert error["data"]["status"] == "argument"
            assert str(pipe) in error["message"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_trace_that_cannot_be_opened_leaves_the_open_one(tmp_path: Path) -> None:
    path = tmp_path / "io.trace"
    with loop() as daemon:
        daemon.ask("trace.open", path=str(path))
        run_cycles(daemon, 5)
        assert daemon.refuse("trace.open", path=str(tmp_path / "no" / "x"))["data"]["status"]
        run_cycles(daemon, 5)
    assert len(read_trace(path).records) == 10
