"""The event loop: signals, the control socket, timers, files."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab.launchd.jobs import Action, JobExistsError, JobTable, Signal, Spawn
from lab.launchd.paths import INTERVAL_S, Watcher
from lab.launchd.policy import Policy, user_of
from lab.launchd.processes import Processes
from lab.launchd.requests import Desk, Reply
from lab.launchd.spec import SpecError
from lab.launchd.wire import MAX_LINE, SOCKET

FOLDERS = {
    "system": ("/System/Library/LaunchDaemons", "/Library/LaunchDaemons"),
    "agents": ("/System/Library/LaunchAgents", "/Library/LaunchAgents"),
}
"""Where jobs are found when a domain begins; agents belong to gui and loginwindow."""


class Launchd:
    """One launchd.

    Parameters
    ----------
    root
        What the machine's paths are below.
    policy
        What its version of macOS refuses.
    domains
        That there are, ``system`` first.
    check_owner
        Whether property lists of the system domain have to belong to root.
    """

    def __init__(
        self, root: Path, policy: Policy, domains: Iterable[str], *, check_owner: bool = True
    ) -> None:
        self._processes = Processes(root, dict(os.environ))
        self._table = JobTable()
        self._desk = Desk(self._table, policy, self._processes.place, check_owner)
        self._watcher = Watcher(self._table, self._processes.place)
        self._domains = list(domains)
        self._selector = selectors.DefaultSelector()
        self._socket_path = Path(self._processes.place(SOCKET))
        self._pending: list[tuple[socket.socket, Reply]] = []
        self._stopping = False
        self._next_look = 0.0

    def run(self, *, while_stdin: bool = False) -> int:
        """Serve until SIGTERM or SIGINT; then end all jobs.

        Parameters
        ----------
        while_stdin
            End when standard input ends, too: whoever holds the other end may be killed.

        Returns
        -------
        int
            The exit status.
        """
        wake = self._catch_signals()
        listener = self._listen()
        self._selector.register(wake, selectors.EVENT_READ, "wake")
        self._selector.register(listener, selectors.EVENT_READ, "listener")
        if while_stdin:
            self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ, "stdin")
        self._boot()
        while not (self._stopping and self._table.idle):
            for event, _ in self._selector.select(self._patience()):
                if event.data == "wake":
                    with contextlib.suppress(BlockingIOError):
                        self._on_signals(wake.recv(256))
                elif event.data == "listener":
                    self._accept(listener)
                elif event.data == "stdin":
                    self._on_stdin()
                else:
                    self._read(event.fileobj, event.data)  # type: ignore[arg-type]
            self._after_events()
        self._socket_path.unlink(missing_ok=True)
        # As process 1, whatever is left goes with us.
        return 0

    # ---- beginning ---------------------------------------------------------------------------

    def _catch_signals(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._wake_end = theirs
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # The default would be to pass over them for process 1, and to die of them for others.
            signal.signal(number, lambda _number, _frame: None)
        return ours

    def _listen(self) -> socket.socket:
        self._socket_path.parent.mkdir(parents=True, exist_ok=True)
        self._socket_path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self._socket_path))
        # Everybody may ask; who asks is known, and what they may is decided for each request.
        self._socket_path.chmod(0o666)
        listener.listen(64)
        listener.setblocking(False)
        return listener

    def _boot(self) -> None:
        for domain in self._domains:
            for folder in FOLDERS["system" if domain == "system" else "agents"]:
                for path in sorted(Path(self._processes.place(folder)).glob("*.plist")):
                    inside = f"{folder}/{path.name}"
                    try:
                        self._carry_out(self._desk.load_file(domain, inside, time.monotonic()))
                    except (SpecError, JobExistsError) as error:
                        _say(f"{inside} is not loaded into {domain}: {error}")

    # ---- events ------------------------------------------------------------------------------

    def _patience(self) -> float | None:
        now = time.monotonic()
        times = [reply.deadline for _, reply in self._pending]
        due = self._table.next_due()
        if due is not None:
            times.append(due)
        if self._watcher.needed:
            times.append(self._next_look)
        return max(0.0, min(times) - now) if times else None

    def _after_events(self) -> None:
        now = time.monotonic()
        for pid, status in self._processes.reap():
            _say(f"process {pid} has ended, status {status}")
            self._carry_out(self._table.ended(pid, status, now))
        if self._watcher.needed and now >= self._next_look:
            self._next_look = now + INTERVAL_S
            self._carry_out(self._watcher.look(now))
        self._carry_out(self._table.tick(now))
        for connection, reply in list(self._pending):
            if reply.ready is None or reply.ready() or now >= reply.deadline:
                self._pending.remove((connection, reply))
                _send(connection, reply.answer)

    def _on_signals(self, numbers: bytes) -> None:
        if {signal.SIGTERM, signal.SIGINT} & set(numbers):
            self._stop()

    def _on_stdin(self) -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            self._selector.unregister(sys.stdin.fileno())
            self._stop()

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._carry_out(self._table.shut_down(time.monotonic()))

    def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            now = time.monotonic()
            match action:
                case Spawn(key):
                    try:
                        pid = self._processes.spawn(self._table.get(key).spec, user_of(key[0]))
                    except OSError as error:
                        _say(f"{key[1]} cannot be started: {error}")
                        self._table.spawn_failed(key, now)
                        continue
                    self._table.spawned(key, pid, now)
                    _say(f"{key[0]}/{key[1]} is process {pid}")
                case Signal(key, pid, number):
                    _say(f"signal {int(number)} to {key[0]}/{key[1]}, process {pid}")
                    self._processes.signal(pid, number)

    # ---- the control socket ------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ, bytearray())

    def _read(self, connection: socket.socket, buffer: bytearray) -> None:
        try:
            chunk = connection.recv(MAX_LINE)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        buffer += chunk
        if b"\n" not in buffer:
            if not chunk or len(buffer) > MAX_LINE:
                self._selector.unregister(connection)
                connection.close()
            return
        self._selector.unregister(connection)
        reply = self._answer(bytes(buffer.split(b"\n", 1)[0]), _peer(connection))
        self._carry_out(reply.actions)
        if reply.ready is None:
            _send(connection, reply.answer)
        else:
            self._pending.append((connection, reply))

    def _answer(self, line: bytes, uid: int) -> Reply:
        try:
            request: Any = json.loads(line)
        except ValueError:
            request = {}
        if not isinstance(request, dict):
            request = {}
        return self._desk.take(request, uid, time.monotonic())


def _peer(connection: socket.socket) -> int:
    """User ID of the other end; one that is nobody where the system does not say."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return os.getuid()
    data = connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", data)[1]
    return uid


def _send(connection: socket.socket, answer: dict[str, Any]) -> None:
    with connection, contextlib.suppress(OSError):
        connection.settimeout(1.0)
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _say(text: str) -> None:
    sys.stderr.write(f"launchd: {text}\n")
    sys.stderr.flush()
