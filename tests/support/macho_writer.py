"""Writes small Mach-O bundles, with or without a signature: what the tests inspect.

They hold no code that could run. ``tests/bundle/test_macho.py`` holds what is written to lief,
where that is installed, so that reader and writer do not share a mistake.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field, replace

_USE = {"__TEXT": (5, 5), "__LINKEDIT": (1, 1)}
CPU = {"x86_64": (0x01000007, 3), "arm64": (0x0100000C, 0), "i386": (7, 3)}
PAGE = 4096
SYSTEM = ("/usr/lib/libSystem.B.dylib",)


@dataclass(frozen=True)
class Thin:
    """One slice, as it is to be.

    `exports` and `imports` without underscore. `signed`: None for no signature, else the
    identifier. `special`: hashes of other files, by slot. `trie`: whether exports are in a trie or
    in the symbol table.
    """

    architecture: str = "arm64"
    kind: int = 8
    exports: tuple[str, ...] = ("Good_Create",)
    libraries: tuple[str, ...] = SYSTEM
    rpaths: tuple[str, ...] = ()
    minimum: tuple[int, int] | None = (11, 0)
    platform: int = 1
    old_minimum: bool = False
    signed: str | None = None
    linker_signed: bool = False
    special: dict[int, bytes] = field(default_factory=dict)
    trie: bool = True
    code: bytes = b"\xc0\x03\x5f\xd6" * 2048
    imports: tuple[str, ...] = ()


def thin(one: Thin) -> bytes:
    """The bytes of one slice."""
    if one.signed is None:
        return _lay_out(one, 0)
    # The signature signs the command that names its size, so that comes first.
    size = len(_signature(one, b"\0" * len(_lay_out(one, 0))))
    unsigned = _lay_out(one, -(-size // 16) * 16)
    signature = _signature(one, unsigned)
    return unsigned + signature.ljust(-(-size // 16) * 16, b"\0")


def universal(*slices: Thin, alignment: int = 14) -> bytes:
    """Several slices in one file."""
    head = struct.pack(">2I", 0xCAFEBABE, len(slices))
    at = 1 << alignment
    entries, body, end = b"", b"", 0
    for one in slices:
        data = thin(one)
        entries += struct.pack(">5I", *CPU[one.architecture], at, len(data), alignment)
        padded = data.ljust(-(-len(data) // (1 << alignment)) * (1 << alignment), b"\0")
        end = len(body) + len(data)  # the last slice ends where its bytes end
        body += padded
        at += len(padded)
    return (head + entries).ljust(1 << alignment, b"\0") + body[:end]


def with_architecture(one: Thin, architecture: str) -> Thin:
    """The same for another processor."""
    return replace(one, architecture=architecture)


# ---- layout -----------------------------------------------------------------------------------


def _lay_out(one: Thin, signature_size: int) -> bytes:
    """Header, commands, code, link-edit data; a signature of that size is to follow."""
    text_size = PAGE + len(one.code)
    symbols, strings = _symbols(one)
    trie = trie_of([f"_{name}" for name in one.exports]) if one.trie else b""
    trie = trie.ljust(-(-len(trie) // 8) * 8, b"\0")
    trie_at = text_size
    symbols_at = trie_at + len(trie)
    strings_at = symbols_at + len(symbols)
    end = -(-(strings_at + len(strings)) // 16) * 16
    commands = [
        _segment("__TEXT", 0, text_size, 0, text_size),
        _segment("__LINKEDIT", text_size, PAGE, text_size, end + signature_size - text_size),
        struct.pack("<6I", 0x2, 24, symbols_at, len(symbols) // 16, strings_at, len(strings)),
    ]
    if one.trie:
        commands.append(struct.pack("<12I", 0x80000022, 48, *[0] * 8, trie_at, len(trie)))
    commands += [_dylib(name) for name in one.libraries]
    commands += [_padded(0x8000001C, 12, b"", path) for path in one.rpaths]
    if one.minimum is not None:
        version = one.minimum[0] << 16 | one.minimum[1] << 8
        if one.old_minimum:
            commands.append(struct.pack("<4I", 0x24, 16, version, version))
        else:
            commands.append(struct.pack("<6I", 0x32, 24, one.platform, version, version, 0))
    if signature_size:
        commands.append(struct.pack("<4I", 0x1D, 16, end, signature_size))
    cpu, subtype = CPU[one.architecture]
    body = b"".join(commands)
    header = struct.pack(
        "<8I", 0xFEEDFACF, cpu, subtype, one.kind, len(commands), len(body), 0x85, 0
    )
    assert len(header) + len(body) <= PAGE
    file = (header + body).ljust(PAGE, b"\0") + one.code + trie + symbols + strings
    return file.ljust(end, b"\0")


def _segment(name: str, address: int, size: int, offset: int, file_size: int) -> bytes:
    return struct.pack(
        "<2I16s4Q4I",
        0x19,
        72,
        name.encode(),
        *(address, size, offset, file_size),
        *_USE[name],
        0,
        0,
    )


def _dylib(name: str) -> bytes:
    return _padded(0xC, 24, struct.pack("<3I", 2, 0x10000, 0x10000), name)


def _padded(command: int, at: int, middle: bytes, text: str) -> bytes:
    body = struct.pack("<I", at) + middle + text.encode("utf-8", "surrogateescape") + b"\0"
    size = -(-(8 + len(body)) // 8) * 8
    return struct.pack("<2I", command, size) + body.ljust(size - 8, b"\0")


def _symbols(one: Thin) -> tuple[bytes, bytes]:
    table, strings = b"", b" \0"
    for name in (*one.exports, *one.imports):
        kind, section = (0x0F, 1) if name in one.exports else (0x01, 0)
        table += struct.pack("<IBBHQ", len(strings), kind, section, 0, PAGE * section)
        strings += b"_" + name.encode() + b"\0"
    return table, strings


# ---- exports ----------------------------------------------------------------------------------


def trie_of(names: list[str]) -> bytes:
    """An export trie: one level, each name an edge of its own from the root."""
    leaf = bytes([2, 0, 0])  # two bytes: flags 0, address 0
    leaf_size = len(leaf) + 1  # and no children
    names = sorted(names)
    # Offsets of two bytes throughout, so that the size of the root is known at once.
    root_size = 2 + sum(len(name.encode()) + 1 + 2 for name in names)
    root = bytes([0, len(names)])
    for index, name in enumerate(names):
        at = root_size + index * leaf_size
        root += name.encode() + b"\0" + bytes([at & 0x7F | 0x80, at >> 7])
    return root + (leaf + b"\0") * len(names)


# ---- signature --------------------------------------------------------------------------------


def _signature(one: Thin, signed: bytes) -> bytes:
    assert one.signed is not None
    identifier = one.signed.encode() + b"\0"
    specials = max(one.special, default=0)
    pages = [signed[at : at + PAGE] for at in range(0, len(signed), PAGE)]
    hashes = b"".join(one.special.get(slot, b"\0" * 32) for slot in range(specials, 0, -1))
    hashes += b"".join(hashlib.sha256(page).digest() for page in pages)
    head = 88
    name_at = head
    hashes_at = name_at + len(identifier) + 32 * specials
    flags = 0x2 | (0x20000 if one.linker_signed else 0)
    directory = struct.pack(
        ">9I4B4I4Q",
        *(0xFADE0C02, hashes_at + 32 * len(pages), 0x20400, flags, hashes_at, name_at),
        *(specials, len(pages), len(signed)),
        *(32, 2, 0, 12),
        *(0, 0, 0, 0),
        *(0, 0, 0, 0),
    )
    assert len(directory) == head
    directory += identifier + hashes
    requirements = struct.pack(">3I", 0xFADE0C01, 12, 0)
    cms = struct.pack(">2I", 0xFADE0B01, 8)
    parts = [(0, directory), (2, requirements), (0x10000, cms)]
    at = 12 + 8 * len(parts)
    index, body = b"", b""
    for slot, part in parts:
        index += struct.pack(">2I", slot, at)
        at += len(part)
        body += part
    return struct.pack(">3I", 0xFADE0CC0, at, len(parts)) + index + body
