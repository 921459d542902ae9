"""Messages of the vhost-user protocol: what is on the socket, nothing of what it means."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass, field
from enum import IntEnum

from lab.guest.vhost_vsock.faults import GuestFault, GuestLeft

HEADER = struct.Struct("<III")
MAX_PAYLOAD_BYTES = 4096
MAX_FDS = 8
MAX_REGIONS = 8
_VERSION = 0x1
_VERSION_MASK = 0x3
_REPLY = 0x4
_NEED_REPLY = 0x8
_U64 = struct.Struct("<Q")
_STATE = struct.Struct("<II")
_ADDRESS = struct.Struct("<IIQQQQ")
_REGION = struct.Struct("<QQQQ")
_CONFIG = struct.Struct("<III")
_RING_INDEX_MASK = 0xFF
_NO_FD = 0x100


class Request(IntEnum):
    """What a front end may ask, as far as such a device has to know."""

    GET_FEATURES = 1
    SET_FEATURES = 2
    SET_OWNER = 3
    RESET_OWNER = 4
    SET_MEM_TABLE = 5
    SET_VRING_NUM = 8
    SET_VRING_ADDR = 9
    SET_VRING_BASE = 10
    GET_VRING_BASE = 11
    SET_VRING_KICK = 12
    SET_VRING_CALL = 13
    SET_VRING_ERR = 14
    GET_PROTOCOL_FEATURES = 15
    SET_PROTOCOL_FEATURES = 16
    GET_QUEUE_NUM = 17
    SET_VRING_ENABLE = 18
    SET_BACKEND_REQ_FD = 21
    GET_CONFIG = 24
    SET_CONFIG = 25


@dataclass(frozen=True)
class Region:
    """A piece of the guest's memory.

    Attributes
    ----------
    guest_address, size_bytes
        Where the guest has it.
    user_address
        Where the front end's process has it; addresses of rings are given so.
    offset_bytes
        Where it begins in its file.
    """

    guest_address: int
    size_bytes: int
    user_address: int
    offset_bytes: int


@dataclass
class Message:
    """One message, with the file descriptors that came along; they are the receiver's to close."""

    request: int
    flags: int
    payload: bytes
    fds: list[int] = field(default_factory=list)

    @property
    def wants_reply(self) -> bool:
        """Whether an acknowledgement is asked for."""
        return bool(self.flags & _NEED_REPLY)

    def close_fds(self) -> None:
        """Close what nobody took over."""
        while self.fds:
            os.close(self.fds.pop())

    def take_fd(self) -> int:
        """The one descriptor of this message; the caller's from now on."""
        if len(self.fds) != 1:
            raise GuestFault(f"message {self.request} carries {len(self.fds)} descriptors, not 1")
        return self.fds.pop()


def parse_header(data: bytes) -> tuple[int, int, int]:
    """Read a message header.

    Parameters
    ----------
    data
        12 bytes.

    Returns
    -------
    tuple of int
        Request, flags, length of the payload in bytes.

    Raises
    ------
    GuestFault
        For another version, or a length over `MAX_PAYLOAD_BYTES`.
    """
    request, flags, size = HEADER.unpack(data)
    if flags & _VERSION_MASK != _VERSION:
        raise GuestFault(f"vhost-user message of version {flags & _VERSION_MASK}, not {_VERSION}")
    if size > MAX_PAYLOAD_BYTES:
        raise GuestFault(f"vhost-user message of {size} bytes, at most {MAX_PAYLOAD_BYTES} may be")
    return request, flags, size


def receive(connection: socket.socket) -> Message:
    """Read one message, in at most the socket's own time limit.

    Raises
    ------
    GuestLeft
        At the end of the stream.
    GuestFault
        For half a message, or one that cannot be.
    """
    fds: list[int] = []
    try:
        head = _receive_exactly(connection, HEADER.size, fds)
        request, flags, size = parse_header(head)
        payload = _receive_exactly(connection, size, fds) if size else b""
    except BaseException:
        for fd in fds:
            os.close(fd)
        raise
    return Message(request, flags, payload, fds)


def reply(request: int, payload: bytes) -> bytes:
    """The bytes of an answer."""
    return HEADER.pack(request, _VERSION | _REPLY, len(payload)) + payload


def u64(payload: bytes) -> int:
    """The payload of a message that carries one number."""
    _check_size(payload, _U64.size)
    return int(_U64.unpack_from(payload)[0])


def pack_u64(value: int) -> bytes:
    """The same, written."""
    return _U64.pack(value)


def ring_and_fd(payload: bytes) -> tuple[int, bool]:
    """Which ring a descriptor is for, and whether there is one."""
    value = u64(payload)
    return value & _RING_INDEX_MASK, not value & _NO_FD


def ring_state(payload: bytes) -> tuple[int, int]:
    """Index of a ring, and a number for it."""
    _check_size(payload, _STATE.size)
    index, number = _STATE.unpack_from(payload)
    return int(index), int(number)


def pack_ring_state(index: int, number: int) -> bytes:
    """The same, written."""
    return _STATE.pack(index, number)


def ring_addresses(payload: bytes) -> tuple[int, int, int, int]:
    """Index of a ring; user addresses of descriptors, used and available ring."""
    _check_size(payload, _ADDRESS.size)
    index, _flags, descriptors, used, available, _log = _ADDRESS.unpack_from(payload)
    return index, descriptors, used, available


def regions(payload: bytes) -> list[Region]:
    """The table of memory regions.

    Raises
    ------
    GuestFault
        For a table that is empty, too long or cut off.
    """
    if len(payload) < 8:
        raise GuestFault(f"memory table of {len(payload)} bytes")
    (count,) = struct.unpack_from("<I", payload)
    if not 0 < count <= MAX_REGIONS:
        raise GuestFault(f"memory table of {count} regions, 1 to {MAX_REGIONS} may be")
    _check_size(payload, 8 + count * _REGION.size)
    return [Region(*_REGION.unpack_from(payload, 8 + i * _REGION.size)) for i in range(count)]


def config_request(payload: bytes) -> tuple[int, int]:
    """Offset and size of what is asked of the device's configuration."""
    if len(payload) < _CONFIG.size:
        raise GuestFault(f"configuration request of {len(payload)} bytes")
    offset, size, _flags = _CONFIG.unpack_from(payload)
    if offset + size > MAX_PAYLOAD_BYTES - _CONFIG.size:
        raise GuestFault(f"configuration request of {size} bytes at {offset}")
    return offset, size


def pack_config(offset: int, data: bytes) -> bytes:
    """An answer to `config_request`."""
    return _CONFIG.pack(offset, len(data), 0) + data


def _check_size(payload: bytes, least: int) -> None:
    if len(payload) < least:
        raise GuestFault(f"vhost-user payload of {len(payload)} bytes where {least} are needed")


def _receive_exactly(connection: socket.socket, count: int, fds: list[int]) -> bytes:
    data = bytearray()
    while len(data) < count:
        try:
            piece, came, _flags, _address = socket.recv_fds(connection, count - len(data), MAX_FDS)
        except TimeoutError as error:
            raise GuestFault("half a vhost-user message, and then nothing") from error
        except ConnectionError as error:
            raise GuestLeft from error
        fds.extend(came)
        if not piece:
            if data:
                raise GuestFault("half a vhost-user message, and then the end")
            raise GuestLeft
        data += piece
    return bytes(data)
