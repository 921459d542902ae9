"""The objects of a driver as raw calls find them, and what can be set of each.

The host reads the same, but hides what it cannot use; raw calls see a driver as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lab.host.probe import Instance
from lab.host.probe_calls import Address, Data

PLUG_IN = 1
LEVELS = frozenset({"vlme", "subv", "levl"})
SWITCHES = frozenset(
    {"togl", "mute", "solo", "subm", "phan", "phsi", "talb", "lsnb"}
)  # those of jacks and clip lights are only told
MAX_OBJECTS = 512
_ROOM = 4 * MAX_OBJECTS
_LISTS = ("ownd", "dev#", "box#", "clk#", "stm#", "ctrl")

Kind = Literal["u32", "f32", "f64", "format", "string", "plist"]
"""Of a value: the last two are references."""

SIZES: dict[str, int] = {"u32": 4, "f32": 4, "f64": 8, "format": 40, "string": 8, "plist": 8}
"""Bytes of each kind."""

_SETTABLE: dict[str, tuple[tuple[str, Kind], ...]] = {
    "adev": (("nsrt", "f64"),),
    "astr": (("sact", "u32"), ("sfmt", "format"), ("pft ", "format")),
    **dict.fromkeys(LEVELS, (("lcsv", "f32"), ("lcdv", "f32"))),
    **dict.fromkeys(SWITCHES, (("bcvl", "u32"),)),
    "span": (("spcv", "f32"),),
    "sldr": (("sdrv", "u32"),),
}
_CUSTOM: dict[int, Kind] = {
    int.from_bytes(b"cfst", "big"): "string",
    int.from_bytes(b"plst", "big"): "plist",
}

REFERENCES = frozenset(
    {
        *("lnam", "lmod", "lmak", "lchn", "lccn", "lcnn", "snum", "fwvn", "piid", "rsrc"),
        *("buid", "capp", "uid ", "muid", "icon", "cuid", "acom", "scin"),
    }
)
"""Selectors of AudioHardwareBase.h and AudioServerPlugIn.h whose data is a reference."""

OTHERS = frozenset(
    {
        *("bcls", "clas", "stdv", "ownd", "iden", "cust", "dev#", "uidd", "box#", "uidb", "clk#"),
        *("uidc", "end#", "uide", "tran", "bhau", "bhvi", "bhmi", "bpro", "bxon", "bxof", "bdv#"),
        *("bcl#", "akin", "clkd", "livn", "goin", "dflt", "sflt", "ltnc", "stm#", "ctrl", "saft"),
        *("nsrt", "nsr#", "hidn", "dch2", "srnd", "ring", "clok", "cstb", "resc", "resf", "sact"),
        *("sdir", "term", "schn", "sfmt", "sfma", "pft ", "pfta", "cscp", "celm", "sdrv", "sdrr"),
        *("lcsv", "lcdv", "lcdr", "lcsd", "lcds", "bcvl", "scci", "scai", "clkk", "spcv", "spcc"),
    }
)
"""The other selectors of those headers."""


@dataclass(frozen=True)
class Node:
    """An object.

    Attributes
    ----------
    number
        Its ID.
    class_id
        Its class, as four characters.
    """

    number: int
    class_id: str

    def __str__(self) -> str:
        return f"object {self.number} ('{self.class_id}')"


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
        return self.kind in {"string", "plist"}

    def __str__(self) -> str:
        name = f"'{self.selector}'" if isinstance(self.selector, str) else f"{self.selector:#x}"
        return f"{name} of {self.node}"


def fourcc(number: int) -> str:
    """A code as its four characters."""
    return number.to_bytes(4, "big").decode("latin-1")


def u32_list(data: bytes | None) -> list[int]:
    """What a list of numbers holds; bytes that are left over are not looked at."""
    data = data or b""
    return list(struct.unpack(f"={len(data) // 4}I", data[: len(data) // 4 * 4]))


def objects_of(instance: Instance) -> list[Node]:
    """All objects, the plug-in first, each once.

    Parameters
    ----------
    instance
        Initialized.

    Returns
    -------
    list of Node
        At most 512.
    """
    found: dict[int, Node] = {}
    waiting = [PLUG_IN]
    while waiting and len(found) < MAX_OBJECTS:
        number = waiting.pop(0)
        if number in found or number == 0:
            continue
        told = u32_list(instance.get(number, "clas", 4).data)
        found[number] = Node(number, fourcc(told[0]) if told else "????")
        for selector in _LISTS:
            if instance.has(number, selector).has:
                waiting += u32_list(instance.get(number, selector, _ROOM).data)
    return list(found.values())


def devices_of(instance: Instance) -> list[Node]:
    """Its devices."""
    return [node for node in objects_of(instance) if node.class_id == "adev"]


def values_of(instance: Instance) -> Iterator[Value]:
    """What could be set, with what the driver says of it: of the headers, and custom properties."""
    for node in objects_of(instance):
        for selector, kind in (*_SETTABLE.get(node.class_id, ()), *_custom_of(instance, node)):
            where = Address(selector)
            if instance.has(node.number, where).has:
                told = instance.is_settable(node.number, where)
                yield Value(node, selector, kind, told.ok and bool(told.settable))


def customs_of(instance: Instance) -> Iterator[Value]:
    """Custom properties that hold a reference and say that they can be set."""
    for value in values_of(instance):
        if value.is_reference and value.settable:
            yield value


def _custom_of(instance: Instance, node: Node) -> Iterator[tuple[str | int, Kind]]:
    if not instance.has(node.number, "cust").has:
        return
    listed = u32_list(instance.get(node.number, "cust", 12 * 64).data)
    for selector, kind in zip(listed[::3], listed[1::3], strict=False):
        if kind in _CUSTOM:
            text = fourcc(selector)
            yield text if text.isascii() and text.isprintable() else selector, _CUSTOM[kind]


def read(instance: Instance, value: Value) -> bytes | None:
    """What a value that is no reference is now; None when it cannot be read."""
    answer = instance.get(value.node.number, value.where, value.size)
    return answer.data if answer.ok and answer.size == value.size else None


def number_of(value: Value, data: bytes | None) -> float:
    """Bytes of a value as a number; not a number when they are none."""
    codes = {"u32": "=I", "f32": "=f", "f64": "=d"}
    if data is None or len(data) != value.size or value.kind not in codes:
        return float("nan")
    return float(struct.unpack(codes[value.kind], data)[0])


def bytes_of(value: Value, number: float) -> bytes:
    """A number as bytes of a value."""
    if value.kind == "u32":
        return struct.pack("=I", int(number))
    return struct.pack("=d" if value.kind == "f64" else "=f", number)


def set_raw(instance: Instance, value: Value, data: Data, *, size: int | None = None) -> str | None:
    """Set a value; what the driver answered when it refused, else None."""
    answer = instance.set(value.node.number, value.where, data, size=size)
    return None if answer.ok else answer.status_text
