"""Look at the machine for as long as something runs in real time, from a process beside it.

A probe before the run says nothing about a stall of 100 ms in its middle. So this one runs in a
process of its own, next to what is judged, and is asked at the end.

    with FitnessWatch() as watch:
        ...
        findings.fitness(watch.stop())
"""

from __future__ import annotations

import dataclasses
import json
import select
import subprocess
import sys

from lab.closing import Closing
from lab.errors import LabError
from lab.measure.fitness import Fitness, Probe

INTERVAL_US = 5_000
_LIMIT_S = 20.0


class FitnessWatch(Closing):
    """A process that probes until it is stopped.

    Raises
    ------
    LabError
        When it does not start.
    """

    def __init__(self) -> None:
        self._fitness: Fitness | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.measure.fitness_watch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self._line()
        except BaseException:
            self.close()
            raise

    def stop(self) -> Fitness:
        """End it.

        Returns
        -------
        Fitness
            Of the whole time; the same each time it is asked.

        Raises
        ------
        LabError
            When it has ended already, by itself.
        """
        if self._fitness is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._fitness = Fitness(**json.loads(self._line()))
            self.close()
        return self._fitness

    def _line(self) -> str:
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], _LIMIT_S)
        line = self._process.stdout.readline() if readable else ""
        if not line:
            raise LabError("the probe of the machine's fitness has gone", where="fitness_watch")
        return line

    def close(self) -> None:
        """End it without asking. May be called twice."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.kill()
        self._process.wait()


def main() -> None:
    """Probe until standard input ends, which it does with whoever started this, too."""
    probe = Probe(INTERVAL_US)
    probe.wake_once()
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        probe.wake_once()
    print(json.dumps(dataclasses.asdict(probe.fitness())), flush=True)


if __name__ == "__main__":
    main()
