"""The event log of a run in virtual time (docs/reference/event-log.md), as a numpy array."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError

MAGIC = int.from_bytes(b"HEVENT1\0", "little")
VERSION = 2
HEADER_BYTES = 256
RECORD_BYTES = 128
NO_PLUGIN = 65535


class EventLogError(LabError):
    """An event log is not one, or of a version that this reader does not know."""


class Observed(IntEnum):
    """What was observed. Calls have the name of the slot of the interface."""

    Factory = 1
    QueryInterface = 2
    Release = 3
    Initialize = 4
    AddDeviceClient = 5
    RemoveDeviceClient = 6
    PerformDeviceConfigurationChange = 7
    AbortDeviceConfigurationChange = 8
    HasProperty = 9
    IsPropertySettable = 10
    GetPropertyDataSize = 11
    GetPropertyData = 12
    SetPropertyData = 13
    StartIO = 14
    StopIO = 15
    GetZeroTimeStamp = 16
    WillDoIOOperation = 17
    BeginIOOperation = 18
    DoIOOperation = 19
    EndIOOperation = 20
    PropertiesChanged = 32
    CopyFromStorage = 33
    WriteToStorage = 34
    DeleteFromStorage = 35
    RequestDeviceConfigurationChange = 36
    CYCLE = 48
    HANDED_IN = 49
    HANDED_BACK = 50
    SINK = 51
    FAR_END = 52
    NOTICE = 53
    CONTENT = 54


NOTICES = {
    1: "properties-changed",
    2: "configuration-requested",
    3: "configuration-performed",
    4: "configuration-aborted",
    5: "overload",
    6: "io-stopped-abnormally",
    7: "warning",
}

HEADER = np.dtype(
    [
        ("magic", "<u8"),
        ("version", "<u4"),
        ("header_bytes", "<u4"),
        ("record_bytes", "<u4"),
        ("fingerprint_version", "<u4"),
        ("capacity", "<u8"),
        ("written", "<u8"),
        ("dropped", "<u8"),
        ("first_cycle", "<u8"),
        ("last_cycle", "<u8"),
        ("start_ns", "<u8"),
        ("seed", "<u8"),
        ("reserved", "V176"),
    ]
)

EVENT = np.dtype(
    [
        ("sequence", "<u8"),
        ("cycle", "<u8"),
        ("time_ns", "<u8"),
        ("kind", "<u2"),
        ("plugin", "<u2"),
        ("object", "<u4"),
        ("client", "<u4"),
        ("code", "<u4"),
        ("status", "<i4"),
        ("detail", "<u4"),
        ("data", "<u8"),
        ("hash", "<u8"),
        ("values", "<u8", (8,)),
    ]
)

assert HEADER.itemsize == HEADER_BYTES
assert EVENT.itemsize == RECORD_BYTES

Events = NDArray[Any]
"""A one-dimensional array of dtype `EVENT`."""


@dataclass(frozen=True)
class EventLog:
    """What a log holds.

    Attributes
    ----------
    path
        The file.
    version
        Of the fingerprint: hashes of another one are not comparable.
    first_cycle, last_cycle
        The window, cycles since the fingerprint was begun.
    start_ns
        Virtual time when it was begun, nanoseconds.
    seed
        Of the host.
    events
        Shape (n,), dtype `EVENT`, in order; a copy, without pieces of samples.
    dropped
        Events of the window that came when the file was full: they would follow.
    content
        Shape (m,), dtype `EVENT`: the pieces of samples, when they were asked for.
    """

    path: Path
    version: int
    first_cycle: int
    last_cycle: int
    start_ns: int
    seed: int
    events: Events
    dropped: int
    content: Events = field(default_factory=lambda: np.empty(0, dtype=EVENT))

    def samples_of(self, index: int) -> bytes:
        """The samples of the event at that place, as they lay in memory; empty when not logged."""
        first, behind = np.searchsorted(
            self.content["sequence"], self.events["sequence"][index] + np.array([0, 1], np.uint64)
        )
        pieces = self.content[first:behind]
        return b"".join(piece["values"].tobytes()[: int(piece["detail"])] for piece in pieces)


def read_events(path: Path) -> EventLog:
    """Copy what an event log holds; also that of a host that has crashed, or goes on writing.

    Raises
    ------
    EventLogError
        When the file is absent, too short for what its header says, or not an event log.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EventLogError(
            f"the event log cannot be opened ({error.strerror})",
            where=str(path),
            do="check the path",
        ) from error
    if len(raw) < HEADER_BYTES:
        raise EventLogError(
            f"not an event log: {len(raw)} bytes, the header alone has {HEADER_BYTES}",
            where=str(path),
            do="give the file of fingerprint.log",
        )
    head = np.frombuffer(raw, dtype=HEADER, count=1)[0]
    _check(path, head, len(raw))
    written = int(head["written"])
    records = np.frombuffer(raw, dtype=EVENT, count=written, offset=HEADER_BYTES)
    is_content = records["kind"] == Observed.CONTENT
    return EventLog(
        path=path,
        version=int(head["fingerprint_version"]),
        first_cycle=int(head["first_cycle"]),
        last_cycle=int(head["last_cycle"]),
        start_ns=int(head["start_ns"]),
        seed=int(head["seed"]),
        events=records[~is_content],
        dropped=int(head["dropped"]),
        content=records[is_content],
    )


