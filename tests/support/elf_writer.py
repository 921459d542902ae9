"""Writes a small ELF shared object: what a Linux build of a driver looks like from outside."""

from __future__ import annotations

import struct

_BASE = 0x1000


def shared_object(
    exports: tuple[str, ...] = ("Good_Create",),
    libraries: tuple[str, ...] = ("libc.so.6",),
    *,
    kind: int = 3,
    machine: int = 62,
) -> bytes:
    """The bytes of one; one segment holds it all, at address 0x1000."""
    strings, at = b"\0", {}
    for name in (*exports, *libraries):
        at[name] = len(strings)
        strings += name.encode() + b"\0"
    symbols = bytes(24) + b"".join(
        struct.pack("<IBBHQQ", at[name], 0x12, 0, 1, _BASE, 4) for name in exports
    )
    count = len(exports) + 1
    hashes = struct.pack("<2I", 1, count) + struct.pack(f"<{1 + count}I", *[0] * (1 + count))
    head = 64 + 2 * 56
    symbols_at = head
    strings_at = symbols_at + len(symbols)
    hashes_at = -(-(strings_at + len(strings)) // 8) * 8
    dynamic_at = -(-(hashes_at + len(hashes)) // 8) * 8
    entries = [(1, at[name]) for name in libraries]
    entries += [(5, _BASE + strings_at), (10, len(strings)), (6, _BASE + symbols_at)]
    entries += [(4, _BASE + hashes_at), (0, 0)]
    dynamic = b"".join(struct.pack("<2Q", *entry) for entry in entries)
    end = dynamic_at + len(dynamic)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<2HI3QI6H", kind, machine, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    loads = struct.pack("<2I6Q", 1, 5, 0, _BASE, _BASE, end, end, 0x1000)
    dynamics = struct.pack(
        "<2I6Q",
        *(2, 6, dynamic_at, _BASE + dynamic_at, _BASE + dynamic_at),
        *(len(dynamic), len(dynamic), 8),
    )
    file = header + loads + dynamics + symbols + strings
    file = file.ljust(hashes_at, b"\0") + hashes
    return file.ljust(dynamic_at, b"\0") + dynamic
