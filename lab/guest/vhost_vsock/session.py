"""A session with one guest: its kernel's messages set the device up, then the rings speak."""

from __future__ import annotations

import os
import selectors
import socket
import struct
from contextlib import suppress
from pathlib import Path

from lab.guest.vhost_vsock import wire
from lab.guest.vhost_vsock.device import RINGS, Device
from lab.guest.vhost_vsock.faults import GuestFault
from lab.guest.vhost_vsock.memory import GuestMemory
from lab.guest.vhost_vsock.packet import GUEST_CID
from lab.guest.vhost_vsock.vring import Vring
from lab.guest.vhost_vsock.wire import Message, Request

PROTOCOL_FEATURES_BIT = 1 << 30
VERSION_1_BIT = 1 << 32
FEATURES = PROTOCOL_FEATURES_BIT | VERSION_1_BIT
REPLY_ACK, BACKEND_REQUEST, CONFIG = 1 << 3, 1 << 5, 1 << 9
# Without the backend's own channel, user-mode Linux has no interrupt to give the device.
PROTOCOL_FEATURES = REPLY_ACK | BACKEND_REQUEST | CONFIG
MESSAGE_LIMIT_S = 5.0
_CONFIG_SPACE = struct.pack("<Q", GUEST_CID)


class _RingSetup:
    """What has been said of a ring that may not run yet."""

    def __init__(self) -> None:
        self.entries = 0
        self.base = 0
        self.addresses: tuple[int, int, int] | None = None
        self.enabled = False
        self.kick_fd: int | None = None


