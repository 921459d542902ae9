"""Does a day of use leave every sample right?

Clients come and go, the machine sleeps, stalls, changes its rate, loses its daemon. An hour stands
here for the day: ``hal-lab soak --hours 24 --faults all`` runs the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from lab.faults.marks import MARKS
from lab.faults.run import run_schedule
from lab.faults.schedule import Setup, parse_event
from lab.faults.soak import SoakSettings, soak
from lab.faults.swarm import chosen_faults
from lab.host.subprocess_host import SubprocessHost
from lab.pytest_plugin import StartHost
from lab.scenario import Findings
from scenarios.steps import LAYOUTS

pytestmark = pytest.mark.native

HOUR_CYCLES = 360_000


def cycles_here(start_host: StartHost) -> int:
    """A sanitized build is hundreds of times slower: two minutes of audio have to do there."""
    probe: SubprocessHost = start_host()
    slow = bool(probe.info().sanitizers)
    probe.close()
    return 12_000 if slow else HOUR_CYCLES


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_hour_with_all_that_can_go_wrong(
    start_host: StartHost, driver: Path, layout: Literal["v1", "v2"], findings: Findings
) -> None:
    runs = 10
    setup = Setup(driver=str(driver), layout=layout, cycles=cycles_here(start_host) // runs)
    report = soak(SoakSettings(setup, runs, seed=2026, faults=chosen_faults("all")))
    findings.tell("frames-verified", report.frames_verified, "frames")
    findings.tell("faults", report.counted("injected").total())
    findings.tell("rare-states-reached", len(report.counted("marks")), f"of {len(MARKS)}")
    findings.require("runs-failed", sum(o.failure is not None for o in report.outcomes.values()), 0)
    assert report.failure is None, report.failure.sentence
    assert len(report.outcomes) == runs
    assert report.frames_verified > 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_night_asleep_costs_nothing(
    driver: Path, layout: Literal["v1", "v2"], findings: Findings
) -> None:
    setup = Setup(driver=str(driver), layout=layout, cycles=2_000)
    night = parse_event({"at": {"cycle": 1_000}, "what": "sleep-wake", "s": 28_800})
    outcome = run_schedule(setup, [night])
    findings.tell("frames-verified", outcome.frames_verified, "frames")
    findings.require("frames-missing", 2_000 * 480 - outcome.frames_verified, 0, "frames")
    assert outcome.failure is None, outcome.failure


@pytest.mark.parametrize("layout", LAYOUTS)
def test_readers_that_are_slow_or_half_open_do_not_hurt_the_driver(
    driver: Path, layout: Literal["v1", "v2"], findings: Findings
) -> None:
    """They fall behind, or hold a slot for ever; who comes next hears everything."""
    setup = Setup(driver=str(driver), layout=layout, cycles=6_000)
    wanted = [
        {"at": {"cycle": 1_000}, "what": "reader-slow", "s": 2, "percent": 50},
        {"at": {"cycle": 2_000}, "what": "half-open", "n": 20},
        {"at": {"cycle": 3_000}, "what": "transport-stall", "s": 3},
        {"at": {"cycle": 4_000}, "what": "reader-slow", "s": 2, "percent": 0},
    ]
    outcome = run_schedule(setup, [parse_event(event) for event in wanted])
    findings.tell("frames-verified", outcome.frames_verified, "frames")
    findings.require("runs-failed", int(outcome.failure is not None), 0)
    assert outcome.failure is None, outcome.failure
    assert outcome.marks["slow-reader-overrun"] == 2
    assert outcome.marks["held-longer-than-ring"] == 1


def test_a_frame_dropped_on_the_way_does_not_go_unseen(driver: Path) -> None:
    """The bad case: what looks for damage finds one frame in a minute."""
    setup = Setup(driver=str(driver), cycles=6_000)
    lost = parse_event({"at": {"cycle": 3_000}, "what": "loss", "frames": 1})
    outcome = run_schedule(setup, [lost])
    assert outcome.failure is None  # it was asked for, and allowed
    assert outcome.frames_verified == 6_000 * 480 - 1
