"""Custom properties: the host hands on whatever a program gives, of any type."""

from __future__ import annotations

from typing import Any

from lab.host.probe_calls import Data
from lab.validate.check import Check, Need
from lab.validate.raw.answers import REFERENCE_BYTES
from lab.validate.raw.device import devices_of
from lab.validate.raw.settable import customs_of
from lab.validate.subject import Subject

_OF_OTHER_TYPES: tuple[tuple[str, Data], ...] = (
    ("NULL", bytes(REFERENCE_BYTES)),
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
        driver = subject.instance()
        found = self.some(list(customs_of(driver)), "custom property that can be set")
        devices = devices_of(driver)
        for value in found:
            for words, data, size in self.cases():
                answer = driver.set(value.object_id, value.where, data, size=size)
                now = driver.get(value.object_id, value.where, REFERENCE_BYTES, cf=True)
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
            devices_of(driver) == devices,
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
        return [*short, ("no data", None, REFERENCE_BYTES)]
