"""``hal-lab devices``: what a driver brings."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.host.locate import DEFAULT_DRIVER, find_driver
from lab.host.subprocess_host import SubprocessHost
from lab.play.names import unique_shm_name
from lab.report.console import Output
from lab.report.terminal import device_table

DriverOption = Annotated[
    str, typer.Option("--driver", help="Bundle to load: a path, or the name of a built one.")
]


def devices_command(
    driver: DriverOption = DEFAULT_DRIVER,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for a program.")] = False,
) -> None:
    """Load a driver and list its devices: channels, rates, latency + safety offset in frames."""
    environment = {"GECKO_SHM_NAME": unique_shm_name()}
    with SubprocessHost(environment=environment) as host:
        host.load(find_driver(driver))
        found = host.devices()
    if as_json:
        typer.echo("[" + ",\n".join(device.model_dump_json() for device in found) + "]")
    else:
        Output().print(device_table(found))
