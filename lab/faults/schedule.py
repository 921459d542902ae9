"""Files of events: JSON Lines, one event a line; a ``.replay`` begins with a header.

An error is one line: which file, which line of it, what is wrong, what is allowed.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lab.errors import LabError, UsageError
from lab.faults.events import EVENT_CLASSES, AnyEvent, Event

REPLAY_VERSION: Literal[1] = 1
_ADAPTER: TypeAdapter[Event] = TypeAdapter(AnyEvent)


class ScheduleError(UsageError):
    """A schedule that cannot be carried out; its line says which line and why."""


class Setup(BaseModel):
    """What a schedule is carried out on.

    Attributes
    ----------
    driver
        Name or path of the bundle.
    layout
        Of the shared memory; with ``far_end`` ``"bunghole"`` the wire that the host speaks.
    far_end
        How the driver is heard: ``"gecko"``, through Gecko Sink's shared memory; ``"input"``,
        through its own input stream, to which it loops its output back; ``"bunghole"``, over
        Bunghole's wire, by a host inside the simulated coreaudiod.
    cycles
        Length of the run, IO cycles.
    seed
        Of the host.
    schedule_seed
        Of the order of the driver's threads (``--schedule`` of coreaudiod-sim).
    frames
        A cycle, at the beginning.
    settle_cycles
        After so many cycles audio has to be right again.
    environment
        Of the host, for drivers that take settings from there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: str = "GeckoAudioDevice"
    layout: Literal["v1", "v2"] = "v2"
    far_end: Literal["gecko", "input", "bunghole"] = "gecko"
    cycles: Annotated[int, Field(ge=1, le=10**12)] = 360_000
    seed: Annotated[int, Field(ge=0, lt=1 << 64)] = 0
    schedule_seed: Annotated[int, Field(ge=0, lt=1 << 64)] = 0
    frames: Annotated[int, Field(ge=16, le=8192)] = 480
    settle_cycles: Annotated[int, Field(ge=1, le=10_000)] = 8
    environment: dict[str, str] = Field(default_factory=dict)


class Expected(BaseModel):
    """The failure that a replay is about: its kind is what is compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    sentence: str


class RecordedLife(BaseModel):
    """The fingerprint of one daemon of the recorded run.

    Attributes
    ----------
    before_cycles
        That the run had before it.
    hash
        Of all of it.
    checkpoints
        Some of them: (cycles of this daemon, hash then).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    before_cycles: Annotated[int, Field(ge=0)]
    hash: str
    checkpoints: tuple[tuple[int, str], ...] = ()


class RecordedLog(BaseModel):
    """The event log that lies beside a ``.replay``.

    Attributes
    ----------
    file
        Its name, in the same folder.
    life
        Of the daemon, from 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[str, Field(pattern=r"^[^/\\]+$")]
    life: Annotated[int, Field(ge=0)]


class Header(BaseModel):
    """First line of a ``.replay``.

    Attributes
    ----------
    replay
        Version of the format.
    hal_lab
        That wrote it.
    setup, expect, hash
        What is run, how it failed, and the hash of all that was observed then.
    lives, log
        What another run is compared with when its hash is another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    replay: Literal[1] = REPLAY_VERSION
    hal_lab: str
    setup: Setup
    expect: Expected | None = None
    hash: str = ""
    lives: tuple[RecordedLife, ...] | None = None
    log: RecordedLog | None = None


class ReplayFile(BaseModel):
    """A schedule with all that it takes to run it again."""

    model_config = ConfigDict(frozen=True)

    header: Header
    events: tuple[Any, ...]

    def text(self) -> str:
        """As it is written."""
        lines: list[Any] = [self.header.model_dump(exclude_none=True)]
        lines += [event.line() for event in self.events]
        return "".join(json.dumps(line) + "\n" for line in lines)


def write_replay(path: Path, replay: ReplayFile) -> None:
    """Write a ``.replay``.

    Parameters
    ----------
    path
        A file of that name is replaced.
    replay
        What to write.
    """
    path.write_text(replay.text(), encoding="utf-8")


def read_replay(path: Path) -> ReplayFile:
    """Read a ``.replay``.

    Parameters
    ----------
    path
        Of the file.

    Returns
    -------
    ReplayFile

    Raises
    ------
    ScheduleError
        When a line is wrong; it says which.
    LabError
        When the file cannot be read.
    """
    lines = _lines_of(path)
    if not lines:
        raise ScheduleError("the file is empty", where=str(path), do="name a .replay")
    number, text = lines[0]
    value = _json(path, number, text)
    if not isinstance(value, dict) or "replay" not in value:
        raise _wrong(
            path, number, 'no header; the first line of a .replay is {"replay": 1, "setup": ...}'
        )
    if value["replay"] != REPLAY_VERSION:
        raise _wrong(
            path,
            number,
            f"version {value['replay']!r} of the format; this hal-lab reads {REPLAY_VERSION}",
        )
    try:
        header = Header.model_validate(value)
    except ValidationError as error:
        raise _wrong(path, number, _plain(error)) from None
    events = _events_of(path, lines[1:], end_cycle=header.setup.cycles)
    return ReplayFile(header=header, events=tuple(events))


