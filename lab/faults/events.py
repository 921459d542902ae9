"""The fault grammar: what can go wrong, one class per event.

Every amount has a unit in its name or its docstring, and limits. What an event may cost is said
where it is carried out (`lab.faults.perform`) and in docs/reference/fault-schedule.md.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

S_MAX = 86_400.0
"""A day, seconds."""
CYCLE_MAX = 10**12


class At(BaseModel):
    """When: at a cycle, counted from 0 over the whole run, or at a time, seconds of the run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cycle: Annotated[int, Field(ge=0, le=CYCLE_MAX)] | None = None
    s: Annotated[float, Field(ge=0, le=10 * S_MAX, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> At:
        if (self.cycle is None) == (self.s is None):
            raise ValueError('"at" is {"cycle": n} or {"s": seconds}, one of the two')
        return self


class Event(BaseModel):
    """What all events have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: ClassVar[str] = ""
    amounts: ClassVar[dict[str, tuple[int, int]]] = {}
    """Which numbers may be made smaller when a schedule is shrunk, and their least value; and the
    greatest that a swarm draws."""

    at: At

    @property
    def name(self) -> str:
        """The word in ``what``."""
        return str(getattr(self, "what"))  # noqa: B009  (each subclass has it, this one has not)

    def line(self) -> dict[str, Any]:
        """As a line of a schedule: what is left at its default is said, too."""
        made = self.model_dump(exclude_none=True)
        return {"at": made.pop("at"), "what": made.pop("what"), **made}


# ---- host ----------------------------------------------------------------------------------------


class LateWake(Event):
    """The next cycle wakes `ns` late; cycles that then can no longer be on time are skipped."""

    group: ClassVar[str] = "host"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"ns": (1, 50_000_000)}
    what: Literal["late-wake"] = "late-wake"
    ns: Annotated[int, Field(ge=1, le=10_000_000_000)]


class Stall(Event):
    """The clock moves on by `ns`, and no cycle runs meanwhile."""

    group: ClassVar[str] = "host"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"ns": (1, 5_000_000_000)}
    what: Literal["stall"] = "stall"
    ns: Annotated[int, Field(ge=1, le=3_600_000_000_000)]


class LoseCycles(Event):
    """The next `n` cycles never come; the one after them is on time."""

    group: ClassVar[str] = "host"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"n": (1, 500)}
    what: Literal["lose-cycles"] = "lose-cycles"
    n: Annotated[int, Field(ge=1, le=100_000)]


class BufferFrames(Event):
    """A larger or smaller period: so many frames a cycle from now on."""

    group: ClassVar[str] = "host"
    what: Literal["buffer-frames"] = "buffer-frames"
    frames: Annotated[int, Field(ge=16, le=8192)]


class SleepWake(Event):
    """IO of all clients is stopped, `s` seconds pass, it is started again."""

    group: ClassVar[str] = "host"
    what: Literal["sleep-wake"] = "sleep-wake"
    s: Annotated[float, Field(gt=0, le=S_MAX, allow_inf_nan=False)]


class Restart(Event):
    """The daemon goes and another one comes: the driver is loaded again, with the same storage.

    ``kill``: without a word, as a crash of another driver would. ``quit``: in good order.
    """

    group: ClassVar[str] = "host"
    what: Literal["restart"] = "restart"
    how: Literal["kill", "quit"] = "kill"


# ---- clients -------------------------------------------------------------------------------------


class AddClient(Event):
    """`n` more clients play silence; the sum stays what the player plays."""

    group: ClassVar[str] = "clients"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"n": (1, 4)}
    what: Literal["add-client"] = "add-client"
    n: Annotated[int, Field(ge=1, le=16)] = 1


class RemoveClient(Event):
    """`n` of those clients go, the oldest first; fewer when there are fewer."""

    group: ClassVar[str] = "clients"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"n": (1, 4)}
    what: Literal["remove-client"] = "remove-client"
    n: Annotated[int, Field(ge=1, le=64)] = 1


class StartStopStorm(Event):
    """IO of one client is stopped and started `n` times, with one cycle in between.

    ``player``: of the one that is heard. ``guest``: of one that comes for it and goes again.
    """

    group: ClassVar[str] = "clients"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"n": (1, 256)}
    what: Literal["start-stop-storm"] = "start-stop-storm"
    n: Annotated[int, Field(ge=1, le=10_000)]
    who: Literal["player", "guest"] = "player"


class ManyClients(Event):
    """`n` clients come at once, stay for one cycle, and go."""

    group: ClassVar[str] = "clients"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"n": (1, 48)}
    what: Literal["many-clients"] = "many-clients"
    n: Annotated[int, Field(ge=1, le=60)]


# ---- device --------------------------------------------------------------------------------------


class Rate(Event):
    """The device's nominal rate is set, Hz."""

    group: ClassVar[str] = "device"
    what: Literal["rate"] = "rate"
    hz: Annotated[int, Field(ge=1_000, le=1_000_000)]


class FormatChange(Event):
    """A format is asked of the first output stream; the device may refuse what it does not list."""

    group: ClassVar[str] = "device"
    what: Literal["format"] = "format"
    hz: Annotated[int, Field(ge=1_000, le=1_000_000)]
    channels: Annotated[int, Field(ge=1, le=64)] = 2
    bits: Literal[16, 24, 32] = 32


class RefuseChanges(Event):
    """The host aborts each configuration change, and meanwhile `hz` is asked for `n` times."""

    group: ClassVar[str] = "device"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"n": (1, 4)}
    what: Literal["refuse-changes"] = "refuse-changes"
    n: Annotated[int, Field(ge=1, le=100)] = 1
    hz: Annotated[int, Field(ge=1_000, le=1_000_000)] = 44_100


class Drift(Event):
    """The device's clock goes `ppm` parts per million off its nominal rate from now on."""

    group: ClassVar[str] = "device"
    what: Literal["drift"] = "drift"
    ppm: Annotated[int, Field(ge=-5_000, le=5_000)]


# ---- reader --------------------------------------------------------------------------------------


class ReaderStall(Event):
    """The reader stays away for `s` seconds' worth of cycles."""

    group: ClassVar[str] = "reader"
    what: Literal["reader-stall"] = "reader-stall"
    s: Annotated[float, Field(gt=0, le=40, allow_inf_nan=False)]


class ReaderSlow(Event):
    """For `s` seconds' worth of cycles the reader takes `percent` of what comes, then the rest."""

    group: ClassVar[str] = "reader"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"percent": (0, 99)}
    what: Literal["reader-slow"] = "reader-slow"
    s: Annotated[float, Field(gt=0, le=40, allow_inf_nan=False)]
    percent: Annotated[int, Field(ge=0, le=99)] = 50


