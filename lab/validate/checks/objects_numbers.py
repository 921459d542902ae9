"""Rates, controls and classes: numbers that have to make sense together."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lab.validate.check import Need
from lab.validate.checks.objects_answers import RawCheck
from lab.validate.contract import BASES
from lab.validate.raw.answers import code, ranges, real, words
from lab.validate.raw.tree import Node, Tree

_STANDARD = {*BASES, "aobj"}


class RateRanges(RawCheck):
    """The ranges of rates that a device offers begin above 0, and end no lower than they begin."""

    id = "objects-rate-ranges"
    strictness = 1
    source = "AudioHardwareBase.h: kAudioDevicePropertyAvailableNominalSampleRates"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Look at each."""
        for device in tree.of_class("adev"):
            offered = ranges(tree.driver, device.object_id, "nsr#")
            if not offered:
                yield f"{device} offers no rates in 'nsr#'"
            for low, high in offered:
                if not (math.isfinite(high) and 0 < low <= high):
                    yield f"{device} offers rates from {low:g} to {high:g} Hz"


class RateOffered(RawCheck):
    """The rate that a device has is among those that it offers."""

    id = "objects-rate-offered"
    strictness = 2
    source = "AudioHardwareBase.h: kAudioDevicePropertyNominalSampleRate, ...AvailableNominal..."

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Compare."""
        for device in tree.of_class("adev"):
            rate = real(tree.driver, device.object_id, "nsrt")
            offered = ranges(tree.driver, device.object_id, "nsr#")
            if rate is not None and not any(is_in(rate, one) for one in offered):
                told = ", ".join(f"{low:g} to {high:g}" for low, high in offered)
                yield f"{device} has {rate:g} Hz, and offers {told or 'none'}"


class DecibelRange(RawCheck):
    """The decibel range of a level control goes upwards, and what the control says is in it."""

    id = "objects-decibel-range"
    strictness = 3
    source = "AudioHardwareBase.h: kAudioLevelControlPropertyDecibelRange"
    tolerance_db = 0.01

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Look at each."""
        for control in tree.of_class("levl"):
            for low, high in ranges(tree.driver, control.object_id, "lcdr"):
                now = real(tree.driver, control.object_id, "lcdv")
                if not low < high or math.isnan(low + high):
                    yield f"the decibel range of {control} is {low:g} to {high:g}"
                elif now is not None and not is_in(now, (low, high), self.tolerance_db):
                    yield f"{control} is at {now:g} dB; its range is {low:g} to {high:g}"


class ControlScopes(RawCheck):
    """A control that a device lists for one direction only says that it belongs to that."""

    id = "objects-control-scopes"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioControlPropertyScope, kAudioObjectPropertyControlList"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Both lists; one that is the same for both says nothing."""
        for device in tree.of_class("adev"):
            sides = {
                scope: {
                    *words(tree.driver, device.object_id, "ctrl", scope),
                    *words(tree.driver, device.object_id, "ownd", scope),
                }
                for scope in ("inpt", "outp")
            }
            controls = [
                node for node in tree.of_class("actl") if node.listed_by == device.object_id
            ]
            for control in controls:
                listed = [scope for scope, numbers in sides.items() if control.object_id in numbers]
                scope = code(tree.driver, control.object_id, "cscp")
                if len(listed) == 1 and scope in {"inpt", "outp"} and scope != listed[0]:
                    yield f"{control} is listed for '{listed[0]}', and says scope '{scope}'"


class VolumeIsVolume(RawCheck):
    """A device with level controls on its output has one that is a volume control."""

    id = "objects-volume-is-a-volume"
    strictness = 5
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioVolumeControlClassID (what the volume keys look for)"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Look at their classes."""
        for device in tree.of_class("adev"):
            levels = [
                node
                for node in tree.of_class("levl")
                if node.listed_by == device.object_id
                and code(tree.driver, node.object_id, "cscp") == "outp"
            ]
            if levels and not any(node.is_a("vlme") or node.is_a("subv") for node in levels):
                told = " and ".join(str(node) for node in levels)
                yield f"{device} has {told} on its output, and no 'vlme': volume keys find nothing"


class BaseClassStandard(RawCheck):
    """An object of a class that is the driver's own has a standard class as its base class."""

    id = "objects-base-class-standard"
    strictness = 3
    source = "AudioHardwareBase.h: kAudioObjectPropertyBaseClass (a standard class)"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Look at each."""
        for node in tree.nodes:
            if node.class_id not in _STANDARD and node.base_class not in _STANDARD:
                yield (
                    f"{node} is of no standard class, and neither is its base class "
                    f"'{node.base_class}': nobody knows what it is"
                )


class ListsOfTheirClass(RawCheck):
    """Lists of devices, streams and controls have objects of these classes only."""

    id = "objects-lists-of-their-class"
    strictness = 2
    source = "AudioHardwareBase.h: ...DeviceList, ...Streams, ...ControlList"
    lists = (("aplg", "dev#", "adev"), ("adev", "stm#", "astr"), ("adev", "ctrl", "actl"))

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Look up each."""
        nodes = {node.object_id: node for node in tree.nodes}
        for of, selector, wanted in self.lists:
            for owner in tree.of_class(of):
                for number in words(tree.driver, owner.object_id, selector):
                    node = nodes.get(number) or self._unlisted(tree, number)
                    if not node.is_a(wanted):
                        yield f"{node} is in '{selector}' of {owner}, and is no '{wanted}'"

    def _unlisted(self, tree: Tree, number: int) -> Node:
        """One that nobody owns: which is for another check to say."""
        return Node(number, code(tree.driver, number, "clas"), code(tree.driver, number, "bcls"), 0)


def is_in(value: float, limits: tuple[float, float], tolerance: float = 0.0) -> bool:
    """Whether a value is between two, ends included."""
    return limits[0] - tolerance <= value <= limits[1] + tolerance
