"""One property of one object, read by raw calls.

Two ways to find room for the answer, because two kinds of checks ask:

- Without `room` the driver is asked for the size first, as hosts do: two calls, and what it says of
  the size counts. So do checks of objects and of what can be set.
- With `room` there is one call, into so many bytes. So do checks of clients, IO and time: they find
  a device also where GetPropertyDataSize is at fault, which is for the others to say.

What is refused is empty, or None: most checks go on without it. A check that cannot uses `needed`.
"""

from __future__ import annotations

import struct
from typing import Any

from lab.host.probe import Instance
from lab.host.probe_calls import Address, Data
from lab.validate.check import Unmet

PLUG_IN = 1
"""kAudioObjectPlugInObject."""
MOST_BYTES = 1 << 20
"""Of a buffer of the probe."""
ROOM = 4096
"""Bytes for a list of which the size is not asked for."""
REFERENCE_BYTES = 8

# ---- reading -----------------------------------------------------------------------------------


def value(
    driver: Instance,
    object_id: int,
    selector: str,
    scope: str = "glob",
    *,
    qualifier: Data = None,
    room: int | None = None,
) -> bytes | None:
    """The bytes of a property.

    Parameters
    ----------
    driver, object_id, selector, scope, qualifier
        Of what.
    room
        Bytes that there are for it; None: as many as the driver says that it needs.

    Returns
    -------
    bytes or None
        None: it is refused, its size is, or there is more of it than `MOST_BYTES`.
    """
    where = Address(selector, scope)
    if room is None:
        size = driver.size(object_id, where, qualifier=qualifier)
        if not size.ok or size.size is None or size.size > MOST_BYTES:
            return None
        room = size.size
    got = driver.get(object_id, where, room, qualifier=qualifier)
    return got.data if got.ok and got.size is not None else None


def words(
    driver: Instance,
    object_id: int,
    selector: str,
    scope: str = "glob",
    *,
    qualifier: Data = None,
    room: int | None = None,
) -> tuple[int, ...]:
    """A property that is a UInt32 or a list of them; empty when it is refused."""
    return words_in(value(driver, object_id, selector, scope, qualifier=qualifier, room=room))


def needed(driver: Instance, object_id: int, selector: str) -> tuple[int, ...]:
    """A list of object IDs that there must be, in a room of `ROOM` bytes.

    Raises
    ------
    Unmet
        When the driver does not give it.
    """
    answer = driver.get(object_id, selector, ROOM)
    if not answer.ok or answer.data is None:
        raise Unmet(
            f"object {object_id} answered {answer.status_text} when it was asked for the list "
            f"'{selector}'"
        )
    return words_in(answer.data)


def number(
    driver: Instance,
    object_id: int,
    selector: str,
    scope: str = "glob",
    *,
    room: int | None = None,
) -> int | None:
    """A UInt32; None when it is refused."""
    return next(iter(words(driver, object_id, selector, scope, room=room)), None)


def real(
    driver: Instance, object_id: int, selector: str, *, room: int | None = None
) -> float | None:
    """A Float32 or Float64, after its size; None when it is refused, or neither."""
    data = value(driver, object_id, selector, room=room) or b""
    letter = {4: "=f", 8: "=d"}.get(len(data))
    return None if letter is None else float(struct.unpack(letter, data)[0])


def ranges(
    driver: Instance, object_id: int, selector: str, *, room: int | None = None
) -> list[tuple[float, float]]:
    """A list of AudioValueRange; empty when it is refused."""
    data = value(driver, object_id, selector, room=room)
    return [(low, high) for low, high in rows_in(data, "=2d")]


def code(driver: Instance, object_id: int, selector: str, *, room: int | None = None) -> str:
    """A four-character code; empty when it is refused."""
    found = number(driver, object_id, selector, room=room)
    return "" if found is None else code_text(found)


def text(driver: Instance, object_id: int, selector: str) -> str | None:
    """A string; None when there is none."""
    answer = driver.get(object_id, selector, REFERENCE_BYTES, cf=True)
    if not answer.ok or answer.reference is None or not isinstance(answer.reference.value, str):
        return None
    return answer.reference.value


# ---- bytes -------------------------------------------------------------------------------------


def rows_in(data: bytes | None, layout: str) -> list[tuple[Any, ...]]:
    """What a list holds.

    Parameters
    ----------
    data
        The list; None: none.
    layout
        Of an element, as `struct` has it. Bytes that are left over are not looked at.
    """
    data = data or b""
    each = struct.calcsize(layout)
    return list(struct.iter_unpack(layout, data[: len(data) // each * each]))


def words_in(data: bytes | None) -> tuple[int, ...]:
    """The UInt32 that a list holds."""
    return tuple(word for (word,) in rows_in(data, "=I"))


def code_text(code: int) -> str:
    """A four-character code as text."""
    return code.to_bytes(4, "big").decode("latin-1")


def code_number(code: str) -> int:
    """A four-character code as the number that it is."""
    return int.from_bytes(code.encode("latin-1"), "big")


def code_bytes(*codes: str) -> bytes:
    """Four-character codes as a driver gets them in a qualifier."""
    return b"".join(struct.pack("=I", code_number(code)) for code in codes)
