"""Real AF_VSOCK: in a guest by its loopback, and from a guest to its host and back."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.guest import vsock_device
from lab.guest.command import RunningCommand
from lab.guest.errors import GuestError
from lab.guest.guest import Guest
from lab.guest.launch import PACKAGE_ROOT
from lab.guest.measure import ECHO
from lab.guest.settings import GuestSettings, Vsock
from tests.guest.processes import becomes_true, processes_of

pytestmark = [pytest.mark.guest, pytest.mark.linux]

PING = """
import os, sys
from lab.guest.dialling import dial
with dial(int(sys.argv[1]), int(sys.argv[2]), limit_s=30) as peer:
    for number in range(int(sys.argv[3])):
        message = number.to_bytes(4, "big") + os.urandom(316)
        peer.sendall(message)
        got = b""
        while len(got) < len(message):
            piece = peer.recv(len(message) - len(got))
            assert piece, f"the end after {number} messages"
            got += piece
        assert got == message, number
print("all back")
"""
SPEAK = """
import socket, sys
from lab.guest.dialling import dial
with dial(2, int(sys.argv[1]), limit_s=10) as peer:
    before, after, size = (int(word) for word in sys.argv[2:])  # size: of the stream's buffer
    peer.sendall(bytes(before))
    peer.setsockopt(socket.AF_VSOCK, socket.SO_VM_SOCKETS_BUFFER_SIZE, size)
    peer.sendall(bytes(after))
print("all sent")
"""


def python(guest: Guest, code: str, *words: object) -> RunningCommand:
    return guest.start_command(
        [sys.executable, "-c", code, *(str(word) for word in words)], cwd=PACKAGE_ROOT
    )


def echo(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    with peer:
        while data := peer.recv(65536):
            peer.sendall(data)


def test_a_thousand_messages_come_back_over_cid_1_in_a_guest(log_folder: Path) -> None:
    with Guest(GuestSettings(vsock=Vsock.LOOPBACK, log_folder=log_folder)) as guest:
        python(guest, ECHO, 5000).wait_for_output(b"listening", limit_s=30)
        result = python(guest, PING, 1, 5000, 1000).wait(limit_s=60).check()
        assert result.text == "all back\n"
        refused = python(guest, PING, 2, 5000, 1).wait(limit_s=60)
        assert "CID 2 may not be dialled from here (allowed: 1)" in refused.stderr.decode()


def test_a_thousand_messages_come_back_from_the_host_over_cid_2(guest: Guest) -> None:
    with vsock_device.listen(guest.vsock_folder, 5001) as listener:
        thread = threading.Thread(target=echo, args=(listener,), daemon=True)
        thread.start()
        result = python(guest, PING, 2, 5001, 1000).wait(limit_s=60).check()
        assert result.text == "all back\n"
        thread.join(30)
        assert not thread.is_alive()
    assert guest.vsock_fault() == ""


@pytest.mark.parametrize(("port", "before"), [(5003, 0), (5004, 40_000)])
def test_a_guest_with_a_small_buffer_sends_to_a_host_that_says_nothing(
    guest: Guest, port: int, before: int
) -> None:
    size, after = 16_384, 200_000
    got = bytearray()
    with vsock_device.listen(guest.vsock_folder, port) as listener:

        def read() -> None:
            peer, _ = listener.accept()
            with peer:
                while data := peer.recv(65536):
                    got.extend(data)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        result = python(guest, SPEAK, port, before, after, size).wait(limit_s=60).check()
        assert result.text == "all sent\n"
        thread.join(30)
    assert len(got) == before + after


def test_the_host_reaches_a_listener_in_the_guest_and_megabytes_come_back(guest: Guest) -> None:
    python(guest, ECHO, 6000).wait_for_output(b"listening", limit_s=30)
    data = os.urandom(4 << 20)
    with vsock_device.connect(guest.vsock_folder, 6000) as peer:
        peer.settimeout(30)

        def send() -> None:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=send)
        writer.start()
        got = bytearray()
        while piece := peer.recv(1 << 16):
            got += piece
        writer.join(30)
    assert bytes(got) == data


def test_both_kinds_of_vsock_are_there_in_one_guest(guest: Guest) -> None:
    python(guest, ECHO, 6001).wait_for_output(b"listening", limit_s=30)
    assert python(guest, PING, 1, 6001, 10).wait(limit_s=60).check().text == "all back\n"


def test_no_other_cid_is_dialled_in_the_guest_either(guest: Guest) -> None:
    refused = python(guest, PING, 3, 6000, 1).wait(limit_s=60)
    assert "CID 3 may not be dialled from here (allowed: 1, 2)" in refused.stderr.decode()


def test_where_nobody_listens_it_is_said_on_both_sides(guest: Guest) -> None:
    refused = python(guest, PING, 2, 7000, 1).wait(limit_s=60)
    assert "nobody answers" in refused.stderr.decode()
    with pytest.raises(LabError, match="nobody in the guest answers"):
        vsock_device.connect(guest.vsock_folder, 7001)
    with (
        vsock_device.listen(guest.vsock_folder, 7002),
        pytest.raises(LabError, match="the host cannot listen for the guest"),
    ):
        vsock_device.listen(guest.vsock_folder, 7002)


def test_a_vsock_device_that_gave_up_is_told_when_the_guest_is_stopped(log_folder: Path) -> None:
    guest = Guest(GuestSettings(vsock=Vsock.HOST, log_folder=log_folder)).start()
    (device,) = [
        process
        for process in processes_of(guest.vsock_folder)
        if str(guest.vsock_folder / "device.sock") in process.cmdline()
    ]
    device.kill()
    assert becomes_true(lambda: bool(guest.vsock_fault()))
    with pytest.raises(GuestError, match="vhost-vsock ended with -9"):
        guest.stop()
    assert (log_folder / "guest.serial.log").exists()


def test_a_hundred_connections_are_made_and_cut(guest: Guest) -> None:
    code = """
import sys
from lab.guest.dialling import dial
for number in range(100):
    with dial(2, int(sys.argv[1]), limit_s=30) as peer:
        peer.sendall(b"%3d" % number)
        assert peer.recv(3) == b"%3d" % number
print("all back")
"""
    with vsock_device.listen(guest.vsock_folder, 5002) as listener:

        def serve() -> None:
            for number in range(100):
                peer, _ = listener.accept()
                with peer:
                    peer.sendall(peer.recv(3))
                    if number % 2:
                        peer.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert python(guest, code, 5002).wait(limit_s=60).check().text == "all back\n"
        thread.join(30)
        assert not thread.is_alive()
    assert guest.vsock_fault() == ""
