"""How long ``hal-lab inspect`` takes: in a process that is there, and as a command."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.conftest import Judge
from bench.ratios import Ratio, floor, typical
from lab.bundle.inspect import inspect_bundle
from lab.bundle.report import as_json
from lab.profiles import load_profiles
from tests.support.driver_bundle import write_bundle
from tests.support.macho_writer import Thin, with_architecture

LIMIT_MS = 150
WARM = 30
COLD = 10
CODE = Thin(code=bytes(range(256)) * 1024)
"""A quarter of a megabyte for each architecture: a driver with a codec in it."""
BARE_COMMAND = "import typer\ndef run(name: str): pass\ntyper.run(run)"
"""What any command costs before it does anything."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    slices = (CODE, with_architecture(CODE, "x86_64"))
    return write_bundle(tmp_path_factory.mktemp("inspect") / "Good.driver", slices=slices)


def inspect(bundle: Path) -> str:
    """What the command does, without the command line."""
    return as_json(inspect_bundle(bundle, load_profiles(check=False)))


def milliseconds(work: Callable[[], Any], times: int) -> list[float]:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1e3)
    return found


def command_ms(*arguments: str) -> list[float]:
    def run() -> None:
        done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    return milliseconds(run, COLD)


def ratio(name: str, found: list[float], *, gates: bool, margin: float = 1.0) -> Ratio:
    return Ratio(
        name,
        typical(found),
        limit=LIMIT_MS,
        unit="ms",
        gates=gates,
        margin=margin,
        detail={"fastest ms": floor(found), "slowest ms": max(found)},
    )


@pytest.mark.benchmark(group="inspect: a bundle by every macOS version, warm")
def test_inspect(benchmark: Any, bundle: Path) -> None:
    benchmark(inspect, bundle)


def test_a_bundle_is_inspected_within_150_ms(bundle: Path, judge: Judge) -> None:
    inspect(bundle)
    judge(
        ratio(
            "inspect, in a process that is there",
            milliseconds(lambda: inspect(bundle), WARM),
            gates=True,
        )
    )


def test_the_command_costs_little_more_than_any_command(bundle: Path, judge: Judge) -> None:
    bare = command_ms("-c", BARE_COMMAND, "x")
    whole = command_ms("-m", "lab.cli", "inspect", "--json", str(bundle))
    # For information: the command-line library alone imports pydantic.
    judge(ratio("hal-lab inspect, as a command", whole, gates=False))
    judge(
        Ratio(
            "hal-lab inspect against an empty command",
            typical(whole) / typical(bare),
            limit=2.0,
            gates=True,
            margin=1.5,
            detail={"inspect ms": typical(whole), "empty command ms": typical(bare)},
        )
    )
