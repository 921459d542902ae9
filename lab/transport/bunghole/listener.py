"""The one place with sockets: accepts guests, gives their bytes to sessions, sends what these say.

One thread, one selector. Measured on a 2-core machine, 320 bytes every 10 ms from another process,
median of the time from the sender's clock to the receiver's: a blocking thread per connection
58 us, selectors 76 us, asyncio 90 us. Many guests in one thread decide against the first.
"""

from __future__ import annotations

import errno
import queue
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from lab.transport.bunghole.endpoint import Endpoint
from lab.transport.bunghole.journal import Journal
from lab.transport.bunghole.limits import Limits
from lab.transport.bunghole.outbox import Outbox
from lab.transport.bunghole.session import Ending, Session

_T = TypeVar("_T")
_ACCEPTS_A_TURN = 32
_LAST_READS = 64
_LONGEST_WAIT_NS = 500_000_000
_MS_NS = 1_000_000
_NAP_NS = 500_000
_ACCEPT_AGAIN_NS = 100_000_000
_HARMLESS = (errno.ECONNABORTED, errno.EINTR, errno.EPROTO)

MakeSession = Callable[[str], "Session | None"]
"""Given the guest's name; None refuses it."""


class _Connection:
    """A `Link` with its socket."""

    def __init__(
        self, sock: socket.socket, peer: str, session: Session, limits: Limits, now_ns: int
    ) -> None:
        self.sock = sock
        self.peer = peer
        self.session = session
        self.limits = limits
        self.outbox = Outbox(audio_limit=limits.queued_audio, control_limit=limits.queued_control)
        self.ending: Ending | None = None
        self.resting_until_ns = 0
        self.wants_rest = False
        self.events = selectors.EVENT_READ
        self.opened_ns = now_ns

    def close(self, ending: Ending) -> None:
        if self.ending is None:
            self.ending = ending

    def rest(self) -> None:
        self.wants_rest = True

    def due_ns(self) -> int:
        due = self.session.due_ns()
        if self.resting_until_ns:
            due = min(due, self.resting_until_ns)
        if self.outbox.stuck_ns is not None:
            due = min(due, self.outbox.stuck_ns + self.limits.unwritable_ns)
        return due


