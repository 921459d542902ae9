"""Guests for tests: one for those that only use it, so that not each boots its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.guest.guest import Guest
from lab.guest.settings import GuestSettings, Vsock
from lab.needs_of_marks import reason_to_skip


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """A guest with both ways of vsock, for a module's tests."""
    if reason := reason_to_skip("guest"):
        pytest.skip(f"guest: {reason}")
    kept = tmp_path_factory.mktemp("guest-log")
    with Guest(GuestSettings(name="shared", vsock=Vsock.HOST, log_folder=kept)) as made:
        yield made


@pytest.fixture
def log_folder(tmp_path: Path) -> Path:
    """Where the logs of a test's own guests go."""
    return tmp_path / "logs"


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder with a short path: sockets must fit below it."""
    made = Path(tempfile.mkdtemp(prefix="hal-lab-")).resolve()
    yield made
    shutil.rmtree(made)
