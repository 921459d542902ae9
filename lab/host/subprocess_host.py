"""The host as a process of its own: the default way.

A driver that crashes, hangs or corrupts memory takes that process only. It runs in a process group
of its own, so that Ctrl-C in a terminal reaches the lab and not the host, and it always ends: when
the ``with`` block is left, when Python exits, when its stdin closes because Python was killed.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lab.errors import LabError
from lab.host import models
from lab.host.base import CALL_TIMEOUT_S, Host
from lab.host.errors import HostError, HostGone, HostTimeout, ending_of
from lab.host.link import FdLink, LinkClosed
from lab.host.locate import find_daemon
from lab.host.protocol import RpcClient
from lab.host.stderr_log import LogLine, StderrLog
from lab.profiles import load_profile

_ENDING_S = 5.0
_DRIVERS_FAULT = {"factory", "driver", "contract"}


@dataclass(frozen=True)
class HostOptions:
    """How coreaudiod-sim is started; what is None is left to it.

    Attributes
    ----------
    clock
        ``"virtual"``: deterministic, as fast as it goes; ``"realtime"``.
    seed
        Goes into traces.
    threads
        Virtual time: ``"owned"``: drivers' threads run one at a time and wait in virtual time;
        ``"free"``: they run as they like.
    schedule
        Which of several threads that are ready goes on: 0, in turn; else the seed of a choice.
    storage
        Folder for the drivers' settings; None: forgotten at the end.
    timebase
        Nanoseconds per tick that drivers see, numerator and denominator.
    wait
        Real time: ``"hybrid"`` or ``"sleep"``.
    call_limit_ms
        A call into a driver that takes longer has hung; 0: never.
    late_wake_us
        Wake-up error from which a cycle counts as late.
    budget_percent
        Share of the period that the driver may use.
    exact_memory
        malloc() keeps nothing back for its threads, so that `Host.resources` counts to the byte.
    keep_shm
        Leave behind what drivers made and did not remove: for scenarios of restarts.
    profile
        Name of a profile (docs/reference/profiles.md), which says what is asked of drivers and,
        unless the two below do, where they live; None: none.
    process_model
        ``"in-process"``: drivers live in the host's process; ``"helper"``: each in its own.
    helper_throttle_s
        A helper that died is started again at most once in so many seconds of the host's time.
    sandbox
        What a helper's driver may not reach: ``"enforce"``: is refused with EPERM (None, when the
        profile has rules); ``"report"``: is only told (`Host.sandbox`); ``"off"``.
    sandbox_allow
        What it may reach beside what the profile says: ``"read:/path"``, ``"write:@temporary"``,
        ``"shm:/Name*"``, ``"socket:inet"``.
    coverage
        Count the calls into drivers from the start (`Host.coverage`).
    extra
        Further arguments.
    """

    clock: Literal["realtime", "virtual"] = "virtual"
    seed: int = 0
    threads: Literal["owned", "free"] | None = None
    schedule: int = 0
    storage: Path | None = None
    timebase: tuple[int, int] | None = None
    wait: Literal["hybrid", "sleep"] | None = None
    call_limit_ms: int | None = None
    late_wake_us: int | None = None
    budget_percent: int | None = None
    exact_memory: bool = False
    keep_shm: bool = False
    profile: str | None = None
    process_model: Literal["in-process", "helper"] | None = None
    helper_throttle_s: float | None = None
    sandbox: Literal["off", "report", "enforce"] | None = None
    sandbox_allow: tuple[str, ...] = ()
    coverage: bool = False
    extra: tuple[str, ...] = ()

    def arguments(self, profile_file: Path | None = None) -> list[str]:
        """As a command line; `profile_file` holds what `profile` names."""
        line = ["--rpc", "stdio", "--clock", self.clock, "--seed", str(self.seed)]
        if self.threads is not None:
            line += ["--threads", self.threads]
        if self.schedule:
            line += ["--schedule", str(self.schedule)]
        if self.storage is not None:
            line += ["--storage", str(self.storage)]
        if self.timebase is not None:
            line += ["--timebase", f"{self.timebase[0]}/{self.timebase[1]}"]
        numbers = {
            "--wait": self.wait,
            "--call-limit-ms": self.call_limit_ms,
            "--late-wake-us": self.late_wake_us,
            "--budget-percent": self.budget_percent,
        }
        for name, value in numbers.items():
            if value is not None:
                line += [name, str(value)]
        if self.keep_shm:
            line.append("--keep-shm")
        return [*line, *self._helper_arguments(profile_file), *self.extra]

    def _helper_arguments(self, profile_file: Path | None) -> list[str]:
        """What says where drivers live, and what they may do there."""
        throttle = self.helper_throttle_s
        words = {
            "--profile": profile_file,
            "--process-model": self.process_model,
            "--helper-throttle-ms": None if throttle is None else round(throttle * 1000),
            "--sandbox": self.sandbox,
        }
        line = [part for name, word in words.items() if word is not None for part in (name, word)]
        rules = [part for rule in self.sandbox_allow for part in ("--sandbox-allow", rule)]
        return [*map(str, line), *rules]

    def environment(self) -> dict[str, str]:
        """What it needs of the environment."""
        if not self.exact_memory:
            return {}
        # glibc counts what it keeps back for a thread as given out.
        others = os.environ.get("GLIBC_TUNABLES", "")
        own = "glibc.malloc.tcache_count=0"
        return {"GLIBC_TUNABLES": f"{others}:{own}" if others else own}


class SubprocessHost(Host):
    """Starts coreaudiod-sim and talks to it over its stdin and stdout.

    Parameters
    ----------
    options
        How it is started.
    environment
        Added to this process's own: drivers take their settings from there.
    program
        None: where `lab.host.locate.find_daemon` finds it.
    on_log
        Called for each line of its stderr, on another thread.
    start_timeout_s
        How long it may take to answer for the first time.

    Raises
    ------
    LabError
        When it cannot be started; then nothing is left running.
    """

    def __init__(
        self,
        options: HostOptions | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        program: Path | None = None,
        on_log: Callable[[LogLine], None] | None = None,
        start_timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        self.options = options or HostOptions()
        self.program = program or find_daemon()
        with _profile_file(self.options.profile) as profile_file:
            self._start(profile_file, environment, on_log, start_timeout_s)

    def _start(
        self,
        profile_file: Path | None,
        environment: Mapping[str, str] | None,
        on_log: Callable[[LogLine], None] | None,
        start_timeout_s: float,
    ) -> None:
        command = [str(self.program), *self.options.arguments(profile_file)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **self.options.environment(), **(environment or {})},
                start_new_session=True,
            )
        except OSError as error:
            raise LabError(
                f"coreaudiod-sim cannot be started ({error.strerror})",
                where=str(self.program),
                do="build it again",
            ) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.log = StderrLog(self._process.stderr, on_log)  # type: ignore[arg-type]
        self._link = FdLink(
            os.dup(self._process.stdout.fileno()), os.dup(self._process.stdin.fileno())
        )
        self._process.stdout.close()
        self._process.stdin.close()
        self._client = RpcClient(self._link)
        self._closed = False
        atexit.register(self.close)
        self.daemon_pid = self._process.pid
        try:
            self.daemon_pid = models.HostInfo.model_validate(
                self.call("host.info", timeout_s=start_timeout_s)
            ).pid
            if self.options.coverage:
                self.count_calls()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the process that was started: the guard, whose child the daemon is (`daemon_pid`)."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """Exit code, negative for a signal, None while it runs."""
        return self._process.poll()

    def helper_reports(self, expected: int = 1) -> list[dict[str, Any]]:
        """What was reported of helpers that died, oldest first: as `DriverCrashed.report`.

        Parameters
        ----------
        expected
            So many are waited for, for a moment: they come on stderr, beside the answers.
        """
        deadline = time.monotonic() + 1.0
        while True:
            reports = self.log.helper_reports()
            if len(reports) >= expected or time.monotonic() >= deadline:
                return reports
            time.sleep(0.001)

    @property
    def threads_left(self) -> tuple[str, ...]:
        """A line for each thread that drivers did not end; after `close`, in virtual time."""
        found = self.log.events("threads-left")
        return tuple(str(line) for event in found for line in event.fields.get("threads", []))

    def call(self, method: str, *, timeout_s: float = CALL_TIMEOUT_S, **params: object) -> object:
        """Send a request; a host that does not answer in time is ended.

        Where the driver refused, what it logged meanwhile becomes part of the error: its code
        alone ('nope') says too little.
        """
        known = self.log.count
        try:
            return super().call(method, timeout_s=timeout_s, **params)
        except HostTimeout:
            self.kill()
            raise
        except HostError as error:
            if error.status not in _DRIVERS_FAULT:
                raise
            said = self.log.complaint_since(known, patience_s=0.05)
            if not said:
                raise
            text = f"{error.message}; the driver says: {said}"
            raise HostError(error.status, error.os_status, text) from None

    def kill(self) -> None:
        """End the daemon without a word, as a crash would; its guard cleans up and ends, too."""
        with suppress(ProcessLookupError):
            os.kill(self.daemon_pid, signal.SIGKILL)
        try:
            self._process.wait(timeout=_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End it in good order, or not. May be called twice; never raises."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        if self._process.poll() is None:
            with suppress(LabError, LinkClosed):
                self._client.call("host.shutdown", timeout_s=_ENDING_S)
        self._link.close()
        try:
            self._process.wait(timeout=_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            try:
                self._process.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._end_groups()
        self.log.wait(1.0)

    def _ending(self) -> HostGone:
        try:
            status = self._process.wait(timeout=_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self.log.wait(_ENDING_S)
        return ending_of(status, self.log.last_report(), self.log.last_words())

    def _end_groups(self) -> None:
        """Whatever guard and daemon left in their groups ends, after a moment to do so by itself.

        The daemon has a group of its own when its stdin is no terminal: what drivers start is
        there.
        """
        groups = {self._process.pid, self.daemon_pid}
        deadline = time.monotonic() + 2.0
        while groups and time.monotonic() < deadline:
            groups = {group for group in groups if _has_members(group)}
            if groups:
                time.sleep(0.002)
        for group in groups:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)


@contextmanager
def _profile_file(name: str | None) -> Iterator[Path | None]:
    """The profile as the host reads it, at its start only; None without one."""
    if name is None:
        yield None
        return
    flat = load_profile(name).flat()
    with tempfile.TemporaryDirectory(prefix="hal-lab-") as folder:
        path = Path(folder) / f"{flat['name']}.json"
        path.write_text(json.dumps(flat), encoding="utf-8")
        yield path


def _has_members(group: int) -> bool:
    """Whether there is a process in that group that is ours to end."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
