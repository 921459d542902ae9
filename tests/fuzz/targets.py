"""What is given any bytes: each reader with its inputs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hypothesis import strategies as st

from tests.fuzz import files, wire


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes
    ----------
    name
        Begins the names of files in which finds are kept.
    inputs
        What it is given.
    check
        Raises when it is right neither to read nor to refuse.
    share
        Of the seconds that are asked for.
    """

    name: str
    inputs: st.SearchStrategy[bytes]
    check: Callable[[bytes], None]
    share: float


TARGETS = (
    Target("bunghole-wire", wire.INPUTS, wire.check, 1.0),
    Target("gecko-header", files.GECKO, files.check_gecko, 0.25),
    Target("plist", files.PLIST, files.check_plist, 0.25),
    Target("macho", files.MACHO, files.check_executable, 0.25),
    Target("elf", files.ELF, files.check_executable, 0.25),
)


def _crash(data: bytes) -> None:
    """Read as the wire is, and die of audio."""
    try:
        wire.check(data, wire.Planted)
    except AssertionError:
        os.kill(os.getpid(), signal.SIGSEGV)


PLANTED = (
    Target("planted-wire", wire.INPUTS, partial(wire.check, make=wire.Planted), 1.0),
    Target("planted-crash", wire.INPUTS, _crash, 1.0),
)
BY_NAME = {target.name: target for target in (*TARGETS, *PLANTED)}
