"""Machines to install on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from lab.machine.base import CannotError, Machine
from lab.machine.description import Description
from lab.machine.kit import Kit, bring_kit
from lab.machine.sandbox import SandboxMachine

if TYPE_CHECKING:
    from docker import APIClient

SCRIPTS = Path(__file__).resolve().parents[2] / "driver/gecko/scripts"
KINDS = [
    "sandbox",
    pytest.param(
        "docker",
        marks=[
            pytest.mark.docker,
            pytest.mark.timeout(600),  # the first one may build the image
        ],
    ),
]
"""Values of `machine_kind`, for scenarios that run on both."""

StartMachine = Callable[..., Machine]


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[APIClient]:
    """An engine with the image, for all that need one."""
    from lab.machine.docker_machine import ensure_image
    from lab.machine.engine import engine

    with ExitStack() as stack:
        try:
            client = stack.enter_context(engine())
            ensure_image(client)
        except CannotError as error:
            pytest.skip(f"docker: {error}")
        yield client


@pytest.fixture
def machine_kind() -> Literal["sandbox", "docker"]:
    """Which kind of machine."""
    return "sandbox"


@pytest.fixture
def start_machine(
    request: pytest.FixtureRequest, machine_kind: Literal["sandbox", "docker"]
) -> Iterator[StartMachine]:
    """Start machines; all of them end with the test."""
    with ExitStack() as stack:

        def start(profile: str = "macos-26", **described: object) -> Machine:
            description = replace(Description(profile=profile), **described)  # type: ignore[arg-type]
            try:
                if machine_kind == "docker":
                    from lab.machine.docker_machine import DockerMachine

                    client = request.getfixturevalue("docker_engine")
                    return stack.enter_context(DockerMachine(client, description))
                return stack.enter_context(SandboxMachine(description))
            except CannotError as error:
                pytest.skip(f"{machine_kind}: {error}")

        yield start


@pytest.fixture
def machine(start_machine: StartMachine) -> Machine:
    """A macOS 26 with nothing installed."""
    return start_machine()


@pytest.fixture
def kit(machine: Machine, driver: Path) -> Kit:
    """Gecko Sink and its scripts on that machine."""
    return bring_kit(machine, driver, SCRIPTS)
