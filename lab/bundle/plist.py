"""Reads property lists that may be hostile: bounded in bytes, depth and number of values.

XML and binary, by the standard library's plistlib, which declines entity declarations (the XML
bomb) by itself. What it leaves to us: how long, how deep, how many. Binary lists may hold one
object many times, or within itself, so that a small file is an endless tree.
"""

from __future__ import annotations

import plistlib
import struct
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from lab.bundle.window import MalformedError, open_window

MAX_BYTES = 1 << 20
"""As libhalsim has it."""
MAX_DEPTH = 32
MAX_VALUES = 20_000


_BINARY = b"bplist"
_TRAILER = ">6x2B3Q"
_CONTAINERS = {0xA: 1, 0xB: 1, 0xC: 1, 0xD: 2}
"""Arrays, sets and dictionaries, by the upper half of their first byte: references per entry."""
_SIZED = {0x4: 1, 0x5: 1, 0x6: 2, 0x7: 1}
"""Data and strings: bytes per unit."""


class Dictionary(dict[str, Any]):
    """A dictionary of a property list that remembers the keys it was given twice."""

    def __init__(self) -> None:
        super().__init__()
        self.twice: list[str] = []

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            self.twice.append(key)
        super().__setitem__(key, value)


def read_plist(path: Path) -> Dictionary:
    """The dictionary at the top of a property list.

    Parameters
    ----------
    path
        XML or binary.

    Returns
    -------
    Dictionary
        Of str, int, float, bool, bytes, datetime, list and Dictionary.

    Raises
    ------
    OSError
        When it cannot be read.
    MalformedError
        When it is no property list, or beyond the bounds; says which.
    """
    with open_window(path) as window:
        if window.size > MAX_BYTES:
            raise MalformedError(f"{window.size} bytes, and {MAX_BYTES} are read at most")
        data = window.read(0, window.size, "the property list")
    return parse_plist(data)


def parse_plist(data: bytes) -> Dictionary:
    """As `read_plist`, of what was read.

    Raises
    ------
    MalformedError
        As there.
    """
    if data.startswith(_BINARY):
        _check_objects(data)
    elif data.count(b"<") > 4 * MAX_VALUES:
        raise MalformedError(f"more than {MAX_VALUES} values")
    try:
        found = plistlib.loads(data, dict_type=Dictionary)
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        EOFError,
        ExpatError,
        LookupError,  # an encoding that nobody knows, too
        MemoryError,
        RecursionError,
        TypeError,
        ValueError,
        plistlib.InvalidFileException,
    ) as error:
        # plistlib lets out what its parts raise.
        why = " ".join(str(error).split())
        raise MalformedError(why or f"no property list ({type(error).__name__})") from error
    if not isinstance(found, Dictionary):
        raise MalformedError("the top is no dictionary")
    _check_bounds(found)
    return found


def _check_objects(data: bytes) -> None:
    """Add up what the objects of a binary list claim, before anybody reads them.

    Objects may share their bytes: a thousand of them can each be the same long array, and each is
    read anew.
    """
    try:
        width, _, count, _, table = struct.unpack_from(_TRAILER, data, len(data) - 32)
        if count > MAX_VALUES or not 1 <= width <= 8 or table + count * width > len(data):
            raise MalformedError(f"{count} objects in {len(data)} bytes")
        entries = size = 0
        for index in range(count):
            at = int.from_bytes(data[table + index * width : table + (index + 1) * width], "big")
            kind, length = data[at] >> 4, data[at] & 0xF
            if length == 0xF:
                digits = 1 << (data[at + 1] & 0x3)
                length = int.from_bytes(data[at + 2 : at + 2 + digits], "big")
            entries += length * _CONTAINERS.get(kind, 0)
            size += length * _SIZED.get(kind, 0)
    except (IndexError, struct.error) as error:
        raise MalformedError("it is cut off") from error
    if entries > MAX_VALUES or size > MAX_BYTES:
        raise MalformedError(f"its objects claim {entries} values and {size} bytes of text")


def _check_bounds(top: Dictionary) -> None:
    """Count as a reader would meet the values: one that is held twice counts twice."""
    waiting: list[tuple[Any, int]] = [(top, 1)]
    values = 0
    while waiting:
        value, depth = waiting.pop()
        values += 1
        if depth > MAX_DEPTH:
            raise MalformedError(f"more than {MAX_DEPTH} levels deep")
        if values + len(waiting) > MAX_VALUES:
            raise MalformedError(f"more than {MAX_VALUES} values")
        if isinstance(value, dict):
            for key, item in value.items():
                if not isinstance(key, str):
                    raise MalformedError("a key is no text")
                waiting.append((item, depth + 1))
        elif isinstance(value, list):
            waiting += [(item, depth + 1) for item in value[: MAX_VALUES + 1]]
