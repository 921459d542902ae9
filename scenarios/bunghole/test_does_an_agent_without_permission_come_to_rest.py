"""Does an agent without permission come to rest?

The legacy agent is kept alive by launchd and captures what the user hears, for which macOS wants
permission. Without it the agent ends, as its authors describe it, and launchd starts it again. It
may not do so more often than launchd's throttle lets it, it never comes to rest by itself, and once
permission is there it must run at the next start. A driver asks for no such permission: it is
loaded once.

The permission itself is not modelled: here the agent's process ends because the test says so. In
virtual time, by the rules of `lab.launchd`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from lab.launchd.jobs import Action, JobTable, Spawn
from lab.launchd.spec import JobSpec, KeepAlive
from lab.scenario import Findings

THROTTLE_S = 10.0
HOUR_S = 3_600.0
DENIED_AFTER_S = 0.3
"""From being started until the agent has asked, was denied, and has ended."""
EXIT_1 = 1 << 8
DOMAIN = "gui/501"
AGENT = "com.bunghole.vm-audio"
ALWAYS = KeepAlive(always=True)
UNTIL_IT_SUCCEEDS = KeepAlive(successful_exit=False)


def starts_within(
    seconds: float, keep_alive: KeepAlive, is_permitted: Callable[[float], bool], status: int
) -> list[float]:
    """Keep the agent for so long.

    Parameters
    ----------
    seconds
        Of virtual time.
    keep_alive
        What its property list says.
    is_permitted
        By the time since login, s.
    status
        With which it ends when it is not.

    Returns
    -------
    list of float
        When it was started, s since login.
    """
    table = JobTable()
    starts: list[float] = []
    ends: list[tuple[float, int]] = []

    def carry_out(actions: list[Action], now: float) -> None:
        for action in actions:
            assert isinstance(action, Spawn), action
            starts.append(now)
            pid = 100 + len(starts)
            table.spawned(action.key, pid, now)
            if not is_permitted(now):
                ends.append((now + DENIED_AFTER_S, pid))

    spec = JobSpec(AGENT, ("/usr/local/bin/bunghole-vm-audio",), run_at_load=True,
                   keep_alive=keep_alive, throttle_s=THROTTLE_S)  # fmt: skip
    carry_out(table.load(DOMAIN, spec, 0.0), 0.0)
    while True:
        due = table.next_due()
        moments = [at for at, _ in ends] + ([] if due is None else [due])
        if not moments or min(moments) > seconds:
            return starts
        now = min(moments)
        if ends and ends[0][0] <= now:
            carry_out(table.ended(ends.pop(0)[1], status, now), now)
        else:
            carry_out(table.tick(now), now)


def test_it_is_started_again_at_each_throttle_for_as_long_as_it_is_denied(
    findings: Findings,
) -> None:
    starts = starts_within(HOUR_S, ALWAYS, lambda _: False, EXIT_1)
    apart = [later - sooner for sooner, later in pairwise(starts)]
    findings.tell("starts-within-an-hour", len(starts))
    findings.require("shortest-time-between-starts", min(apart), THROTTLE_S, "s", better="higher")
    findings.require("longest-time-between-starts", max(apart), THROTTLE_S, "s")
    assert len(starts) == HOUR_S / THROTTLE_S + 1


def test_once_it_is_permitted_it_runs_at_the_next_start(findings: Findings) -> None:
    permitted_s = 601.0
    starts = starts_within(HOUR_S, ALWAYS, lambda now: now >= permitted_s, EXIT_1)
    findings.require("wait-after-permission", starts[-1] - permitted_s, THROTTLE_S, "s")
    assert starts[-1] == pytest.approx(610.0)
    assert starts_within(HOUR_S, ALWAYS, lambda _: True, EXIT_1) == [0.0]


@pytest.mark.parametrize(("status", "count"), [(0, 1), (EXIT_1, 361)])
def test_only_one_that_says_it_succeeded_may_rest(
    findings: Findings, status: int, count: int
) -> None:
    """Kept alive until it succeeds: an agent that is denied and ends with 0 is left alone."""
    starts = starts_within(HOUR_S, UNTIL_IT_SUCCEEDS, lambda _: False, status)
    findings.tell("starts-within-an-hour", len(starts))
    assert len(starts) == count