class Listener:
    """Serves one port.

    Parameters
    ----------
    endpoint, port
        Where.
    make_session
        Called for each new connection, in the listener's thread.
    limits
        Bounds.
    journal
        For trouble.
    before_turn
        Called in the listener's thread before each turn with the time; returns when it wants to be
        called again at the latest. A microphone makes its packets there.

    Attributes
    ----------
    accepted
        Connections, those closed at once included.
    endings
        How connections have ended, by `Ending`.

    Raises
    ------
    LabError
        When nobody can listen there. From `start`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        port: int,
        make_session: MakeSession,
        *,
        limits: Limits,
        journal: Journal,
        before_turn: Callable[[int], int] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.port = port
        self.accepted = 0
        self.endings: Counter[Ending] = Counter()
        self._make_session = make_session
        self._limits = limits
        self._journal = journal
        self._before_turn = before_turn
        self._connections: dict[str, _Connection] = {}
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._ended = False
        self._failure: Exception | None = None
        self._accept_again_ns = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ---- from any thread --------------------------------------------------------------------

    def start(self) -> None:
        """Listen, and serve in a thread of its own.

        Raises
        ------
        LabError
            When that is not possible.
        """
        assert self._thread is None
        self._server = self.endpoint.listen(self.port, self._limits)
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        self._selector.register(self._server, selectors.EVENT_READ, "server")
        self._selector.register(self._wake_read, selectors.EVENT_READ, "wake")
        self._thread = threading.Thread(target=self._run, name=f"bunghole-{self.port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close all connections and end the thread. May be called twice.

        Raises
        ------
        Exception
            What a session raised: that is a mistake in the lab, not of a peer.
        """
        if self._thread is not None and not self._stopping:
            self._stopping = True
            self._wake()
            self._thread.join()
            self._run_tasks()
            self._wake_read.close()
            self._wake_write.close()
            self.endpoint.release(self.port)
            if self._failure is not None:
                raise self._failure

    def ask(self, question: Callable[[], _T]) -> _T:
        """Run something in the listener's thread, where nothing else moves, and return its answer.

        Parameters
        ----------
        question
            Short; after `stop` it is run at once.
        """
        is_alone = self._thread is None or self._ended or self._stopping
        if is_alone or threading.current_thread() is self._thread:
            return question()
        answer: Future[_T] = Future()

        def task() -> None:
            try:
                answer.set_result(question())
            except Exception as error:  # noqa: BLE001  (belongs to who asked)
                answer.set_exception(error)

        self._tasks.put(task)
        self._wake()
        return answer.result(timeout=30)

    @property
    def connected(self) -> tuple[str, ...]:
        """Guests that are connected now."""
        return self.ask(lambda: tuple(self._connections))

    def cut(self, guest: str | None = None) -> int:
        """Close connections, as a fault on purpose; what they have sent and nobody read is lost.

        Parameters
        ----------
        guest
            Whose; None cuts all.

        Returns
        -------
        int
            How many.
        """

        def cut_them() -> int:
            chosen = self._chosen(guest)
            for connection in chosen:
                connection.close(Ending.CUT)
                self._settle(connection)
            return len(chosen)

        return self.ask(cut_them)

    def hold(self, seconds: float, guest: str | None = None) -> int:
        """Read nothing for a while, as a fault on purpose: what a stalled host does.

        Parameters
        ----------
        seconds
            After 3 of them a v2 peer counts as half open.
        guest
            Whose; None holds all.

        Returns
        -------
        int
            How many.
        """

        def hold_them() -> int:
            chosen = self._chosen(guest)
            for connection in chosen:
                connection.resting_until_ns = time.monotonic_ns() + round(seconds * 1e9)
                self._settle(connection)
            return len(chosen)

        return self.ask(hold_them)

    def _chosen(self, guest: str | None) -> list[_Connection]:
        return [c for name, c in self._connections.items() if guest in (None, name)]

    def _wake(self) -> None:
        with suppress(BlockingIOError):
            self._wake_write.send(b"!")

    # ---- in the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        except Exception as error:  # noqa: BLE001  (`stop` tells)
            self._failure = self._failure or error
        finally:
            for connection in list(self._connections.values()):
                connection.close(Ending.STOPPED)
                self._settle(connection)
            self._selector.close()
            self._server.close()
            self._ended = True
            self._run_tasks()

    def _turn(self) -> None:
        now_ns = time.monotonic_ns()
        due_ns = now_ns + _LONGEST_WAIT_NS
        if self._before_turn is not None:
            try:
                due_ns = min(due_ns, self._before_turn(now_ns))
            except Exception as error:  # noqa: BLE001  (the signal is the caller's: `stop` tells)
                self._failure = self._failure or error
                self._before_turn = None
            for connection in list(self._connections.values()):
                self._settle(connection)
        for connection in self._connections.values():
            due_ns = min(due_ns, connection.due_ns())
        if self._accept_again_ns:
            due_ns = min(due_ns, self._accept_again_ns)
        ready = self._wait(due_ns)
        for key, events in ready:
            if key.data == "server":
                self._accept()
            elif key.data == "wake":
                with suppress(BlockingIOError):
                    self._wake_read.recv(4096)
            else:
                self._serve(key.data, events)
        self._run_tasks()
        now_ns = time.monotonic_ns()
        for connection in list(self._connections.values()):
            if connection.due_ns() <= now_ns:
                self._tick(connection, now_ns)
        if self._accept_again_ns and self._accept_again_ns <= now_ns:
            self._accept_again_ns = 0
            self._selector.register(self._server, selectors.EVENT_READ, "server")

    def _wait(self, due_ns: int) -> list[tuple[selectors.SelectorKey, int]]:
        """Until something can be done. Selectors wait in whole milliseconds, audio does not."""
        wait_ns = due_ns - time.monotonic_ns()
        if wait_ns <= 0:
            return self._selector.select(0)
        if self._before_turn is None:
            return self._selector.select(wait_ns / 1e9)
        if wait_ns >= 3 * _MS_NS:
            return self._selector.select((wait_ns - 2 * _MS_NS) / 1e9)
        ready = self._selector.select(0)
        if not ready:
            time.sleep(min(wait_ns, _NAP_NS) / 1e9)
        return ready

    def _run_tasks(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._tasks.get_nowait()()

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            try:
                sock, address = self._server.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _HARMLESS:
                    continue
                # Out of descriptors or memory: the waiting peer would wake us over and over.
                self._journal.trouble("cannot-accept", "", f"cannot accept: {error.strerror}")
                self._selector.unregister(self._server)
                self._accept_again_ns = time.monotonic_ns() + _ACCEPT_AGAIN_NS
                return
            self.accepted += 1
            self._admit(sock, self.endpoint.guest_of(sock, address))

    def _admit(self, sock: socket.socket, guest: str) -> None:
        older = self._connections.get(guest)
        if older is not None:
            # What it has sent has been sent: the guest may just have gone and come back.
            self._drain(older)
            older.close(Ending.REPLACED)
            self._settle(older)
        if len(self._connections) >= self._limits.connections:
            self._make_room()
        session = None
        if len(self._connections) < self._limits.connections:
            session = self._make_session(guest)
        if session is None:
            sock.close()
            self.endings[Ending.NO_ROOM] += 1
            self._journal.trouble(
                "too-many-connections",
                "",
                f"{self.endpoint.named(self.port)}: no room for {guest}, "
                f"{len(self._connections)} connections; closed",
            )
            return
        sock.setblocking(False)
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._limits.send_buffer_bytes)
        now_ns = time.monotonic_ns()
        connection = _Connection(sock, guest, session, self._limits, now_ns)
        self._connections[guest] = connection
        self._selector.register(sock, connection.events, connection)
        self._guarded(connection, lambda: session.opened(connection, now_ns))
        self._settle(connection)

    def _make_room(self) -> None:
        silent = [each for each in self._connections.values() if each.session.gives_way]
        if silent:
            oldest = min(silent, key=lambda each: each.opened_ns)
            oldest.close(Ending.GAVE_WAY)
            self._settle(oldest)

    def _serve(self, connection: _Connection, events: int) -> None:
        if connection.sock.fileno() < 0:
            return  # closed earlier in this turn
        if events & selectors.EVENT_READ and not connection.resting_until_ns:
            self._read(connection)
        self._settle(connection)

    def _read(self, connection: _Connection) -> bool:
        """One turn's worth; whether there may be more."""
        try:
            data = connection.sock.recv(self._limits.read_bytes)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            connection.close(Ending.PEER_RESET)
            return False
        if not data:
            connection.close(Ending.PEER_CLOSED)
            return False
        now_ns = time.monotonic_ns()
        self._guarded(connection, lambda: connection.session.received(data, now_ns))
        return True

    def _drain(self, connection: _Connection) -> None:
        for _ in range(_LAST_READS):
            if connection.ending is not None or not self._read(connection):
                return

    def _tick(self, connection: _Connection, now_ns: int) -> None:
        if connection.resting_until_ns and connection.resting_until_ns <= now_ns:
            connection.resting_until_ns = 0
        stuck_ns = connection.outbox.stuck_ns
        if stuck_ns is not None and now_ns - stuck_ns >= self._limits.unwritable_ns:
            connection.close(Ending.NOT_READING)
            self._journal.trouble(
                Ending.NOT_READING,
                connection.peer,
                f"{connection.peer} does not read what is sent to it; closed",
            )
        self._guarded(connection, lambda: connection.session.tick(now_ns))
        self._settle(connection)

    def _guarded(self, connection: _Connection, call: Callable[[], None]) -> None:
        """The other guests must not suffer from a mistake of ours; `stop` tells of it."""
        try:
            call()
        except Exception as error:  # noqa: BLE001
            self._failure = self._failure or error
            connection.close(Ending.INTERNAL)

    def _settle(self, connection: _Connection) -> None:
        """Send what is to be sent; close what is to be closed; wait for the right things."""
        if connection.sock.fileno() < 0:
            return
        if connection.ending is None:
            try:
                connection.outbox.write(connection.sock.send, time.monotonic_ns)
            except OSError:
                # Who writes its last audio and goes reads nothing: what it wrote still counts.
                self._drain(connection)
                connection.close(Ending.PEER_RESET)
        if connection.ending is not None:
            self._close(connection, connection.ending)
            return
        if connection.wants_rest:
            connection.wants_rest = False
            connection.resting_until_ns = time.monotonic_ns() + self._limits.rest_ns
        events = 0 if connection.resting_until_ns else selectors.EVENT_READ
        if not connection.outbox.is_empty:
            events |= selectors.EVENT_WRITE
        if events != connection.events:
            if connection.events == 0:
                self._selector.register(connection.sock, events, connection)
            elif events == 0:
                self._selector.unregister(connection.sock)
            else:
                self._selector.modify(connection.sock, events, connection)
            connection.events = events

    def _close(self, connection: _Connection, ending: Ending) -> None:
        if connection.events:
            self._selector.unregister(connection.sock)
        connection.sock.close()
        if self._connections.get(connection.peer) is connection:
            del self._connections[connection.peer]
        try:
            connection.session.closed(ending, time.monotonic_ns())
        except Exception as error:  # noqa: BLE001
            self._failure = self._failure or error
        self.endings[connection.ending or ending] += 1