def read_schedule(path: Path, *, end_cycle: int | None = None) -> list[Event]:
    """Read a file of events without a header.

    Parameters
    ----------
    path
        Of the file.
    end_cycle
        Length of the run; an event behind it is an error. None: not known.

    Returns
    -------
    list of Event

    Raises
    ------
    ScheduleError
        When a line is wrong; it says which.
    LabError
        When the file cannot be read.
    """
    return _events_of(path, _lines_of(path), end_cycle=end_cycle)


def parse_event(value: Any) -> Event:
    """One event from JSON.

    Parameters
    ----------
    value
        The object.

    Returns
    -------
    Event

    Raises
    ------
    ValueError
        With what is wrong and what is allowed.
    """
    if not isinstance(value, dict):
        raise ValueError(  # noqa: TRY004  (of a file, not of a caller)
            'an event is an object: {"at": {"cycle": 100}, "what": "stall", ...}'
        )
    what = value.get("what")
    if not isinstance(what, str):
        raise ValueError(  # noqa: TRY004
            'an event has a word in "what"; known: ' + ", ".join(EVENT_CLASSES)
        )
    if what not in EVENT_CLASSES:
        near = difflib.get_close_matches(what, EVENT_CLASSES, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "known: " + ", ".join(EVENT_CLASSES)
        raise ValueError(f'unknown event "{what}"; {hint}')
    try:
        return _ADAPTER.validate_python(value)
    except ValidationError as error:
        raise ValueError(f"{what}: {_plain(error, skip=1)}") from None


def check_order(events: Sequence[Event], *, end_cycle: int | None = None) -> None:
    """See that times do not go backwards and lie before the end.

    Parameters
    ----------
    events
        In the order of the file.
    end_cycle
        As for `read_schedule`.

    Raises
    ------
    ValueError
        With the index of the event as second argument.
    """
    cycle, seconds = 0, 0.0
    for index, event in enumerate(events):
        if event.at.cycle is not None:
            if event.at.cycle < cycle:
                raise ValueError(f"cycle {event.at.cycle} comes after cycle {cycle}", index)
            cycle = event.at.cycle
            if end_cycle is not None and cycle >= end_cycle:
                raise ValueError(
                    f"cycle {cycle} is after the end; the run has {end_cycle} cycles, 0 to "
                    f"{end_cycle - 1}",
                    index,
                )
        if event.at.s is not None:
            if event.at.s < seconds:
                raise ValueError(f"{event.at.s:g} s comes after {seconds:g} s", index)
            seconds = event.at.s


def _events_of(
    path: Path, lines: Sequence[tuple[int, str]], *, end_cycle: int | None
) -> list[Event]:
    events = []
    for number, text in lines:
        value = _json(path, number, text)
        try:
            events.append(parse_event(value))
        except ValueError as error:
            raise _wrong(path, number, str(error)) from None
    try:
        check_order(events, end_cycle=end_cycle)
    except ValueError as error:
        text, index = error.args
        raise _wrong(path, lines[index][0], f"{text}; times go up, from 0 to the end") from None
    return events


def _lines_of(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ScheduleError("not UTF-8 text", where=str(path), do="name a schedule") from None
    except OSError as error:
        raise LabError(
            f"the schedule cannot be read ({error.strerror})", where=str(path), do="check the path"
        ) from error
    return [
        (number, line)
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _json(path: Path, number: int, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _wrong(path, number, f"no JSON ({error}); one object a line") from None


def _wrong(path: Path, number: int, text: str) -> ScheduleError:
    return ScheduleError(f"{path}: line {number}: {text}")


def _plain(error: ValidationError, *, skip: int = 0) -> str:
    """The first thing that pydantic found, in one clause."""
    found = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in found["loc"][skip:])
    if found["type"] == "extra_forbidden":
        return f'unknown field "{place}"'
    if found["type"] == "missing":
        return f'"{place}" is missing'
    text = str(found["msg"]).removeprefix("Value error, ")
    given = found.get("input")
    shown = f", not {json.dumps(given)}" if isinstance(given, str | int | float | bool) else ""
    return f'"{place}": {text[0].lower()}{text[1:]}{shown}' if place else text
