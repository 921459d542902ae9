"""From results and the nights before to the record of a night."""

from __future__ import annotations

import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lab import __version__
from lab.measure.coverage import merged, tables_of
from lab.night.calibration import calibration_of
from lab.night.record import Change, Coverage, DriverLine, Machine, Night, Trend
from lab.results import HostFitness, Result, Verdict
from lab.signals.lossy import published

WORST_FIRST = (
    Verdict.FAIL,
    Verdict.MARGINAL,
    Verdict.PASS,
    Verdict.UNFIT_MACHINE,
    Verdict.SKIPPED,
)


def assemble(
    night: str,
    results: Sequence[Result],
    *,
    changes: Sequence[Change] = (),
    trends: Sequence[Trend] = (),
    coverage: Sequence[Coverage] = (),
    matrix: str = "",
    command: str = "",
    duration_s: float = 0.0,
    planned: int = 0,
    stopped: str = "",
    complaints: Sequence[str] = (),
    previous: str = "",
) -> Night:
    """Make the record; parameters are its parts, see `lab.night.record.Night`."""
    worse = sorted(changes, key=lambda c: (not c.is_worse, c.p_value or 0.0, c.key))
    return Night(
        night=night,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        hal_lab=__version__,
        commit=commit_of(Path()),
        matrix=matrix,
        command=command,
        duration_s=duration_s,
        planned=planned,
        stopped=stopped,
        complaints=list(complaints),
        previous=previous,
        machine=describe_machine(results),
        drivers=driver_lines(results, worse),
        changes=worse,
        results=list(results),
        trends=list(trends),
        coverage=list(coverage),
        calibration=calibration_of(published()),
    )


def driver_lines(results: Sequence[Result], changes: Sequence[Change]) -> list[DriverLine]:
    """Is it good? One line for each driver.

    Parameters
    ----------
    results
        Of the night.
    changes
        Since the nights before.

    Returns
    -------
    list of DriverLine
        Worst first.
    """
    by_driver: dict[str, list[Result]] = {}
    for result in results:
        by_driver.setdefault(result.driver_name, []).append(result)
    lines = [
        _line(name, own, [change for change in changes if change.driver == name])
        for name, own in by_driver.items()
    ]
    return sorted(lines, key=lambda line: (WORST_FIRST.index(line.verdict), line.name))


def _line(name: str, results: Sequence[Result], changes: Sequence[Change]) -> DriverLine:
    counts = Counter(result.verdict for result in results)
    verdict = next((one for one in WORST_FIRST if counts[one]), Verdict.SKIPPED)
    judged = len(results) - counts[Verdict.SKIPPED] - counts[Verdict.UNFIT_MACHINE]
    told = [f"{counts[Verdict.FAIL]} of {judged} runs failed" if counts[Verdict.FAIL] else ""]
    if not counts[Verdict.FAIL]:
        told = [f"all {judged} runs passed" if judged else "nothing was judged"]
    worse = sum(change.is_worse for change in changes)
    if worse:
        told.append(f"{worse} {'change' if worse == 1 else 'changes'} for the worse")
    if better := len(changes) - worse:
        told.append(f"{better} for the better")
    if unfit := counts[Verdict.UNFIT_MACHINE]:
        told.append(f"{unfit} not judged: the machine was unfit")
    if skipped := counts[Verdict.SKIPPED]:
        told.append(f"{skipped} skipped")
    known = [result.driver_sha256 for result in results if result.driver_sha256]
    return DriverLine(
        name=name,
        sha256=known[0] if known else "",
        verdict=verdict,
        sentence=", ".join(told),
        counts={one: counts[one] for one in WORST_FIRST if counts[one]},
        glitches=sum(result.glitch_count for result in results),
    )


def coverage_of(results: Sequence[Result]) -> list[Coverage]:
    """How much of the HAL's contract was asked, of all runs of each driver together.

    Parameters
    ----------
    results
        Of the night; those that counted nothing are left out.

    Returns
    -------
    list of Coverage
        Kind by kind, in each the drivers by name.
    """
    counts: dict[str, list[dict[str, int]]] = {}
    for result in results:
        if result.coverage and result.driver is not None:
            counts.setdefault(result.driver.name, []).append(result.coverage)
    found = [
        Coverage(driver=name, what=table.what, asked=table.asked, never=table.never)
        for name in sorted(counts)
        for table in tables_of(merged(counts[name]))
    ]
    kinds = list(dict.fromkeys(one.what for one in found))
    return sorted(found, key=lambda one: kinds.index(one.what))


def describe_machine(results: Sequence[Result]) -> Machine:
    """Where it ran, and whether it could judge.

    Parameters
    ----------
    results
        Of the night.

    Returns
    -------
    Machine
    """
    probed: list[HostFitness] = [r.fitness for r in results if r.fitness is not None]
    return Machine(
        name=platform.node(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        fitness=probed[0] if probed else None,
        fit_runs=sum(not one.reasons for one in probed),
        unfit_runs=sum(bool(one.reasons) for one in probed),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} x {models[0]}" if models else platform.processor()


def commit_of(folder: Path) -> str:
    """The commit of a checkout, with a ``+`` when something is not committed; empty without one.

    Parameters
    ----------
    folder
        Within it.
    """
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],  # noqa: S607
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=10,
            text=True,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
