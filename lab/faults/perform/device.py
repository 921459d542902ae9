"""Events of the device: rate, format, clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lab.clocks import Offset
from lab.faults import events
from lab.faults.cost import waited
from lab.faults.damage import NOTHING, Failure
from lab.faults.perform.done import Done, Performers
from lab.faults.rig import Rig
from lab.host.errors import HostError
from lab.host.models import Format

COUNTER_BITS = 24
"""What self-numbering PCM takes: on the way through a driver it must not be rounded."""
_DENIED = {"unsupported", "timeout"}
_EACH_CHANGE = 1_000_000
"""More than can come. The lab cannot tell which change a driver asks for: one that asks from a
thread of its own may still have the request of an earlier event to hand in."""
_PATIENCE_NS = 100_000_000
"""So long after a format that the device has already, its driver may ask for the change."""


def _set(rig: Rig, change: Callable[[], Any], *, may_refuse: bool, what: str) -> Done:
    """Ask for a change; a refusal that is not allowed is a failure."""
    try:
        change()
        status = "done"
    except HostError as error:
        status = error.status
        if error.status not in _DENIED and not (may_refuse and error.status == "driver"):
            raise
    rig.refresh()
    allowed = NOTHING
    if status == "timeout":
        allowed = waited(rig, 1)
    failure = None
    if status != "done" and not may_refuse:
        failure = Failure(
            "change-refused", f"{what} was refused ({status}) although the device offers it", 0
        )
    return Done({"status": status, "rate": round(rig.device.nominal_rate)}, allowed, failure)


def _rate(rig: Rig, event: events.Rate) -> Done:
    offered = rig.device.has_rate(event.hz)
    return _set(
        rig,
        lambda: rig.host.set_rate(rig.device.device, event.hz),
        may_refuse=not offered,
        what=f"{event.hz} Hz",
    )


def _format(rig: Rig, event: events.FormatChange) -> Done:
    if rig.loopback is not None and event.bits < COUNTER_BITS:
        return Done(skipped=f"the test signal needs {COUNTER_BITS} bits")
    stream = rig.device.outputs[0]
    is_float = event.bits == 32
    wide = event.channels * (event.bits // 8)
    wanted = Format(
        sample_rate=event.hz,
        flags=(1 if is_float else 4) | 8,
        bytes_per_packet=wide,
        frames_per_packet=1,
        bytes_per_frame=wide,
        channels=event.channels,
        bits=event.bits,
    )
    offered = (
        rig.device.has_rate(event.hz)
        and is_float
        and event.channels == stream.virtual_format.channels
    )
    done = _set(
        rig,
        lambda: rig.host.set_format(rig.device.device, stream.id, wanted),
        may_refuse=not offered,
        what=f"{event.channels} channels of {event.bits} bits at {event.hz} Hz",
    )
    if done.result["status"] == "done" and rig.device.outputs[0] == stream:
        # The host has not waited, for nothing was to change. A request that comes behind the event
        # would stop IO when nobody expects it, or take the refusal of the next event.
        rig.run_cycles(-(-_PATIENCE_NS // rig.period_ns))
    return done


def _refuse_changes(rig: Rig, event: events.RefuseChanges) -> Done:
    before = rig.device.nominal_rate
    if event.hz == before or not rig.device.has_rate(event.hz):
        return Done({"asked": 0}, skipped="")
    rig.host.refuse_changes(rig.device.device, _EACH_CHANGE)
    taken = 0
    for _ in range(event.n):
        with suppress(HostError):
            rig.host.set_rate(rig.device.device, event.hz)
            taken += 1
    rig.host.refuse_changes(rig.device.device, 0)
    rig.refresh()
    failure = None
    if taken or rig.device.nominal_rate != before:
        failure = Failure(
            "refusal-ignored",
            f"the host refused each configuration change while {event.hz} Hz was asked for "
            f"{_times(event.n)}, and the device has {rig.device.nominal_rate:g} Hz all the same, "
            f"{before:g} Hz before",
            rig.cycle,
        )
    return Done({"asked": event.n}, waited(rig, event.n), failure)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _drift(rig: Rig, event: events.Drift) -> Done:
    rig.host.set_clock(rig.device.device, [Offset(ppm=event.ppm)])
    rig.drift_step_ppm = abs(event.ppm - rig.drift_ppm)
    rig.drift_ppm = event.ppm
    return Done()


PERFORMERS: Performers = {
    events.Rate: _rate,
    events.FormatChange: _format,
    events.RefuseChanges: _refuse_changes,
    events.Drift: _drift,
}
