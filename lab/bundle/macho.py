"""Reads Mach-O executables, thin and universal: what a loader would decide by, and no more.

A reader of our own: lief, which could do it, takes a third of a second to be imported alone, and
decodes names of a damaged file strictly. The tests hold this one to lief.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from lab.bundle.exports import names_of_trie
from lab.bundle.window import MalformedError, Window, text_until_nul

MAGIC_32 = 0xFEEDFACE
MAGIC_64 = 0xFEEDFACF
FAT_MAGIC = 0xCAFEBABE
FAT_MAGIC_64 = 0xCAFEBABF

MH_EXECUTE = 2
MH_DYLIB = 6
MH_BUNDLE = 8
FILE_TYPES = {1: "object", MH_EXECUTE: "executable", MH_DYLIB: "dylib", MH_BUNDLE: "bundle"}

PLATFORM_MACOS = 1
PLATFORMS = {1: "macOS", 2: "iOS", 3: "tvOS", 4: "watchOS", 6: "Mac Catalyst", 7: "iOS simulator"}

ARCHITECTURES = {
    7: "i386",
    0x01000007: "x86_64",
    12: "arm",
    0x0100000C: "arm64",
    18: "ppc",
    0x01000012: "ppc64",
}
_ARM64E = 2

MAX_SLICES = 8
MAX_COMMANDS = 4096
MAX_COMMAND_BYTES = 1 << 20
MAX_SYMBOLS = 50_000
MAX_NAME = 4096
MAX_NAMES = 8 << 20
"""Bytes of all names of symbols together: they may share their place in the file."""

_LC_SYMTAB = 0x2
_LIBRARIES = {0xC: False, 0x80000018: True, 0x8000001F: False, 0x20: False, 0x80000023: False}
"""Load commands that name a library (load, weak, re-export, lazy, upward): whether it may miss."""
_LC_RPATH = 0x8000001C
_LC_VERSION_MIN_MACOSX = 0x24
_LC_VERSION_MIN_OTHERS = {0x25: 2, 0x2F: 3, 0x30: 4}
_LC_BUILD_VERSION = 0x32
_LC_DYLD_INFO = (0x22, 0x80000022)
_LC_EXPORTS_TRIE = 0x80000033
_LC_CODE_SIGNATURE = 0x1D


@dataclass(frozen=True, slots=True)
class Library:
    """A library that the executable is linked with.

    Parameters
    ----------
    name
        As it is named in the file.
    weak
        Whether it may be absent.
    """

    name: str
    weak: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """The code for one architecture.

    Parameters
    ----------
    architecture
        Such as ``arm64``.
    kind
        Such as ``bundle``.
    platform
        Such as ``macOS``; empty when the file does not say.
    minimum
        The oldest macOS it is built for, such as ``(11, 0, 0)``; empty when the file does not say.
    libraries
        What it links.
    rpaths
        Where ``@rpath`` leads.
    exports
        Names of exported symbols, with their leading underscore.
    imports
        Names of those that it takes from elsewhere, in the same way.
    signature
        Where the signature is; None without one.
    window
        The slice, for its page hashes.
    """

    architecture: str
    kind: str
    platform: str
    minimum: tuple[int, ...]
    libraries: tuple[Library, ...]
    rpaths: tuple[str, ...]
    exports: frozenset[str]
    signature: Window | None
    window: Window
    imports: frozenset[str] = frozenset()


def is_macho(window: Window) -> bool:
    """Whether the file begins as a Mach-O file does, of any byte order."""
    if window.size < 4:
        return False
    magic = window.read(0, 4, "the magic number")
    known = (MAGIC_32, MAGIC_64, FAT_MAGIC, FAT_MAGIC_64)
    return struct.unpack("<I", magic)[0] in known or struct.unpack(">I", magic)[0] in known


def read_macho(window: Window) -> list[Slice]:
    """The slices of a file, in its order.

    Raises
    ------
    MalformedError
        When the file contradicts itself.
    """
    (magic,) = window.fields(">I", 0, "the magic number")
    if magic not in {FAT_MAGIC, FAT_MAGIC_64}:
        return [_read_slice(window)]
    (count,) = window.fields(">I", 4, "the universal header")
    if not 0 < count <= MAX_SLICES:
        raise MalformedError(f"the universal header lists {count} architectures")
    layout = ">5I" if magic == FAT_MAGIC else ">2I2Q2I"
    size = struct.calcsize(layout)
    slices = []
    for index in range(count):
        entry = window.fields(layout, 8 + index * size, "the universal header")
        slices.append(_read_slice(window.part(entry[2], entry[3], f"slice {index}")))
    ends = sorted((one.window.start, one.window.start + one.window.size) for one in slices)
    if any(first[1] > second[0] for first, second in pairwise(ends)):
        raise MalformedError("two architectures of the universal header share their place")
    names = [one.architecture for one in slices]
    if len(set(names)) != len(names):
        raise MalformedError("an architecture is in the universal header twice")
    return slices


def _read_slice(window: Window) -> Slice:
    magic, cpu, subtype, kind, count, size = window.fields("<6I", 0, "the Mach-O header")
    if magic not in {MAGIC_32, MAGIC_64}:
        if struct.unpack(">I", struct.pack("<I", magic))[0] in {MAGIC_32, MAGIC_64}:
            raise MalformedError("its byte order is that of PowerPC")
        raise MalformedError(f"no Mach-O header: it begins with {magic:#010x}")
    if count > MAX_COMMANDS or size > MAX_COMMAND_BYTES:
        raise MalformedError(f"{count} load commands of {size} bytes")
    header = 32 if magic == MAGIC_64 else 28
    commands = window.read(header, size, "the load commands")
    found = _Commands(window)
    for command, data in _each_command(commands, count):
        found.take(command, data)
    architecture = ARCHITECTURES.get(cpu, f"cpu {cpu:#x}")
    if architecture == "arm64" and subtype & 0xFFFFFF == _ARM64E:
        architecture = "arm64e"
    return Slice(
        architecture=architecture,
        kind=FILE_TYPES.get(kind, f"type {kind}"),
        platform=found.platform,
        minimum=found.minimum,
        libraries=tuple(found.libraries),
        rpaths=tuple(found.rpaths),
        exports=found.exports(is_64=magic == MAGIC_64),
        signature=found.signature,
        window=window,
        imports=found.imports(is_64=magic == MAGIC_64),
    )


def _each_command(commands: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    offset = 0
    for index in range(count):
        if offset + 8 > len(commands):
            raise MalformedError(f"load command {index} of {count} is cut off")
        command, size = struct.unpack_from("<2I", commands, offset)
        if size < 8 or offset + size > len(commands):
            raise MalformedError(f"load command {index} says that it is {size} bytes long")
        yield command, commands[offset : offset + size]
        offset += size


class _Commands:
    """What the load commands of a slice say, as they come by."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.libraries: list[Library] = []
        self.rpaths: list[str] = []
        self.minimum: tuple[int, ...] = ()
        self.platform = ""
        self.signature: Window | None = None
        self._trie: tuple[int, int] | None = None
        self._symbols: tuple[int, ...] | None = None

    def take(self, command: int, data: bytes) -> None:
        if command in _LIBRARIES:
            name = text_until_nul(data, self._u32(data, 8), MAX_NAME, "the name of a library")
            self.libraries.append(Library(name, _LIBRARIES[command]))
        elif command == _LC_RPATH:
            self.rpaths.append(text_until_nul(data, self._u32(data, 8), MAX_NAME, "an rpath"))
        elif command == _LC_VERSION_MIN_MACOSX:
            self._built_for(PLATFORM_MACOS, self._u32(data, 8))
        elif command in _LC_VERSION_MIN_OTHERS:
            self._built_for(_LC_VERSION_MIN_OTHERS[command], self._u32(data, 8))
        elif command == _LC_BUILD_VERSION:
            self._built_for(self._u32(data, 8), self._u32(data, 12))
        elif command in _LC_DYLD_INFO:
            self._trie = (self._u32(data, 40), self._u32(data, 44))
        elif command == _LC_EXPORTS_TRIE:
            self._trie = (self._u32(data, 8), self._u32(data, 12))
        elif command == _LC_SYMTAB:
            self._symbols = tuple(self._u32(data, 8 + 4 * index) for index in range(4))
        elif command == _LC_CODE_SIGNATURE:
            if self.signature is not None:
                raise MalformedError("it has two signatures")
            self.signature = self.window.part(
                self._u32(data, 8), self._u32(data, 12), "the signature"
            )

    def exports(self, *, is_64: bool) -> frozenset[str]:
        """The trie's names; those of the symbol table in a file that is too old for one."""
        if self._trie is not None and self._trie[1] > 0:
            return names_of_trie(self.window.read(*self._trie, "the table of exports"))
        return self._external_symbols(is_64=is_64, wanted=True)

    def imports(self, *, is_64: bool) -> frozenset[str]:
        """Of the symbol table; a file without one does not say."""
        return self._external_symbols(is_64=is_64, wanted=False)

    def _external_symbols(self, *, is_64: bool, wanted: bool) -> frozenset[str]:
        """Names of external symbols that are defined, or (not `wanted`) that are not."""
        if self._symbols is None:
            return frozenset()
        offset, count, strings_offset, strings_size = self._symbols
        if count > MAX_SYMBOLS:
            raise MalformedError(f"{count} symbols")
        width = 16 if is_64 else 12
        table = self.window.read(offset, count * width, "the symbol table")
        strings = self.window.read(strings_offset, strings_size, "the names of symbols")
        names: set[str] = set()
        left = MAX_NAMES
        for index in range(count):
            name, kind = struct.unpack_from("<IB", table, index * width)
            is_debug, is_external, defined = kind & 0xE0, kind & 0x01, kind & 0x0E
            if not is_debug and is_external and bool(defined) is wanted:
                found = text_until_nul(strings, name, MAX_NAME, "the name of a symbol")
                names.add(found)
                left -= len(found)
                if left < 0:
                    raise MalformedError("the names of its symbols have no end")
        return frozenset(names)

    def _built_for(self, platform: int, version: int) -> None:
        self.platform = PLATFORMS.get(platform, f"platform {platform}")
        self.minimum = (version >> 16, version >> 8 & 0xFF, version & 0xFF)

    @staticmethod
    def _u32(data: bytes, offset: int) -> int:
        if offset + 4 > len(data):
            raise MalformedError("a load command is shorter than its kind")
        return int.from_bytes(data[offset : offset + 4], "little")
