"""What SetPropertyData takes and refuses: sizes, ranges, numbers that are none."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lab.host.probe import Instance
from lab.host.probe_models import HostCall
from lab.validate.check import Check, Need
from lab.validate.raw.answers import ranges
from lab.validate.raw.settable import LEVELS, Value, bytes_of, number_of, read, set_raw, values_of
from lab.validate.raw.tree import Tree
from lab.validate.subject import Subject

_TOLERANCE = 1e-3
_FAR = (7.0, -3.0, 1e30, -1e30)
_NEVER = "zzzz"
"""A selector that no header has."""


class _Values(Check):
    family = "settings"
    need = Need.REQUIRED
    what = "property that can be set"

    def run(self, subject: Subject) -> None:
        """Each value that can be set, by raw calls."""
        driver = subject.instance()
        found = self.some([one for one in values_of(driver) if self.wants(one)], self.what)
        self.expect_all(line for value in found for line in self.complaints(driver, value))

    def wants(self, value: Value) -> bool:
        """Whether it is among them."""
        return value.settable

    def complaints(self, driver: Instance, value: Value) -> Iterator[str]:
        """What is wrong with one."""
        raise NotImplementedError


class TakesItsOwn(_Values):
    """What a driver says to be settable takes the value that it has."""

    id = "settings-settable-is-taken"
    strictness = 2
    source = "AudioServerPlugIn.h: IsPropertySettable"

    def wants(self, value: Value) -> bool:
        """Those that are no references."""
        return value.settable and not value.is_reference

    def complaints(self, driver: Instance, value: Value) -> Iterator[str]:
        """Read, and set."""
        now = read(driver, value)
        if now is None:
            yield f"{value} can be set, and cannot be read as {value.size} bytes"
        elif (refused := set_raw(driver, value, now)) is not None:
            yield f"{value} is said to be settable; set to what it is, it answers {refused}, not 0"


class UnsettableStays(_Values):
    """What a driver says not to be settable cannot be set."""

    id = "settings-unsettable-is-refused"
    strictness = 5
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: IsPropertySettable (programs do not offer it then)"
    what = "property that others have settable and it has not"

    def wants(self, value: Value) -> bool:
        """Those that are no references."""
        return not value.settable and not value.is_reference

    def complaints(self, driver: Instance, value: Value) -> Iterator[str]:
        """Set it to what it is: that changes nothing where it is taken."""
        now = read(driver, value)
        if now is not None and set_raw(driver, value, now) is None:
            yield f"{value} is said not to be settable; set to what it is, it answers 0"


class ShortRefused(_Values):
    """Data that is too short is refused, and the value stays."""

    id = "settings-short-data-refused"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioHardwareBadPropertySizeError"

    def wants(self, value: Value) -> bool:
        """Those that are no references: part of a pointer is not for a driver to look at."""
        return value.settable and not value.is_reference

    def complaints(self, driver: Instance, value: Value) -> Iterator[str]:
        """A byte less, half of it, nothing."""
        yield from _sized(driver, value, (value.size - 1, value.size // 2, 0))


class LongRefused(_Values):
    """Data that is longer than the value is refused, and the value stays."""

    id = "settings-long-data-refused"
    strictness = 8
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioHardwareBadPropertySizeError"

    def wants(self, value: Value) -> bool:
        """Those that are no references."""
        return value.settable and not value.is_reference

    def complaints(self, driver: Instance, value: Value) -> Iterator[str]:
        """Four bytes more."""
        yield from _sized(driver, value, (value.size + 4,))


def _sized(driver: Instance, value: Value, sizes: tuple[int, ...]) -> Iterator[str]:
    """A value of another size than its own; what it holds begins with another value."""
    before = read(driver, value)
    for size in sizes:
        data = bytes(size) if before is None else _other(value, before, size)
        refused = set_raw(driver, value, data)
        if refused is None:
            yield f"{value} has {value.size} bytes; set by {size} it answers 0, not '!siz'"
        if read(driver, value) != before:
            yield f"{value} has {value.size} bytes; set by {size} it changes"
            return


def _other(value: Value, before: bytes, size: int) -> bytes:
    now = number_of(value, before)
    if math.isnan(now) or value.kind == "f64":  # a format, or a rate: what it is
        return (before + bytes(4))[:size]
    other = 0.0 if value.kind == "u32" and now else 1.0 if value.kind == "u32" else 0.5
    return (bytes_of(value, other) + bytes(4))[:size]


class GoesOn(_Values):
    """After a set that was refused, everything else can be read and set as before."""

    id = "settings-goes-on-after-refusal"
    strictness = 4
    source = "AudioServerPlugIn.h: SetPropertyData returns an error; nothing is waited for"

    def wants(self, value: Value) -> bool:
        """Those that are no references."""
        return value.settable and not value.is_reference

    def complaints(self, driver: Instance, value: Value) -> Iterator[str]:
        """Two that must be refused, and then one that must not. A lock left held hangs."""
        taken = read(driver, value)
        if taken is None or set_raw(driver, value, taken) is not None:
            return  # what another check is about
        set_raw(driver, value, bytes(1))
        driver.set(value.object_id, _NEVER, bytes(4))
        if read(driver, value) is None:
            yield f"{value}: after sets that were refused it cannot be read any more"
        elif (answer := set_raw(driver, value, taken)) is not None:
            yield f"{value}: after sets that were refused it answers {answer} to any other"


class _Levels(_Values):
    what = "level that can be set"

    def wants(self, value: Value) -> bool:
        """Volumes, as scalar and in decibels; pans."""
        is_level = value.node.class_id in LEVELS or value.selector == "spcv"
        return value.settable and is_level

    def limits(self, driver: Instance, value: Value) -> tuple[float, float]:
        """The least and the greatest that it may be."""
        if value.selector != "lcdv":
            return 0.0, 1.0
        told = ranges(driver, value.object_id, "lcdr", room=16)
        return (min(told[0]), max(told[0])) if told else (-math.inf, math.inf)


class Clamped(_Levels):
    """A level beyond its range is refused, or becomes the end of the range."""

    id = "settings-level-in-range"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioLevelControlPropertyScalarValue (0 to 1), ...DecibelRange"

    def complaints(self, driver: Instance, value: Value) -> Iterator[str]:
        """Far above and far below."""
        low, high = self.limits(driver, value)
        for far in (*_FAR, math.inf, -math.inf):
            answer = set_raw(driver, value, bytes_of(value, far)) or "0"
            now = number_of(value, read(driver, value))
            if not low - _TOLERANCE <= now <= high + _TOLERANCE:
                yield (
                    f"{value}: set to {far:g} it answers {answer} and is {now:g} then; it may be "
                    f"{low:g} to {high:g}"
                )
                return


class NeverNan(_Levels):
    """A level that is set to what is not a number stays one."""

    id = "settings-level-is-a-number"
    strictness = 4
    source = "IEEE 754: a gain that is NaN makes NaN of all samples"

    def complaints(self, driver: Instance, value: Value) -> Iterator[str]:
        """Set to NaN."""
        answer = set_raw(driver, value, bytes_of(value, math.nan)) or "0"
        data = read(driver, value)
        if data is not None and math.isnan(number_of(value, data)):
            yield f"{value}: set to NaN it answers {answer} and is NaN then; a number must be kept"


class NamesWhatItHas(Check):
    """Each property that a notification names is one that the object has."""

    id = "settings-notices-name-what-is-there"
    family = "settings"
    strictness = 3
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: PropertiesChanged (listeners read what it names)"

    def run(self, subject: Subject) -> None:
        """Set everything to what it is and to something else, and look at each notification."""
        driver = subject.instance()
        objects = set(Tree(driver).ids)
        found = [value for value in values_of(driver) if value.settable]
        self.some(found, "property that can be set")
        complaints = []
        for value in found:
            driver.host_calls()
            _change(driver, value)
            for call in driver.host_calls().host_calls:
                if call.function == "PropertiesChanged" and call.object in objects:
                    complaints += list(_unknown(driver, value, call))
        self.expect_all(dict.fromkeys(complaints))


def _change(driver: Instance, value: Value) -> None:
    if value.is_reference:
        set_raw(driver, value, ("string", "hal-lab"))
        return
    before = read(driver, value)
    if before is not None:
        set_raw(driver, value, _other(value, before, value.size))
        set_raw(driver, value, before)


def _unknown(driver: Instance, value: Value, call: HostCall) -> Iterator[str]:
    for address in call.addresses:
        selector = address["selector"]
        if selector != "****" and not driver.has(call.object or 0, selector).has:
            yield (
                f"{value} was set, and PropertiesChanged names '{selector}' of object "
                f"{call.object}, which has no such property"
            )
