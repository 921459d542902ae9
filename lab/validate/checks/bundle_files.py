"""What can be seen of a bundle without loading it: one check for each thing that macOS looks at."""

from __future__ import annotations

from typing import ClassVar

from lab.bundle.findings import Finding, Severity
from lab.bundle.inspect import inspect_bundle
from lab.validate.check import Check, Need
from lab.validate.subject import Subject


class _Findings(Check):
    """Of `lab.bundle`: what it found must not be among these."""

    family = "bundle"
    ids: ClassVar[tuple[str, ...]]

    def run(self, subject: Subject) -> None:
        """Look at the files."""
        found = inspect_bundle(subject.bundle, [subject.profile]).findings
        mine = [one for one in found if one.id in self.ids]
        for one in mine:
            if one.severity is Severity.UNKNOWN:
                self.note(_said(one))
        self.expect_all(_said(one) for one in mine if self._counts(one))

    def _counts(self, finding: Finding) -> bool:
        if self.need is Need.REQUIRED:
            return finding.severity is Severity.REFUSED
        return finding.severity in {Severity.REFUSED, Severity.WARNING}


def _said(finding: Finding) -> str:
    return f"{finding.sentence} ({finding.because})" if finding.because else finding.sentence


class PropertyList(_Findings):
    """Info.plist can be read and names an executable that is there, to be loaded as a plug-in."""

    id = "bundle-info-plist"
    strictness = 1
    need = Need.REQUIRED
    source = "Apple: Bundle Programming Guide; CFBundle.h"
    ids = (
        "info-plist-missing",
        "info-plist-unreadable",
        "executable-not-named",
        "executable-elsewhere",
        "executable-missing",
        "load-as-application",
        "dynamic-registration",
    )


class WellDescribed(_Findings):
    """Info.plist has an identifier and the package type BNDL, and no placeholder is left in it."""

    id = "bundle-described"
    strictness = 3
    need = Need.RECOMMENDED
    source = "Apple: Bundle Programming Guide; storage belongs to an identifier"
    ids = ("identifier-missing", "package-type", "placeholder-left", "loading-conditions")


class TypeUuids(_Findings):
    """CFPlugInTypes and CFPlugInFactories lead from a type that this macOS knows to a factory."""

    id = "bundle-type-uuids"
    strictness = 1
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: kAudioServerPlugInTypeUUID; CFPlugIn.h"
    ids = (
        "types-missing",
        "factories-missing",
        "type-uuid-not-accepted",
        "uuid-malformed",
        "uuid-in-braces",
        "factory-list-empty",
        "factory-as-string",
        "factory-without-function",
    )


class PlainUuids(_Findings):
    """Only UUIDs that a header of Apple has are listed, each once."""

    id = "bundle-uuids-plain"
    strictness = 4
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h; CFPlugIn.h"
    ids = ("type-uuid-not-apples", "duplicate-factory")


class FactoryExported(_Findings):
    """The executable exports the factory function that Info.plist names."""

    id = "bundle-factory-exported"
    strictness = 1
    need = Need.REQUIRED
    source = "CFPlugIn.h: CFPlugInFactories"
    ids = ("factory-not-exported", "executable-of-wrong-kind", "executable-unreadable")


class SystemLibraries(_Findings):
    """Nothing but the system's libraries is linked: library validation refuses all others."""

    id = "bundle-system-libraries"
    strictness = 2
    need = Need.REQUIRED
    source = "Apple: Hardened Runtime, library validation; docs/reference/inspect.md"
    ids = ("library-not-system",)


class Stays(_Findings):
    """No symbolic link leads out of the bundle, and nothing in it is a device or a socket."""

    id = "bundle-stays-inside"
    strictness = 3
    need = Need.REQUIRED
    source = "Apple: code signing resource rules (a sealed bundle holds no such links)"
    ids = ("symlink-leaves-bundle", "special-file", "too-many-files")

    def _counts(self, finding: Finding) -> bool:
        return finding.severity is not Severity.NOTE


class Readable(_Findings):
    """Everybody may read the bundle, and not everybody may change it."""

    id = "bundle-modes"
    strictness = 4
    need = Need.RECOMMENDED
    source = "docs/reference/profiles.md: owner and mode of the HAL folder"
    ids = ("not-readable-by-all", "writable-by-others", "name-with-control-characters")


class Named(_Findings):
    """The bundle's name ends with .driver: coreaudiod looks at no other."""

    id = "bundle-named-driver"
    strictness = 2
    need = Need.REQUIRED
    source = "AudioServerPlugIn.h: plug-ins are bundles in /Library/Audio/Plug-Ins/HAL"
    ids = ("not-named-driver",)

    def _counts(self, finding: Finding) -> bool:
        return finding.severity is not Severity.NOTE
