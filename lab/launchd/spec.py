"""A job as its property list describes it."""

from __future__ import annotations

import os
import plistlib
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from lab.errors import LabError

MAX_BYTES = 1 << 20
"""Of a property list: people write them."""
DEFAULT_THROTTLE_S = 10.0
"""launchd.plist(5), ThrottleInterval."""
DEFAULT_EXIT_TIMEOUT_S = 20.0
"""launchd.plist(5), ExitTimeOut."""
CRASH_SIGNALS = frozenset({4, 5, 6, 7, 8, 10, 11, 12, 31})
"""ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS by their numbers on Linux and on macOS.

7 is BUS on Linux (EMT on macOS), 10 BUS on macOS (USR1 on Linux), 12 SYS on macOS (USR2 on Linux).
"""

_IGNORED = frozenset({"Disabled", "ProcessType", "Nice", "MachServices", "POSIXSpawnType", "Umask"})
"""Keys that are taken and have no effect here; docs/reference/launchd.md names them."""


class SpecError(LabError):
    """A property list describes no job that this launchd can run."""


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """When a job that has ended is started again.

    Parameters
    ----------
    always
        ``KeepAlive`` is true.
    successful_exit
        ``SuccessfulExit``: started again after an exit with 0 (True) or with anything else (False).
    crashed
        ``Crashed``: after a signal of a crash (True), or after any other end (False).
    """

    always: bool = False
    successful_exit: bool | None = None
    crashed: bool | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What launchd knows of a job before it runs.

    Parameters
    ----------
    label
        Its name in its domain.
    arguments
        What is executed, the program first.
    keep_alive
        When it is started again.
    run_at_load
        Started when it is loaded.
    throttle_s
        Least time between two starts.
    exit_timeout_s
        From SIGTERM to SIGKILL, when launchd ends it.
    queue_directories
        It is started, and kept alive, while one of these holds anything.
    watch_paths
        It is started when one of these changes.
    session_types
        ``LimitLoadToSessionType``; empty for any.
    environment
        Added to the job's environment.
    stdout, stderr
        Files that it writes to; None for /dev/null.
    working_directory
        None for the root.
    user
        Whom it runs as; None for the domain's own.
    path
        The property list; empty when there is none.
    """

    label: str
    arguments: tuple[str, ...]
    keep_alive: KeepAlive = KeepAlive()
    run_at_load: bool = False
    throttle_s: float = DEFAULT_THROTTLE_S
    exit_timeout_s: float = DEFAULT_EXIT_TIMEOUT_S
    queue_directories: tuple[str, ...] = ()
    watch_paths: tuple[str, ...] = ()
    session_types: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    stdout: str | None = None
    stderr: str | None = None
    working_directory: str | None = None
    user: str | None = None
    path: str = ""


def read_spec(path: Path, *, check_owner: bool) -> JobSpec:
    """Read a property list.

    Parameters
    ----------
    path
        Of the file.
    check_owner
        Whether it has to belong to root, and be writable by nobody else, as in the system domain.

    Raises
    ------
    SpecError
        When it is not there, no property list, or describes no job.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SpecError("not a file", where=str(path))
            if check_owner and (status.st_uid != 0 or status.st_mode & 0o022):
                raise SpecError("Path had bad ownership/permissions", where=str(path))
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(error.strerror or "cannot be read", where=str(path)) from error
    if len(data) > MAX_BYTES:
        raise SpecError(f"more than {MAX_BYTES} bytes", where=str(path))
    try:
        raw = plistlib.loads(data)
    except (plistlib.InvalidFileException, ExpatError, ValueError, RecursionError) as error:
        raise SpecError(f"no property list ({error})", where=str(path)) from error
    if not isinstance(raw, dict):
        raise SpecError("a job is a dictionary", where=str(path))
    return parse_spec(raw, str(path))


