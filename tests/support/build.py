"""What the build under test can do; tests that need more are skipped with the reason."""

from __future__ import annotations

from functools import cache
from typing import Any

import cffi
import pytest

from lab.errors import MissingError
from lab.host.locate import find_native_library
from lab.host.subprocess_host import SubprocessHost


@cache
def can_own_threads() -> bool:
    """Whether virtual time owns the threads of drivers; with a sanitizer it does not."""
    with SubprocessHost() as host:
        return host.info().threads == "owned"


def need_owned_threads() -> None:
    """Skip the test where it does not."""
    if not can_own_threads():
        pytest.skip("this build leaves threads alone: sanitizers stand before the C library")


def load_native(declarations: str) -> tuple[cffi.FFI, Any]:
    """The C library with these declarations; the test is skipped without it."""
    try:
        path = find_native_library()
    except MissingError as error:
        pytest.skip(str(error))
    ffi = cffi.FFI()
    ffi.cdef(declarations)
    return ffi, ffi.dlopen(str(path))
