"""A machine that was fit, or was not."""

from __future__ import annotations

from lab.results import HostFitness


def fitness(*reasons: str) -> HostFitness:
    """A probe of a machine; with reasons why its wall-clock figures are not worth much."""
    return HostFitness(
        probes=50,
        wake_p50_us=60,
        wake_p99_us=90,
        steal_percent=0,
        run_delay_percent=0,
        realtime_priority=True,
        processors=2,
        reasons=list(reasons),
    )
