"""What it costs when the IO thread is away: cycles, and what the host makes of the clock."""

from __future__ import annotations

from lab.faults.damage import Allowance, Damage
from lab.faults.rig import Rig

CHANGE_LIMIT_NS = 2_000_000_000
"""How long the host waits for a configuration change; in virtual time nothing runs meanwhile."""


def away(rig: Rig, ns: int) -> Allowance:
    """The IO thread was away for `ns`.

    One late cycle, those that could not be made up any more, and one that could, late as well.
    """
    cycles = -(-ns // rig.period_ns)
    high = Damage(skipped_cycles=cycles, late_wakes=2, clock_steps=_steps(rig, ns))
    # Half of what must be skipped is enough to tell that it is counted at all.
    low = Damage(skipped_cycles=max(0, (cycles - 3) // 2), late_wakes=int(cycles > 3))
    return Allowance(high=high, low=low)


def waited(rig: Rig, times: int) -> Allowance:
    """The host waited in vain, and in virtual time no cycle runs meanwhile."""
    cycles = times * (-(-CHANGE_LIMIT_NS // rig.period_ns) + 1)
    steps = _steps(rig, times * CHANGE_LIMIT_NS)
    return Allowance(high=Damage(skipped_cycles=cycles, late_wakes=2 * times, clock_steps=steps))


def _steps(rig: Rig, away_ns: int) -> int:
    """How many steps the host may see in the device's clock after `away_ns` without a timestamp.

    A host that has not yet learnt how fast the device's clock goes expects the next timestamp where
    the nominal rate, or that of before, leads. Half a cycle off, and it takes it for a jump; the
    clock model made it, and the driver's own time line goes on.
    """
    unknown = abs(rig.drift_ppm) + rig.drift_step_ppm
    learning_ns = 4e9 * rig.device.zero_period_frames / rig.device.nominal_rate
    return int(unknown * 1e-6 * (away_ns + learning_ns) > rig.period_ns / 2)