class HalfOpen(Event):
    """`n` readers attach, and never read, let go or give a sign of life; another one comes.

    They stay for the life of the daemon. Beyond 64 of them no more come.
    """

    group: ClassVar[str] = "reader"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"n": (1, 12)}
    what: Literal["half-open"] = "half-open"
    n: Annotated[int, Field(ge=1, le=32)] = 1


class ReaderDetach(Event):
    """The reader lets go of the shared memory."""

    group: ClassVar[str] = "reader"
    what: Literal["reader-detach"] = "reader-detach"


class ReaderAttach(Event):
    """A reader opens the shared memory by its name; one that is attached lets go first."""

    group: ClassVar[str] = "reader"
    what: Literal["reader-attach"] = "reader-attach"
    where: Literal["newest", "oldest"] = "newest"


class ShmDelete(Event):
    """Somebody removes the name of the shared memory; who has it mapped keeps it."""

    group: ClassVar[str] = "reader"
    what: Literal["shm-delete"] = "shm-delete"


class ShmRecreate(Event):
    """Somebody removes the name and makes an object of zeros, `size` bytes long, in its place."""

    group: ClassVar[str] = "reader"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"size": (1, 1 << 20)}
    what: Literal["shm-recreate"] = "shm-recreate"
    size: Annotated[int, Field(ge=1, le=1 << 26)] = 4096


# ---- transport -----------------------------------------------------------------------------------


