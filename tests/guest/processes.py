"""What several tests of guests ask: which processes are its, what is left, is it one line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil

LIMIT_S = 30.0


def processes_of(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(
            str(folder) in word for word in words
        ):
            found.append(process)
    return found


def becomes_true(what: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
    deadline_s = time.monotonic() + limit_s
    while not what():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def check_one_line(error: BaseException) -> None:
    """Assert that an error says something, on one line."""
    assert str(error).strip()
    assert "\n" not in str(error)


def leaves_nothing(folder: Path) -> bool:
    return becomes_true(lambda: not processes_of(folder) and not folder.exists())
