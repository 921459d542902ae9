"""The replies of the host, typed and checked (docs/reference/rpc.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

OsStatus = Annotated[int, BeforeValidator(lambda value: 0 if value is None else value)]


class Reply(BaseModel):
    """A reply: unknown members are let pass, so that a newer host can say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class HostInfo(Reply):
    """``host.info``."""

    version: str
    protocol: int
    pid: int
    clock: Literal["realtime", "virtual"]
    now_ns: int
    seed: int
    timebase: tuple[int, int]
    realtime_priority: bool
    sanitizers: list[str] = Field(default_factory=list)


class Plugin(Reply):
    """A loaded plug-in."""

    plugin: int
    path: str
    executable: str = ""
    bundle_id: str | None = None
    factory_uuid: str | None = None
    factory_symbol: str | None = None
    devices: list[int]


class Format(Reply):
    """AudioStreamBasicDescription."""

    sample_rate: float
    format_id: str = "lpcm"
    flags: int
    bytes_per_packet: int
    frames_per_packet: int
    bytes_per_frame: int
    channels: int
    bits: int


class Stream(Reply):
    """A stream of a device."""

    id: int
    direction: Literal["input", "output"]
    starting_channel: int
    latency_frames: int
    virtual_format: Format
    physical_format: Format


class DeviceClient(Reply):
    """A client as its device lists it."""

    client: int
    name: str | None = None
    bundle_id: str | None = None
    process_id: int
    running: bool
    position_frames: int


class Directions(Reply):
    """A number of frames for each direction."""

    input: int
    output: int


class Device(Reply):
    """What the host has read of a device."""

    device: int
    plugin: int
    object_id: int
    uid: str
    name: str
    nominal_rate: float
    available_rates: list[tuple[float, float]]
    buffer_frames: int
    zero_period_frames: int
    latency: Directions
    safety_offset: Directions
    hidden: bool
    running: bool
    clients: list[DeviceClient]
    streams: list[Stream]

    @property
    def outputs(self) -> list[Stream]:
        """Output streams, in the driver's order."""
        return [stream for stream in self.streams if stream.direction == "output"]

    @property
    def output_channels(self) -> int:
        """Channels of the first output stream, 0 without one."""
        outputs = self.outputs
        return outputs[0].virtual_format.channels if outputs else 0

    @property
    def period_s(self) -> float:
        """Length of an IO cycle, seconds."""
        return self.buffer_frames / self.nominal_rate

    def has_rate(self, rate: float) -> bool:
        """Whether the device says that it can run at `rate` Hz."""
        return any(low <= rate <= high for low, high in self.available_rates)


class CheckEvent(Reply):
    """One thing that was wrong with self-numbering PCM."""

    kind: Literal["lost", "duplicate", "reorder", "silence", "corrupt", "channels"]
    position: int
    expected: int
    found: int
    frames: int


class Check(Reply):
    """The account of self-numbering PCM, in frames."""

    channels: int
    locked: bool
    first_frame: int
    next_frame: int
    received: int
    correct: int
    lost: int
    duplicated: int
    reordered: int
    silent: int
    leading_silence: int
    corrupt: int
    swapped: int
    event_count: int
    clean: bool
    events: list[CheckEvent] = Field(default_factory=list)


class ClientStats(Reply):
    """``client.stats``."""

    position_frames: int
    sinks: list[Check | None] = Field(default_factory=list)


class Memory(Reply):
    """``host.memory``: bytes; 0 where it is not known."""

    heap_bytes: int
    resident_bytes: int


class RunResult(Reply):
    """``io.run``."""

    elapsed_ns: int
    interrupted: bool


class IoStats(Reply):
    """``io.stats``: counters since the device was loaded."""

    cycles: int
    frames: int
    late_wakes: int
    over_budget: int
    overloads: int
    skipped_cycles: int
    timestamp_jumps: int
    seed_changes: int
    driver_errors: int
    last_driver_error: OsStatus = 0
    last_driver_error_text: str | None = None
    last_driver_error_operation: Any = None
    host_ns: int
    driver_ns: int
    signal_ns: int
    hook_ns: int


class FarEndStats(Reply):
    """``farend.stats``."""

    frames: int
    lost_frames: int
    torn_reads: int = 0
    empty_reads: int = 0
    torn_frames: int = 0
    generation_changes: int = 0
    reopens: int = 0
    backlog_peak: int = 0
    attachments: int = 0
    damaged_frames: int = 0
    channels: int = 0
    sample_rate: int = 0
    closed: bool = False
    layout: Literal["v1", "v2"] | None = None
    failure: str | None = None
    check: Check | None = None


class Notice(Reply):
    """Something that the host said unasked."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str
    plugin: int | None = None
    object: int | None = None
    text: str | None = None
    change_action: int | None = None
    addresses: list[dict[str, Any]] = Field(default_factory=list)
