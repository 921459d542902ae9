"""The process: waits for one guest, serves it, ends with it or with whoever started it.

Arguments: path of the socket for the guest's kernel, folder for the sockets of the streams. Stdin
is the lifeline: at its end the process ends. Exit status 0 after a guest that left or a lifeline
that ended, 4 with one line on stderr for a guest that lied, 1 for a system that refused.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab.guest.vhost_vsock.faults import GuestFault, GuestLeft
from lab.guest.vhost_vsock.session import Session

EXIT_GUEST_FAULT = 4
_TICK_S = 1.0


class _LifelineEnded(Exception):  # noqa: N818
    pass


def serve(socket_path: Path, folder: Path, lifeline_fd: int) -> None:
    """Serve one guest.

    Raises
    ------
    GuestFault
        When it said what cannot be true.
    """
    with (
        selectors.DefaultSelector() as selector,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
    ):
        selector.register(lifeline_fd, selectors.EVENT_READ, _lifeline(lifeline_fd))
        listener.bind(str(socket_path))
        listener.listen(1)
        selector.register(listener, selectors.EVENT_READ, lambda _events: None)
        try:
            connection = _accept(selector, listener)
            session = Session(connection, folder, selector)
            try:
                while True:
                    run_once(selector, session, _TICK_S)
            finally:
                session.close()
        except (GuestLeft, _LifelineEnded):
            return
        finally:
            socket_path.unlink(missing_ok=True)


def run_once(selector: selectors.BaseSelector, session: Session, limit_s: float) -> None:
    """Wait for something to do, at most `limit_s`, and do it."""
    more = session.device.pump()
    for key, events in selector.select(0 if more else limit_s):
        # An event before may have closed what this one is of.
        if key.fileobj in selector.get_map():
            handle: Callable[[int], None] = key.data
            handle(events)
    session.device.switch.expire(time.monotonic())
    session.device.pump()


def main(arguments: list[str] | None = None) -> int:
    """Run the process; see the module."""
    socket_path, folder = (Path(word) for word in arguments or sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        serve(socket_path, folder, sys.stdin.fileno())
    except GuestFault as fault:
        sys.stderr.write(f"vhost-vsock: {fault}; the guest's vsock is gone, start it again\n")
        return EXIT_GUEST_FAULT
    except OSError as error:
        sys.stderr.write(f"vhost-vsock: {error.strerror}: {error.filename or socket_path}\n")
        return 1
    return 0


def _accept(selector: selectors.BaseSelector, listener: socket.socket) -> socket.socket:
    while True:
        for key, events in selector.select():
            key.data(events)
            if key.fileobj is listener:
                selector.unregister(listener)
                return listener.accept()[0]


def _lifeline(fd: int) -> Callable[[int], None]:
    def look(_events: int) -> None:
        if not os.read(fd, 64):
            raise _LifelineEnded

    return look


if __name__ == "__main__":
    sys.exit(main())
