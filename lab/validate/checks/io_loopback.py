"""What is played to a device that loops comes back at its input: all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from lab.host import sources
from lab.host.base import Client
from lab.host.errors import HostError
from lab.host.models import Device
from lab.validate.check import Need
from lab.validate.checks.io_cycles import DeviceCheck, player_of
from lab.validate.checks.settings_controls import converted, settings_of
from lab.validate.subject import Loaded, Subject

_LEARN_S = 1.0
_IN_STEP_S = 3.0
_CHANNELS = 16
_AUDIBLE = 1e-3
"""-60 dB: less may be crosstalk."""


def open_up(loaded: Loaded) -> None:
    """Set what can be set so that sound passes as it is: volumes to 0 dB, or else their most."""
    plugin, host = loaded.plugin.plugin, loaded.host
    for setting in settings_of(loaded):
        if setting.selector == "bcvl":
            if setting.class_id == "mute":
                host.set_property(plugin, setting.object_id, "bcvl", 0)
            continue
        scalar = 1.0
        if host.has_property(plugin, setting.object_id, "lcds"):
            with suppress(HostError):
                scalar = min(1.0, max(0.0, converted(loaded, setting, "lcds", 0.0)))
        host.set_property(plugin, setting.object_id, setting.selector, scalar)


def heard_by(
    subject: Subject, loaded: Loaded, device: Device, client: Client, seconds: float
) -> NDArray[np.float32]:
    """What a client whose IO runs gets from the first input from now on.

    Returns
    -------
    ndarray of float32, shape (frames, channels)
        `seconds` of it, or a little less.
    """
    path = subject.folder / "input.raw"
    client.take(sources.record(path, round(seconds * device.nominal_rate)))
    loaded.host.run(seconds + 2 * device.period_s)
    client.take(None)
    inputs = [stream for stream in device.streams if stream.direction == "input"]
    channels = inputs[0].virtual_format.channels
    return np.fromfile(path, dtype=np.float32).reshape(-1, channels)


class LoopCheck(DeviceCheck):
    """Only devices whose output comes back at their input."""

    def run(self, subject: Subject) -> None:
        """Each of them."""
        loaded = subject.loaded()
        open_up(loaded)
        found = [one for one in loaded.devices if _could(one) and _does(subject, loaded, one)]
        self.expect_all(
            line
            for device in self.some(found, "device that loops its output back to its input")
            for line in self.complaints(subject, loaded, device)
        )


def _could(device: Device) -> bool:
    """Whether it has an output and an input, with as many channels."""
    inputs = [one for one in device.streams if one.direction == "input"]
    return (
        len(device.outputs) == 1
        and len(inputs) == 1
        and inputs[0].virtual_format.channels == device.output_channels
    )


def _does(subject: Subject, loaded: Loaded, device: Device) -> bool:
    """Whether what is played is heard."""
    client = player_of(loaded, device, sources.noise(1))
    client.start()
    heard = heard_by(subject, loaded, device, client, _LEARN_S)
    client.remove()
    return bool(np.any(np.nan_to_num(heard[len(heard) // 2 :])))


class LoopsEverySample(LoopCheck):
    """What is played comes back at the input: every frame once, in order, on its own channel."""

    id = "io-loopback-integrity"
    strictness = 3

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """Self-numbering PCM, at several sizes."""
        del subject
        for frames in (64, 480, 511, 1024, 4096):
            loaded.host.set_buffer_frames(device.device, frames)
            client = player_of(loaded, device, sources.counter())
            client.take(sources.check())
            client.start()
            loaded.host.run(_IN_STEP_S)
            check = client.stats().sinks[0]
            client.remove()
            if check is None or not check.locked:
                yield f"{device.name}: with {frames} frames a cycle nothing comes back"
            elif not check.clean:
                faults = {
                    "lost": check.lost,
                    "duplicated": check.duplicated,
                    "out of order": check.reordered,
                    "silent": check.silent,
                    "corrupt": check.corrupt,
                    "on the wrong channel": check.swapped,
                }
                said = ", ".join(f"{count} {what}" for what, count in faults.items() if count)
                yield f"{device.name}: with {frames} frames a cycle: {said} of {check.received}"


class LoopsQuietly(LoopCheck):
    """Silence that is played comes back as silence, also after something loud: nothing stale."""

    id = "io-silence-stays-silence"
    strictness = 3

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """Noise, silence, and what the input has a second later."""
        noisy = player_of(loaded, device, sources.noise(1))
        noisy.start()
        loaded.host.run(1.0)
        noisy.play(sources.silence())
        loaded.host.run(2.0)
        heard = heard_by(subject, loaded, device, noisy, 0.5)
        noisy.remove()
        if heard.size and np.abs(heard).max() > 0:
            yield (
                f"{device.name}: 2 s after the last sound the input has "
                f"{int(np.count_nonzero(heard))} samples that are not silent"
            )


class NothingStale(LoopCheck):
    """Once nobody plays any more, the input is silent: it does not repeat the driver's ring."""

    id = "io-nothing-stale"
    strictness = 5

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """Noise; then the player goes, and a listener stays."""
        listener = loaded.host.add_client(device.device, name="listener")
        listener.start()
        noisy = player_of(loaded, device, sources.noise(1))
        noisy.start()
        loaded.host.run(1.0)
        noisy.remove()
        seconds = 2.0 * device.zero_period_frames / device.nominal_rate + 1.0
        loaded.host.run(seconds)
        heard = heard_by(subject, loaded, device, listener, 0.9)
        listener.remove()
        if heard.size and np.abs(heard).max() > 0:
            yield (
                f"{device.name}: {seconds:.1f} s after the player has gone the input has "
                f"{int(np.count_nonzero(heard))} samples that are not silent"
            )


class KeepsChannels(LoopCheck):
    """What is played on one channel comes back on that channel, and on no other."""

    id = "io-channel-order"
    strictness = 3
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioStreamPropertyStartingChannel (a channel is an element)"

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """One after the other, up to sixteen."""
        channels = device.output_channels
        for channel in range(min(channels, _CHANNELS)):
            client = player_of(loaded, device, sources.on_channel(sources.sine(), channel))
            client.start()
            loaded.host.run(0.3)
            heard = np.abs(np.nan_to_num(heard_by(subject, loaded, device, client, 0.1)))
            client.remove()
            there = np.flatnonzero(heard.max(axis=0, initial=0.0) > _AUDIBLE)
            if list(there) != [channel]:
                came = ", ".join(str(one + 1) for one in there) or "none"
                yield (
                    f"{device.name}: played on channel {channel + 1} of {channels}, it comes back "
                    f"on {came}"
                )
