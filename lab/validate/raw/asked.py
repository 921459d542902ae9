"""The questions that the contract has for each object of a driver."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lab.host.probe import Instance
from lab.host.probe_calls import Address, Data
from lab.host.probe_models import DataResult, HasResult, SettableResult, SizeResult
from lab.validate.contract import Property, properties_of
from lab.validate.raw.answers import MOST_BYTES, REFERENCE_BYTES, number
from lab.validate.raw.tree import Node, Tree

NOBODY = "nobody has this UID"


@dataclass(frozen=True)
class Asked:
    """A property of the contract, of an object, in a scope; whether it has it is another matter.

    Attributes
    ----------
    driver, node
        The object, and whose it is.
    kind
        What the contract says of it.
    scope
        Four characters.
    qualifier
        That it needs to be asked with.
    """

    driver: Instance
    node: Node
    kind: Property
    scope: str = "glob"
    qualifier: Data = None

    @property
    def where(self) -> Address:
        """Its address."""
        return Address(self.kind.selector, self.scope)

    def has(self) -> HasResult:
        """HasProperty."""
        return self.driver.has(self.node.object_id, self.where)

    def is_settable(self) -> SettableResult:
        """IsPropertySettable."""
        return self.driver.is_settable(self.node.object_id, self.where)

    def size(self) -> SizeResult:
        """GetPropertyDataSize, with the qualifier that it needs."""
        return self.driver.size(self.node.object_id, self.where, qualifier=self.qualifier)

    def get(self, room: int) -> DataResult:
        """GetPropertyData; a reference that comes is left over."""
        return self.driver.get(self.node.object_id, self.where, room, qualifier=self.qualifier)

    def get_reference(self) -> DataResult:
        """GetPropertyData of a reference, which is looked at and released."""
        return self.driver.get(
            self.node.object_id, self.where, REFERENCE_BYTES, cf=True, qualifier=self.qualifier
        )

    def __str__(self) -> str:
        scope = "" if self.scope == "glob" else f"/{self.scope}"
        return f"'{self.kind.selector}'{scope} of {self.node}"


def all_asked(tree: Tree) -> Iterator[Asked]:
    """Each property that the classes of the contract may have, in each scope."""
    for node in tree.nodes:
        for one in properties_of(node.class_id, node.base_class):
            qualifier = _qualifier(tree.driver, node, one)
            for scope in one.scopes:
                yield Asked(tree.driver, node, one, scope, qualifier)


def found(tree: Tree) -> list[Asked]:
    """Those that HasProperty says are there."""
    return [asked for asked in all_asked(tree) if asked.has().has]


def sized(tree: Tree) -> Iterator[tuple[Asked, int]]:
    """Those that are there and tell a size, with it."""
    for asked in found(tree):
        size = asked.size()
        if size.ok and size.size is not None and size.size <= MOST_BYTES:
            yield asked, size.size


def _qualifier(driver: Instance, node: Node, one: Property) -> Data:
    if one.needs == "uid":
        return ("string", NOBODY)
    if one.needs == "item":
        return struct.pack("=I", number(driver, node.object_id, "scai") or 0)
    return None
