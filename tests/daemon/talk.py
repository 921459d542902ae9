"""coreaudiod-sim as a process, spoken to in raw lines: what the tests of the executable share."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psutil
import pytest

from lab.errors import MissingError
from lab.host.locate import find_daemon, find_driver

SHM = Path("/dev/shm")
PATIENCE_S = 20.0


def program() -> Path:
    """The executable; the test is skipped without one."""
    try:
        return find_daemon()
    except MissingError as error:
        pytest.skip(str(error))


def driver(name: str) -> str:
    """The bundle of a driver; the test is skipped without it."""
    try:
        return str(find_driver(name))
    except MissingError as error:
        pytest.skip(str(error))


def unique_shm() -> str:
    """A name of shared memory that nobody else uses, short enough for Gecko and its readers."""
    return f"/dmn-{uuid.uuid4().hex[:12]}"


def shm_exists(name: str) -> bool:
    """Whether there is such an object."""
    return (SHM / name.removeprefix("/")).exists()


def wait_until(what: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.005)
    return what()


def request(number: int | str, method: str, **params: object) -> str:
    """One line."""
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


class Ending:
    """How a process ended.

    Attributes
    ----------
    code
        Exit code.
    out, err
        What was written; `events` are the JSON objects with an ``event`` on stderr.
    """

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err
        self.events = []
        for line in err.splitlines():
            if line.startswith('{"event"'):
                self.events.append(json.loads(line))

    @property
    def report(self) -> dict[str, Any]:
        """The last line on stderr, which has to be JSON."""
        value = json.loads(self.err.splitlines()[-1])
        assert isinstance(value, dict)
        return value


def run(*arguments: str, given: str = "", environment: Mapping[str, str] | None = None) -> Ending:
    """Run the executable to its end."""
    done = subprocess.run(
        [str(program()), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    return Ending(done.returncode, done.stdout, done.stderr)


@cache
def has_address_sanitizer() -> bool:
    """Whether the daemon was built with it: it takes SIGSEGV and reports "sanitizer" instead."""
    ending = run("--clock", "virtual", given=request(1, "host.info"))
    return "address" in json.loads(ending.out)["result"]["sanitizers"]


class Daemon:
    """A running daemon on stdio.

    Parameters
    ----------
    *arguments
        Of the command line.
    environment
        Added to this process's.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [str(program()), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._number = 0
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._err: list[str] = []
        self._out: list[str] = []
        self.notices: list[dict[str, Any]] = []
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._threads = [
            threading.Thread(target=self._read_out, args=(self.process.stdout,), daemon=True),
            threading.Thread(target=self._read_err, args=(self.process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.ending()

    def _read_out(self, stream: IO[str]) -> None:
        for line in stream:
            self._out.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _read_err(self, stream: IO[str]) -> None:
        self._err.extend(stream)

    def say(self, *lines: str) -> None:
        """Send raw lines."""
        assert self.process.stdin is not None
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def hear(self, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next answer; notices on the way are kept."""
        while True:
            line = self._lines.get(timeout=timeout_s)
            assert line is not None, f"the daemon has gone: {''.join(self._err)}"
            message = json.loads(line)
            assert message["jsonrpc"] == "2.0"
            if "method" not in message:
                return dict(message)
            self.notices.append(message["params"])

    def send(self, method: str, **params: object) -> int:
        """Send a request without waiting for its answer."""
        self._number += 1
        self.say(request(self._number, method, **params))
        return self._number

    def ask(self, method: str, **params: object) -> Any:
        """The result of a request."""
        number = self.send(method, **params)
        answer = self.hear()
        assert answer["id"] == number
        assert "result" in answer, answer
        return answer["result"]

    def refuse(self, method: str, **params: object) -> dict[str, Any]:
        """The error of a request."""
        number = self.send(method, **params)
        answer = self.hear()
        assert answer["id"] == number
        assert "error" in answer, answer
        return dict(answer["error"])

    def play(self, path: str, **source: object) -> None:
        """Load a driver and start a client on its first device."""
        self.ask("plugin.load", path=path)
        assert self.ask("client.add", device=0) == {"client": 1}
        self.ask("client.set_source", device=0, client=1, source=source or {"kind": "counter"})
        self.ask("io.start", device=0, client=1)

    def inner_pid(self) -> int:
        """The process that loads drivers; not the guard, which is what was started."""
        return int(self.ask("host.info")["pid"])

    def close_stdin(self) -> None:
        """Nothing more will be asked."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def ending(self) -> Ending:
        """Wait for the end."""
        code = self.process.wait(PATIENCE_S)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                with suppress(BrokenPipeError):  # what was not read any more
                    stream.close()
        return Ending(code, "".join(self._out), "".join(self._err))


def has_loaded(name: str, pid: int) -> bool:
    """Whether the process, or a child of it, has the code of that driver in its memory."""
    family = [psutil.Process(pid), *psutil.Process(pid).children()]
    return any(f"/{name}.driver/" in Path(f"/proc/{one.pid}/maps").read_text() for one in family)


def is_gone(pid: int) -> bool:
    """Whether the process has ended; a zombie has."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
