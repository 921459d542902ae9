"""Split virtqueues: chains of buffers that the guest offers, and giving them back."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

from lab.guest.vhost_vsock.faults import GuestFault
from lab.guest.vhost_vsock.memory import GuestMemory

MAX_ENTRIES = 1024
_DESCRIPTOR = struct.Struct("<QIHH")
_USED = struct.Struct("<II")
_NEXT = 1
_WRITE = 2
_INDIRECT = 4
_NO_INTERRUPT = 1
_MASK = 0xFFFF


@dataclass(frozen=True)
class Chain:
    """Buffers that belong together.

    Attributes
    ----------
    head
        Index of the first descriptor, to give it back by.
    readable, writable
        What the guest has written for us; what we may write.
    """

    head: int
    readable: tuple[memoryview, ...]
    writable: tuple[memoryview, ...]

    def gather(self, limit_bytes: int) -> bytes:
        """All that is readable, copied, so that the guest cannot change it any more.

        Raises
        ------
        GuestFault
            For more than `limit_bytes`.
        """
        size = sum(len(view) for view in self.readable)
        if size > limit_bytes:
            raise GuestFault(f"a chain of {size} bytes, at most {limit_bytes} may be")
        return b"".join(self.readable)

    @property
    def room_bytes(self) -> int:
        """How much we may write."""
        return sum(len(view) for view in self.writable)

    def scatter(self, data: bytes) -> int:
        """Write into the writable buffers in order; `data` must fit.

        Returns
        -------
        int
            Bytes written.
        """
        assert len(data) <= self.room_bytes
        done = 0
        for view in self.writable:
            piece = data[done : done + len(view)]
            view[: len(piece)] = piece
            done += len(piece)
        return done


class Vring:
    """One ring over guest memory.

    Parameters
    ----------
    memory
        Where the buffers are.
    entries
        Size of the ring, a power of two up to `MAX_ENTRIES`.
    descriptors, used, available
        User addresses of its three parts.
    base
        Number of the next available entry.

    Raises
    ------
    GuestFault
        For a size that is none, or parts outside memory.
    """

    def __init__(
        self,
        memory: GuestMemory,
        *,
        entries: int,
        descriptors: int,
        used: int,
        available: int,
        base: int,
    ) -> None:
        if not 0 < entries <= MAX_ENTRIES or entries & (entries - 1):
            raise GuestFault(f"a ring of {entries} entries")
        if used % 4 or available % 2:
            raise GuestFault(
                f"a ring that is not aligned: used {used:#x}, available {available:#x}"
            )
        self.entries = entries
        self.next_available = base & _MASK
        self._memory = memory
        self._descriptors = memory.by_user_address(descriptors, 16 * entries)
        # Indices are read and written as 16-bit words, each in one piece.
        self._available = memory.by_user_address(available, 4 + 2 * entries).cast("H")
        used_view = memory.by_user_address(used, 4 + 8 * entries)
        self._used_words = used_view[:4].cast("H")
        self._used_ring = used_view[4:]
        self._used_index = self._used_words[1]
        self._taken_back = False

    def pop(self) -> Chain | None:
        """The next chain that the guest offers; None when there is none now.

        A driver that is being removed takes back what it has offered, before anybody tells us: the
        index goes backwards. From then on the ring has nothing more, until it is made anew.

        Raises
        ------
        GuestFault
            For an index, descriptor or chain that cannot be.
        """
        waiting = (self._available[1] - self.next_available) & _MASK
        if waiting == 0 or self._taken_back:
            return None
        if _MASK + 1 - waiting <= self.entries:
            self._taken_back = True
            return None
        if waiting > self.entries:
            raise GuestFault(f"{waiting} buffers offered in a ring of {self.entries}")
        head = self._available[2 + self.next_available % self.entries]
        chain = self._walk(head)
        self.next_available = (self.next_available + 1) & _MASK
        return chain

    def has_more(self) -> bool:
        """Whether `pop` would find something."""
        return bool(self._available[1] != self.next_available) and not self._taken_back

    def push(self, chain: Chain, written_bytes: int) -> None:
        """Give a chain back, with what was written into it."""
        slot = self._used_index % self.entries
        _USED.pack_into(self._used_ring, 8 * slot, chain.head, written_bytes)
        self._used_index = (self._used_index + 1) & _MASK
        # After the entry: x86 keeps the order of stores, and so does the interpreter between two.
        self._used_words[1] = self._used_index

    def wants_call(self) -> bool:
        """Whether the guest asks to be told of buffers given back."""
        return not self._available[0] & _NO_INTERRUPT

    def _walk(self, head: int) -> Chain:
        readable: list[memoryview] = []
        writable: list[memoryview] = []
        index = head
        for _ in range(self.entries):
            if index >= self.entries:
                raise GuestFault(f"descriptor {index} in a ring of {self.entries}")
            address, size, flags, following = _DESCRIPTOR.unpack_from(self._descriptors, 16 * index)
            if flags & _INDIRECT:
                raise GuestFault("an indirect descriptor, which was not agreed upon")
            view = self._memory.by_guest_address(address, size)
            if flags & _WRITE:
                writable.append(view)
            elif writable:
                raise GuestFault(f"descriptor {index} is to be read behind one to be written")
            else:
                readable.append(view)
            if not flags & _NEXT:
                return Chain(head, tuple(readable), tuple(writable))
            index = following
        raise GuestFault(f"the chain of descriptor {head} has a loop")


def signal_call(fd: int) -> None:
    """Tell the guest that buffers were given back; a full pipe has told it already."""
    try:
        os.write(fd, b"\x01\0\0\0\0\0\0\0")
    except BlockingIOError:
        return
    except OSError as error:
        raise GuestFault(f"the guest cannot be called ({error.strerror})") from error
