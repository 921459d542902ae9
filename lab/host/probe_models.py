"""What comes of raw calls into a driver, typed and checked (docs/reference/rpc.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lab.host.models import LastCall, Reply, Resources


def _bytes_of(value: object) -> object:
    return bytes.fromhex(value) if isinstance(value, str) else value


def _number_of(value: object) -> object:
    return float(value) if isinstance(value, str) else value


Hex = Annotated[bytes, BeforeValidator(_bytes_of)]
"""Bytes, hexadecimal digits on the wire."""

Real = Annotated[float, BeforeValidator(_number_of)]
"""A number, or ``"nan"``, ``"inf"``, ``"-inf"``; unlike `models.JsonReal` it may be left out."""


class Factory(Reply):
    """A factory function as Info.plist has it; `types` are the type UUIDs that name it."""

    uuid: str
    symbol: str
    types: list[str] = Field(default_factory=list)


class Opened(Reply):
    """``probe.open``: what the bundle says of itself; nothing in it was called.

    Attributes
    ----------
    path, executable, bundle_id
        Where and what it is.
    factories
        Of CFPlugInFactories.
    symbols_missing
        Factory functions that the executable does not export.
    open_ns
        How long it took to load, real time.
    """

    path: str
    executable: str
    bundle_id: str | None = None
    factories: list[Factory]
    symbols_missing: list[str]
    open_ns: int


class Query(Reply):
    """``probe.query``; negative `hresult`: refused.

    `interface` is what it gave; ``"untouched"``: the out pointer was not written to.
    """

    hresult: int
    interface: Literal["same", "other", "untouched"] | None = None


class HostCall(Reply):
    """A call of the host's interface by the driver.

    Attributes
    ----------
    number
        1, 2, ... for each instance.
    function
        ``"PropertiesChanged"``, ``"CopyFromStorage"``, ``"WriteToStorage"``,
        ``"DeleteFromStorage"``, ``"RequestDeviceConfigurationChange"``.
    status
        What the driver was answered.
    thread
        ``"caller"``: a thread that is inside a call into the driver; ``"other"``: one of its own.
    during
        The entry point that was under way; None: none.
    nested
        Whether another call of the same host was under way.
    wrong_host
        Whether the driver handed over another pointer than it was given.
    object, count, addresses
        Of PropertiesChanged, and `object` of RequestDeviceConfigurationChange; at most eight
        addresses are kept.
    key, data_type
        Of storage; the CoreFoundation type of what was written or read, None: nothing.
    action, has_info
        Of RequestDeviceConfigurationChange.
    """

    number: int
    function: str
    status: int
    status_text: str
    thread: Literal["caller", "other"]
    during: str | None = None
    nested: bool
    wrong_host: bool
    object: int | None = None
    count: int | None = None
    addresses: list[dict[str, Any]] = Field(default_factory=list)
    key: str | None = None
    data_type: str | None = None
    action: int | None = None
    has_info: bool | None = None


class HostCalls(Reply):
    """``probe.host_calls``; `dropped` are no longer kept."""

    host_calls: list[HostCall]
    dropped: int = Field(default=0, alias="host_calls_dropped")


class CallResult(Reply):
    """Any call: what the driver answered, how long it took (real time), what it asked the host."""

    status: int
    status_text: str
    elapsed_ns: int
    host_calls: list[HostCall] = Field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the status is 0."""
        return self.status == 0


class CreateResult(CallResult):
    """CreateDevice; `device` is None when the driver wrote none."""

    device: int | None = None


class HasResult(CallResult):
    """HasProperty; `has` is a number when the Boolean is neither 0 nor 1."""

    has: bool | int


class SettableResult(CallResult):
    """IsPropertySettable; None: the driver did not write it."""

    settable: bool | int | None = None


class SizeResult(CallResult):
    """GetPropertyDataSize, bytes; None: the driver did not write it."""

    size: int | None = None


