"""``hal-lab ledger``: what a driver does where it must not wait."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.commands.devices import DriverOption
from lab.host.locate import DEFAULT_DRIVER, find_driver
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.measure.budget import Budget, Violation, load_budget, violations_of
from lab.play.exercise import exercise
from lab.play.names import unique_shm_name
from lab.report.console import Output
from lab.report.terminal import ledger_table


def ledger_command(
    driver: DriverOption = DEFAULT_DRIVER,
    budget: Annotated[
        str,
        typer.Option(
            help="What calls may do: realtime (no allocation, no system call, no waiting for a "
            "lock), strict (no lock at all), or a JSON file."
        ),
    ] = "realtime",
    seconds: Annotated[
        float, typer.Option(min=0.1, max=86_400.0, help="Of IO, per device and buffer size.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for a program.")] = False,
) -> None:
    """Count what each call into a driver does: allocations, locks, system calls, page faults.

    The driver is used as applications use it, in virtual time; its binary is the plain one. Exit
    status 1 when a call goes beyond the budget: the call, how often, and where in the driver.
    """
    allowed = load_budget(budget)
    with SubprocessHost(
        HostOptions(clock="virtual"), environment={"GECKO_SHM_NAME": unique_shm_name()}
    ) as host:
        host.load(find_driver(driver))
        host.begin_ledger([item.as_parameters() for item in allowed.budgets])
        exercise(host, seconds=seconds)
        report = host.ledger()
    violations = violations_of(report)
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        output = Output()
        output.print(ledger_table(report, title=f"{driver}: at worst in one call"))
        for line in lines_of(violations, allowed, report.sees):
            output.print(line, soft_wrap=True, highlight=False, markup=False)
    if violations:
        raise typer.Exit(1)


def within_driver(evidence: str) -> str:
    """The frames of a line of evidence up to the last that lies in a driver.

    Parameters
    ----------
    evidence
        ``"lock by f in X.driver!a+0x1 <- X.driver!b+0x2 <- libhalsim.so.0+0x3 <- ..."``.
    """
    frames = evidence.split(" <- ")
    of_driver = [i for i, frame in enumerate(frames) if ".driver" in frame]
    return " <- ".join(frames[: of_driver[-1] + 1 if of_driver else None])


def lines_of(violations: list[Violation], budget: Budget, sees: list[str]) -> list[str]:
    """What is said below the table.

    Parameters
    ----------
    violations
        Of `budget`.
    budget
        What was allowed.
    sees
        The kinds that could be counted.

    Returns
    -------
    list of str
    """
    limited = {
        kind
        for item in budget.budgets
        for kind in item.as_parameters()
        if kind not in {"entry_point", "operation"}
    }
    lines = [
        f"not seen on this machine: {kind.replace('-', ' ')}"
        for kind in sorted(limited - set(sees))
    ]
    for violation in violations:
        lines.append(violation.sentence())
        lines += [f"  {within_driver(evidence)}" for evidence in violation.evidence]
    verdict = f"{len(violations)} beyond the budget" if violations else "within the budget"
    return [*lines, f'verdict: {verdict} "{budget.name}"']
