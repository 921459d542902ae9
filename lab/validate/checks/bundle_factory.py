"""What the factory function makes, and for whom."""

from __future__ import annotations

from lab.host.probe import IUNKNOWN, Instance
from lab.validate.check import Check, Need
from lab.validate.checks.bundle_references import still_works
from lab.validate.raw.answers import PLUG_IN, needed, text
from lab.validate.subject import Subject

OTHER_TYPE = "0BADCAFE-0000-4000-8000-000000000001"
"""Of nothing."""


class _Factory(Check):
    family = "bundle"
    need = Need.REQUIRED


class MakesDriver(_Factory):
    """The factory returns a driver for the type of AudioServerPlugIns."""

    id = "bundle-factory-makes-driver"
    strictness = 1
    source = "AudioServerPlugIn.h: kAudioServerPlugInTypeUUID; CFPlugIn.h: CFPlugInFactoryFunction"

    def run(self, subject: Subject) -> None:
        """Ask each factory that Info.plist has for it."""
        probe = subject.probe()
        self.expect(
            probe.create() is not None,
            "the factory was asked for kAudioServerPlugInTypeUUID and returned NULL; a driver "
            "should have come",
        )


class Complete(_Factory):
    """The interface of a driver has a function in each of its 22 slots."""

    id = "bundle-interface-complete"
    strictness = 2
    source = "AudioServerPlugIn.h: AudioServerPlugInDriverInterface (no function is optional)"

    def run(self, subject: Subject) -> None:
        """Look at its table; nothing is called."""
        missing = subject.instance(initialized=False).slots_missing
        self.expect(
            not missing,
            f"the table of functions has NULL for {', '.join(missing)}: the host crashes when it "
            "calls one; a function that answers kAudioHardwareUnsupportedOperationError is enough",
        )


class GivesReference(_Factory):
    """What the factory returns has a reference for the caller."""

    id = "bundle-factory-gives-reference"
    strictness = 2
    source = "CFPlugIn.h: CFPlugInInstanceCreate (the caller releases what it gets)"

    def run(self, subject: Subject) -> None:
        """One more and one less: the factory's must be left."""
        driver = subject.instance(initialized=False)
        driver.add_ref()
        still_works(self, driver, driver.release(), "after the factory, AddRef and Release")


class RefusesOtherTypes(_Factory):
    """The factory returns NULL for a type that is not an AudioServerPlugIn."""

    id = "bundle-factory-refuses-other-types"
    strictness = 3
    source = "CFPlugIn.h: CFPlugInFactoryFunction (NULL for a type that it does not make)"

    def run(self, subject: Subject) -> None:
        """A type that nobody has, and one that is an interface."""
        probe = subject.probe()
        for type_ in (OTHER_TYPE, IUNKNOWN):
            self.expect(
                probe.create(type_) is None,
                f"the factory was asked for the type {type_} and returned a driver; NULL should "
                "have come: it makes AudioServerPlugIns only",
            )


class RefusesNoType(_Factory):
    """The factory returns NULL when it is asked for no type at all, and does not crash."""

    id = "bundle-factory-refuses-no-type"
    strictness = 8
    need = Need.RECOMMENDED
    source = "robust drivers do: CFEqual() of NULL is a crash"

    def run(self, subject: Subject) -> None:
        """NULL for the type."""
        self.expect(
            subject.probe().create(None) is None,
            "the factory was asked for no type (NULL) and returned a driver; NULL should have come",
        )


class Twice(_Factory):
    """A second call of the factory gives the same driver again, or one with other devices."""

    id = "bundle-factory-twice"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: kAudioDevicePropertyDeviceUID (a UID names one device only)"

    def run(self, subject: Subject) -> None:
        """Two, and what they have in common."""
        probe = subject.probe()
        pair = [probe.create(), probe.create()]
        first, second = pair
        if first is None:
            self.expect(first, "the factory returned NULL")
            return
        if second is None:
            self.note("the factory makes one driver only")
            return
        answer = first.initialize()
        self.expect(answer.ok, f"Initialize answered {answer.status_text}")
        if second.initialize().ok:
            shared = _uids(first) & _uids(second)
            self.expect(
                not shared,
                f"two calls of the factory gave two drivers, and both have the device "
                f"{', '.join(sorted(shared))}: it should be the same driver, or have other devices",
            )
        still_works(self, second, first.release(), "made twice and released once")


def _uids(driver: Instance) -> set[str]:
    found = (text(driver, device, "uid ") for device in needed(driver, PLUG_IN, "dev#"))
    return {uid for uid in found if uid}
