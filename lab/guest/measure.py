"""How quick guests are on this machine: ``python -m lab.guest.measure``.

Boot, a command there and back, and the round trip of 320 bytes (an Opus frame of 20 ms at
128 kb/s) over AF_VSOCK within a guest and from a guest to its host. The clock of a guest costs
about 50 microseconds a reading: it is part of what is measured there.
"""

from __future__ import annotations

import socket
import statistics
import sys
import threading
from dataclasses import dataclass

from lab.errors import LabError
from lab.guest import vsock_device
from lab.guest.guest import Guest
from lab.guest.launch import PACKAGE_ROOT
from lab.guest.settings import GuestSettings, Vsock

_PORT = 5000
ECHO = """
import socket, sys
listener = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
listener.bind((socket.VMADDR_CID_ANY, int(sys.argv[1])))
listener.listen(8)
print("listening", flush=True)
while True:
    peer, _ = listener.accept()
    while data := peer.recv(65536):
        peer.sendall(data)
    peer.close()
"""
"""A program for a guest: sends back what comes to the port that it is told, one peer at a time."""
_PING = """
import sys, time
from lab.guest.dialling import dial
cid, port, count, size = map(int, sys.argv[1:])
message = bytes(size)
with dial(cid, port, limit_s=30) as peer:
    for _ in range(count):
        began = time.perf_counter()
        peer.sendall(message)
        left = size
        while left:
            left -= len(peer.recv(left))
        print((time.perf_counter() - began) * 1e6)
"""


@dataclass(frozen=True)
class RoundTrips:
    """Round trips, in microseconds."""

    p50_us: float
    p99_us: float


def round_trips(guest: Guest, cid: int, *, count: int = 2000, size_bytes: int = 320) -> RoundTrips:
    """Measure round trips from a guest.

    Parameters
    ----------
    guest
        With that vsock, and an echo at port 5000 of that CID.
    cid
        1 or 2.
    """
    result = guest.run(
        [sys.executable, "-c", _PING, str(cid), str(_PORT), str(count), str(size_bytes)],
        cwd=PACKAGE_ROOT,
    ).check()
    # The first few meet cold caches.
    found = sorted(float(line) for line in result.text.split()[count // 10 :])
    return RoundTrips(found[len(found) // 2], found[len(found) * 99 // 100])


def boots_s(count: int) -> list[float]:
    """Start so many guests, one after the other; how long each took to be ready."""
    found = []
    for _ in range(count):
        with Guest(GuestSettings(vsock=Vsock.LOOPBACK)) as guest:
            found.append(guest.boot_s)
    return found


def commands_s(guest: Guest, count: int) -> list[float]:
    """Run `true` so many times; how long each took, there and back."""
    return sorted(guest.run(["true"]).elapsed_s for _ in range(count))


def echo(listener: socket.socket) -> None:
    """Serve one connection of a guest."""
    peer, _ = listener.accept()
    with peer:
        while data := peer.recv(65536):
            peer.sendall(data)


def main() -> None:
    """Measure and print."""
    boots = boots_s(5)
    said = [f"boot                    median {statistics.median(boots):.2f} s of {len(boots)}"]
    with Guest(GuestSettings(vsock=Vsock.HOST)) as guest:
        commands = commands_s(guest, 50)
        said.append(f"command there and back  median {statistics.median(commands) * 1e3:.1f} ms")
        server = guest.start_command([sys.executable, "-c", ECHO, str(_PORT)])
        server.wait_for_output(b"listening", limit_s=30)
        with vsock_device.listen(guest.vsock_folder, _PORT) as listener:
            threading.Thread(target=echo, args=(listener,), daemon=True).start()
            for text, cid in (("vsock within the guest ", 1), ("vsock guest to host    ", 2)):
                trips = round_trips(guest, cid)
                said.append(f"{text} p50 {trips.p50_us:.0f} us, p99 {trips.p99_us:.0f} us")
    sys.stdout.write("\n".join(said) + "\n")


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
