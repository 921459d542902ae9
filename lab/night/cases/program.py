"""A program of the lab's own, run for a night: its output is kept when it failed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.night.cases.base import Place

_LOOK_S = 0.2
_ENDING_S = 20.0


def run_program(
    line: Sequence[str],
    place: Place,
    log: Path,
    *,
    limit_s: float,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run it until it ends, the night is stopped, or it takes too long.

    Parameters
    ----------
    line
        Program and arguments.
    place
        Says whether the night is stopped: then it is asked to end, and in the end made to.
    log
        Gets all that it prints; its folder is made.
    limit_s
        Longest time.
    environment
        On top of ours.

    Returns
    -------
    int
        Exit code, negative for a signal.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    try:
        for _ in range(round(limit_s / _LOOK_S)):
            try:
                return process.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                if place.stop():
                    break
    finally:
        if process.poll() is None:
            _end(process)
    return process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
