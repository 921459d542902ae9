"""The replies of the host, typed and checked (docs/reference/rpc.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

OsStatus = Annotated[int, BeforeValidator(lambda value: 0 if value is None else value)]


class Reply(BaseModel):
    """A reply: unknown members are let pass, so that a newer host can say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Helper(Reply):
    """The process of one plug-in, in the helper model.

    Attributes
    ----------
    plugin
        Its number.
    path
        Of the bundle.
    pid
        None: it has died, and is started again.
    restarts
        How often it has been started again.
    restart_ns
        When it will be, on the host's clock; None: it runs.
    """

    plugin: int
    path: str
    pid: int | None = None
    restarts: int = 0
    restart_ns: int | None = None


class HostInfo(Reply):
    """``host.info``; `helpers` are those that run or wait to be started again."""

    version: str
    protocol: int
    pid: int
    clock: Literal["realtime", "virtual"]
    now_ns: int
    seed: int
    timebase: tuple[int, int]
    realtime_priority: bool
    threads: Literal["owned", "free"] = "free"
    schedule: int = 0
    process_model: Literal["in-process", "helper"] = "in-process"
    helpers: list[Helper] = Field(default_factory=list)
    sanitizers: list[str] = Field(default_factory=list)


class Resources(Reply):
    """``host.resources``: what the host's process holds; None where that cannot be told.

    `allocated_bytes` is all that malloc() has given out and not got back, the host's own included;
    `resident_bytes` is what of the process is in memory;
    `cf_objects` are Core Foundation objects alive.
    """

    allocated_bytes: int | None = None
    resident_bytes: int | None = None
    cf_objects: int | None = None
    descriptors: int | None = None
    threads: int | None = None
    mappings: int | None = None

    @property
    def heap_bytes(self) -> int:
        """`allocated_bytes`, 0 where it cannot be told."""
        return self.allocated_bytes or 0


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


class LedgerCount(Reply):
    """How often one kind of thing happened; `worst` and `budget` are of one call."""

    count: int
    worst: int
    budget: int | None = None


class LedgerRow(Reply):
    """What the calls of one entry point, or of one of its IO operations, did.

    `sampled` is the number of calls of which page faults and context switches were counted.
    """

    entry_point: str
    operation: str | None = None
    calls: int
    sampled: int
    violations: int
    worst_ns: int
    kinds: dict[str, LedgerCount]
    evidence: list[str]


class LedgerReport(Reply):
    """``ledger.read``; `sees` names the kinds that this machine and this build can count."""

    sees: list[str]
    rows: list[LedgerRow]
    failed_allocations: int = 0


class CoverageRow(Reply):
    """Calls of one kind into a plug-in.

    Attributes
    ----------
    plugin
        None: the probe's.
    entry_point
        ``"GetPropertyData"``, ``"DoIOOperation"``; also ``"dlopen"``, ``"Factory"``.
    object
        The driver's object ID; 0: none.
    code
        Selector or operation; None: there is none.
    calls, refused
        Made, and answered with an error or a no.
    """

    plugin: int | None
    entry_point: str
    object: int
    code: Annotated[str | None, BeforeValidator(lambda code: None if code is None else str(code))]
    calls: int
    refused: int


class CoverageReport(Reply):
    """``host.coverage``; `lost` calls had no room in the host's tables."""

    on: bool
    lost: int
    rows: list[CoverageRow]


class SandboxRules(Reply):
    """What is allowed of one kind; all else is refused. `source` is who says so."""

    allowed: list[str]
    source: str


class SandboxCase(Reply):
    """One thing that a driver was refused, or would have been.

    Attributes
    ----------
    kind
        Which rules: ``"files"``, ``"shared-memory"``, ``"sockets"``.
    call
        The function that was called: ``"open"``.
    what
        The path without links, the name, or the address.
    access
        Of a file.
    entry_point
        In which it was first done; None: on a thread of the driver's own.
    count
        How often.
    plugin
        Its number.
    """

    kind: Literal["files", "shared-memory", "sockets"]
    call: str
    what: str
    access: Literal["read", "write"] | None = None
    entry_point: str | None = None
    count: int
    plugin: int = 0


class SandboxReport(Reply):
    """``sandbox.read``; rules that are None are not known, and restrict nothing."""

    mode: Literal["off", "report", "enforce"]
    profile: str = ""
    rules: dict[str, SandboxRules | None] = Field(default_factory=dict)
    cases: list[SandboxCase] = Field(default_factory=list)


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
    clock_steps: int = 0
    seed_changes: int
    driver_errors: int
    last_driver_error: OsStatus = 0
    last_driver_error_text: str | None = None
    last_driver_error_operation: Any = None
    host_ns: int
    driver_ns: int
    signal_ns: int
    hook_ns: int


