"""The first process of a guest: starts what the host asks for, and says what came of it.

Runs on a bare interpreter, with one thread. It judges nothing and keeps no time: limits are the
host's, which asks for a signal. When it dies the guest's kernel gives up, and the host sees that.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
import tty
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.guest import agent_setup
from lab.guest.frames import Frame, FrameReader, Kind, with_json

_CHUNK = 32 << 10
_TERM_S = 1.0
_LEFT_OVER_S = 0.2


class _Command:
    """A process of a command."""

    def __init__(self, number: int, process: subprocess.Popen[bytes]) -> None:
        self.number = number
        self.process = process
        self.outputs: dict[int, Kind] = {}
        self.waiting = bytearray()
        self.input_ends = False
        self.writing = False


class Agent:
    """The loop.

    Parameters
    ----------
    line_fd
        The line to the host, raw.
    """

    def __init__(self, line_fd: int) -> None:
        self._line = line_fd
        self._reader = FrameReader()
        self._selector = selectors.DefaultSelector()
        self._commands: dict[int, _Command] = {}
        wake, self._wake_fd = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._wake_fd, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wake_fd, warn_on_full_buffer=False)
        self._selector.register(wake, selectors.EVENT_READ, lambda _mask: self._reap(wake))
        self._selector.register(line_fd, selectors.EVENT_READ, lambda _mask: self._hear())

    def run(self) -> None:
        """Serve until told to halt, or until the line is closed."""
        while True:
            for key, mask in self._selector.select():
                if key.fileobj in self._selector.get_map():
                    key.data(mask)

    def send(self, frame: Frame) -> None:
        """Send a frame, however long the host takes to read it."""
        data = memoryview(frame.pack())
        while data:
            data = data[os.write(self._line, data) :]

    # ---- from the host ---------------------------------------------------------------------------

    def _hear(self) -> None:
        try:
            data = os.read(self._line, 4096)
        except OSError:
            data = b""
        if not data:
            self._halt()
        frames = self._reader.feed(data)
        self.send(with_json(Kind.TAKEN, 0, bytes=len(data)))
        for frame in frames:
            self._obey(frame)

    def _obey(self, frame: Frame) -> None:
        command = self._commands.get(frame.number)
        if frame.kind is Kind.RUN:
            self._start(frame.number, frame.json())
        elif frame.kind is Kind.COPY:
            self._copy(frame.number, frame.json())
        elif frame.kind is Kind.HALT:
            self._halt()
        elif frame.kind is Kind.SIGNAL and command is not None:
            with suppress(ProcessLookupError):
                os.killpg(command.process.pid, int(frame.json()["signal"]))
        elif frame.kind is Kind.INPUT and command is not None:
            command.waiting += frame.payload
            self._feed(command)
        elif frame.kind is Kind.INPUT_END and command is not None:
            command.input_ends = True
            self._feed(command)

    def _start(self, number: int, asked: dict[str, Any]) -> None:
        try:
            process = subprocess.Popen(
                asked["argv"],
                env=asked["env"],
                cwd=asked["cwd"],
                stdin=subprocess.PIPE if asked["input"] else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self._refuse(number, error)
            return
        command = _Command(number, process)
        self._commands[number] = command
        self.send(with_json(Kind.STARTED, number, pid=process.pid))
        assert process.stdout is not None
        assert process.stderr is not None
        for pipe, kind in ((process.stdout, Kind.OUTPUT), (process.stderr, Kind.ERRORS)):
            fd = pipe.fileno()
            os.set_blocking(fd, False)
            command.outputs[fd] = kind
            self._selector.register(
                fd, selectors.EVENT_READ, lambda _mask, fd=fd: self._read(command, fd)
            )
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)

    def _copy(self, number: int, asked: dict[str, Any]) -> None:
        source, target = Path(asked["source"]), Path(asked["target"])
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
            os.sync()
        except (OSError, shutil.Error) as error:
            self._refuse(number, error)
            return
        self.send(with_json(Kind.COPIED, number))

    def _halt(self) -> None:
        _check_first()
        signal.set_wakeup_fd(-1)
        for number, patience_s in ((signal.SIGTERM, _TERM_S), (signal.SIGKILL, _TERM_S)):
            with suppress(ProcessLookupError):
                os.kill(-1, number)
            _await_children(patience_s)
        agent_setup.power_off()
        time.sleep(60)

    def _refuse(self, number: int, error: BaseException) -> None:
        what = str(error)
        where = ""
        if isinstance(error, OSError) and error.strerror:
            what, where = error.strerror, str(error.filename or "")
        self.send(with_json(Kind.REFUSED, number, what=what, where=where))

    # ---- commands --------------------------------------------------------------------------------

    def _feed(self, command: _Command) -> None:
        """Write what waits to a command's stdin."""
        pipe = command.process.stdin
        taken = 0
        if pipe is None or pipe.closed:
            taken = len(command.waiting)
        elif command.waiting:
            try:
                taken = os.write(pipe.fileno(), command.waiting[:_CHUNK])
            except BlockingIOError:
                taken = 0
            except OSError:  # it reads no more
                taken = len(command.waiting)
                self._close_input(command)
        if taken:
            del command.waiting[:taken]
            self.send(with_json(Kind.INPUT_TAKEN, command.number, bytes=taken))
        if command.input_ends and not command.waiting:
            self._close_input(command)
        self._watch_input(command)

    def _watch_input(self, command: _Command) -> None:
        pipe = command.process.stdin
        if pipe is None or pipe.closed or bool(command.waiting) == command.writing:
            return
        command.writing = bool(command.waiting)
        if command.writing:
            self._selector.register(
                pipe.fileno(), selectors.EVENT_WRITE, lambda _mask: self._feed(command)
            )
        else:
            self._selector.unregister(pipe.fileno())

    def _close_input(self, command: _Command) -> None:
        pipe = command.process.stdin
        if pipe is None or pipe.closed:
            return
        if command.writing:
            self._selector.unregister(pipe.fileno())
            command.writing = False
        with suppress(OSError):
            pipe.close()

    def _read(self, command: _Command, fd: int) -> bool:
        """Pass on what a command says; whether there may be more."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(fd)
            del command.outputs[fd]
            return False
        self.send(Frame(command.outputs[fd], command.number, data))
        return True

    def _reap(self, wake_fd: int) -> None:
        with suppress(BlockingIOError):
            os.read(wake_fd, 512)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for command in list(self._commands.values()):
                if command.process.pid == pid:
                    self._end(command, os.waitstatus_to_exitcode(status))

    def _end(self, command: _Command, status: int) -> None:
        command.process.returncode = status
        # What it has left running ends with it: its pipes would stay open for ever.
        with suppress(ProcessLookupError):
            os.killpg(command.process.pid, signal.SIGKILL)
        deadline_s = time.monotonic() + _LEFT_OVER_S
        for fd in list(command.outputs):
            # A process that made a session of its own may go on writing; not for ever.
            while self._read(command, fd) and time.monotonic() < deadline_s:
                pass
            if fd in command.outputs:
                self._selector.unregister(fd)
        self._close_input(command)
        for pipe in (command.process.stdout, command.process.stderr):
            if pipe is not None:
                pipe.close()
        del self._commands[command.number]
        self.send(with_json(Kind.ENDED, command.number, status=status))


def _check_first() -> None:
    """Go no further unless this is a system's first process: what follows ends a whole system."""
    if os.getpid() != 1:
        os._exit(1)


def _await_children(limit_s: float) -> None:
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            return


def main(config_path: str) -> None:
    """Set the guest up, then serve.

    Parameters
    ----------
    config_path
        JSON file written by the launcher.
    """
    config = json.loads(Path(config_path).read_text(encoding="utf-8"))
    line = os.open(config["line"], os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    agent = Agent(line)
    try:
        agent_setup.prepare(config)
    except (agent_setup.SetupError, OSError) as error:
        sys.stdout.write(f"agent: {error}\n")
        agent.send(with_json(Kind.FAILED, 0, what=str(error)))
        time.sleep(1)
        _check_first()
        agent_setup.power_off()
    agent.send(with_json(Kind.READY, 0, release=os.uname().release))
    agent.run()
