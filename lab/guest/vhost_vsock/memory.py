"""The guest's memory, seen from outside: addresses in, checked views out."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from itertools import pairwise

from lab.guest.vhost_vsock.faults import GuestFault
from lab.guest.vhost_vsock.wire import Region

_MAX_TOTAL_BYTES = 64 << 30


@dataclass(frozen=True)
class _Mapped:
    region: Region
    view: memoryview


class GuestMemory:
    """The regions that a guest has shared.

    The guest goes on writing to it at any time: whatever decides something is copied out first and
    checked then.

    Parameters
    ----------
    table
        Regions and, for each, the descriptor of its file. They are mapped and closed here.

    Raises
    ------
    GuestFault
        For a region that its file does not hold, or two that overlap.
    """

    def __init__(self, table: list[tuple[Region, int]]) -> None:
        self._mapped: list[_Mapped] = []
        self._maps: list[mmap.mmap] = []
        try:
            self._check_overlap([region for region, _ in table])
            for region, fd in table:
                self._map(region, fd)
        finally:
            for _, fd in table:
                os.close(fd)

    def by_guest_address(self, address: int, size_bytes: int) -> memoryview:
        """A view of what the guest has at one of its physical addresses.

        Raises
        ------
        GuestFault
            When not all of it is in one region.
        """
        for mapped in self._mapped:
            start = address - mapped.region.guest_address
            if start >= 0 and start + size_bytes <= mapped.region.size_bytes:
                return mapped.view[start : start + size_bytes]
        raise GuestFault(f"{size_bytes} bytes at guest address {address:#x} are not its memory")

    def by_user_address(self, address: int, size_bytes: int) -> memoryview:
        """The same for an address in the front end's process."""
        for mapped in self._mapped:
            start = address - mapped.region.user_address
            if start >= 0 and start + size_bytes <= mapped.region.size_bytes:
                return mapped.view[start : start + size_bytes]
        raise GuestFault(f"{size_bytes} bytes at user address {address:#x} are not guest memory")

    def close(self) -> None:
        """Forget the mappings; views that are still out keep theirs until they go."""
        for mapped in self._mapped:
            mapped.view.release()
        self._mapped.clear()
        self._maps.clear()

    def _map(self, region: Region, fd: int) -> None:
        end = region.offset_bytes + region.size_bytes
        held = os.fstat(fd).st_size
        if not region.size_bytes or end > min(held, _MAX_TOTAL_BYTES):
            raise GuestFault(
                f"a region of {region.size_bytes} bytes at {region.offset_bytes} "
                f"in a file of {held} bytes"
            )
        try:
            # From the start of the file: an offset need not be one that can be mapped.
            mapped = mmap.mmap(fd, end)
        except (OSError, ValueError, OverflowError) as error:
            raise GuestFault(f"guest memory cannot be mapped ({error})") from error
        self._maps.append(mapped)
        self._mapped.append(_Mapped(region, memoryview(mapped)[region.offset_bytes : end]))

    @staticmethod
    def _check_overlap(table: list[Region]) -> None:
        ordered = sorted(table, key=lambda region: region.guest_address)
        for before, after in pairwise(ordered):
            if before.guest_address + before.size_bytes > after.guest_address:
                raise GuestFault(f"memory regions overlap at {after.guest_address:#x}")
