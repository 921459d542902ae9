"""Fixtures of the benchmarks, and the table of ratios at the end."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from bench.ratios import Ratio, Verdict
from bench.simulator import Simulator, find_simulator
from lab.play.names import sweep_leftovers

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "reports" / "runs" / "bench" / "ratios.json"

_ratios = pytest.StashKey[list[Ratio]]()

Rounds = dict[str, list[float]]
Judge = Callable[[Ratio], None]
Run = Callable[..., dict[str, Any]]
"""A measuring program and its arguments; returns its JSON."""


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the ratios of this run, and remove what a killed one has left."""
    config.stash[_ratios] = []
    sweep_leftovers()


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Judge:
    """Enter a ratio into the table; fail when it fails."""

    def enter(ratio: Ratio) -> None:
        request.config.stash[_ratios].append(ratio)
        if ratio.verdict is Verdict.FAILED:
            pytest.fail(" | ".join(ratio.as_row()), pytrace=False)

    return enter


@pytest.fixture(scope="session")
def build_folder() -> Path:
    """The build whose programs are measured."""
    named = os.environ.get("HAL_LAB_BUILD")
    folder = Path(named) if named else ROOT / "build" / "release"
    if not (folder / "bench" / "src" / "bench_ring").exists():
        pytest.skip(f"{folder} has no benchmarks: configure it with -DHAL_LAB_BENCH=ON")
    return folder


@pytest.fixture(scope="session")
def run_program(build_folder: Path) -> Run:
    """Run a measuring program and return its JSON.

    The same arguments run once per session, unless `fresh`.
    """
    done: dict[tuple[str, ...], dict[str, Any]] = {}

    def run(*arguments: str, fresh: bool = False) -> dict[str, Any]:
        if fresh or arguments not in done:
            program = build_folder / "bench" / "src" / arguments[0]
            ended = subprocess.run(
                [program, *arguments[1:]],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert ended.returncode == 0, f"{' '.join(arguments)}: {ended.stderr}"
            done[arguments] = json.loads(ended.stdout)
        return done[arguments]

    return run


@pytest.fixture(scope="session")
def simulator(build_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    """coreaudiod-sim and Gecko Sink of the build."""
    found = find_simulator(build_folder, tmp_path_factory.mktemp("simulator"))
    if found is None:
        pytest.skip(f"{build_folder} has no coreaudiod-sim, or no Gecko Sink")
    return found


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the ratios and store them."""
    ratios = config.stash[_ratios]
    if not ratios:
        return
    table = Table(title="ratios within this run", title_justify="left")
    for column in ("figure", "value", "target (stretch)", "verdict"):
        table.add_column(column, overflow="fold")
    table.add_column("from", overflow="fold", style="dim")
    for ratio in ratios:
        table.add_row(*ratio.as_row())
    terminalreporter.write_line("")
    # A log has no width of its own; a narrow table of numbers is hard to read.
    width = None if terminalreporter.isatty else 160
    with (console := Console(width=width)).capture() as text:
        console.print(table)
    terminalreporter.write(text.get())
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(
        json.dumps([ratio.as_record() for ratio in ratios], indent=2) + "\n", encoding="utf-8"
    )
    terminalreporter.write_line(f"stored in {REPORT.relative_to(ROOT)}")
