"""Setting up, playing, and always coming back with what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np

from lab.errors import LabError, TraceError, UsageError
from lab.host import sources
from lab.host.base import Client, Host
from lab.host.errors import HostGone, HostTimeout
from lab.host.locate import find_driver
from lab.host.models import Device
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.measure.trace import MAX_CAPACITY, read_trace
from lab.play.listener import Listener
from lab.play.listeners import listen
from lab.play.settings import PlayFacts, PlaySettings
from lab.play.wire import open_wire
from lab.signals.file import AudioFile, read_audio, write_raw

Progress = Callable[[int, int], None]
"""Told frames played and frames in all."""

_STEP_S = 0.1
_VIRTUAL_STEP_CYCLES = 500
_TAIL_CYCLES = 4
_TAIL_FRAMES = 2 * 960
"""At least, where packets are heard: what does not fill one is not sent before IO ends."""
_ROOM_S = 4.0
_HOST_S = 30.0


class PlayCut(LabError):  # noqa: N818  (the name says what happened)
    """Playing ended with an error; what had arrived is in `facts`."""

    def __init__(self, cause: LabError, facts: PlayFacts) -> None:
        self.cause = cause
        self.facts = facts
        self.exit_code = cause.exit_code
        super().__init__(str(cause))


def play(settings: PlaySettings, *, progress: Progress, stop: Callable[[], bool]) -> PlayFacts:
    """Play a file through a driver in a host of its own.

    Parameters
    ----------
    settings
        What to do. ``settings.folder`` exists.
    progress
        Called about ten times a second.
    stop
        Asked as often; true ends it in good order.

    Returns
    -------
    PlayFacts

    Raises
    ------
    PlayCut
        When the driver crashed or hung, or the host refused to go on; it carries what had arrived.
    LabError
        When it could not begin.
    """
    audio = read_audio(settings.file)
    bundle = find_driver(settings.driver)
    options = HostOptions(
        clock=settings.clock,
        seed=settings.seed,
        call_limit_ms=settings.call_limit_ms,
        profile=settings.profile,
        coverage=settings.coverage,
    )
    with ExitStack() as stack:
        wire = stack.enter_context(open_wire(settings, _seconds(settings, audio) + _ROOM_S))
        environment = {**settings.driver_environment(), **wire.environment}
        host = stack.enter_context(SubprocessHost(options, environment=environment))
        wire.attach(host)
        plugin = host.load(bundle)
        device = choose_device(host, settings.device, plugin.devices)
        device = prepare_device(host, device, settings, audio.sample_rate)
        rate = round(device.nominal_rate)
        if rate != audio.sample_rate:
            audio = read_audio(settings.file, sample_rate=rate, resample=settings.resample)
        limit = len(audio.frames)
        if settings.seconds is not None:
            limit = round(min(limit, settings.seconds * rate))
        # Channel i of the device takes channel i mod n of the file.
        chosen = np.arange(device.output_channels) % audio.channels
        source = np.ascontiguousarray(audio.frames[:limit, chosen])
        raw = settings.folder / "source.f32"
        write_raw(raw, source)

        host.open_trace(settings.folder / "io.trace", _trace_capacity(limit, device))
        capacity = limit + round(rate * 2) + _TAIL_CYCLES * device.buffer_frames
        if settings.host_clock:
            host.set_host_clock(settings.host_clock)
        if settings.device_clock:
            host.set_clock(device.device, settings.device_clock)
        client = host.add_client(device.device, name="hal-lab play")
        client.play(sources.file(raw, device.output_channels))
        facts = PlayFacts(
            device=device,
            plugin=plugin,
            far_end="none",
            layout=None,
            source=source,
            recorded=np.empty((0, device.output_channels), dtype=np.float32),
        )
        end = stack.enter_context(listen(host, client, facts, settings, capacity, wire))
        failed: LabError | None = None
        try:
            _play_through(host, client, facts, settings, progress, stop)
        except LabError as error:
            failed = error
            facts.interrupted = True
        failed = finish(end, facts, failed)
        try:
            take_trace(facts, settings.folder / "io.trace")
        except TraceError as error:
            failed = failed or error
        raw.unlink(missing_ok=True)
        if not isinstance(failed, HostGone | HostTimeout):
            with suppress(LabError):
                facts.timestamps = host.timestamps(device.device)
        if failed is None:
            failed = _take_leave(host, client, plugin.plugin, facts, covers=settings.coverage)
        else:
            # The client could not be asked any more; each cycle took its frames of it.
            traced = facts.untraced_frames + int(facts.records["frames"].sum())
            facts.position_frames = max(facts.position_frames, traced)
        if failed is not None:
            raise PlayCut(failed, facts) from failed
    facts.threads_left = host.threads_left
    return facts


def finish(end: Listener, facts: PlayFacts, failed: LabError | None) -> LabError | None:
    """Take what the listener has, whatever happened before, with the host's help or without.

    Parameters
    ----------
    end
        The listener.
    facts
        Gets what it has.
    failed
        What ended the playing; None when it came to its end.

    Returns
    -------
    LabError or None
        What went wrong first.
    """
    if not isinstance(failed, HostGone | HostTimeout):
        try:
            end.finish(facts, host_lives=True)
        except LabError as error:
            failed = failed or error
        else:
            return failed
    end.finish(facts, host_lives=False)
    facts.interrupted = True
    return failed


def take_trace(facts: PlayFacts, path: Path) -> None:
    """Take the records of the trace; count what its ring no longer holds.

    Parameters
    ----------
    facts
        Gets both.
    path
        Of the trace, of a host in which only this device has run.

    Raises
    ------
    TraceError
        When it is no trace.
    """
    trace = read_trace(path)
    facts.records = trace.of_device(facts.device.device)
    facts.untraced_frames = trace.overwritten * facts.device.buffer_frames


def choose_device(host: Host, name: str | None, devices: list[int]) -> Device:
    """The device to play to.

    Parameters
    ----------
    host
        With the driver loaded.
    name
        Name or UID; None for the only one that has an output and is not hidden.
    devices
        Those of the driver.

    Returns
    -------
    Device

    Raises
    ------
    LabError
        When there is none, or more than one and no name.
    """
    if name is not None:
        device = host.device(name)
        if not device.outputs:
            raise UsageError("the device has no output", where=device.name, do="choose another one")
        return device
    found = [host.device(index) for index in devices]
    usable = [device for device in found if device.outputs and not device.hidden]
    if len(usable) != 1:
        there = ", ".join(f'"{device.name}"' for device in usable or found) or "none"
        raise UsageError(
            f"the driver has {len(usable)} devices to play to",
            where=there,
            do="name one (--device)",
        )
    return usable[0]


def prepare_device(host: Host, device: Device, settings: PlaySettings, file_rate: int) -> Device:
    """Set rate and frames per cycle.

    Raises
    ------
    UsageError
        When the device lacks the rate.
    """
    wanted = settings.rate
    if wanted is None and not settings.resample:
        wanted = file_rate
    if wanted is not None and wanted != device.nominal_rate:
        if not device.has_rate(wanted):
            rates = ", ".join(f"{low:g}" for low, _ in device.available_rates)
            raise UsageError(
                f"the device has no {wanted} Hz, only {rates}",
                where=device.name,
                do="resample the file (--resample)",
            )
        device = host.set_rate(device.device, wanted)
    frames = settings.buffer_frames
    if frames is None:
        frames = round(device.nominal_rate / 100)
    if frames != device.buffer_frames:
        device = host.set_buffer_frames(device.device, frames)
    return device


def _play_through(
    host: Host,
    client: Client,
    facts: PlayFacts,
    settings: PlaySettings,
    progress: Progress,
    stop: Callable[[], bool],
) -> None:
    total = len(facts.source)
    tail = _TAIL_CYCLES * facts.device.buffer_frames
    if facts.far_end == "packets":
        tail = max(tail, _TAIL_FRAMES)
    client.start()
    while facts.position_frames < total + tail:
        if stop():
            facts.interrupted = True
            break
        left = total + tail - facts.position_frames
        if settings.clock == "virtual":
            cycles = min(_VIRTUAL_STEP_CYCLES, -(-left // facts.device.buffer_frames))
            host.run(device=client.device, cycles=cycles)
        else:
            host.run(min(_STEP_S, left / facts.sample_rate))
        facts.position_frames = client.stats().position_frames
        progress(min(facts.position_frames, total), total)
    client.stop()
    facts.position_frames = client.stats().position_frames


def _take_leave(
    host: Host, client: Client, plugin: int, facts: PlayFacts, *, covers: bool
) -> LabError | None:
    """The last calls into a driver may be the ones that it does not survive."""
    try:
        client.remove()
        if covers:
            facts.calls = host.counted_calls(plugin)
        host.unload(plugin)
        if covers:
            # A helper has taken its counts with it.
            facts.calls = host.counted_calls(plugin) or facts.calls
    except LabError as error:
        return error
    return None


def _seconds(settings: PlaySettings, audio: AudioFile) -> float:
    whole = audio.seconds
    return whole if settings.seconds is None else min(whole, settings.seconds)


def _trace_capacity(frames: int, device: Device) -> int:
    cycles = frames // device.buffer_frames + 1_000
    return min(max(cycles, 64), MAX_CAPACITY)
