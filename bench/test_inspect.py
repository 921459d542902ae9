"""How long ``hal-lab inspect`` takes: in a process that is there, and as a command."""

from __future__ import annotations

import resource
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
COLD = 20
CODE = Thin(code=bytes(range(256)) * 1024)
"""A quarter of a megabyte for each architecture: a driver with a codec in it."""


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


def command_cpu_ms(*arguments: str) -> list[float]:
    """Time of the processor, user and system, of each of `COLD` processes."""
    found = []
    for _ in range(COLD):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stderr
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append(spent * 1e3)
    return found


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


def test_the_command_is_done_within_150_ms_of_the_processor(bundle: Path, judge: Judge) -> None:
    # The processor's time: what else the machine does is not the command's.
    bare = command_cpu_ms("-c", "pass")
    whole = command_cpu_ms("-m", "lab.cli", "inspect", "--json", str(bundle))
    judge(ratio("hal-lab inspect, as a command, cpu", whole, gates=True, margin=1.5))
    judge(
        Ratio(
            "hal-lab inspect against a bare interpreter, cpu",
            typical(whole) / typical(bare),
            limit=14.0,
            gates=True,
            margin=1.5,
            detail={"inspect ms": typical(whole), "bare interpreter ms": typical(bare)},
        )
    )
