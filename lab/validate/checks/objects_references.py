"""Values that are CoreFoundation objects: of the right type, and the caller's to release."""

from __future__ import annotations

from collections.abc import Iterator

from lab.host.probe_calls import Address
from lab.validate.check import Need
from lab.validate.checks.objects_answers import RawCheck
from lab.validate.contract import REFERENCES
from lab.validate.raw.answers import REFERENCE_BYTES, code_text, rows_in, value
from lab.validate.raw.asked import Asked, found
from lab.validate.raw.settable import CUSTOM
from lab.validate.raw.tree import Tree

_PLIST = {
    *("CFString", "CFNumber", "CFBoolean", "CFDictionary", "CFArray", "CFData", "CFDate"),
}


class ReferencesTyped(RawCheck):
    """Strings, URLs and property lists are of the type that the property has, and never NULL."""

    id = "objects-references-typed"
    strictness = 2
    source = "AudioHardwareBase.h: the type of each property"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Read each."""
        for asked in _references(tree):
            wanted = REFERENCES[asked.kind.type]
            got = asked.get_reference()
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

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Read each three times: of an object that the driver keeps there are as many references.

        The first two are left over, so that nothing is freed that somebody holds.
        """
        for asked in _references(tree):
            kept = {asked.get(REFERENCE_BYTES).data for _ in range(2)}
            got = asked.get_reference()
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

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Read each; those that need a qualifier are not asked for their value."""
        for node in tree.nodes:
            for row in rows_in(value(tree.driver, node.object_id, "cust"), CUSTOM):
                selector, type_, qualifier = (code_text(number) for number in row)
                where = f"custom property '{selector}' of {node}"
                if type_ not in self.types[1:] or qualifier not in self.types:
                    yield f"{where} is declared as '{type_}' with qualifier '{qualifier}'"
                elif not tree.driver.has(node.object_id, selector).has:
                    yield f"{where} is declared, and not there"
                elif qualifier == self.types[0]:
                    yield from self._of_one(tree, node.object_id, selector, type_, where)

    def _of_one(
        self, tree: Tree, number: int, selector: str, type_: str, where: str
    ) -> Iterator[str]:
        size = tree.driver.size(number, selector)
        got = tree.driver.get(number, Address(selector), REFERENCE_BYTES, cf=True)
        if not size.ok or size.size != REFERENCE_BYTES or not got.ok:
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

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Relative to the bundle; empty is the bundle itself."""
        plug_in = tree.nodes[0].object_id
        if not tree.driver.has(plug_in, "rsrc").has:
            yield "the plug-in has no 'rsrc': nobody finds its icons and translations"
            return
        got = tree.driver.get(plug_in, "rsrc", REFERENCE_BYTES, cf=True)
        path = got.reference.value if got.reference is not None else None
        if not isinstance(path, str) or path.startswith("/") or ".." in path.split("/"):
            yield f"the plug-in's 'rsrc' is {path!r}; it must be a path inside the bundle"


def _references(tree: Tree) -> list[Asked]:
    return [asked for asked in found(tree) if asked.kind.is_reference]
