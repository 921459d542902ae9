"""Volume and mute as they are heard: a device that loops is measured against what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.host import sources
from lab.host.base import Client
from lab.host.models import Device
from lab.validate.check import Need
from lab.validate.checks.io_cycles import player_of
from lab.validate.checks.io_loopback import LoopCheck, heard_by, open_up
from lab.validate.checks.objects_tree import nodes
from lab.validate.checks.settings_controls import Setting, settings_of
from lab.validate.subject import Loaded, Subject

HZ, AMPLITUDE = 1000.0, 0.5
SETTLE_S, MEASURE_S = 0.3, 0.2
"""A driver may glide to a new volume; whole periods of the tone are measured."""
SCALARS = (0.9, 0.6, 0.35)
DECIBELS = 0.1
"""How far the measured gain may lie from the one that is said."""
INAUDIBLE = 1e-6
"""-120 dB: below the last bit of 16, and of 20."""
_FLOOR_DB = -110.0
"""Below, nothing is measured."""


@dataclass(frozen=True)
class _Control:
    setting: Setting
    element: int

    def __str__(self) -> str:
        return str(self.setting)

    def channels(self, count: int) -> list[int]:
        """Which channels it is for, from 0."""
        return list(range(count)) if self.element == 0 else [self.element - 1]


class _Volume(LoopCheck):
    """A tone is played and recorded while controls are set."""

    need = Need.RECOMMENDED
    kind = "vlme"

    def run(self, subject: Subject) -> None:
        """Skipped when no device that loops has such a control."""
        self._judged = 0
        super().run(subject)
        if not self._judged:
            self.skip(f"no device that loops has a control of class '{self.kind}' to be set")

    def complaints(self, subject: Subject, loaded: Loaded, device: Device) -> Iterator[str]:
        """Each control of the kind."""
        found = list(self._controls(loaded, device))
        self._judged += len(found)
        client = player_of(loaded, device, sources.sine(HZ, AMPLITUDE))
        client.start()
        for control in found:
            open_up(loaded)
            yield from self.judge(_Ear(subject, loaded, device, client), control)
        client.remove()

    def _controls(self, loaded: Loaded, device: Device) -> Iterator[_Control]:
        plugin, host = loaded.plugin.plugin, loaded.host
        owners = {int(node["id"]): owner for node, owner in nodes(host.tree(plugin))}
        for setting in settings_of(loaded):
            number = setting.object_id
            if setting.class_id == self.kind and owners[number] == device.object_id:
                element = 0
                if host.has_property(plugin, number, "celm"):
                    element = int(host.get_property(plugin, number, "celm"))
                if element <= device.output_channels:
                    yield _Control(setting, element)

    def judge(self, ear: _Ear, control: _Control) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Ear:
    """Sets, and hears what comes of it."""

    subject: Subject
    loaded: Loaded
    device: Device
    client: Client

    def set(self, control: _Control, value: float) -> None:
        """Set it."""
        setting = control.setting
        self.loaded.host.set_property(
            self.loaded.plugin.plugin, setting.object_id, setting.selector, value
        )

    def get(self, control: _Control, selector: str) -> float:
        """What it says."""
        plugin = self.loaded.plugin.plugin
        return float(self.loaded.host.get_property(plugin, control.setting.object_id, selector))

    def level(self) -> NDArray[np.float64]:
        """RMS of each channel, shape (channels,), after a while."""
        self.loaded.host.run(SETTLE_S)
        heard = heard_by(self.subject, self.loaded, self.device, self.client, MEASURE_S)
        level: NDArray[np.float64] = np.sqrt(np.mean(heard.astype(np.float64) ** 2, axis=0))
        return level

    def decibels(self, before: NDArray[np.float64]) -> NDArray[np.float64]:
        """The level against another one, dB."""
        with np.errstate(divide="ignore", invalid="ignore"):
            change: NDArray[np.float64] = 20 * np.log10(self.level() / before)
        return change


class SoundsAsItSays(_Volume):
    """A volume control attenuates by the decibels that it says, to 0.1 dB."""

    id = "io-volume-in-decibels"
    strictness = 5
    source = "AudioHardwareBase.h: kAudioLevelControlPropertyDecibelValue"

    def judge(self, ear: _Ear, control: _Control) -> Iterator[str]:
        """Three scalars, against the level before."""
        at_first, full = ear.get(control, "lcdv"), ear.level()
        channel = control.channels(len(full))[0]
        for scalar in SCALARS:
            ear.set(control, scalar)
            told = ear.get(control, "lcdv") - at_first
            came = float(ear.decibels(full)[channel])
            if told > _FLOOR_DB and not abs(came - told) <= DECIBELS:
                yield (
                    f"{ear.device.name}: {control} set to {scalar:g} says {told:+.2f} dB, and the "
                    f"sound changes by {came:+.2f} dB"
                )


class OnEachChannel(_Volume):
    """The volume control of all channels changes each of them by as much."""

    id = "io-volume-on-each-channel"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioControlPropertyElement (0 is all channels)"

    def judge(self, ear: _Ear, control: _Control) -> Iterator[str]:
        """At one scalar."""
        if control.element != 0:
            return
        full = ear.level()
        ear.set(control, SCALARS[1])
        came = ear.decibels(full)
        if not np.ptp(came) <= DECIBELS:
            said = ", ".join(f"{one:+.2f}" for one in came)
            yield (
                f"{ear.device.name}: {control} set to {SCALARS[1]:g} changes the channels by "
                f"{said} dB; it should be the same for each"
            )


class MutedIsSilent(_Volume):
    """A device that is muted is inaudible: below -120 dB."""

    id = "io-mute-is-silent"
    strictness = 3
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: kAudioMuteControlClassID (makes the element inaudible)"
    kind = "mute"

    def judge(self, ear: _Ear, control: _Control) -> Iterator[str]:
        """Mute, listen, end it, and listen again."""
        ear.set(control, 1)
        yield from _audible(ear, control, "muted")
        full = ear.level() if ear.get(control, "bcvl") else None
        ear.set(control, 0)
        again = ear.level()[control.channels(ear.device.output_channels)]
        if full is not None and again.max() <= INAUDIBLE:
            yield f"{ear.device.name}: {control} set to 1 and to 0 again, and nothing is heard"


class MuteHolds(_Volume):
    """While a device says that it is muted, setting its volume makes nothing audible."""

    id = "io-mute-holds"
    strictness = 4
    need = Need.REQUIRED
    source = "AudioHardwareBase.h: kAudioMuteControlClassID (makes the element inaudible)"
    kind = "mute"

    def judge(self, ear: _Ear, control: _Control) -> Iterator[str]:
        """Mute, and set each volume to one value and to another."""
        plugin, host = ear.loaded.plugin.plugin, ear.loaded.host
        ear.set(control, 1)
        for volume in settings_of(ear.loaded):
            if volume.class_id != "vlme":
                continue
            for scalar in (0.5, 1.0):
                host.set_property(plugin, volume.object_id, volume.selector, scalar)
            if ear.get(control, "bcvl"):
                yield from _audible(ear, control, "muted, and the volume set to 0.5 and 1")


def _audible(ear: _Ear, control: _Control, when: str) -> Iterator[str]:
    level = ear.level()[control.channels(ear.device.output_channels)].max()
    if not level <= INAUDIBLE:
        decibels = 20 * np.log10(level / (AMPLITUDE / np.sqrt(2)))
        yield (
            f"{ear.device.name}: {control} says {ear.get(control, 'bcvl'):g}; {when}, a tone "
            f"comes back at {decibels:+.1f} dB of how it is played"
        )
