"""What jitter and load are in a run: a schedule of events whose sizes come from the seed.

A run is `Frame.late_wake_ups` rounds. In each, one after the other, with quiet in between:

* **jitter**: the reader wakes late once, by a time drawn from an exponential distribution with mean
  ``jitter_ms``. It stays away for as many whole cycles as that time has (`ReaderStall`).
* **load**: for an exponential time with mean ``load_burst_ms`` the reader lacks ``load_percent`` of
  its processor, and takes only the rest of what comes (`ReaderSlow`).
* **host jitter**: the host's IO thread wakes late once, by an exponential time with mean
  ``host_jitter_ms`` (`LateWake`): cycles are left out. The reader loses nothing by that.

Before all of it the device's clock is set off by ``ppm`` (`Drift`).

An exponential time has no largest value: a ring makes a glitch rare, and never impossible. That
is what late threads are like, and it makes the answer known in closed form (`glitch_probability`).

The times of a seed are the same at every point, scaled by the mean: of one seed a larger ring never
has more glitches. Runs of one point are independent of each other; those of two points are not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal, localcontext

from lab.faults.events import At, Drift, Event, LateWake, ReaderSlow, ReaderStall
from lab.faults.prng import Stream
from lab.faults.schedule import Setup
from lab.sweep.task import Task

RATE_HZ = 48_000
"""Of the device, as it comes up; cycles are counted with it."""
LONGEST_US = 30_000_000
"""No time is longer: at a mean of 2 s one in three million is cut."""
SETTLE_CYCLES = 2
_HOST_LONGEST_NS = 10_000_000_000
"""Of `LateWake`."""
_QUIET_CYCLES = 6
_BEGIN_CYCLE = 40
_JITTER, _LOAD, _HOST_JITTER = 10, 11, 12  # purposes of `Stream`; a soak has 0 and 1


def period_ns(task: Task) -> int:
    """Of an IO cycle, rounded up as `Rig` does."""
    return -(-int(task.value("period_frames")) * 1_000_000_000 // RATE_HZ)


def setup_of(task: Task) -> Setup:
    """On what the schedule is carried out; `Setup.cycles` reaches behind the last event."""
    *_, end = _events(task)
    return Setup(
        driver=task.frame.driver,
        layout=task.frame.layout,
        cycles=end.at.cycle or 1,
        seed=task.seed,
        frames=int(task.value("period_frames")),
        settle_cycles=SETTLE_CYCLES,
        environment={
            "GECKO_SHM_RING_FRAMES": str(task.value("ring_frames")),
            **dict(task.frame.environment),
        },
    )


def events_of(task: Task) -> list[Event]:
    """All of a run, in their order."""
    return list(_events(task))[:-1]


def _events(task: Task) -> Iterator[Event]:
    """The events, and one that is never carried out where the run ends."""
    period = period_ns(task)
    cycle = _BEGIN_CYCLE
    if ppm := int(task.value("ppm")):
        yield Drift(at=At(cycle=cycle), ppm=ppm)
        cycle += _QUIET_CYCLES
    load = int(task.value("load_percent"))
    means = {
        _JITTER: task.value("jitter_ms"),
        _LOAD: task.value("load_burst_ms") if load else Decimal(0),
        _HOST_JITTER: task.value("host_jitter_ms"),
    }
    streams = {purpose: Stream(task.seed, 0, purpose) for purpose in means}
    for _ in range(task.frame.late_wake_ups):
        for purpose, mean_ms in means.items():
            late_ns = 1000 * exponential_us(streams[purpose], mean_ms) if mean_ms else 0
            if purpose == _HOST_JITTER:
                late_ns = min(late_ns, _HOST_LONGEST_NS)
            cycles = late_ns // period
            at = At(cycle=cycle)
            if purpose == _HOST_JITTER and late_ns:
                yield LateWake(at=at, ns=late_ns)
                cycles = 2  # the host skips what it missed: its cycles do not count it
            elif purpose == _JITTER and cycles:
                yield ReaderStall(at=at, s=cycles * period / 1e9)
            elif purpose == _LOAD and cycles:
                yield ReaderSlow(at=at, s=cycles * period / 1e9, percent=100 - load)
            cycle += cycles + _QUIET_CYCLES
    yield LateWake(at=At(cycle=cycle + _QUIET_CYCLES), ns=1)


def exponential_us(stream: Stream, mean_ms: Decimal) -> int:
    """An exponential time, in whole microseconds.

    Parameters
    ----------
    stream
        Gives one number.
    mean_ms
        Above 0.

    Returns
    -------
    int
        At most `LONGEST_US`.

    Notes
    -----
    ``-mean * ln(u)``, by `decimal`: its logarithm is rounded correctly, so that every machine draws
    the same; that of libm may differ in the last digit.
    """
    with localcontext() as context:
        context.prec = 28
        u = Decimal((stream.next() >> 11) + 1) / Decimal(1 << 53)
        return min(LONGEST_US, int(-u.ln() * mean_ms * 1000))


def cycles_without_loss(task: Task, *, percent: int = 0) -> int | None:
    """For how many cycles a reader that takes `percent` of what comes can go on and lose nothing.

    Parameters
    ----------
    task
        Its point has ring and period.
    percent
        0: it takes nothing, as one that is away.

    Returns
    -------
    int or None
        None: for any number of them, within what a run can have.
    """
    ring, frames = int(task.value("ring_frames")), int(task.value("period_frames"))
    if percent == 100:
        return None
    most = LONGEST_US * 1000 // period_ns(task)
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        unread = (middle + 1) * frames - middle * frames * percent // 100
        low, high = (middle, high) if unread <= ring else (low, middle)
    return None if low == most else low


def glitch_probability(task: Task) -> float:
    """How probable it is that a run of this point has a glitch, in layout v2.

    Parameters
    ----------
    task
        Its seed does not matter.

    Returns
    -------
    float
        ``1 - (1 - p)^n (1 - q)^n``: p and q that one late wake-up, or one time of load, is longer
        than the ring; n of each.
    """
    period_ms = period_ns(task) / 1e6
    load = int(task.value("load_percent"))
    kept = 1.0
    for mean, percent in (
        (float(task.value("jitter_ms")), 0),
        (float(task.value("load_burst_ms")) if load else 0.0, 100 - load),
    ):
        most = cycles_without_loss(task, percent=percent)
        if mean > 0 and most is not None:
            beyond = math.exp(-(most + 1) * period_ms / mean)
            kept *= (1 - beyond) ** task.frame.late_wake_ups
    return 1 - kept
