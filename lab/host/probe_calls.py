"""Raw calls into a driver, as data: for one call, or for a storm of them.

A pointer that is None is NULL. What is not given is what a host would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Data = bytes | tuple[str, Any] | None
"""Bytes as they are; a type of rpc.md and a value of it (``("string", "x")``); None: NULL."""

Fill = Literal["silence", "counter", "sine", "nan", "inf", "subnormal", "full-scale", "loud"]

Samples = bytes | Fill | None
"""A buffer of samples: bytes as they are, or what it is filled with; None: NULL."""


@dataclass(frozen=True)
class Address:
    """AudioObjectPropertyAddress; scope and element are the global main ones if not given."""

    selector: str | int
    scope: str | int = "glob"
    element: int = 0


Where = Address | str | None
"""An address; a selector in the global scope; None: a NULL pointer."""


@dataclass(frozen=True)
class Cycle:
    """AudioServerPlugInIOCycleInfo.

    Attributes
    ----------
    counter
        1 is the first cycle.
    current, input, output
        (frames, host ticks) of the cycle's three times; ticks None: now.
    nominal_frames
        None: as many as the cycle has.
    ticks_per_frame
        Of host time.
    """

    counter: int = 1
    current: tuple[float, int | None] = (0.0, None)
    input: tuple[float, int | None] = (0.0, None)
    output: tuple[float, int | None] = (0.0, None)
    nominal_frames: int | None = None
    ticks_per_frame: float | None = None

    def to_wire(self) -> dict[str, Any]:
        """As docs/reference/rpc.md has it."""
        return {
            "counter": self.counter,
            "current": _stamp(self.current),
            "input": _stamp(self.input),
            "output": _stamp(self.output),
            "nominal_frames": self.nominal_frames,
            "main_ticks_per_frame": self.ticks_per_frame,
            "device_ticks_per_frame": self.ticks_per_frame,
        }


@dataclass(frozen=True)
class Call:
    """A call: the function of the interface, and its members as docs/reference/rpc.md has them.

    Attributes
    ----------
    function
        ``"StartIO"``, ...
    members
        None is null, which is a NULL pointer.
    """

    function: str
    members: Mapping[str, Any] = field(default_factory=dict)

    def on_other_thread(self) -> Call:
        """The same from a fresh thread."""
        return replace(self, members={**self.members, "thread": "other"})

    def without_driver(self) -> Call:
        """The same with NULL in the place of the driver."""
        return replace(self, members={**self.members, "driver": "null"})

    def to_wire(self) -> dict[str, Any]:
        """As docs/reference/rpc.md has it."""
        return {"function": self.function, **self.members}


# ---- properties ------------------------------------------------------------------------------


def has(object_: int, where: Where, *, process_id: int = 0) -> Call:
    """HasProperty."""
    return Call("HasProperty", {**_asked(object_, where), "process_id": process_id})


def is_settable(object_: int, where: Where, *, null_out: bool = False) -> Call:
    """IsPropertySettable."""
    return Call("IsPropertySettable", {**_asked(object_, where), "null_out": null_out})


def size(
    object_: int,
    where: Where,
    *,
    qualifier: Data = None,
    qualifier_size: int | None = None,
    null_out: bool = False,
) -> Call:
    """GetPropertyDataSize."""
    members = {**_asked(object_, where), "null_out": null_out}
    return Call("GetPropertyDataSize", members | _qualified(qualifier, qualifier_size))


def get(
    object_: int,
    where: Where,
    room: int,
    *,
    cf: bool = False,
    qualifier: Data = None,
    qualifier_size: int | None = None,
    null_data: bool = False,
    null_size: bool = False,
    process_id: int = 0,
) -> Call:
    """GetPropertyData.

    Parameters
    ----------
    object_, where
        Of what.
    room
        Bytes that there are, 0 to 2^20.
    cf
        The data is a reference: it is looked at and released. Without it, it is left over.
    qualifier, qualifier_size
        The size is that of the qualifier if not given.
    null_data, null_size
        NULL for the buffer, or for the size that is written.
    process_id
        Of the client that asks; 0: the host.
    """
    members = {
        **_asked(object_, where),
        "size": room,
        "cf": cf,
        "null_data": null_data,
        "null_size": null_size,
        "process_id": process_id,
    }
    return Call("GetPropertyData", members | _qualified(qualifier, qualifier_size))


def set_(
    object_: int,
    where: Where,
    data: Data,
    *,
    size: int | None = None,
    qualifier: Data = None,
    qualifier_size: int | None = None,
    process_id: int = 0,
) -> Call:
    """SetPropertyData; `size` is that of the data if not given."""
    members: dict[str, Any] = {
        **_asked(object_, where),
        "data": _data(data),
        "process_id": process_id,
    }
    if size is not None:
        members["size"] = size
    return Call("SetPropertyData", members | _qualified(qualifier, qualifier_size))


# ---- devices ---------------------------------------------------------------------------------


def create_device(
    description: Mapping[str, Any] | None, *, client: int = 0, null_out: bool = False
) -> Call:
    """CreateDevice."""
    members = {"description": None if description is None else dict(description)}
    return Call("CreateDevice", {**members, "client": client, "null_out": null_out})


def destroy_device(object_: int) -> Call:
    """DestroyDevice."""
    return Call("DestroyDevice", {"object": object_})


def add_client(
    object_: int,
    client: int,
    *,
    process_id: int = 1,
    bundle_id: str | None = None,
    null_info: bool = False,
) -> Call:
    """AddDeviceClient."""
    return Call("AddDeviceClient", _client(object_, client, process_id, bundle_id, null_info))


def remove_client(
    object_: int,
    client: int,
    *,
    process_id: int = 1,
    bundle_id: str | None = None,
    null_info: bool = False,
) -> Call:
    """RemoveDeviceClient."""
    return Call("RemoveDeviceClient", _client(object_, client, process_id, bundle_id, null_info))


def perform_change(object_: int, action: int, *, null_info: bool = False) -> Call:
    """PerformDeviceConfigurationChange, with the info that the driver gave when it asked."""
    members = {"object": object_, "action": action, "null_info": null_info}
    return Call("PerformDeviceConfigurationChange", members)


def abort_change(object_: int, action: int, *, null_info: bool = False) -> Call:
    """AbortDeviceConfigurationChange."""
    members = {"object": object_, "action": action, "null_info": null_info}
    return Call("AbortDeviceConfigurationChange", members)


# ---- IO --------------------------------------------------------------------------------------


def start_io(object_: int, client: int) -> Call:
    """StartIO."""
    return Call("StartIO", {"object": object_, "client": client})


def stop_io(object_: int, client: int) -> Call:
    """StopIO."""
    return Call("StopIO", {"object": object_, "client": client})


def zero_timestamp(object_: int, client: int, *, null_outs: bool = False) -> Call:
    """GetZeroTimeStamp."""
    members = {"object": object_, "client": client, "null_outs": null_outs}
    return Call("GetZeroTimeStamp", members)


def will_do(object_: int, client: int, operation: str | int, *, null_outs: bool = False) -> Call:
    """WillDoIOOperation."""
    members = {"object": object_, "client": client, "operation": operation, "null_outs": null_outs}
    return Call("WillDoIOOperation", members)


def begin_operation(
    object_: int, client: int, operation: str | int, frames: int, cycle: Cycle | None
) -> Call:
    """BeginIOOperation."""
    return Call("BeginIOOperation", _operation(object_, client, operation, frames, cycle))


def end_operation(
    object_: int, client: int, operation: str | int, frames: int, cycle: Cycle | None
) -> Call:
    """EndIOOperation."""
    return Call("EndIOOperation", _operation(object_, client, operation, frames, cycle))


def do_operation(
    object_: int,
    stream: int,
    client: int,
    operation: str | int,
    frames: int,
    cycle: Cycle | None,
    *,
    main: Samples = "silence",
    secondary: Samples = None,
    channels: int = 2,
    first_frame: int = 0,
    give_data: bool = False,
) -> Call:
    """DoIOOperation.

    Parameters
    ----------
    object_, stream, client, operation
        Of whom, and what.
    frames
        0 to 65536.
    cycle
        None: NULL.
    main, secondary
        What the buffers hold.
    channels
        Of a buffer that is filled: `frames` * `channels` Float32.
    first_frame
        Where the filling begins.
    give_data
        Whether the samples are wanted afterwards.
    """
    members = {
        **_operation(object_, client, operation, frames, cycle),
        "stream": stream,
        "channels": channels,
        "main": _samples(main, first_frame),
        "secondary": _samples(secondary, first_frame),
        "give_data": give_data,
    }
    return Call("DoIOOperation", members)


# ---- pieces ----------------------------------------------------------------------------------


def _stamp(time: tuple[float, int | None]) -> dict[str, Any]:
    return {"sample_time": time[0], "host_time": time[1]}


def _asked(object_: int, where: Where) -> dict[str, Any]:
    address = Address(where) if isinstance(where, str) else where
    wire = None
    if address is not None:
        wire = {
            "selector": address.selector,
            "scope": address.scope,
            "element": address.element,
        }
    return {"object": object_, "address": wire}


def _data(data: Data) -> Any:
    if data is None:
        return None
    if isinstance(data, bytes):
        return data.hex()
    return {"type": data[0], "value": data[1]}


def _qualified(qualifier: Data, size: int | None) -> dict[str, Any]:
    members: dict[str, Any] = {} if qualifier is None else {"qualifier": _data(qualifier)}
    if size is not None:
        members["qualifier_size"] = size
    return members


def _client(
    object_: int, client: int, process_id: int, bundle_id: str | None, null_info: bool
) -> dict[str, Any]:
    return {
        "object": object_,
        "client": client,
        "process_id": process_id,
        "bundle_id": bundle_id,
        "null_info": null_info,
    }


def _operation(
    object_: int, client: int, operation: str | int, frames: int, cycle: Cycle | None
) -> dict[str, Any]:
    return {
        "object": object_,
        "client": client,
        "operation": operation,
        "frames": frames,
        "cycle": None if cycle is None else cycle.to_wire(),
    }


def _samples(samples: Samples, first_frame: int) -> Any:
    if samples is None:
        return None
    if isinstance(samples, bytes):
        return samples.hex()
    return {"fill": samples, "first_frame": first_frame}