class Reference(Reply):
    """A CoreFoundation object that the driver gave: ``"CFString"``, its count, its value."""

    type: str
    retain_count: int
    value: Any = None


class Guarded(Reply):
    """Memory that the driver wrote into, with guards on both sides (as large as it, 4 to 64 KiB).

    `wrote_beyond` and `wrote_before` are the bytes outside that it reached.
    """

    guard_intact: bool
    wrote_beyond: int
    wrote_before: int


class DataResult(CallResult, Guarded):
    """GetPropertyData.

    Attributes
    ----------
    size
        As the driver says it; None: it did not write it.
    data
        That many bytes, at most the room; None: there was no room (NULL), or they were taken for a
        reference.
    touched
        Bytes up to the last one in the room that the driver changed.
    reference
        What it gave, when asked for one; it was released once.
    """

    size: int | None = None
    data: Hex | None = None
    touched: int
    reference: Reference | None = None


class SetResult(CallResult, Guarded):
    """SetPropertyData.

    Attributes
    ----------
    changed
        Whether the driver wrote into the data, which it may only read.
    retain_counts
        References to the object that was set, before and after; None: it was none.
    """

    changed: bool
    retain_counts: tuple[int, int] | None = None


class TimestampResult(CallResult):
    """GetZeroTimeStamp; None: the driver did not write it."""

    sample_time: Real | None = None
    host_time: int | None = None
    seed: int | None = None


class WillResult(CallResult):
    """WillDoIOOperation; None: the driver did not write it."""

    will: bool | int | None = None
    in_place: bool | int | None = None


class Block(Guarded):
    """Samples after DoIOOperation, as Float32.

    Attributes
    ----------
    hash
        FNV-1a of its bytes, 16 hexadecimal digits.
    samples, peak, non_finite, subnormal, all_zero
        What they are like; `peak` of those that are finite.
    changed
        Whether they differ from what was handed over.
    data
        The bytes, when asked for.
    """

    hash: str
    samples: int
    peak: Real
    non_finite: int
    subnormal: int
    all_zero: bool
    changed: bool
    data: Hex | None = None


class OperationResult(CallResult):
    """DoIOOperation; None: the buffer was NULL."""

    main: Block | None = None
    secondary: Block | None = None


class StormCall(Reply):
    """One of the calls of a storm: how often which status, and what it wrote out of bounds.

    `values` is what GetPropertyData gave, up to 16 bytes as hexadecimal digits, and how often; the
    first 16 different ones, and ``"others"``.
    """

    function: str
    statuses: dict[str, int]
    violations: int
    violation_texts: list[str] = Field(default_factory=list)
    values: dict[str, int] = Field(default_factory=dict)


class StormResult(Reply):
    """``probe.storm``; `host_calls` is their number."""

    calls: list[StormCall]
    host_calls: int


class RandomResult(Reply):
    """``probe.random``.

    Attributes
    ----------
    calls
        How many were made.
    hash
        Of what was called and answered, 16 hexadecimal digits.
    statuses
        By function and status (``{"StartIO": {"0": 3}}``); of HasProperty, the Boolean.
    violations, violation_texts
        Calls that wrote out of bounds, and the first of them in words.
    host_calls
        How many.
    last
        The last calls, the oldest first.
    """

    calls: int
    hash: str
    statuses: dict[str, dict[str, int]]
    violations: int
    violation_texts: list[str] = Field(default_factory=list)
    host_calls: int
    last: list[LastCall]


class Closed(Reply):
    """``probe.close``: references that the probe had, and what each Release() answered."""

    held: int
    others: int
    counts: list[int]


class Unloaded(Reply):
    """``probe.unload``.

    Attributes
    ----------
    unmapped
        Whether the code has gone. It is left when there are more threads than before.
    before, after
        What the process held right before it was opened, and holds now.
    shared_memory
        Names of POSIX shared memory that drivers of this process made and left; None: unknown.
    """

    unmapped: bool
    before: Resources
    after: Resources
    shared_memory: list[str] | None = None
