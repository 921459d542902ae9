"""Values that are CoreFoundation objects: of the right type, and the caller's to release."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from lab.host.probe_calls import Address
from lab.validate.check import Need
from lab.validate.checks.objects_answers import RawCheck
from lab.validate.contract import REFERENCES
from lab.validate.raw import Asked, Raw, code_text

_PLIST = {
    *("CFString", "CFNumber", "CFBoolean", "CFDictionary", "CFArray", "CFData", "CFDate"),
}


class ReferencesTyped(RawCheck):
    """Strings, URLs and property lists are of the type that the property has, and never NULL."""

    id = "objects-references-typed"
    strictness = 2
    source = "AudioHardwareBase.h: the type of each property"

    def complaints(self, raw: Raw) -> Iterator[str]:
        """Read each."""
        for asked in _references(raw):
            wanted = REFERENCES[asked.kind.type]
            got = raw.driver.get(asked.node.id, asked.where, 8, cf=True, qualifier=asked.qualifier)
            if not got.ok:
                yield f"{asked} cannot be read: {got.status_text}"
            elif got.reference is None:
                yield f"{asked} is NULL, with success"
            elif got.reference.type not in ({wanted} if wanted else _PLIST):
                yield f"{asked} is a {got.reference.type}; it must be a {wanted or 'property list'}"


class ReferencesRetained(RawCheck):
    """Whoever reads a string, URL or property list gets a reference of his own to release."""

    id = "objects-references-retained"
    strictness = 2
    source = "AudioServerPlugIn.h: GetPropertyData (the caller releases what it gets)"

    def complaints(self, raw: Raw) -> Iterator[str]:
        """Read each three times: of an object that the driver keeps there are as many references.

        The first two are left over, so that nothing is freed that somebody holds.
        """
        for asked in _references(raw):
            kept = {raw.get(asked, 8).data for _ in range(2)}
            got = raw.driver.get(asked.node.id, asked.where, 8, cf=True, qualifier=asked.qualifier)
            if len(kept) > 1 or not got.ok or got.reference is None:
                continue  # a new one for each, or none at all
            count = got.reference.retain_count
            if 0 < count < 3:
                yield (
                    f"{asked}: the same {got.reference.type} was given three times, and has "
                    f"{count} references; each reader must get one of his own"
                )
                return  # what is released now may be gone


class CustomProperties(RawCheck):
    """A property that an object declares as its own is there, and of the type that it declares."""

    id = "objects-custom-properties"
    strictness = 3
    source = "AudioServerPlugIn.h: AudioServerPlugInCustomPropertyInfo"
    types = ("\0\0\0\0", "cfst", "plst")

    def complaints(self, raw: Raw) -> Iterator[str]:
        """Read each; those that need a qualifier are not asked for their value."""
        for node in raw.nodes:
            declared = raw.value(node.id, "cust") or b""
            for row in struct.iter_unpack("<3I", declared[: len(declared) // 12 * 12]):
                selector, type_, qualifier = (code_text(number) for number in row)
                where = f"custom property '{selector}' of {node}"
                if type_ not in self.types[1:] or qualifier not in self.types:
                    yield f"{where} is declared as '{type_}' with qualifier '{qualifier}'"
                elif not raw.driver.has(node.id, selector).has:
                    yield f"{where} is declared, and not there"
                elif qualifier == self.types[0]:
                    yield from self._of_one(raw, node.id, selector, type_, where)

    def _of_one(
        self, raw: Raw, number: int, selector: str, type_: str, where: str
    ) -> Iterator[str]:
        size = raw.driver.size(number, selector)
        got = raw.driver.get(number, Address(selector), 8, cf=True)
        if not size.ok or size.size != 8 or not got.ok:
            yield f"{where} has {size.size} bytes, and reading it answered {got.status_text}"
        elif got.reference is None:
            return  # nothing is set
        elif got.reference.type not in ({"CFString"} if type_ == "cfst" else _PLIST):
            yield f"{where} is declared as '{type_}', and is a {got.reference.type}"


class ResourceBundle(RawCheck):
    """The plug-in says where its resources are: a path inside its bundle."""

    id = "objects-resource-bundle"
    strictness = 3
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: kAudioPlugInPropertyResourceBundle"

    def complaints(self, raw: Raw) -> Iterator[str]:
        """Relative to the bundle; empty is the bundle itself."""
        plug_in = raw.nodes[0].id
        if not raw.driver.has(plug_in, "rsrc").has:
            yield "the plug-in has no 'rsrc': nobody finds its icons and translations"
            return
        got = raw.driver.get(plug_in, "rsrc", 8, cf=True)
        path = got.reference.value if got.reference is not None else None
        if not isinstance(path, str) or path.startswith("/") or ".." in path.split("/"):
            yield f"the plug-in's 'rsrc' is {path!r}; it must be a path inside the bundle"


def _references(raw: Raw) -> list[Asked]:
    return [asked for asked in raw.found if asked.kind.is_reference]
