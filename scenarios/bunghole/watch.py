"""Is the machine fit while a scenario runs? A look before it says little about what comes."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from lab.measure.fitness import Fitness, probe_fitness

_PROBES, _INTERVAL_US = 50, 5_000


class FitnessWatch:
    """Probes the machine from the beginning to the end, a quarter of a second at a time."""

    def __init__(self) -> None:
        self._found: list[Fitness] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fitness", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()

    @property
    def worst(self) -> Fitness:
        """The worst of the looks so far; at least one is taken."""
        if not self._found:
            self._found.append(probe_fitness(probes=_PROBES, interval_us=_INTERVAL_US))
        return max(self._found, key=lambda one: (len(one.reasons), one.wake_p99_us))

    def _run(self) -> None:
        while not self._end.is_set():
            self._found.append(probe_fitness(probes=_PROBES, interval_us=_INTERVAL_US))
