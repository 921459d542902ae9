"""What can be set: volume, mute and the other controls, and that everybody hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.host.errors import HostError
from lab.validate.check import Check, Need
from lab.validate.checks.objects_tree import nodes
from lab.validate.subject import Loaded, Subject

VOLUME_TOLERANCE = 0.01
"""Of a scalar: a driver may keep its volume in steps."""
_LEVELS, _SWITCHES = {"vlme", "subv", "levl"}, {"mute", "solo", "phan", "phsi", "togl", "subm"}


@dataclass(frozen=True)
class Setting:
    """A value of a control that can be set.

    Attributes
    ----------
    object_id, class_id
        Of the control.
    selector
        Of the value.
    other
        Values to set it to, one after the other.
    """

    object_id: int
    class_id: str
    selector: str
    other: tuple[Any, ...]

    def __str__(self) -> str:
        return f"'{self.selector}' of object {self.object_id} ('{self.class_id}')"


def settings_of(loaded: Loaded) -> Iterator[Setting]:
    """All that controls of the contract offer and say to be settable."""
    plugin = loaded.plugin.plugin
    for node, _ in nodes(loaded.host.tree(plugin)):
        number, kind = int(node["id"]), str(node["class"])
        if kind in _LEVELS:
            found = Setting(number, kind, "lcsv", (0.25, 1.0))
        elif kind in _SWITCHES:
            found = Setting(number, kind, "bcvl", (1, 0))
        else:
            continue
        settable = loaded.host.has_property(plugin, number, found.selector) and loaded.host.call(
            "property.is_settable",
            object={"plugin": plugin, "id": number},
            selector=found.selector,
        )
        if settable:
            yield found


def agrees(asked: float, got: float) -> bool:
    """Whether a value is the one that was set."""
    return abs(float(got) - float(asked)) <= VOLUME_TOLERANCE


def converted(loaded: Loaded, setting: Setting, selector: str, value: float) -> float:
    """What a level control makes of a value: ``"lcsd"``, to decibels; ``"lcds"``, to a scalar."""
    where = {"plugin": loaded.plugin.plugin, "id": setting.object_id}
    answer: Any = loaded.host.call("property.get", object=where, selector=selector, input=value)
    return float(answer)


class _Controls(Check):
    family = "settings"
    need = Need.REQUIRED

    def run(self, subject: Subject) -> None:
        """Each setting, with each value."""
        loaded = subject.loaded()
        found = self.some(list(settings_of(loaded)), "control that can be set")
        self.expect_all(line for setting in found for line in self.complaints(loaded, setting))

    def complaints(self, loaded: Loaded, setting: Setting) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


class ReadBack(_Controls):
    """What a control is set to is what it says afterwards."""

    id = "settings-read-back"
    strictness = 1
    source = "AudioServerPlugIn.h: SetPropertyData; AudioHardwareBase.h: control values"

    def complaints(self, loaded: Loaded, setting: Setting) -> Iterator[str]:
        """Set, and read."""
        for value in setting.other:
            loaded.host.set_property(
                loaded.plugin.plugin, setting.object_id, setting.selector, value
            )
            got = loaded.host.get_property(
                loaded.plugin.plugin, setting.object_id, setting.selector
            )
            if not agrees(value, got):
                yield f"{setting}: set to {value}, it says {got}"


class Notified(_Controls):
    """Setting a control to another value sends a notification of that property."""

    id = "settings-notify"
    strictness = 2
    source = "AudioServerPlugIn.h: PropertiesChanged; a set is over when its notification comes"

    def complaints(self, loaded: Loaded, setting: Setting) -> Iterator[str]:
        """Set, and listen."""
        plugin, host = loaded.plugin.plugin, loaded.host
        now = host.get_property(plugin, setting.object_id, setting.selector)
        value = next(other for other in setting.other if not agrees(other, now))
        host.take_notices()
        host.set_property(plugin, setting.object_id, setting.selector, value)
        host.advance(100_000_000)  # it may tell a while later
        told = [
            str(address["selector"])
            for notice in host.take_notices()
            if notice.kind == "properties-changed" and notice.object == setting.object_id
            for address in notice.addresses
        ]
        if setting.selector not in told and "****" not in told:
            heard = f"only of {', '.join(told)}" if told else "nothing"
            yield f"{setting}: changed from {now} to {value}, and listeners hear {heard}"


class Inverse(_Controls):
    """The conversions of a level control, scalar to decibels and back, are each other's inverse."""

    id = "settings-level-conversions"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioLevelControlPropertyConvertScalarToDecibels and back"

    def complaints(self, loaded: Loaded, setting: Setting) -> Iterator[str]:
        """Eleven scalars there and back."""
        if setting.class_id not in _LEVELS:
            return
        last = float("-inf")
        for step in range(11):
            scalar = step / 10
            try:
                decibels = converted(loaded, setting, "lcsd", scalar)
                back = converted(loaded, setting, "lcds", decibels)
            except HostError as error:
                yield f"object {setting.object_id}: {scalar:g} is not converted ({error})"
                return
            if decibels < last:
                yield f"object {setting.object_id}: {scalar:g} is {decibels:g} dB, less than before"
            if step and not agrees(scalar, back):
                yield (
                    f"object {setting.object_id}: {scalar:g} is {decibels:g} dB, and that is "
                    f"{back:g}"
                )
            last = decibels


class BothScales(_Controls):
    """The decibels that a level control tells are those that its scalar converts to."""

    id = "settings-level-scales-agree"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioLevelControlPropertyScalarValue, ...DecibelValue"

    def complaints(self, loaded: Loaded, setting: Setting) -> Iterator[str]:
        """At two scalars."""
        plugin, host = loaded.plugin.plugin, loaded.host
        if setting.class_id not in _LEVELS:
            return
        for scalar in setting.other:
            host.set_property(plugin, setting.object_id, setting.selector, scalar)
            got = float(host.get_property(plugin, setting.object_id, setting.selector))
            told = float(host.get_property(plugin, setting.object_id, "lcdv"))
            meant = converted(loaded, setting, "lcsd", got)
            if abs(told - meant) > 0.05:
                yield (
                    f"object {setting.object_id}: at {got:g} it says {told:g} dB, and converts to "
                    f"{meant:g} dB"
                )


class Kept(Check):
    """What a driver keeps in its storage is there again after a restart."""

    id = "settings-storage-survives"
    family = "settings"
    strictness = 5
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: WriteToStorage, CopyFromStorage (data outlives the host)"

    def run(self, subject: Subject) -> None:
        """Set, restart, read; skipped for a driver that keeps nothing."""
        storage = subject.folder / "storage"
        storage.mkdir()
        loaded = subject.loaded(storage=storage)
        found = self.some(list(settings_of(loaded)), "control that can be set")
        wanted = {}
        for setting in found:
            value = setting.other[0]
            loaded.host.set_property(
                loaded.plugin.plugin, setting.object_id, setting.selector, value
            )
            wanted[setting] = loaded.host.get_property(
                loaded.plugin.plugin, setting.object_id, setting.selector
            )
        loaded.host.advance(1_000_000_000)  # a driver may write a while later
        loaded.host.close()
        if not any(path.is_file() and path.stat().st_size for path in storage.rglob("*")):
            self.skip("the driver keeps nothing in its storage")
        again = subject.loaded(storage=storage)
        complaints = []
        for setting, value in wanted.items():
            got = again.host.get_property(again.plugin.plugin, setting.object_id, setting.selector)
            if not agrees(value, got):
                complaints.append(f"{setting}: set to {value}, after a restart it says {got}")
        self.expect_all(complaints)