def _check(path: Path, head: np.void, size: int) -> None:
    where = str(path)
    if int(head["magic"]) != MAGIC:
        raise EventLogError(
            "not an event log: the magic is wrong", where=where, do="give another file"
        )
    if int(head["version"]) != VERSION:
        raise EventLogError(
            f"event log version {int(head['version'])}, this reader knows {VERSION}",
            where=where,
            do="use the hal-lab that wrote it",
        )
    if (int(head["header_bytes"]), int(head["record_bytes"])) != (HEADER_BYTES, RECORD_BYTES):
        raise EventLogError("record sizes are not those of version 2", where=where)
    written = int(head["written"])
    if written > int(head["capacity"]):
        raise EventLogError(
            f"{written} events in room for {int(head['capacity'])} cannot be", where=where
        )
    if size < HEADER_BYTES + written * RECORD_BYTES:
        raise EventLogError(
            f"truncated: {size} bytes for {written} events", where=where, do="copy the whole file"
        )


def fourcc(code: int) -> str:
    """``'rite'`` when all four bytes print, else the number."""
    text = code.to_bytes(4, "big")
    printable = all(0x20 <= byte < 0x7F for byte in text)
    return f"'{text.decode('ascii')}'" if printable else str(code)


_CLIENTLESS = (Observed.Factory, Observed.QueryInterface, Observed.Release, Observed.Initialize)
_SAMPLES = {
    Observed.HANDED_IN: "the samples handed to DoIOOperation",
    Observed.HANDED_BACK: "the samples handed back by DoIOOperation",
    Observed.SINK: "the samples taken",
}


def describe(event: np.void) -> str:
    """Say in a few words what an event is, whatever its data.

    Parameters
    ----------
    event
        One element of an array of dtype `EVENT`.

    Returns
    -------
    str
        ``"DoIOOperation 'rite' of object 2, stream 4, for client 0"``.
    """
    number, code = int(event["kind"]), int(event["code"])
    of = f"of object {int(event['object'])}"
    client = f"client {int(event['client'])}"
    detail = int(event["detail"])
    if number not in set(Observed):
        return f"kind {number} {of} for {client}"
    kind = Observed(number)
    if kind is Observed.CYCLE:
        return f"a cycle {of}"
    if kind is Observed.NOTICE:
        return f"notice {NOTICES.get(code, str(code))} {of}"
    if kind is Observed.FAR_END:
        return f"the samples got by the far end of device {detail}"
    if kind is Observed.SINK:
        return f"{_SAMPLES[kind]} from stream {detail} {of} by {client}"
    if kind in (Observed.DoIOOperation, Observed.HANDED_IN, Observed.HANDED_BACK):
        return f"{_SAMPLES.get(kind, kind.name)} {fourcc(code)} {of}, stream {detail}, for {client}"
    if kind in _CLIENTLESS or Observed.CopyFromStorage <= kind <= Observed.DeleteFromStorage:
        return kind.name
    if Observed.HasProperty <= kind <= Observed.SetPropertyData:
        return f"{kind.name} {fourcc(code)}, scope {fourcc(detail)}, {of}"
    if Observed.PropertiesChanged <= kind <= Observed.RequestDeviceConfigurationChange:
        return f"{kind.name} {of}"
    if Observed.PerformDeviceConfigurationChange <= kind <= Observed.AbortDeviceConfigurationChange:
        return f"{kind.name} {of}"
    if kind in (Observed.WillDoIOOperation, Observed.BeginIOOperation, Observed.EndIOOperation):
        return f"{kind.name} {fourcc(code)} {of} for {client}"
    return f"{kind.name} {of} for {client}"


def verb(event: np.void) -> str:
    """Say the same as what a run does: ``"calls StopIO of object 2 for client 1"``."""
    number = int(event["kind"])
    words = describe(event)
    if number < Observed.PropertiesChanged:
        return f"calls {words}"
    if number < Observed.CYCLE:
        return f"has the driver call {words}"
    simple = {
        Observed.CYCLE: f"begins {words}",
        Observed.NOTICE: f"gives {words}",
        Observed.HANDED_IN: words.replace("the samples handed", "hands samples", 1),
        Observed.HANDED_BACK: words.replace("the samples handed", "is handed samples", 1),
        Observed.SINK: words.replace("the samples taken", "has samples taken", 1),
        Observed.FAR_END: words.replace("the samples got", "has samples got", 1),
    }
    return simple.get(Observed(number), words) if number in set(Observed) else words
