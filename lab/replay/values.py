"""What the values of an event mean: names and words for what two runs answered differently."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from lab.replay.events import EventLog, Observed, fourcc

TEXT = 1 << 63
"""In the first value of a property: what follows is text."""
SHOWN_BYTES = 56

_U = "u"
_F = "f"
_IO = (
    ("frames", "lo", 0),
    ("nominal frames", "hi", 0),
    ("cycle counter", _U, 1),
    ("current sample time", _F, 2),
    ("current host time", _U, 3),
    ("input sample time", _F, 4),
    ("input host time", _U, 5),
    ("output sample time", _F, 6),
    ("output host time", _U, 7),
)
_FIELDS: dict[Observed, tuple[tuple[str, str, int], ...]] = {
    Observed.AddDeviceClient: (("client ID", _U, 0), ("native endian", _U, 1)),
    Observed.RemoveDeviceClient: (("client ID", _U, 0), ("native endian", _U, 1)),
    Observed.PerformDeviceConfigurationChange: (("action", _U, 0),),
    Observed.AbortDeviceConfigurationChange: (("action", _U, 0),),
    Observed.IsPropertySettable: (("settable", _U, 0),),
    Observed.GetPropertyDataSize: (("size", _U, 0),),
    Observed.GetZeroTimeStamp: (("sample time", _F, 0), ("host time", _U, 1), ("seed", _U, 2)),
    Observed.WillDoIOOperation: (("will do", _U, 0), ("will do in place", _U, 1)),
    Observed.BeginIOOperation: _IO,
    Observed.DoIOOperation: _IO,
    Observed.EndIOOperation: _IO,
    Observed.CYCLE: (
        ("due", _U, 0),
        ("begun", _U, 1),
        ("frames", _U, 2),
        ("flags", _U, 3),
        ("skipped cycles", _U, 4),
    ),
    Observed.HANDED_IN: (("bytes", _U, 0),),
    Observed.HANDED_BACK: (("bytes", _U, 0),),
    Observed.SINK: (("bytes", _U, 0),),
    Observed.FAR_END: (("frames", _U, 0), ("channels", _U, 1), ("lost frames", _U, 2)),
    Observed.NOTICE: (("action", _U, 0),),
}


def different_values(a: EventLog, b: EventLog, index: int) -> str:
    """Say which arguments, results or samples of an event are not the same.

    Parameters
    ----------
    a, b
        Logs of two runs that have an event of the same kind at `index`.
    index
        Place in both.

    Returns
    -------
    str
        ``"host time is 1000 in run A, 1010 in run B"``; empty when the logs do not hold it.
    """
    one, two = a.events[index], b.events[index]
    number = int(one["kind"])
    if number not in set(Observed):
        return ""
    kind = Observed(number)
    said = [
        f"{name} is {words[0]} in run A, {words[1]} in run B"
        for name, how, at in _FIELDS.get(kind, ())
        if len(set(words := [_shown(event, how, at) for event in (one, two)])) > 1
    ]
    if not said and kind in (Observed.GetPropertyData, Observed.SetPropertyData):
        words = [property_value(event["values"]) for event in (one, two)]
        said = [f"it is {words[0]} in run A, {words[1]} in run B"] if words[0] != words[1] else []
    if not said and Observed.HANDED_IN <= kind <= Observed.FAR_END:
        said = _samples(a.samples_of(index), b.samples_of(index))
    return "; ".join(said)


def property_value(values: NDArray[np.uint64]) -> str:
    """The beginning of a property, in words.

    Parameters
    ----------
    values
        Shape (8,): length, and what it begins with.

    Returns
    -------
    str
        Text in quotes, a number where it has four or eight bytes, else bytes in hexadecimal.
    """
    length, raw = int(values[0]), values[1:].tobytes()
    if length & TEXT:
        length &= TEXT - 1
        text = raw[: min(length, SHOWN_BYTES)].decode("utf-8", "replace")
        return f'"{text}{"..." if length > SHOWN_BYTES else ""}"'
    if length == 4:
        number = int.from_bytes(raw[:4], "little")
        word = fourcc(number)
        return word if word.startswith("'") else str(number)
    if length == 8:
        (real,) = struct.unpack("<d", raw[:8])
        if 1e-9 < abs(real) < 1e15:
            return f"{real:.17g}"
        return str(int.from_bytes(raw[:8], "little"))
    shown = raw[: min(length, SHOWN_BYTES)].hex(" ", 4)
    return f"{length} bytes {shown}{' ...' if length > SHOWN_BYTES else ''}"


def _shown(event: np.void, how: str, at: int) -> str:
    value = event["values"][at]
    if how == _F:
        return f"{value.view(np.float64):.17g}"
    whole = int(value)
    return str({"lo": whole & 0xFFFFFFFF, "hi": whole >> 32}.get(how, whole))


def _samples(one: bytes, two: bytes) -> list[str]:
    """The first that differs; they are taken for Float32, which they nearly always are."""
    if not one or len(one) != len(two) or len(one) % 4:
        return []
    words = [np.frombuffer(raw, dtype="<u4") for raw in (one, two)]
    places = np.flatnonzero(words[0] != words[1])
    if not len(places):
        return []
    at = int(places[0])
    values = [word[at : at + 1].view("<f4")[0] for word in words]
    return [
        f"sample {at} of {len(words[0])} is {values[0]:.9g} in run A, {values[1]:.9g} in run B"
        + (f", {len(places)} differ" if len(places) > 1 else "")
    ]
