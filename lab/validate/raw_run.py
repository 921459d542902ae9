"""IO by raw calls: what a host does in each cycle, with every answer at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from lab.host import probe_calls as calls
from lab.host.probe import Instance
from lab.host.probe_calls import Call, Cycle
from lab.host.probe_models import CallResult
from lab.validate.raw_values import u32_list

CLIENT = 1
OPERATIONS = ("read", "cinp", "pinp", "pout", "mixo", "pmix", "cmix", "rite")
"""In the order of the pipeline; the first three are of the input."""
_INPUT = frozenset({"read", "cinp", "pinp"})
_RATE = 48_000.0
_MAX_STREAMS = 64
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Wired:
    """A device, as its IO is done.

    Attributes
    ----------
    device
        Its ID.
    steps
        Operation and stream of each DoIOOperation of a cycle, in order.
    """

    device: int
    steps: tuple[tuple[str, int], ...]


def wire(instance: Instance, device: int) -> Wired:
    """Ask a device for its streams, and what it does; its client must be there."""
    inputs, outputs = (
        u32_list(instance.get(device, calls.Address("stm#", scope), 4 * _MAX_STREAMS).data)
        for scope in ("inpt", "outp")
    )
    steps: list[tuple[str, int]] = []
    for operation in OPERATIONS:
        if instance.will_do(device, CLIENT, operation).will:
            streams = inputs if operation in _INPUT else outputs
            steps += [(operation, stream) for stream in streams]
    return Wired(device, tuple(steps))


def cycle_calls(wired: Wired, number: int, frames: int, *, channels: int = 2) -> Iterator[Call]:
    """What is called on the IO thread in one cycle.

    Parameters
    ----------
    wired
        The device.
    number
        1, 2, ...
    frames
        Of the cycle.
    channels
        Of the buffers.
    """
    now = float((number - 1) * frames)
    cycle = Cycle(
        number,
        current=(now, None),
        input=(max(now - frames, 0.0), None),
        output=(now + frames, None),
        nominal_frames=frames,
        ticks_per_frame=_NS_PER_S / _RATE,
    )
    device = wired.device
    yield calls.zero_timestamp(device, CLIENT)
    yield calls.begin_operation(device, CLIENT, "cycl", frames, cycle)
    for operation, stream in wired.steps:
        yield calls.begin_operation(device, CLIENT, operation, frames, cycle)
        yield calls.do_operation(
            *(device, stream, CLIENT, operation, frames, cycle), channels=channels, main="counter"
        )
        yield calls.end_operation(device, CLIENT, operation, frames, cycle)
    yield calls.end_operation(device, CLIENT, "cycl", frames, cycle)


Use = Literal["both", "input", "output"]
"""Which streams of a device are in use: a host leaves out the others."""


def run_io(
    instance: Instance, device: int, *, cycles: int, frames: int = 512, use: Use = "both"
) -> list[CallResult]:
    """Add a client, start, do so many cycles in virtual time, stop, remove it.

    Returns
    -------
    list of CallResult
        Of the calls that a real host makes on its IO thread.
    """
    instance.add_client(device, CLIENT)
    wired = wire(instance, device)
    if use != "both":
        steps = [step for step in wired.steps if (step[0] in _INPUT) is (use == "input")]
        wired = replace(wired, steps=tuple(steps))
    if not instance.start_io(device, CLIENT).ok:
        instance.remove_client(device, CLIENT)
        return []
    done: list[CallResult] = []
    for number in range(1, cycles + 1):
        every = cycle_calls(wired, number, frames)
        done += [instance.call(call, CallResult) for call in every]
        instance.host.advance(int(frames * _NS_PER_S / _RATE))
    instance.stop_io(device, CLIENT)
    instance.remove_client(device, CLIENT)
    return done
