"""A driver's objects as raw calls find them: no host has looked at the answers before."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lab.host.probe import Instance
from lab.host.probe_calls import Address, Data
from lab.host.probe_models import DataResult, SizeResult
from lab.validate.check import Unmet
from lab.validate.contract import Property, is_a, properties_of

PLUG_IN = 1
MOST_OBJECTS = 4096
MOST_BYTES = 1 << 20
"""Of a buffer of the probe."""
_LISTS = {"aplg": ("dev#", "box#", "clk#"), "adev": ("stm#", "ctrl")}
"""In which objects of a class name others; what they own should be all."""
NOBODY = "nobody has this UID"


@dataclass(frozen=True)
class Node:
    """An object.

    Attributes
    ----------
    id
        Its number.
    class_id, base_class
        As it says; empty when it does not.
    listed_by
        The object that owns or lists it first; 0: none.
    """

    id: int
    class_id: str
    base_class: str
    listed_by: int

    def is_a(self, wanted: str) -> bool:
        """Whether it is of a standard class, or of one that is based on it."""
        return is_a(self.class_id, self.base_class, wanted)

    def __str__(self) -> str:
        return f"object {self.id} ('{self.class_id}')"


@dataclass(frozen=True)
class Asked:
    """A property of the contract, of an object, in a scope; whether it has it is another matter.

    Attributes
    ----------
    node
        The object.
    kind
        What the contract says of it.
    scope
        Four characters.
    qualifier
        That it needs to be asked with.
    """

    node: Node
    kind: Property
    scope: str = "glob"
    qualifier: Data = None

    @property
    def where(self) -> Address:
        """Its address."""
        return Address(self.kind.selector, self.scope)

    def __str__(self) -> str:
        scope = "" if self.scope == "glob" else f"/{self.scope}"
        return f"'{self.kind.selector}'{scope} of {self.node}"


class Raw:
    """All objects of a driver, and what they have.

    Parameters
    ----------
    instance
        Initialized.

    Raises
    ------
    Unmet
        When there are more than `MOST_OBJECTS`.
    """

    def __init__(self, instance: Instance) -> None:
        self.driver = instance
        self.nodes: list[Node] = []
        seen = {PLUG_IN}
        waiting = [(PLUG_IN, 0)]
        while waiting:
            number, owner = waiting.pop(0)
            names = (self.code(number, "clas"), self.code(number, "bcls"))
            self.nodes.append(Node(number, *names, owner))
            for one in self._listed(self.nodes[-1]):
                if one not in seen:
                    seen.add(one)
                    waiting.append((one, number))
            if len(seen) > MOST_OBJECTS:
                raise Unmet(f"the driver has more than {MOST_OBJECTS} objects")

    # ---- reading -------------------------------------------------------------------------------

    def value(
        self, number: int, selector: str, scope: str = "glob", *, qualifier: Data = None
    ) -> bytes | None:
        """The bytes of a property, in as much room as it says to need; None: refused."""
        where = Address(selector, scope)
        size = self.driver.size(number, where, qualifier=qualifier)
        if not size.ok or size.size is None or size.size > MOST_BYTES:
            return None
        got = self.driver.get(number, where, size.size, qualifier=qualifier)
        return got.data if got.ok and got.size is not None else None

    def numbers(
        self, number: int, selector: str, scope: str = "glob", *, qualifier: Data = None
    ) -> tuple[int, ...]:
        """A list of UInt32; empty when it is refused."""
        data = self.value(number, selector, scope, qualifier=qualifier) or b""
        return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])

    def number(self, number: int, selector: str, scope: str = "glob") -> int | None:
        """A UInt32; None when it is refused."""
        found = self.numbers(number, selector, scope)
        return found[0] if found else None

    def real(self, number: int, selector: str, scope: str = "glob") -> float | None:
        """A Float32 or Float64, after its size; None when it is refused, or neither."""
        data = self.value(number, selector, scope) or b""
        letter = {4: "<f", 8: "<d"}.get(len(data))
        return None if letter is None else float(struct.unpack(letter, data)[0])

    def ranges(self, number: int, selector: str) -> list[tuple[float, float]]:
        """A list of AudioValueRange."""
        data = self.value(number, selector) or b""
        return [(low, high) for low, high in struct.iter_unpack("<2d", data[: len(data) & ~15])]

    def code(self, number: int, selector: str) -> str:
        """A four-character code; empty when it is refused."""
        found = self.number(number, selector)
        return "" if found is None else code_text(found)

    # ---- what there is -------------------------------------------------------------------------

    def of_class(self, wanted: str) -> list[Node]:
        """Objects of a standard class or based on it."""
        return [node for node in self.nodes if node.is_a(wanted)]

    def all_asked(self) -> Iterator[Asked]:
        """Each property that the classes of the contract may have, in each scope."""
        for node in self.nodes:
            for one in properties_of(node.class_id, node.base_class):
                qualifier = self._qualifier(node, one)
                for scope in one.scopes:
                    yield Asked(node, one, scope, qualifier)

    @cached_property
    def found(self) -> list[Asked]:
        """Those that HasProperty says are there."""
        return [asked for asked in self.all_asked() if self.has(asked)]

    def has(self, asked: Asked) -> bool:
        """HasProperty."""
        return bool(self.driver.has(asked.node.id, asked.where).has)

    def size(self, asked: Asked) -> SizeResult:
        """GetPropertyDataSize, with the qualifier that it needs."""
        return self.driver.size(asked.node.id, asked.where, qualifier=asked.qualifier)

    def get(self, asked: Asked, room: int) -> DataResult:
        """GetPropertyData; a reference that comes is left over."""
        return self.driver.get(asked.node.id, asked.where, room, qualifier=asked.qualifier)

    def sized(self, found: Sequence[Asked] | None = None) -> Iterator[tuple[Asked, int]]:
        """Those that are there and tell a size, with it."""
        for asked in self.found if found is None else found:
            size = self.size(asked)
            if size.ok and size.size is not None and size.size <= MOST_BYTES:
                yield asked, size.size

    def _listed(self, node: Node) -> Iterator[int]:
        """What an object owns, and names besides."""
        yield from self.numbers(node.id, "ownd")
        for class_id, selectors in _LISTS.items():
            for selector in selectors if node.is_a(class_id) else ():
                if self.driver.has(node.id, selector).has:
                    yield from self.numbers(node.id, selector)

    def _qualifier(self, node: Node, one: Property) -> Data:
        if one.needs == "uid":
            return ("string", NOBODY)
        if one.needs == "item":
            items = self.numbers(node.id, "scai")
            return struct.pack("<I", items[0] if items else 0)
        return None


def code_text(code: int) -> str:
    """A four-character code as text."""
    return code.to_bytes(4, "big").decode("latin-1")


def code_bytes(*codes: str) -> bytes:
    """Four-character codes as a driver gets them in a qualifier."""
    return b"".join(struct.pack("<I", int.from_bytes(code.encode(), "big")) for code in codes)
