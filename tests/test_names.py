"""Names of shared memory, and the sweep of what killed sessions left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.play.names import pid_namespace, release, sweep_leftovers, unique_shm_name
from lab.transport import posix_shm
from lab.transport.gecko_layout import load_layout


def test_names_are_short_enough_for_the_readers_object() -> None:
    layout = load_layout()
    names = {unique_shm_name() for _ in range(1_000)}
    assert len(names) == 1_000
    longest = max(len(name) for name in names) + len(layout.text("READERS_SUFFIX"))
    # A pid has up to ten digits.
    assert longest + 10 - len(str(os.getpid())) <= layout["NAME_MAX"]


@pytest.mark.linux
def test_what_a_dead_process_left_is_swept_and_what_lives_is_not() -> None:
    code = "import os; print(os.getpid())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    gone = f"/hl{done.stdout.strip()}.3."
    dead = gone + pid_namespace()
    # The same pid elsewhere: in a container that sees the same shared memory, it may be alive.
    elsewhere = gone + "1"
    mine, foreign = unique_shm_name(), f"/hlx{os.getpid()}"
    for name in (dead, dead + ".rd", mine, foreign, elsewhere):
        posix_shm.create(name, b"x")
    try:
        removed = sweep_leftovers()
        assert {dead, dead + ".rd"} <= set(removed)
        assert posix_shm.size_of(mine) == 1
        assert posix_shm.size_of(foreign) == 1
        assert posix_shm.size_of(elsewhere) == 1
        assert posix_shm.size_of(dead) == -1
    finally:
        for name in (mine, foreign, elsewhere):
            posix_shm.unlink(name)


def test_where_shared_memory_cannot_be_seen_nothing_is_swept(tmp_path: Path) -> None:
    assert sweep_leftovers(tmp_path / "none") == []


def test_release_takes_both_objects_and_does_not_mind_if_there_are_none() -> None:
    name = unique_shm_name()
    posix_shm.create(name, b"x")
    posix_shm.create(name + ".rd", b"x")
    release(name)
    release(name)
    assert posix_shm.size_of(name) == posix_shm.size_of(name + ".rd") == -1