class Session:
    """Serves the guest behind one connection.

    Parameters
    ----------
    connection
        To the front end; blocking. It is closed with the session.
    folder
        Of the sockets of the streams.
    selector
        Of the loop; what it is given as data is to be called with the events.
    """

    def __init__(
        self, connection: socket.socket, folder: Path, selector: selectors.BaseSelector
    ) -> None:
        self._connection = connection
        self._connection.settimeout(MESSAGE_LIMIT_S)
        self._selector = selector
        self._memory: GuestMemory | None = None
        self._setups = [_RingSetup() for _ in range(RINGS)]
        self._backend_fd: int | None = None
        self._handlers = {
            Request.GET_FEATURES: self._get_features,
            Request.SET_FEATURES: self._set_features,
            Request.SET_OWNER: self._ignore,
            Request.RESET_OWNER: self._ignore,
            Request.SET_MEM_TABLE: self._set_memory,
            Request.SET_VRING_NUM: self._set_ring_size,
            Request.SET_VRING_ADDR: self._set_ring_addresses,
            Request.SET_VRING_BASE: self._set_ring_base,
            Request.GET_VRING_BASE: self._get_ring_base,
            Request.SET_VRING_KICK: self._set_kick,
            Request.SET_VRING_CALL: self._set_call,
            Request.SET_VRING_ERR: self._ignore,
            Request.GET_PROTOCOL_FEATURES: self._get_protocol_features,
            Request.SET_PROTOCOL_FEATURES: self._set_protocol_features,
            Request.GET_QUEUE_NUM: self._get_ring_count,
            Request.SET_VRING_ENABLE: self._enable_ring,
            Request.SET_BACKEND_REQ_FD: self._set_backend_channel,
            Request.GET_CONFIG: self._get_config,
            Request.SET_CONFIG: self._refuse_config,
        }
        self.device = Device(folder, selector)
        selector.register(connection, selectors.EVENT_READ, lambda _events: self.hear())

    def hear(self) -> None:
        """Take in one message and answer it.

        Raises
        ------
        GuestLeft, GuestFault
        """
        message = wire.receive(self._connection)
        try:
            handler = self._handlers.get(Request(message.request)) if _known(message) else None
            if handler is None:
                raise GuestFault(f"vhost-user request {message.request}, which was not offered")
            answer = handler(message)
        finally:
            message.close_fds()
        if answer is None and message.wants_reply:
            answer = wire.pack_u64(0)
        if answer is not None:
            with suppress(ConnectionError):  # the end is heard of when it is read
                self._connection.sendall(wire.reply(message.request, answer))

    def close(self) -> None:
        """Close all that came with the session."""
        self._selector.unregister(self._connection)
        for setup in self._setups:
            self._forget_kick(setup)
        self.device.close()
        if self._backend_fd is not None:
            os.close(self._backend_fd)
        self._connection.close()

    # ---- messages --------------------------------------------------------------------------------

    def _ignore(self, message: Message) -> None:
        del message

    def _get_features(self, message: Message) -> bytes:
        del message
        return wire.pack_u64(FEATURES)

    def _set_features(self, message: Message) -> None:
        asked = wire.u64(message.payload)
        if asked & ~FEATURES or not asked & VERSION_1_BIT:
            raise GuestFault(f"features {asked:#x} where {FEATURES:#x} are offered")

    def _get_protocol_features(self, message: Message) -> bytes:
        del message
        return wire.pack_u64(PROTOCOL_FEATURES)

    def _set_protocol_features(self, message: Message) -> None:
        asked = wire.u64(message.payload)
        if asked & ~PROTOCOL_FEATURES:
            raise GuestFault(f"protocol features {asked:#x}, {PROTOCOL_FEATURES:#x} are offered")

    def _get_ring_count(self, message: Message) -> bytes:
        del message
        return wire.pack_u64(RINGS)

    def _set_memory(self, message: Message) -> None:
        table = wire.regions(message.payload)
        if len(table) != len(message.fds):
            raise GuestFault(f"{len(table)} memory regions with {len(message.fds)} descriptors")
        fds, message.fds = message.fds, []
        memory = GuestMemory(list(zip(table, fds, strict=True)))
        # Rings that run go on with the new memory, where they have the same addresses.
        self._memory = memory
        for index, setup in enumerate(self._setups):
            if self.device.rings[index] is not None:
                setup.base = self.device.stop_ring(index)
                self._start(index)

    def _set_ring_size(self, message: Message) -> None:
        setup, number = self._setup_and_number(message)
        setup.entries = number

    def _set_ring_base(self, message: Message) -> None:
        setup, number = self._setup_and_number(message)
        setup.base = number

    def _set_ring_addresses(self, message: Message) -> None:
        index, descriptors, used, available = wire.ring_addresses(message.payload)
        self._setup(index).addresses = (descriptors, used, available)

    def _get_ring_base(self, message: Message) -> bytes:
        index, _ = wire.ring_state(message.payload)
        setup = self._setup(index)
        if self.device.rings[index] is not None:
            setup.base = self.device.stop_ring(index)
        self._forget_kick(setup)
        return wire.pack_ring_state(index, setup.base)

    def _set_kick(self, message: Message) -> None:
        index, has_fd = wire.ring_and_fd(message.payload)
        setup = self._setup(index)
        self._forget_kick(setup)
        if has_fd:
            fd = message.take_fd()
            setup.kick_fd = fd
            os.set_blocking(fd, False)
            try:
                self._selector.register(fd, selectors.EVENT_READ, lambda _events: _drain(fd))
            except (OSError, KeyError, ValueError) as error:
                setup.kick_fd = None
                os.close(fd)
                raise GuestFault(f"a kick descriptor that cannot be watched ({error})") from error
        self._start_if_complete(index)

    def _set_call(self, message: Message) -> None:
        index, has_fd = wire.ring_and_fd(message.payload)
        self._setup(index)
        self.device.set_call(index, message.take_fd() if has_fd else None)

    def _enable_ring(self, message: Message) -> None:
        index, number = wire.ring_state(message.payload)
        setup = self._setup(index)
        setup.enabled = bool(number)
        if setup.enabled:
            self._start_if_complete(index)
        elif self.device.rings[index] is not None:
            setup.base = self.device.stop_ring(index)

    def _set_backend_channel(self, message: Message) -> None:
        fd = message.take_fd()
        if self._backend_fd is not None:
            os.close(self._backend_fd)
        self._backend_fd = fd

    def _get_config(self, message: Message) -> bytes:
        offset, size = wire.config_request(message.payload)
        return wire.pack_config(offset, _CONFIG_SPACE.ljust(offset + size, b"\0")[offset:][:size])

    def _refuse_config(self, message: Message) -> None:
        del message
        raise GuestFault("the guest tried to change the device's configuration")

    # ---- rings -----------------------------------------------------------------------------------

    def _setup(self, index: int) -> _RingSetup:
        if index >= RINGS:
            raise GuestFault(f"ring {index} of a device that has {RINGS}")
        return self._setups[index]

    def _setup_and_number(self, message: Message) -> tuple[_RingSetup, int]:
        index, number = wire.ring_state(message.payload)
        return self._setup(index), number

    def _start_if_complete(self, index: int) -> None:
        setup = self._setups[index]
        if setup.enabled and setup.kick_fd is not None and self.device.rings[index] is None:
            self._start(index)

    def _start(self, index: int) -> None:
        setup = self._setups[index]
        if self._memory is None or setup.addresses is None:
            raise GuestFault(f"ring {index} is started without memory or addresses")
        descriptors, used, available = setup.addresses
        self.device.start_ring(
            index,
            Vring(
                self._memory,
                entries=setup.entries,
                descriptors=descriptors,
                used=used,
                available=available,
                base=setup.base,
            ),
        )

    def _forget_kick(self, setup: _RingSetup) -> None:
        if setup.kick_fd is not None:
            self._selector.unregister(setup.kick_fd)
            os.close(setup.kick_fd)
            setup.kick_fd = None


def _known(message: Message) -> bool:
    return message.request in Request._value2member_map_


def _drain(fd: int) -> None:
    try:
        ended = not os.read(fd, 4096)
    except BlockingIOError:
        return
    except OSError as error:
        raise GuestFault(f"a kick descriptor that cannot be read ({error.strerror})") from error
    if ended:
        raise GuestFault("the guest closed a kick descriptor that it uses")
