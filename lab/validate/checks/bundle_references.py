"""The rules of COM: which interfaces there are, and who may let go of what."""

from __future__ import annotations

from lab.host.probe import DRIVER_INTERFACE, IUNKNOWN, Instance
from lab.validate.check import Check, Need
from lab.validate.raw.answers import PLUG_IN
from lab.validate.subject import Subject

OTHER_INTERFACE = "0BADCAFE-0000-4000-8000-000000000002"
"""Of nothing."""
NAMES = {DRIVER_INTERFACE: "kAudioServerPlugInDriverInterfaceUUID", IUNKNOWN: "IUnknown"}


class _References(Check):
    family = "bundle"
    need = Need.REQUIRED


class KnowsInterfaces(_References):
    """QueryInterface gives the driver's interface, and IUnknown."""

    id = "bundle-query-interface"
    strictness = 1
    source = "AudioServerPlugIn.h: kAudioServerPlugInDriverInterfaceUUID; CFPlugInCOM.h: IUnknown"

    def run(self, subject: Subject) -> None:
        """Both."""
        driver = subject.instance(initialized=False)
        for uuid, name in NAMES.items():
            answer = driver.query(uuid)
            self.expect(
                answer.hresult >= 0 and answer.interface in {"same", "other"},
                f"QueryInterface was asked for {name}, answered {_hex(answer.hresult)} and gave "
                f"{answer.interface or 'NULL'}; S_OK and an interface should have come",
            )


class CountsInterfaces(_References):
    """Each interface that QueryInterface gives is a reference of its own."""

    id = "bundle-query-interface-counts"
    strictness = 2
    source = "CFPlugInCOM.h: QueryInterface (adds a reference)"

    def run(self, subject: Subject) -> None:
        """One more and one less: the factory's must be left."""
        driver = subject.instance(initialized=False)
        if driver.query().interface != "same":
            self.skip("its interface is not the pointer that the factory returned")
        when = "after the factory, QueryInterface and Release"
        still_works(self, driver, driver.release(), when)


class RefusesInterfaces(_References):
    """QueryInterface refuses an interface that the driver does not have."""

    id = "bundle-query-interface-refuses-others"
    strictness = 3
    source = "CFPlugInCOM.h: E_NOINTERFACE"

    def run(self, subject: Subject) -> None:
        """One that nobody has."""
        answer = subject.instance(initialized=False).query(OTHER_INTERFACE)
        self.expect(
            answer.hresult != 0 and answer.interface not in {"same", "other"},
            f"QueryInterface was asked for {OTHER_INTERFACE}, which is no interface, answered "
            f"{_hex(answer.hresult)} and gave {answer.interface or 'NULL'}; E_NOINTERFACE "
            "(0x80000004) should have come",
        )


class ClearsPointer(_References):
    """QueryInterface sets the caller's pointer to NULL when it refuses."""

    id = "bundle-query-interface-clears-pointer"
    strictness = 6
    need = Need.RECOMMENDED
    source = "COM: QueryInterface sets *ppv to NULL when it fails"

    def run(self, subject: Subject) -> None:
        """A pointer that is not NULL before."""
        answer = subject.instance(initialized=False).query(OTHER_INTERFACE)
        self.expect(
            answer.hresult == 0 or answer.interface != "untouched",
            "QueryInterface was asked for an interface that is none, refused and left the "
            "caller's pointer as it was; it should be NULL then",
        )


class NoPointer(_References):
    """QueryInterface without a pointer to write to is an error, not a crash."""

    id = "bundle-query-interface-no-pointer"
    strictness = 8
    need = Need.RECOMMENDED
    source = "CFPlugInCOM.h: E_POINTER"

    def run(self, subject: Subject) -> None:
        """NULL for the pointer."""
        answer = subject.instance(initialized=False).query(out=False)
        self.expect(
            answer.hresult != 0,
            f"QueryInterface had NULL to write to and answered {_hex(answer.hresult)}; E_POINTER "
            "(0x80000005) should have come",
        )


class Counts(_References):
    """AddRef and Release answer how many references there are then."""

    id = "bundle-references-counted"
    strictness = 6
    need = Need.OPTIONAL
    source = "CFPlugInCOM.h: AddRef, Release (the new count; hosts do not rely on it)"

    def run(self, subject: Subject) -> None:
        """Three up, then three down: who counted wrongly may be gone by then."""
        driver = subject.instance(initialized=False)
        came = [driver.add_ref() for _ in range(3)]
        self.expect(
            came == [2, 3, 4],
            f"of a driver with the one reference of the factory, AddRef answered {_list(came)}; "
            "2, 3, 4 should have come",
        )
        came = [driver.release() for _ in range(3)]
        self.expect(
            came == [3, 2, 1],
            f"of a driver with four references, Release answered {_list(came)}; 3, 2, 1 should "
            "have come",
        )


class Keeps(_References):
    """A driver works until its last reference is released."""

    id = "bundle-references-keep-driver"
    strictness = 2
    source = "CFPlugInCOM.h: Release (the last one ends the driver, no other does)"

    def run(self, subject: Subject) -> None:
        """Three more; call it after each that goes."""
        driver = subject.instance()
        for _ in range(3):
            driver.add_ref()
        for left in (3, 2, 1):
            still_works(self, driver, driver.release(), f"with {left} references left")


def still_works(check: Check, driver: Instance, said: int, when: str) -> None:
    """Expect that a driver is there. Its counts are its own: some begin with 0, and it works.

    Parameters
    ----------
    check, driver
        Whose.
    said
        What the last Release answered.
    when
        What was done before.
    """
    kept = len(check.notes)
    check.note(f"{when} (which answered {said}), a reference was left, and the driver was called")
    answer = driver.has(PLUG_IN, "clas")
    del check.notes[kept:]  # it is there for a crash, which has no evidence of its own
    check.expect(
        answer.has is True,
        f"{when} (which answered {said}), the driver denies the class of its plug-in; it should "
        "work as before: a reference is left",
    )


def _hex(hresult: int) -> str:
    return "S_OK" if hresult == 0 else f"{hresult & 0xFFFFFFFF:#010x}"


def _list(counts: list[int]) -> str:
    return ", ".join(map(str, counts))
