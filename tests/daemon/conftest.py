"""Fixtures of the tests of the executable."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.daemon.talk import SHM


@pytest.fixture
def gecko_shm() -> Iterator[str]:
    """A name for Gecko's shared memory; removed if a test has left it."""
    name = f"/dsv-{uuid.uuid4().hex[:12]}"  # a prefix of its own: others look for what is left
    yield name
    for left in SHM.glob(f"{name[1:]}*"):
        left.unlink()
