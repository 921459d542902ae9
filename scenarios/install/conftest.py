"""Machines to install on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from lab.errors import MissingError
from lab.host.locate import find_driver
from lab.machine.base import CannotError, Machine
from lab.machine.description import Description
from lab.machine.kit import Kit, bring_kit
from lab.machine.sandbox import SandboxMachine
from scenarios.install.products import GECKO, PRODUCTS, Product

if TYPE_CHECKING:
    from docker import APIClient

SCRIPTS = GECKO.scripts
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

EACH_PRODUCT = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
"""For scenarios that hold for each driver."""

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
def product() -> Product:
    """Which driver; `EACH_PRODUCT` makes it each in turn."""
    return GECKO


@pytest.fixture
def bundle(request: pytest.FixtureRequest, product: Product) -> Path:
    """The product, as it was built."""
    if product is GECKO:
        chosen: Path = request.getfixturevalue("driver")
        return chosen
    try:
        return find_driver(product.bundle)
    except MissingError as error:
        pytest.skip(f"native: {error}")


@pytest.fixture
def start_machine(
    request: pytest.FixtureRequest, machine_kind: Literal["sandbox", "docker"], product: Product
) -> Iterator[StartMachine]:
    """Start machines that the product can live on; all of them end with the test."""
    with ExitStack() as stack:

        def make(description: Description) -> Machine:
            if machine_kind == "docker":
                from lab.machine.docker_machine import DockerMachine

                client = request.getfixturevalue("docker_engine")
                return stack.enter_context(DockerMachine(client, description))
            return stack.enter_context(SandboxMachine(description))

        def start(profile: str = "macos-26", **described: object) -> Machine:
            wanted = {**product.described, **described}
            try:
                machine = make(replace(Description(profile=profile), **wanted))  # type: ignore[arg-type]
            except CannotError as error:
                pytest.skip(f"{machine_kind}: {error}")
            product.prepare(machine)
            return machine

        yield start


@pytest.fixture
def machine(start_machine: StartMachine) -> Machine:
    """A macOS 26 with nothing installed."""
    return start_machine()


@pytest.fixture
def kit(machine: Machine, bundle: Path, product: Product) -> Kit:
    """The product and its scripts on that machine."""
    return bring_kit(machine, bundle, product.scripts)
