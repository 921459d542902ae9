"""Qualifiers: what a question may have besides its address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lab.host.probe_calls import Address
from lab.validate.check import Need
from lab.validate.checks.objects_answers import RawCheck
from lab.validate.raw.answers import PLUG_IN, code_bytes, words
from lab.validate.raw.asked import sized
from lab.validate.raw.tree import Node, Tree

NO_CLASS = "zzzz"
_STRANGE = (1, 3, 17, 64, 4096)


class OwnedByClass(RawCheck):
    """Asked for the objects of a class that it owns, an object lists these and no others."""

    id = "objects-owned-by-class"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioObjectPropertyOwnedObjects (its qualifier)"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Each class that an object owns, its base class, one that nobody has."""
        nodes = {node.object_id: node for node in tree.nodes}
        for owner in tree.nodes:
            owned = [
                nodes[one] for one in words(tree.driver, owner.object_id, "ownd") if one in nodes
            ]
            classes = {name for node in owned for name in (node.class_id, node.base_class)}
            for name in sorted(classes | {NO_CLASS}):
                yield from self._of_class(tree, owner, owned, name)

    def _of_class(self, tree: Tree, owner: Node, owned: list[Node], name: str) -> Iterator[str]:
        wanted = sorted(node.object_id for node in owned if node.is_a(name))
        got = sorted(words(tree.driver, owner.object_id, "ownd", qualifier=code_bytes(name)))
        if got != wanted:
            yield f"asked for what it owns of class '{name}', {owner} says {got}; it is {wanted}"


class AnyQualifier(RawCheck):
    """A qualifier that is too long, too short or not expected does no harm."""

    id = "objects-strange-qualifiers"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: GetPropertyData (inQualifierDataSize)"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Each property with a few sizes; where none is expected the answer is the same."""
        for asked, size in sized(tree):
            one = asked.kind
            if one.needs and one.needs != "input":
                continue
            for length in _STRANGE:
                got = replace(asked, qualifier=b"\x5a" * length).get(size)
                if one.selector != "ownd" and not got.ok:
                    yield f"{asked} with a qualifier of {length} bytes: {got.status_text}"
                    break
        yield from self._without(tree)

    def _without(self, tree: Tree) -> Iterator[str]:
        """A UID that is not given finds nothing."""
        for selector in ("uidd", "uidb", "uidc"):
            if not tree.driver.has(PLUG_IN, selector).has:
                continue
            for length in (0, 1, 7):
                qualifier = bytes(length) if length else None
                got = tree.driver.get(PLUG_IN, Address(selector), 4, qualifier=qualifier)
                if got.ok and got.data and any(got.data):
                    yield f"'{selector}' with {length} bytes of a UID finds {got.data.hex()}"
