"""What tests of faults share: the ones that meet any driver, and a run with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.faults.outcome import Outcome
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event

Run = Callable[..., tuple[int, str, str]]
"""The command, called: arguments, and then exit status, stdout and stderr."""

HOST_AND_CLIENT_FAULTS: list[dict[str, Any]] = [
    {"what": "buffer-frames", "frames": 16},
    {"what": "buffer-frames", "frames": 8192},
    {"what": "sleep-wake", "s": 28_800},
    {"what": "restart", "how": "kill"},
    {"what": "restart", "how": "quit"},
    {"what": "add-client", "n": 3},
    {"what": "remove-client"},
    {"what": "start-stop-storm", "n": 60, "who": "player"},
    {"what": "start-stop-storm", "n": 60, "who": "guest"},
    {"what": "many-clients", "n": 60},
    {"what": "rate", "hz": 96_000},
    {"what": "rate", "hz": 12_345},
    {"what": "format", "hz": 44_100},
    {"what": "format", "hz": 48_000, "channels": 6},
    {"what": "refuse-changes", "n": 2},
    {"what": "drift", "ppm": 50},
]
"""What host and clients may do to any driver; late cycles are for each far end to choose."""


def run_with(setup: Setup, *events: dict[str, Any], at_cycle: int = 500) -> Outcome:
    """Run events that all come at one cycle, but those that say when they come.

    Parameters
    ----------
    setup
        Of the run.
    events
        As in a schedule file.
    at_cycle
        When.
    """
    timed = [parse_event({"at": {"cycle": at_cycle}, **event}) for event in events]
    return run_schedule(setup, timed)


def fault_name(fault: dict[str, Any]) -> str:
    """Name the test of a fault."""
    return "-".join(str(value) for value in fault.values())
