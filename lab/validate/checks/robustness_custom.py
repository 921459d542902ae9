"""Custom properties: the host hands on whatever a program gives, of any type."""

from __future__ import annotations

from typing import Any

from lab.host.probe_calls import Data
from lab.validate.check import Check, Need
from lab.validate.raw_values import customs_of, devices_of
from lab.validate.subject import Subject

_POINTER = 8
_OF_OTHER_TYPES: tuple[tuple[str, Data], ...] = (
    ("NULL", bytes(_POINTER)),
    ("an empty string", ("string", "")),
    ("a number", ("plist", 42)),
    ("an array", ("plist", ["one", 2, [3.0]])),
    ("a dictionary", ("plist", {"one": {"two": 3}})),
    ("data", ("plist", {"$data": "AAEC"})),
    ("a long string", ("string", "x" * 20_000)),
)


class _Custom(Check):
    family = "robustness"
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: kAudioObjectPropertyCustomPropertyInfoList"

    def run(self, subject: Subject) -> None:
        """Set each, then read it."""
        instance = subject.instance()
        found = self.some(list(customs_of(instance)), "custom property that can be set")
        devices = devices_of(instance)
        for value in found:
            for words, data, size in self.cases():
                answer = instance.set(value.node.number, value.where, data, size=size)
                now = instance.get(value.node.number, value.where, _POINTER, cf=True)
                counts = answer.retain_counts
                self.expect(
                    now.ok,
                    f"{value}: set to {words} it answers {answer.status_text}, and cannot be read "
                    f"then: {now.status_text}",
                )
                self.expect(
                    counts is None or counts[1] >= counts[0],
                    f"{value}: set to {words} it releases what is not its own",
                )
        self.expect(
            devices_of(instance) == devices,
            "after its custom properties were set it has other devices than before",
        )

    def cases(self) -> list[tuple[str, Any, int | None]]:
        """In words, what is set, and the size that is said."""
        raise NotImplementedError


class OtherTypes(_Custom):
    """A custom property that is set to NULL, or to an object of another type, does no harm."""

    id = "robustness-custom-property-types"
    strictness = 6

    def cases(self) -> list[tuple[str, Any, int | None]]:
        """Of all types of a property list."""
        return [(words, data, None) for words, data in _OF_OTHER_TYPES]


class ShortPointer(_Custom):
    """A custom property that is set with part of a pointer, or with no data, does no harm."""

    id = "robustness-custom-property-size"
    strictness = 7

    def cases(self) -> list[tuple[str, Any, int | None]]:
        """Too short, and NULL."""
        short = [(f"{size} bytes", bytes(size), None) for size in (0, 1, 4, 7)]
        return [*short, ("no data", None, _POINTER)]
