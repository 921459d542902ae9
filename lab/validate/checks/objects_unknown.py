"""What is asked for and is not there: selectors, objects, scopes, elements."""

from __future__ import annotations

from collections.abc import Iterator

from lab.host import probe_calls as calls
from lab.host.probe_calls import Address
from lab.host.probe_models import CallResult, HasResult
from lab.validate.check import Need
from lab.validate.checks.objects_answers import RawCheck
from lab.validate.raw.asked import found
from lab.validate.raw.tree import Tree

SELECTORS: tuple[str | int, ...] = ("zzzz", 0, 0xFFFFFFFF)
_BAD_OBJECT = {"'!obj'", "'!dev'", "'!str'"}
UNKNOWN_SCOPE = "zzzz"
ELEMENTS = (17, 65_536)


class UnknownSelector(RawCheck):
    """A selector that nobody knows is refused by every object."""

    id = "objects-unknown-selector"
    strictness = 2
    source = "AudioHardwareBase.h: kAudioHardwareUnknownPropertyError"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """Each object, all five functions."""
        for node in tree.nodes:
            for selector in SELECTORS:
                where = Address(selector)
                yield from _succeeded(
                    tree, node.object_id, where, f"selector {selector!r} of {node}"
                )


class UnknownObject(RawCheck):
    """A number that is no object has no properties."""

    id = "objects-unknown-object-refused"
    strictness = 4
    source = "AudioHardwareBase.h: kAudioHardwareBadObjectError"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """No object at all, and numbers far from those that there are."""
        for number in unknown_objects(tree):
            for selector in ("clas", "lnam", "ownd"):
                what = f"'{selector}' of object {number}, which is not there,"
                yield from _succeeded(tree, number, Address(selector), what)


class UnknownObjectTold(RawCheck):
    """Asked for an object that is not there, the driver says so, and not another reason."""

    id = "objects-unknown-object-told"
    strictness = 6
    need = Need.RECOMMENDED
    source = "AudioHardwareBase.h: kAudioHardwareBadObjectError"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """One property each."""
        for number in unknown_objects(tree):
            for call in (
                calls.is_settable(number, "clas"),
                calls.size(number, "clas"),
                calls.get(number, "clas", 4),
            ):
                got = tree.driver.call(call, CallResult)
                if not got.ok and got.status_text not in _BAD_OBJECT:
                    yield (
                        f"{call.function} of object {number}, which is not there, answered "
                        f"{got.status_text}; it should be '!obj'"
                    )


class UnknownScope(RawCheck):
    """A scope that does not exist has no properties."""

    id = "objects-unknown-scope"
    strictness = 8
    need = Need.OPTIONAL
    source = "AudioHardwareBase.h: AudioObjectPropertyScope"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """All that there is globally."""
        for asked in found(tree):
            where = Address(asked.kind.selector, UNKNOWN_SCOPE)
            if asked.scope == "glob" and tree.driver.has(asked.node.object_id, where).has:
                yield f"{asked} is there in scope '{UNKNOWN_SCOPE}', too"


class UnknownElement(RawCheck):
    """Properties that are not by channel have the main element only."""

    id = "objects-unknown-element"
    strictness = 8
    need = Need.OPTIONAL
    source = "AudioHardwareBase.h: kAudioObjectPropertyElementMain"

    def complaints(self, tree: Tree) -> Iterator[str]:
        """All that there is; properties by channel are not of these."""
        for asked in found(tree):
            for element in ELEMENTS:
                where = Address(asked.kind.selector, asked.scope, element)
                if tree.driver.has(asked.node.object_id, where).has:
                    yield f"{asked} is there for element {element}, too"
                    break


def unknown_objects(tree: Tree) -> list[int]:
    """Numbers that are no object of the driver.

    None next to those that it lists: what it does not list now may be there all the same.
    """
    known = tree.ids
    return [one for one in (0, max(known) + 1_000, 0x7FFFFFFF, 0xFFFFFFFF) if one not in known]


def _succeeded(tree: Tree, number: int, where: Address, what: str) -> Iterator[str]:
    if tree.driver.call(calls.has(number, where), HasResult).has:
        yield f"HasProperty of {what} says yes"
    for call in (
        calls.is_settable(number, where),
        calls.size(number, where),
        calls.get(number, where, 64),
        calls.set_(number, where, bytes(8)),
    ):
        if tree.driver.call(call, CallResult).ok:
            yield f"{call.function} of {what} succeeds"
