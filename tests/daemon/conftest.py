"""Fixtures of the tests of the executable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.daemon.talk import SHM, unique_shm


@pytest.fixture
def gecko_shm() -> Iterator[str]:
    """A name for Gecko's shared memory; removed if a test has left it."""
    name = unique_shm()
    yield name
    for left in SHM.glob(f"{name[1:]}*"):
        left.unlink()
