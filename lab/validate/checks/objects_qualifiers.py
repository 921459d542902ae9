"""Qualifiers: what a question may have besides its address."""

from __future__ import annotations

from collections.abc import Iterator

from lab.host.probe_calls import Address
from lab.validate.check import Need
from lab.validate.checks.objects_answers import RawCheck
from lab.validate.raw import PLUG_IN, Node, Raw, code_bytes

NO_CLASS = "zzzz"
_STRANGE = (1, 3, 17, 64, 4096)


class OwnedByClass(RawCheck):
    """Asked for the objects of a class that it owns, an object lists these and no others."""

    id = "objects-owned-by-class"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioObjectPropertyOwnedObjects (its qualifier)"

    def complaints(self, raw: Raw) -> Iterator[str]:
        """Each class that an object owns, its base class, one that nobody has."""
        nodes = {node.id: node for node in raw.nodes}
        for owner in raw.nodes:
            owned = [nodes[one] for one in raw.numbers(owner.id, "ownd") if one in nodes]
            classes = {name for node in owned for name in (node.class_id, node.base_class)}
            for name in sorted(classes | {NO_CLASS}):
                yield from self._of_class(raw, owner, owned, name)

    def _of_class(self, raw: Raw, owner: Node, owned: list[Node], name: str) -> Iterator[str]:
        wanted = sorted(node.id for node in owned if node.is_a(name))
        got = sorted(raw.numbers(owner.id, "ownd", qualifier=code_bytes(name)))
        if got != wanted:
            yield f"asked for what it owns of class '{name}', {owner} says {got}; it is {wanted}"


class AnyQualifier(RawCheck):
    """A qualifier that is too long, too short or not expected does no harm."""

    id = "objects-strange-qualifiers"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioServerPlugIn.h: GetPropertyData (inQualifierDataSize)"

    def complaints(self, raw: Raw) -> Iterator[str]:
        """Each property with a few sizes; where none is expected the answer is the same."""
        for asked, size in raw.sized():
            one = asked.kind
            if one.needs and one.needs != "input":
                continue
            for length in _STRANGE:
                got = raw.driver.get(asked.node.id, asked.where, size, qualifier=b"\x5a" * length)
                if one.selector != "ownd" and not got.ok:
                    yield f"{asked} with a qualifier of {length} bytes: {got.status_text}"
                    break
        yield from self._without(raw)

    def _without(self, raw: Raw) -> Iterator[str]:
        """A UID that is not given finds nothing."""
        for selector in ("uidd", "uidb", "uidc"):
            if not raw.driver.has(PLUG_IN, selector).has:
                continue
            for length in (0, 1, 7):
                qualifier = bytes(length) if length else None
                got = raw.driver.get(PLUG_IN, Address(selector), 4, qualifier=qualifier)
                if got.ok and got.data and any(got.data):
                    yield f"'{selector}' with {length} bytes of a UID finds {got.data.hex()}"
