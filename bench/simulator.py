"""Starting coreaudiod-sim by itself, without the lab between: what is measured is the simulator."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.measure.cycles import wake_error_ns
from lab.measure.trace import read_trace
from lab.play.names import unique_shm_name


@dataclass(frozen=True)
class Simulator:
    """The programs of one build.

    Parameters
    ----------
    executable
        coreaudiod-sim.
    driver
        The bundle of Gecko Sink.
    folder
        Scratch space.
    """

    executable: Path
    driver: Path
    folder: Path

    def command(self, *options: str) -> list[str]:
        """Make the command line of a run with Gecko Sink at 480 frames."""
        return [str(self.executable), "--driver", str(self.driver), "--frames", "480", *options]

    def environment(self, shm_name: str) -> dict[str, str]:
        """Set Gecko's name apart from whatever else runs on this machine."""
        return os.environ | {"GECKO_SHM_NAME": shm_name}

    def trace_of(self, *options: str) -> tuple[int, NDArray[np.void]]:
        """Run to the end with a trace.

        Returns
        -------
        started_ns
            CLOCK_MONOTONIC just before the process was started.
        records
            Shape (cycles,), dtype `lab.measure.trace.RECORD`.
        """
        trace = self.folder / "io.trace"
        command = self.command(*options, "--trace", str(trace))
        started_ns = time.monotonic_ns()
        ended = subprocess.run(
            command,
            env=self.environment(unique_shm_name()),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, f"{' '.join(command)}: {ended.stderr}"
        return started_ns, read_trace(trace).records


def find_simulator(build_folder: Path, scratch: Path) -> Simulator | None:
    """Find the programs in a build folder; None when they are not built."""
    executable = first(build_folder.glob("sim/daemon/coreaudiod-sim"))
    driver = first(build_folder.glob("**/GeckoAudioDevice.driver"))
    if executable is None or driver is None:
        return None
    return Simulator(executable, driver, scratch)


def first(paths: Iterable[Path]) -> Path | None:
    """Return the first in order of name, None of none."""
    return next(iter(sorted(paths)), None)


def wake_up_errors_us(records: NDArray[np.void]) -> NDArray[np.float64]:
    """Wake-up error of each cycle but the first, which has nothing to be late for.

    Parameters
    ----------
    records
        Shape (n,), dtype `lab.measure.trace.RECORD`.

    Returns
    -------
    ndarray of float64, shape (n - 1,)
        Microseconds.
    """
    errors: NDArray[np.float64] = wake_error_ns(records)[1:] / 1e3
    return errors


def histogram_percentile(histogram: Mapping[int, int], percent: float) -> float:
    """Percentile of whole-number values given by how often each occurred.

    Within a value the occurrences are taken as spread evenly up to the next one, so that the result
    is comparable with a percentile of unrounded numbers.

    Raises
    ------
    ValueError
        When the histogram is empty.
    """
    total = sum(histogram.values())
    if total == 0:
        raise ValueError("an empty histogram has no percentiles")
    rank = percent / 100 * total
    before = 0
    value = 0
    for value in sorted(histogram):
        count = histogram[value]
        if before + count >= rank and count > 0:
            return value + (rank - before) / count
        before += count
    return float(value + 1)
