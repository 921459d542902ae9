"""A reader's slot in the readers' object (layout v2): where it is, for people and tools to see.

Nothing in the driver depends on it; a reader that finds no room, or may not write there, goes
without. A slot is claimed by compare-and-swap of its owner from 0. Python has no such thing, so it
is borrowed from the C runtime; where there is none, the slot is written, left to settle for a
moment, and looked at again.
"""

from __future__ import annotations

import atexit
import ctypes
import ctypes.util
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lab.errors import ShmError
from lab.transport.gecko_layout import Layout, load_layout
from lab.transport.posix_shm import Mapping, leads_elsewhere, open_mapping, process_is_alive
from lab.transport.shm_types import StreamFormat

_SEQ_CST = 5
_Swap = Callable[[int, int, int], bool]


class ReaderSlot:
    """A claimed slot; made by `claim`."""

    def __init__(self, mapping: Mapping, layout: Layout, index: int) -> None:
        self.index = index
        self._mapping = mapping
        self._pid = os.getpid()
        at = layout["READERS_SLOTS"] + index * layout["READERS_SLOT_BYTES"]
        self._at_owner = at + layout["SLOT_OWNER_PID"]
        self._view = memoryview(mapping.memory)[at : at + layout["READERS_SLOT_BYTES"]]
        self._u64 = self._view.cast("Q")
        self._read_head = layout["SLOT_READ_HEAD"] // 8
        self._lost = layout["SLOT_LOST_FRAMES"] // 8
        self._heartbeat = layout["SLOT_HEARTBEAT"] // 8
        self._generation = layout["SLOT_GENERATION"] // 8
        self._instance_at = layout["READERS_INSTANCE"]
        atexit.register(self.release)

    @classmethod
    def claim(cls, name: str) -> ReaderSlot | None:
        """Claim a free slot.

        Parameters
        ----------
        name
            Of the audio object.

        Returns
        -------
        ReaderSlot or None
            None when there is no readers' object, no permission, or no room.
        """
        layout = load_layout()
        slots, stride = layout["READERS_SLOTS"], layout["READERS_SLOT_BYTES"]
        try:
            mapping = open_mapping(
                name + layout.text("READERS_SUFFIX"), writable=True, least_bytes=slots
            )
        except ShmError:
            return None
        u32 = memoryview(mapping.memory)[:slots].cast("I")
        u64 = memoryview(mapping.memory)[:slots].cast("Q")
        count = u32[layout["READERS_SLOT_COUNT"] // 4]
        known = (
            u64[layout["READERS_MAGIC"] // 8] == layout["READERS_MAGIC_VALUE"]
            and u32[layout["READERS_VERSION"] // 4] == layout["V2_VERSION_VALUE"]
            and slots + count * stride <= mapping.size
        )
        u32.release()
        u64.release()
        if known:
            base = _address(mapping)
            for index in range(count):
                at = slots + index * stride + layout["SLOT_OWNER_PID"]
                if _take(mapping, base, at):
                    return cls(mapping, layout, index)
        mapping.close()
        return None

    def tell(self, read_head: int, lost_frames: int, stream: StreamFormat) -> None:
        """Say where the reader is.

        Parameters
        ----------
        read_head
            Number of the frame that is read next.
        lost_frames
            So far.
        stream
            What it reads.
        """
        ticks = time.monotonic_ns() * stream.timebase_denom // stream.timebase_numer
        self._u64[self._lost] = lost_frames
        self._u64[self._heartbeat] = ticks
        self._u64[self._generation] = stream.generation
        self._u64[self._read_head] = read_head

    def is_stranded(self) -> bool:
        """Whether another readers' object has taken the name: nobody looks at this slot now."""
        return leads_elsewhere(self._mapping, instance_at=self._instance_at)

    def release(self) -> None:
        """Free the slot. May be called twice."""
        atexit.unregister(self.release)
        if self._pid == os.getpid() and not self._mapping.memory.closed:
            swap = _compare_and_swap()
            if swap is not None:
                swap(_address(self._mapping) + self._at_owner, self._pid, 0)
            else:
                self._view.cast("I")[0] = 0
        with suppress(BufferError):
            self._u64.release()
            self._view.release()
        self._mapping.close()


def _take(mapping: Mapping, base: int, at: int) -> bool:
    """Claim the owner field at `at` if it is free, or its owner is dead."""
    field = memoryview(mapping.memory)[at : at + 4].cast("I")
    try:
        owner = field[0]
        if owner != 0 and process_is_alive(owner):
            return False
        swap = _compare_and_swap()
        if swap is not None:
            return swap(base + at, owner, os.getpid())
        field[0] = os.getpid()
        time.sleep(0.002)
        return field[0] == os.getpid()
    finally:
        field.release()


def _address(mapping: Mapping) -> int:
    array: NDArray[np.uint8] = np.frombuffer(mapping.memory, dtype=np.uint8, count=1)
    return int(array.ctypes.data)


@cache
def _compare_and_swap() -> _Swap | None:
    """Compare-and-swap of a u32 at an address: libatomic's, or macOS's own; None without."""
    return _swap_of_macos() or _swap_of_libatomic()


def _swap_of_macos() -> _Swap | None:
    library = ctypes.util.find_library("System")
    if library is None:
        return None
    try:
        function = ctypes.CDLL(library).OSAtomicCompareAndSwap32Barrier
    except (OSError, AttributeError):
        return None
    function.argtypes = [ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p]
    function.restype = ctypes.c_bool
    return lambda at, old, new: bool(function(old, new, at))


def _swap_of_libatomic() -> _Swap | None:
    try:
        exchange = ctypes.CDLL("libatomic.so.1")["__atomic_compare_exchange_4"]
    except (OSError, AttributeError):
        return None
    exchange.argtypes = [
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_int,
    ]
    exchange.restype = ctypes.c_bool

    def swap(at: int, old: int, new: int) -> bool:
        expected = ctypes.c_uint32(old)
        return bool(exchange(at, ctypes.byref(expected), new, _SEQ_CST, _SEQ_CST))

    return swap
