"""Machines to install on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from lab.machine.base import CannotError, Machine
from lab.machine.description import Description
from lab.machine.kit import Kit, bring_kit
from lab.machine.sandbox import SandboxMachine

SCRIPTS = Path(__file__).resolve().parents[2] / "driver/gecko/scripts"

StartMachine = Callable[..., Machine]


@pytest.fixture
def start_machine() -> Iterator[StartMachine]:
    """Start sandboxes; all of them end with the test."""
    with ExitStack() as stack:

        def start(profile: str = "macos-26", **described: object) -> Machine:
            description = replace(Description(profile=profile), **described)  # type: ignore[arg-type]
            try:
                return stack.enter_context(SandboxMachine(description))
            except CannotError as error:
                pytest.skip(str(error))

        yield start


@pytest.fixture
def machine(start_machine: StartMachine) -> Machine:
    """A macOS 26 with nothing installed."""
    return start_machine()


@pytest.fixture
def kit(machine: Machine, driver: Path) -> Kit:
    """Gecko Sink and its scripts on that machine."""
    return bring_kit(machine, driver, SCRIPTS)
