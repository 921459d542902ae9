"""What can be set of a driver's objects, and setting it.

The host reads the same, but hides what it cannot use; raw calls see a driver as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lab.host.probe import Instance
from lab.host.probe_calls import Address, Data
from lab.validate.contract import REFERENCES, SIZES
from lab.validate.raw.answers import code_text, rows_in, value
from lab.validate.raw.tree import Node, Tree

LEVELS = frozenset({"vlme", "subv", "levl"})
SWITCHES = frozenset(
    {"togl", "mute", "solo", "subm", "phan", "phsi", "talb", "lsnb"}
)  # those of jacks and clip lights are only told
CUSTOM = "=3I"
"""AudioServerPlugInCustomPropertyInfo: selector, type, type of the qualifier."""

Kind = Literal["u32", "f32", "f64", "format", "string", "plist"]
"""Of a value, as in `contract.SIZES`: the last two are references."""

_SETTABLE: dict[str, tuple[tuple[str, Kind], ...]] = {
    "adev": (("nsrt", "f64"),),
    "astr": (("sact", "u32"), ("sfmt", "format"), ("pft ", "format")),
    **dict.fromkeys(LEVELS, (("lcsv", "f32"), ("lcdv", "f32"))),
    **dict.fromkeys(SWITCHES, (("bcvl", "u32"),)),
    "span": (("spcv", "f32"),),
    "sldr": (("sdrv", "u32"),),
}
_CUSTOM_KINDS: dict[str, Kind] = {"cfst": "string", "plst": "plist"}
_LETTERS = {"u32": "=I", "f32": "=f", "f64": "=d"}


@dataclass(frozen=True)
class Value:
    """Something that an object has, and that can be set, or might be.

    Attributes
    ----------
    node
        Whose it is.
    selector
        A four-character code, or a number that is none.
    kind
        How it is written.
    settable
        What the object says of it.
    """

    node: Node
    selector: str | int
    kind: Kind
    settable: bool

    @property
    def object_id(self) -> int:
        """Whose it is, as a number."""
        return self.node.object_id

    @property
    def where(self) -> Address:
        """In the global scope."""
        return Address(self.selector)

    @property
    def size(self) -> int:
        """Of its data, bytes."""
        return SIZES[self.kind]

    @property
    def is_reference(self) -> bool:
        """Whether its data is a pointer to a CoreFoundation object."""
        return self.kind in REFERENCES

    def __str__(self) -> str:
        name = f"'{self.selector}'" if isinstance(self.selector, str) else f"{self.selector:#x}"
        return f"{name} of {self.node}"


# ---- what there is -----------------------------------------------------------------------------


def values_of(driver: Instance) -> Iterator[Value]:
    """What could be set, with what the driver says of it: of the headers, and custom properties."""
    for node in Tree(driver).nodes:
        for selector, kind in (*_SETTABLE.get(node.class_id, ()), *_custom_of(driver, node)):
            where = Address(selector)
            if driver.has(node.object_id, where).has:
                told = driver.is_settable(node.object_id, where)
                yield Value(node, selector, kind, told.ok and bool(told.settable))


def customs_of(driver: Instance) -> Iterator[Value]:
    """Custom properties that hold a reference and say that they can be set."""
    return (one for one in values_of(driver) if one.is_reference and one.settable)


def current_of(driver: Instance) -> Iterator[tuple[Value, bytes]]:
    """Values that can be set and are no references, and what each is right before it is told."""
    for one in values_of(driver):
        if one.settable and not one.is_reference:
            now = read(driver, one)
            if now is not None:
                yield one, now


def _custom_of(driver: Instance, node: Node) -> Iterator[tuple[str | int, Kind]]:
    if not driver.has(node.object_id, "cust").has:
        return
    for selector, type_, _ in rows_in(value(driver, node.object_id, "cust"), CUSTOM):
        kind = _CUSTOM_KINDS.get(code_text(type_))
        if kind is not None:
            text = code_text(selector)
            yield text if text.isascii() and text.isprintable() else selector, kind


# ---- reading and setting -----------------------------------------------------------------------


def read(driver: Instance, value: Value) -> bytes | None:
    """What a value that is no reference is now; None when it cannot be read in its own size."""
    answer = driver.get(value.object_id, value.where, value.size)
    return answer.data if answer.ok and answer.size == value.size else None


def set_raw(driver: Instance, value: Value, data: Data) -> str | None:
    """Set a value; what the driver answered when it refused, else None."""
    answer = driver.set(value.object_id, value.where, data)
    return None if answer.ok else answer.status_text


def number_of(value: Value, data: bytes | None) -> float:
    """Bytes of a value as a number; not a number when they are none."""
    if data is None or len(data) != value.size or value.kind not in _LETTERS:
        return float("nan")
    return float(struct.unpack(_LETTERS[value.kind], data)[0])


def bytes_of(value: Value, number: float) -> bytes:
    """A number as bytes of a value."""
    return struct.pack(_LETTERS[value.kind], int(number) if value.kind == "u32" else number)