JsonReal = Annotated[float, BeforeValidator(float)]
"""A number, or what JSON has no word for: ``"nan"``, ``"inf"``, ``"-inf"``."""


class Timestamp(Reply):
    """An answer of GetZeroTimeStamp.

    Attributes
    ----------
    sample
        Frames; may be NaN or infinite, as a broken driver says it.
    host_ns
        On the host's clock.
    seed
        Names the time line.
    """

    sample: JsonReal
    host_ns: int
    seed: int


class TimestampViolation(Reply):
    """What was wrong with zero timestamps in one way: how often, and the first.

    Attributes
    ----------
    count
        How often.
    first_cycle
        In which cycle of the device, counted from 0 since it was loaded.
    first_asked_ns
        When the driver was asked.
    before, after
        The pair; None when nothing came before it.
    jump_ns
        How far `after` lies behind where the time line leads.
    """

    count: int
    first_cycle: int
    first_asked_ns: int
    before: Timestamp | None
    after: Timestamp
    jump_ns: JsonReal


class TimeFit(Reply):
    """A time line against its line of least squares.

    Attributes
    ----------
    points
        Timestamps in it.
    ns_per_frame
        Slope.
    rate_ppm
        Of the device, against nominal.
    rms_ns
        Distance from the line.
    jitter_points, jitter_p50_ns, jitter_p99_ns, jitter_max_ns
        Distance from the line through the points before, from the 8th on; percentiles are up to
        1/64 too high.
    step_max_ns, step_cycle
        Largest distance from where the timestamp before leads, and its cycle.
    """

    points: int
    ns_per_frame: float
    rate_ppm: float
    rms_ns: float
    jitter_points: int
    jitter_p50_ns: int
    jitter_p99_ns: int
    jitter_max_ns: int
    step_max_ns: float
    step_cycle: int


class TimestampReport(Reply):
    """``device.timestamps``: what the driver's zero timestamps were like, without a verdict.

    Attributes
    ----------
    nominal_rate
        Hz.
    period_frames
        Of the zero timestamps; 0: the device has none.
    break_ns
        Half an IO cycle: a jump of more makes the host anchor anew.
    asked, different
        Answers, and those that differed from the one before.
    time_lines, new_seeds
        How many began, and how many of those with a new seed while IO ran.
    largest_advance_periods
        1: no period was left out.
    violations
        By name, those that there were.
    driver, modeled
        The longest time line, as the driver said it and as the clock model made it.
    """

    nominal_rate: float
    period_frames: int
    break_ns: float
    asked: int
    different: int
    time_lines: int
    new_seeds: int
    largest_advance_periods: int
    violations: dict[str, TimestampViolation]
    driver: TimeFit
    modeled: TimeFit


class Fingerprint(Reply):
    """``fingerprint.read``.

    Attributes
    ----------
    hash
        Of all that was observed so far, 16 hexadecimal digits.
    events, cycles
        How many there were.
    every
        Cycles from one checkpoint to the next.
    checkpoints
        (cycles done, hash then), in order; at most 4096.
    """

    hash: str
    events: int
    cycles: int
    every: int
    checkpoints: list[tuple[int, str]] = Field(default_factory=list)


class LastCall(Reply):
    """One of the last calls into drivers; `status` is None when there is none (yet)."""

    number: int
    entry_point: str
    object: int
    client: int
    code: str | None = None
    status: str | None = None
    returned: bool


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
    held_frames: int = 0
    held_ns_peak: int = 0
    way_bytes: int = 0
    half_open: int = 0
    channels: int = 0
    sample_rate: int = 0
    closed: bool = False
    layout: Literal["v1", "v2"] | None = None
    failure: str | None = None
    check: Check | None = None


class Notice(Reply):
    """Something that the host said unasked; which members there are depends on its kind."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str
    plugin: int | None = None
    object: int | None = None
    text: str | None = None
    change_action: int | None = None
    device: int | None = None
    uid: str | None = None
    signal: str | None = None
    entry_point: str | None = None
    replaces: int | None = None
    devices: list[int] = Field(default_factory=list)
    restart_ns: int | None = None
    addresses: list[dict[str, Any]] = Field(default_factory=list)