def parse_spec(raw: dict[str, Any], path: str = "") -> JobSpec:
    """Make a job of a property list's dictionary.

    Parameters
    ----------
    raw
        The dictionary.
    path
        Where it comes from, for messages.

    Raises
    ------
    SpecError
        With the key, and what it must be. A key that this launchd does not know is an error, too:
        a test must not pass because something was passed over.
    """
    keys = _Keys(raw, path)
    label = keys.text("Label")
    if not label or "/" in label or not label.isprintable():
        raise SpecError("Label must be a name without a slash", where=path)
    arguments = keys.texts("ProgramArguments")
    program = keys.text("Program")
    if program:
        arguments = (program, *arguments[1:])
    if not arguments:
        raise SpecError("neither Program nor ProgramArguments", where=path)
    alive = keys.keep_alive()
    conditional = alive.successful_exit is not None
    spec = JobSpec(
        label=label,
        arguments=arguments,
        keep_alive=alive,
        run_at_load=keys.flag("RunAtLoad") or alive.always or conditional,
        throttle_s=keys.seconds("ThrottleInterval", DEFAULT_THROTTLE_S),
        exit_timeout_s=keys.seconds("ExitTimeOut", DEFAULT_EXIT_TIMEOUT_S),
        queue_directories=keys.texts("QueueDirectories"),
        watch_paths=keys.texts("WatchPaths"),
        session_types=keys.texts("LimitLoadToSessionType"),
        environment=keys.environment(),
        stdout=keys.text("StandardOutPath") or None,
        stderr=keys.text("StandardErrorPath") or None,
        working_directory=keys.text("WorkingDirectory") or None,
        user=keys.text("UserName") or None,
        path=path,
    )
    if unknown := sorted(set(raw) - keys.asked - _IGNORED):
        raise SpecError(
            f"{unknown[0]}: not known here", where=path, do="see docs/reference/launchd.md"
        )
    return spec


class _Keys:
    """Looks values up and remembers which keys were asked for."""

    def __init__(self, raw: dict[str, Any], path: str) -> None:
        self._raw = raw
        self._path = path
        self.asked: set[str] = set()

    def _get(self, key: str, kinds: tuple[type, ...], what: str) -> Any:
        self.asked.add(key)
        value = self._raw.get(key)
        if value is not None and (
            not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)
        ):
            raise self._wrong(key, what)
        return value

    def _wrong(self, key: str, what: str) -> SpecError:
        return SpecError(f"{key} must be {what}", where=self._path)

    def text(self, key: str) -> str:
        value = self._get(key, (str,), "text") or ""
        if "\0" in value:
            raise self._wrong(key, "text without NUL")
        return str(value)

    def flag(self, key: str) -> bool:
        return bool(self._get(key, (bool,), "true or false"))

    def seconds(self, key: str, default: float) -> float:
        value = self._get(key, (int, float), "seconds")
        if value is None:
            return default
        if not 0 <= value <= 86400:
            raise self._wrong(key, "seconds, at most a day")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key, (list, str), "a list of texts")
        items = [value] if isinstance(value, str) else list(value or ())
        if not all(isinstance(item, str) and "\0" not in item for item in items):
            raise self._wrong(key, "a list of texts")
        return tuple(items)

    def environment(self) -> dict[str, str]:
        value = self._get("EnvironmentVariables", (dict,), "a dictionary of texts") or {}
        if not all(isinstance(name, str) and isinstance(text, str) for name, text in value.items()):
            raise self._wrong("EnvironmentVariables", "a dictionary of texts")
        return dict(value)

    def keep_alive(self) -> KeepAlive:
        value = self._get("KeepAlive", (bool, dict), "true, false or a dictionary")
        if not isinstance(value, dict):
            return KeepAlive(always=bool(value))
        if unknown := sorted(set(value) - {"SuccessfulExit", "Crashed"}):
            raise SpecError(f"KeepAlive: {unknown[0]} is not known here", where=self._path)
        if not all(isinstance(one, bool) for one in value.values()):
            raise self._wrong("KeepAlive", "of true or false")
        return KeepAlive(False, value.get("SuccessfulExit"), value.get("Crashed"))