class _OnTheWay(Event):
    """The next `frames` frames suffer between the driver's memory and the check."""

    group: ClassVar[str] = "transport"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"frames": (1, 2_000)}
    frames: Annotated[int, Field(ge=1, le=1_000_000)]


class Loss(_OnTheWay):
    """They do not arrive."""

    what: Literal["loss"] = "loss"


class Corrupt(_OnTheWay):
    """They arrive as noise."""

    what: Literal["corrupt"] = "corrupt"


class Repeat(_OnTheWay):
    """They arrive twice."""

    what: Literal["repeat"] = "repeat"


class Silence(_OnTheWay):
    """They arrive as zeros."""

    what: Literal["silence"] = "silence"


class Swap(_OnTheWay):
    """They arrive with first and second channel exchanged."""

    what: Literal["swap"] = "swap"


class Reorder(_OnTheWay):
    """They arrive in blocks of `block` frames, exchanged two by two."""

    amounts: ClassVar[dict[str, tuple[int, int]]] = {"frames": (2, 4_096), "block": (1, 512)}
    what: Literal["reorder"] = "reorder"
    block: Annotated[int, Field(ge=1, le=65_536)] = 1

    @model_validator(mode="after")
    def _at_least_a_pair(self) -> Reorder:
        if self.frames < 2 * self.block:
            raise ValueError(
                f"{self.frames} frames are less than two blocks of {self.block}; "
                f'"frames" is {2 * self.block} or more'
            )
        return self


class TransportStall(Event):
    """For `s` seconds' worth of cycles frames lie on the way; then they come all at once."""

    group: ClassVar[str] = "transport"
    what: Literal["transport-stall"] = "transport-stall"
    s: Annotated[float, Field(gt=0, le=40, allow_inf_nan=False)]


# ---- memory --------------------------------------------------------------------------------------


class FailAllocation(Event):
    """The driver's `nth` allocation from now on fails, while clients come and go."""

    group: ClassVar[str] = "memory"
    amounts: ClassVar[dict[str, tuple[int, int]]] = {"nth": (1, 8)}
    what: Literal["fail-allocation"] = "fail-allocation"
    nth: Annotated[int, Field(ge=1, le=100)]


# ---- the wire ------------------------------------------------------------------------------------


class Disconnect(Event):
    """The host at the other end closes its connections; who dials again is welcome."""

    group: ClassVar[str] = "wire"
    what: Literal["disconnect"] = "disconnect"
    direction: Literal["output", "input", "both"] = "both"


class BadFrame(Event):
    """The microphone sends a frame of `size` bytes, which none may have; none: half a frame."""

    group: ClassVar[str] = "wire"
    what: Literal["bad-frame"] = "bad-frame"
    size: Literal[0, 1501] | None = None


class OldHost(Event):
    """The host goes, and one comes that speaks `wire`."""

    group: ClassVar[str] = "wire"
    what: Literal["old-host"] = "old-host"
    wire: Literal["v1", "v2"] = "v1"


AnyEvent = Annotated[
    LateWake
    | Stall
    | LoseCycles
    | BufferFrames
    | SleepWake
    | Restart
    | AddClient
    | RemoveClient
    | StartStopStorm
    | ManyClients
    | Rate
    | FormatChange
    | RefuseChanges
    | Drift
    | ReaderStall
    | ReaderSlow
    | HalfOpen
    | ReaderDetach
    | ReaderAttach
    | ShmDelete
    | ShmRecreate
    | Loss
    | Corrupt
    | Repeat
    | Silence
    | Swap
    | Reorder
    | TransportStall
    | FailAllocation
    | Disconnect
    | BadFrame
    | OldHost,
    Field(discriminator="what"),
]

EVENT_CLASSES: dict[str, type[Event]] = {
    cls.model_fields["what"].default: cls for cls in get_args(get_args(AnyEvent)[0])
}
"""By the word in ``what``, in the order of the reference."""

GROUPS: dict[str, list[str]] = {}
for _name, _class in EVENT_CLASSES.items():
    GROUPS.setdefault(_class.group, []).append(_name)
