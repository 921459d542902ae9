"""Events of the host: late, asleep, replaced."""

from __future__ import annotations

from lab.faults import events
from lab.faults.cost import away
from lab.faults.damage import Allowance, Damage, Failure
from lab.faults.perform.done import Done, Performers
from lab.faults.rig import Rig
from lab.signals.counter_check import CounterCheck
from lab.transport.shm import ShmReader, open_reader


def _late_wake(rig: Rig, event: events.LateWake) -> Done:
    rig.host.wake_late(rig.device.device, event.ns)
    return Done(allowed=away(rig, event.ns))


def _stall(rig: Rig, event: events.Stall) -> Done:
    rig.host.advance(event.ns)
    return Done(allowed=away(rig, event.ns))


def _lose_cycles(rig: Rig, event: events.LoseCycles) -> Done:
    rig.host.lose_cycles(rig.device.device, event.n)
    exactly = Damage(skipped_cycles=event.n)
    return Done(allowed=Allowance(high=exactly, low=exactly))


def _buffer_frames(rig: Rig, event: events.BufferFrames) -> Done:
    if event.frames > rig.ring_frames:
        return Done(skipped=f"a block of {event.frames} frames is longer than the ring")
    rig.device = rig.host.set_buffer_frames(rig.device.device, event.frames)
    return Done({"frames": rig.device.buffer_frames})


def _sleep_wake(rig: Rig, event: events.SleepWake) -> Done:
    running = [rig.player, *rig.guests]
    for client in running:
        client.stop()
    rig.host.advance(round(event.s * 1e9))
    for client in running:
        client.start()
    return Done()


def _restart(rig: Rig, event: events.Restart) -> Done:
    """Nothing of what was played may be lost: all of it had been read."""
    waits = Damage(lost=rig.pair_on_the_way())
    reader: ShmReader | None = None
    heard = CounterCheck(rig.device.output_channels)
    had_name = rig.name_leads_there
    try:
        if rig.setup.layout == "v2" and had_name:
            reader = open_reader(rig.name)
            rig.run_cycles(2)
            _drain(reader, heard)
        guests = len(rig.guests)
        rig.restart(how=event.how)
        failure = None
        if reader is not None:
            failure = _outlive(rig, reader, heard)
    finally:
        if reader is not None:
            reader.close()
    result = {"guests": guests, "read_across": reader is not None}
    return Done(result, Allowance(high=waits, new_reader=True), failure)


def _outlive(rig: Rig, reader: ShmReader, heard: CounterCheck) -> Failure | None:
    """A reader in another process, here, that was there before the restart and still is."""
    at = rig.cycle
    reader.wait(2.0)
    for _ in range(4):
        rig.run_cycles(1)
        _drain(reader, heard)
    if reader.generation_changes == 0:
        return Failure(
            "generation-unchanged",
            f"the driver was restarted at cycle {at}, and its reader saw no new generation",
            at,
        )
    if not heard.clean or reader.lost_frames or heard.received != 6 * rig.device.buffer_frames:
        return Failure(
            "restart-heard",
            f"a reader that lived through the restart at cycle {at} got {heard.received} frames of "
            f"{6 * rig.device.buffer_frames}, {heard.lost} lost, {heard.duplicated} twice, "
            f"{heard.corrupt} corrupt",
            at,
        )
    return None


def _drain(reader: ShmReader, heard: CounterCheck) -> None:
    while (block := reader.read()) is not None:
        heard.take(block.frames)


PERFORMERS: Performers = {
    events.LateWake: _late_wake,
    events.Stall: _stall,
    events.LoseCycles: _lose_cycles,
    events.BufferFrames: _buffer_frames,
    events.SleepWake: _sleep_wake,
    events.Restart: _restart,
}
