"""Reads ELF shared objects: what a Linux build of a driver exports and links."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lab.bundle.window import MalformedError, Window, text_until_nul

MAGIC = b"\x7fELF"
ET_DYN = 3
MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "arm64", 243: "riscv64"}

MAX_HEADERS = 128
MAX_DYNAMIC = 4096
MAX_SYMBOLS = 100_000
MAX_STRINGS = 8 << 20
MAX_NAME = 4096
MAX_NAMES = 8 << 20
"""Bytes of all names together: they may share their place in the file."""

_PT_LOAD = 1
_PT_DYNAMIC = 2
_DT_NEEDED = 1
_DT_HASH = 4
_DT_STRTAB = 5
_DT_SYMTAB = 6
_DT_STRSZ = 10
_DT_RPATH = (15, 29)
_DT_GNU_HASH = 0x6FFFFEF5


@dataclass(frozen=True, slots=True)
class SharedObject:
    """A shared object for Linux.

    Parameters
    ----------
    architecture
        Such as ``x86_64``.
    is_shared
        Whether it can be loaded by ``dlopen``.
    libraries
        What it links.
    rpaths
        Where these are looked for.
    exports
        Names of defined global symbols, as in the source.
    imports
        Names of those that it takes from elsewhere.
    """

    architecture: str
    is_shared: bool
    libraries: tuple[str, ...]
    rpaths: tuple[str, ...]
    exports: frozenset[str]
    imports: frozenset[str] = frozenset()


def is_elf(window: Window) -> bool:
    """Whether the file begins as an ELF file does."""
    return window.size >= len(MAGIC) and window.read(0, len(MAGIC), "the magic number") == MAGIC


def read_elf(window: Window) -> SharedObject:
    """A shared object of 64 bits, little endian.

    Raises
    ------
    MalformedError
        When the file contradicts itself, or is another kind of ELF.
    """
    if window.read(4, 2, "the ELF header") != b"\x02\x01":
        raise MalformedError("an ELF file, but not of 64 bits and little endian")
    kind, machine = window.fields("<2H", 16, "the ELF header")
    (offset,) = window.fields("<Q", 32, "the ELF header")
    size, count = window.fields("<2H", 54, "the ELF header")
    if size != 56 or count > MAX_HEADERS:
        raise MalformedError(f"{count} program headers of {size} bytes")
    segments = [
        window.fields("<2I6Q", offset + index * size, "a program header") for index in range(count)
    ]
    tables = _Tables(window, segments)
    exports, imports = tables.symbols()
    return SharedObject(
        architecture=MACHINES.get(machine, f"machine {machine}"),
        is_shared=kind == ET_DYN and bool(tables.dynamic),
        libraries=tuple(tables.text(value) for value in tables.all_of(_DT_NEEDED)),
        rpaths=tuple(tables.text(value) for tag in _DT_RPATH for value in tables.all_of(tag)),
        exports=exports,
        imports=imports,
    )


class _Tables:
    """What the dynamic section points to."""

    def __init__(self, window: Window, segments: list[tuple[int, ...]]) -> None:
        self.window = window
        # (address, offset in the file, bytes in the file)
        self.loaded = [(one[3], one[2], one[5]) for one in segments if one[0] == _PT_LOAD]
        self.dynamic: list[tuple[int, int]] = []
        for one in segments:
            if one[0] == _PT_DYNAMIC:
                self._read_dynamic(window.part(one[2], one[5], "the dynamic section"))
        self.strings = b""
        if table := self.all_of(_DT_STRTAB):
            size = (self.all_of(_DT_STRSZ) or [0])[0]
            if size > MAX_STRINGS:
                raise MalformedError(f"{size} bytes of names")
            self.strings = window.read(self._offset(table[0]), size, "the names of symbols")

    def all_of(self, tag: int) -> list[int]:
        return [value for found, value in self.dynamic if found == tag]

    def text(self, offset: int) -> str:
        return text_until_nul(self.strings, offset, MAX_NAME, "a name of the dynamic section")

    def symbols(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names of those that are defined, and of those that are not."""
        table = self.all_of(_DT_SYMTAB)
        if not table:
            return frozenset(), frozenset()
        count = self._count_of_symbols()
        data = self.window.read(self._offset(table[0]), count * 24, "the symbol table")
        names: tuple[set[str], set[str]] = (set(), set())
        left = MAX_NAMES
        for index in range(count):
            name, info, _, section = struct.unpack_from("<IBBH", data, index * 24)
            is_global = info >> 4 in {1, 2, 10}
            if is_global:
                found = self.text(name)
                names[section == 0].add(found)
                left -= len(found)
                if left < 0:
                    raise MalformedError("the names of its symbols have no end")
        return frozenset(names[0]), frozenset(names[1])

    def _read_dynamic(self, part: Window) -> None:
        for index in range(min(part.size // 16, MAX_DYNAMIC)):
            tag, value = part.fields("<2Q", index * 16, "the dynamic section")
            if tag == 0:
                return
            self.dynamic.append((tag, value))

    def _offset(self, address: int) -> int:
        for start, offset, size in self.loaded:
            if start <= address < start + size:
                return offset + address - start
        raise MalformedError(f"address {address:#x} is in no segment")

    def _count_of_symbols(self) -> int:
        if plain := self.all_of(_DT_HASH):
            _, count = self.window.fields("<2I", self._offset(plain[0]), "the hash table")
        elif gnu := self.all_of(_DT_GNU_HASH):
            count = self._count_of_gnu_hash(self._offset(gnu[0]))
        else:
            raise MalformedError("it has symbols and no hash table")
        if count > MAX_SYMBOLS:
            raise MalformedError(f"{count} symbols")
        return count

    def _count_of_gnu_hash(self, at: int) -> int:
        """The highest symbol of the last chain, and one more."""
        buckets, first, bloom, _ = self.window.fields("<4I", at, "the hash table")
        if buckets > MAX_SYMBOLS or bloom > MAX_SYMBOLS:
            raise MalformedError(f"a hash table of {buckets} buckets")
        at += 16 + bloom * 8
        heads = self.window.fields(f"<{buckets}I", at, "the hash table")
        last = max(heads, default=0)
        if last < first:
            return first
        chains = at + 4 * buckets
        while last - first < MAX_SYMBOLS:
            (value,) = self.window.fields("<I", chains + 4 * (last - first), "the hash table")
            last += 1
            if value & 1:
                break
        return last
